"""How long changes took in earlier applies of an environment."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.apply_estimate import Durations

if TYPE_CHECKING:
    from tfmfa_nb.runs.store import RunStore

_MOST_EVENTS, _MOST_APPLIES, _MOST_LOOKED_AT = 16 << 20, 5, 50  # bytes, applies, and runs that an estimate rests on


def earlier_durations(run: RunStore) -> Durations:
    """How long changes took in the latest applies of the environment before `run`, as far as it has them."""
    durations, room, left = Durations(), _MOST_EVENTS, _MOST_APPLIES
    for earlier in islice(run.earlier(), _MOST_LOOKED_AT):
        size = earlier.apply_events_size
        if left and 0 < size <= room:  # one that is too large leaves room for a smaller one
            with suppress(OSError):
                earlier.apply_events.refresh()
                durations.learn(earlier.apply_events.progress.resources)
                room, left = room - size, left - 1
    return durations
