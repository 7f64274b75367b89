"""A finding of the doctor: the result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """The severities, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        """Exit code of `jupyter tfmfa doctor` if this is the worst severity: 0, 1, or 2."""
        return list(Severity).index(self)


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
        mark = {Severity.OK: "✓", Severity.WARNING: "!", Severity.ERROR: "✗"}[self.severity]
        return f"{mark} {self.subject}: {self.text}{f' {self.remedy}' if self.remedy else ''}"


def worst(findings: Iterable[Finding]) -> Severity:
    """The worst severity among `findings`; `Severity.OK` if there are none."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.exit_code, default=Severity.OK)
