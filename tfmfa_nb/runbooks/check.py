"""One check of an executed notebook or of an audit trail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        passed: whether the statement is true.
        statement: what was checked, in a sentence.
    """

    passed: bool
    statement: str
