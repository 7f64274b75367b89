"""The levels of Terraform Enterprise's setting "AWS Multi-Factor Authentication"."""

from __future__ import annotations

from enum import StrEnum

from tfmfa_nb.model.statuses import Phase


class Level(StrEnum):
    """When a person must prove themselves with a one-time code; ordered from the weakest to the strictest."""

    NEVER = "never"
    APPLIES_ONLY = "applies only"
    PLANS_AND_APPLIES = "plans and applies"

    @property
    def strictness(self) -> int:
        """0 for `never`, 2 for `plans and applies`."""
        return list(Level).index(self)

    def asks_before(self, phase: Phase) -> bool:
        """Whether a code is needed before `phase` starts."""
        if phase is Phase.PLAN:
            return self is Level.PLANS_AND_APPLIES
        return self is not Level.NEVER

    @staticmethod
    def strictest(*levels: Level) -> Level:
        """The level that satisfies all of `levels`; `never` where there is none."""
        return max(levels, key=lambda level: level.strictness, default=Level.NEVER)
