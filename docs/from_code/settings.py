"""The settings of the magics, the levels, and the statuses of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from from_code.markdown import code, prose, table
from tfmfa_nb.magics.magics import TfmfaMagics
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import NEXT, Phase, Status
from tfmfa_nb.protocol.words import LEVEL_MEANINGS

if TYPE_CHECKING:
    from traitlets import TraitType


def traits() -> dict[str, TraitType]:
    """The settings, by name."""
    return TfmfaMagics.class_own_traits(config=True)


def settings() -> str:
    """All settings of the magics."""
    rows = [
        (
            code(name),
            prose(trait.info().removesuffix(" (case-insensitive)")),
            code(trait.default_value_repr()),
            prose(trait.help),
        )
        for name, trait in traits().items()
    ]
    return table(("Setting", "Value", "Default", "Meaning"), rows)


def levels() -> str:
    """The levels, and what each asks for."""
    asks = {True: "a code", False: "no code"}
    rows = [
        (code(level), asks[level.asks_before(Phase.PLAN)], asks[level.asks_before(Phase.APPLY)], LEVEL_MEANINGS[level])
        for level in Level
    ]
    return table(("Level", "Plan", "Apply", "Meaning"), rows)


def statuses() -> str:
    """The statuses of a run, and which can follow each."""
    rows = [
        (
            code(status),
            ", ".join(code(each) for each in Status if each in NEXT.get(status, ())) or "none: the run has ended",
        )
        for status in Status
    ]
    return table(("Status", "Can be followed by"), rows)
