"""What a line about one of several runs begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from tfmfa_nb.protocol.run_display import DisplayedRun

_MAX_NAME = 60  # characters


def label_of(run: DisplayedRun) -> str:
    """`staging: ` for a run of a fleet, whose lines come among those of others; "" for a run of its own."""
    return f"{one_line(run.environment, _MAX_NAME)}: " if run.fleet else ""
