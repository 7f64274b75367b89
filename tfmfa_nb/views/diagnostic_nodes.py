"""The rows of Terraform's errors about a change, below it in the plan's tree."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.plan_messages import DiagnosticLine, DiagnosticRow
from tfmfa_nb.views.sanitize import brief, one_line
from tfmfa_nb.views.tree_window import Node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.protocol.plan_messages import PlanPlace
    from tfmfa_nb.terraform.error_diagnostics import ErrorDiagnostic

_MOST_LINES, _MOST_VALUES, _MAX_VALUE = 30, 30, 400


def diagnostic_nodes(key: str, diagnostics: Iterable[ErrorDiagnostic]) -> list[Node]:
    """A row for each error.

    Args:
        key: of the row above them.
        diagnostics: the errors.
    """
    return [Node(f"{key}.e{index}", partial(_row, each), each.summary) for index, each in enumerate(diagnostics)]


def _row(error: ErrorDiagnostic, place: PlanPlace) -> DiagnosticRow:
    where = f"on {error.place}" if error.place else ""
    called = [f"while calling {error.function}"] if error.function else []
    return DiagnosticRow(
        place=place,
        summary=one_line(error.summary),
        detail=brief(error.detail),
        where=one_line(f"{where}, in {error.context}" if where and error.context else where),
        lines=tuple(
            DiagnosticLine(
                number=line.number, pieces=tuple((one_line(text, _MAX_VALUE), marked) for text, marked in line.pieces)
            )
            for line in error.source[:_MOST_LINES]
        ),
        values=tuple(one_line(value, _MAX_VALUE) for value in (*called, *error.values)[:_MOST_VALUES]),
    )
