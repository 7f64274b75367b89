"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(StrEnum):
    """How it is, from the best to the worst."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2: what `jupyter tfmfa doctor` ends with if nothing is worse."""
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        subject: what was looked at: "Terraform", "clock".
        remedy: what to do; empty where nothing has to be done.
    """

    subject: str
    state: State
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {State.GOOD: "✓", State.WARNING: "!", State.BAD: "✗"}[self.state]
        return f"{mark} {self.subject}: {self.text}{f' {self.remedy}' if self.remedy else ''}"


def worst(findings: Iterable[Finding]) -> State:
    """The worst state; good where there is none."""
    return max((finding.state for finding in findings), key=lambda state: state.exit_code, default=State.GOOD)
