"""A finding of the doctor: the result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """The severities, from best to worst. What was not looked at is never said to be good."""

    NOT_CHECKED = "not checked"
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        """Exit code of `jupyter tfmfa doctor` if this is the worst severity: 0, 1, or 2."""
        return {Severity.WARNING: 1, Severity.ERROR: 2}.get(self, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: subject of the check: "Terraform", "clock".
        remedy: how to fix the problem; "" if there is none.
    """

    subject: str
    severity: Severity
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {Severity.NOT_CHECKED: "-", Severity.OK: "✓", Severity.WARNING: "!", Severity.ERROR: "✗"}[self.severity]
        return f"{mark} {self.subject}: {self.text}{f' {self.remedy}' if self.remedy else ''}"


def worst(findings: Iterable[Finding]) -> Severity:
    """The worst severity among `findings`; `Severity.OK` if there are none."""
    order = list(Severity)
    return max((finding.severity for finding in findings), key=order.index, default=Severity.OK)
