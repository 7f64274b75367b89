"""Going on with an executed notebook: from the first cell that did not finish, and never with an apply again.

A new kernel has nothing of the old one. What the finished cells left in it is brought back: their runs from the
records, and what only prepares (imports, definitions, gates) by doing it again. Other finished cells are left alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runbooks.cell_analysis import applies, applies_configuration, only_prepares
from tfmfa_nb.runbooks.cell_handling import CellHandling
from tfmfa_nb.runbooks.notebook import (
    INJECTED,
    KEY,
    executed_cells,
    source_digest,
    tags,
)
from tfmfa_nb.runs.history.restore import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Callable

_FINISHED = {"done", "restored"}


def check_same(runbook: Any, executed: Any, output: Path) -> None:
    """Make sure that `executed` is an execution of `runbook` as it is now.

    Raises:
        ConfigurationError: it is not.
    """
    if KEY not in executed.metadata:
        raise ConfigurationError(f"{output} is no execution that could be resumed.", "Run it without --resume.")
    if source_digest(runbook) != source_digest(executed):
        raise ConfigurationError(
            f"The runbook was changed since {output} was executed.", "Run it from its beginning, without --resume."
        )


async def steps(notebook: Any, folder: Path, tell: Callable[[str], None]) -> dict[int, CellHandling] | None:
    """How each cell is executed that is not simply executed; None where everything has finished.

    Args:
        notebook: the executed notebook.
        folder: where its kernel worked.
        tell: told what is waited for, and where it goes on.

    Raises:
        RunStateError: a run that it began has no record.
        ConfigurationError: a record cannot be written.
    """
    cells = dict(executed_cells(notebook))
    first = next((index for index, cell in cells.items() if _kept(cell).get("state") not in _FINISHED), None)
    if first is None:
        return None
    found: dict[int, CellHandling] = {}
    runs = _kept(cells[first]).get("runs", [])
    if runs and applies(cells[first].source):
        status = await wait_for_end(_environment(folder, runs[-1]), runs[-1]["id"], tell)
        if status is Status.APPLIED:
            tell(f"{runs[-1]['id']} was applied: its apply is not repeated.")
            found[first] = CellHandling(_restore(runs[-1]))
        elif status is not Status.PLANNED and not applies_configuration(cells[first].source):
            first = _planned_in(cells, first, runs[-1])
    elif runs:  # a plan that did not end, or was not seen to: it is made anew
        await wait_for_end(_environment(folder, runs[-1]), runs[-1]["id"], tell)
    tell(f"Resuming at cell {first + 1}.")
    for index, cell in cells.items():
        if index < first:
            found[index] = await _again(cell, folder, tell)
    return found


async def _again(cell: Any, folder: Path, tell: Callable[[str], None]) -> CellHandling:
    if runs := _kept(cell).get("runs", []):
        await wait_for_end(_environment(folder, runs[-1]), runs[-1]["id"], tell)
        return CellHandling(_restore(runs[-1]), keep=True)
    return CellHandling(None, keep=True) if only_prepares(cell) or INJECTED in tags(cell) else CellHandling("")


def _planned_in(cells: dict[int, Any], before: int, run: dict[str, str]) -> int:
    """The cell that planned what can no longer be applied."""
    for index, cell in cells.items():
        if index < before and run in _kept(cell).get("runs", []):
            return index
    raise RunStateError(f"{run['id']} can no longer be applied.", "Run the runbook from its beginning.")


def _restore(run: dict[str, str]) -> str:
    return f'get_ipython().magics_manager.registry["TfmfaMagics"].restore({run["folder"]!r}, {run["id"]!r})'


def _environment(folder: Path, run: dict[str, str]) -> Environment:
    return Environment(Path(run["folder"]).name, (folder / run["folder"]).absolute(), owned=True)


def _kept(cell: Any) -> dict[str, Any]:
    kept: dict[str, Any] = cell.metadata.get(KEY, {})
    return kept
