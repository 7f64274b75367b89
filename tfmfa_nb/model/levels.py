"""The levels of the setting "AWS Multi-Factor Authentication", as in Terraform Enterprise."""

from __future__ import annotations

from enum import StrEnum

from tfmfa_nb.model.statuses import Phase


class Level(StrEnum):
    """The phases that require an MFA code; ordered from the least to the most strict."""

    NEVER = "never"
    APPLIES_ONLY = "applies only"
    PLANS_AND_APPLIES = "plans and applies"

    @property
    def strictness(self) -> int:
        """The level's rank: 0 for `never`, 2 for `plans and applies`."""
        return list(Level).index(self)

    def asks_before(self, phase: Phase) -> bool:
        """True if a code is required before `phase` starts."""
        if phase is Phase.CHECK:
            return False
        return self is Level.PLANS_AND_APPLIES or (phase.changes and self is not Level.NEVER)

    @staticmethod
    def strictest(*levels: Level) -> Level:
        """The strictest of `levels`; `never` if there are none."""
        return max(levels, key=lambda level: level.strictness, default=Level.NEVER)
