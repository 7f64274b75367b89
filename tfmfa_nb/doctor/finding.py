"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """How it is, from the best to the worst."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2: what `jupyter tfmfa doctor` ends with if nothing is worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        subject: what was looked at: "Terraform", "clock".
        remedy: what to do; empty where nothing has to be done.
    """

    subject: str
    severity: Severity
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {Severity.OK: "✓", Severity.WARNING: "!", Severity.ERROR: "✗"}[self.severity]
        return f"{mark} {self.subject}: {self.text}{f' {self.remedy}' if self.remedy else ''}"


def worst(findings: Iterable[Finding]) -> Severity:
    """The worst state; good where there is none."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.exit_code, default=Severity.OK)
