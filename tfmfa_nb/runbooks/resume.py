"""Resumes an execution at the first cell that did not finish; no apply is ever repeated.

The new kernel has none of the old one's variables. Runs of finished cells are restored from their records; repeatable
cells (imports, definitions, assertions) are executed again; other finished cells are skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runbooks.cell_analysis import applies, applies_configuration, is_repeatable
from tfmfa_nb.runbooks.cell_handling import CellHandling
from tfmfa_nb.runbooks.notebook import METADATA_KEY, code_cells, execution_metadata, source_digest
from tfmfa_nb.runs.history.probe import wait_for_end
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.organization.policy import Policy

_FINISHED = {"done", "restored"}


def check_same(runbook: Any, executed: Any, output: Path) -> None:
    """Make sure that `executed` is an execution of `runbook` as it is now.

    Args:
        runbook: the notebook to resume.
        executed: the notebook that was read from `output`.
        output: as errors name it.

    Raises:
        ConfigurationError: it is not.
        FormatError: a version of this package with another format executed it.
    """
    if not execution_metadata(executed, output):
        raise ConfigurationError(f"{output} is not an executed runbook.", "Run the runbook without --resume.")
    if source_digest(runbook) != source_digest(executed):
        raise ConfigurationError(
            f"The runbook has changed since {output} was executed.", "Run it from the start, without --resume."
        )


async def plan_resumption(
    notebook: Any, folder: Path, note: Callable[[str], None], policy: Policy
) -> dict[int, CellHandling] | None:
    """How to handle each cell before the one where the execution resumes; None if every cell has finished.

    Args:
        notebook: the executed notebook.
        folder: the working folder of its kernel.
        note: gets a sentence for each run that is waited for, and for the cell where the execution resumes.
        policy: organization policy, for what is written about a run that is waited for.

    Returns:
        The handling by the cell's index.

    Raises:
        RunStateError: a run of the execution has no record, or can no longer be applied.
        ConfigurationError: a record cannot be written.
    """
    cells = dict(code_cells(notebook))
    first = next((index for index, cell in cells.items() if _cell_metadata(cell).get("state") not in _FINISHED), None)
    if first is None:
        return None
    handlings: dict[int, CellHandling] = {}
    runs = _cell_metadata(cells[first]).get("runs", [])
    if runs and applies(cells[first].source):
        status = await wait_for_end(_environment(folder, runs[-1]), runs[-1]["id"], note, policy)
        if status is Status.APPLIED:
            note(f"{runs[-1]['id']} has been applied, so its apply is not repeated.")
            handlings[first] = CellHandling(_restore(runs[-1]))
        elif status is not Status.PLANNED and not applies_configuration(cells[first].source):
            first = _planning_cell(cells, first, runs[-1])
    elif runs:  # its plan may not have ended: it is planned again
        environment = _environment(folder, runs[-1])
        status = await wait_for_end(environment, runs[-1]["id"], note, policy)
        if status is Status.FINISHED and RunStore(environment, runs[-1]["id"]).load().phase.changes:
            note(f"{runs[-1]['id']} has finished, so its command is not repeated.")
            handlings[first] = CellHandling(_restore(runs[-1]))
    note(f"Resuming at cell {first + 1}.")
    for index, cell in cells.items():
        if index < first:
            handlings[index] = await _finished_cell(cell, folder, note, policy)
    return handlings


async def _finished_cell(cell: Any, folder: Path, note: Callable[[str], None], policy: Policy) -> CellHandling:
    if runs := _cell_metadata(cell).get("runs", []):
        await wait_for_end(_environment(folder, runs[-1]), runs[-1]["id"], note, policy)
        return CellHandling(_restore(runs[-1]), keep_outputs=True)
    return CellHandling(None, keep_outputs=True) if is_repeatable(cell) else CellHandling("")


def _planning_cell(cells: dict[int, Any], before: int, run: dict[str, str]) -> int:
    """The index of the cell whose plan can no longer be applied."""
    for index, cell in cells.items():
        if index < before and run in _cell_metadata(cell).get("runs", []):
            return index
    raise RunStateError(f"{run['id']} can no longer be applied.", "Run the runbook from the start, without --resume.")


def _restore(run: dict[str, str]) -> str:
    return f'get_ipython().magics_manager.registry["TfmfaMagics"].restore({run["folder"]!r}, {run["id"]!r})'


def _environment(folder: Path, run: dict[str, str]) -> Environment:
    return Environment(Path(run["folder"]).name, (folder / run["folder"]).absolute(), owned=True)


def _cell_metadata(cell: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = cell.metadata.get(METADATA_KEY, {})
    return metadata
