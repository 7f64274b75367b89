"""The outputs of an apply on its card: as many of them as there is room for, with values that can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.protocol.messages import Output
from tfmfa_nb.terraform.outputs import render_value
from tfmfa_nb.terraform.sensitive_values import Placeholder
from tfmfa_nb.views.sanitize import brief, one_line

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run

_MOST, _ROOM = 100, 30_000  # outputs, and characters of all of them
_MAX_VALUE, _MAX_NAME = 1_900, 300  # characters; below what a message may have


def card_outputs(run: Run) -> tuple[tuple[Output, ...], int]:
    """The first outputs of an apply that has ended, sanitized, and the number of the others."""
    if run.phase != Phase.APPLY or run.command or not run.ended_at:
        return (), 0
    outputs = run.outputs
    kept: list[Output] = []
    room = _ROOM
    for name, value in outputs.items():
        output = _output(name, value)
        room -= len(output.name) + len(output.text)
        if room < 0 or len(kept) == _MOST:
            break
        kept.append(output)
    return tuple(kept), len(outputs) - len(kept)


def _output(name: str, value: Any) -> Output:
    sensitive = isinstance(value, Placeholder)
    text = value if isinstance(value, str) else render_value(value, "dynamic")
    shown = brief(text, _MAX_VALUE)
    return Output(name=one_line(name, _MAX_NAME), text=shown, sensitive=sensitive, whole=shown == text)
