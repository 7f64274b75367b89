"""Concludes how an execution ended, from what its client saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runbooks.outcome import ExitCode, Outcome, outcome_of_error, stopped
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from typing import BinaryIO

    from nbclient.exceptions import CellExecutionError

    from tfmfa_nb.runbooks.client import RunbookClient


def at_the_end(client: RunbookClient) -> Outcome:
    """The outcome of an execution without an error."""
    if client.interrupted:
        return stopped(ExitCode.INTERRUPTED, "Interrupted.")
    statuses = {facts["status"] for facts in client.runs.values()}
    if Status.APPLIED in statuses:
        return Outcome(ExitCode.SUCCESS, "applied")
    return Outcome(ExitCode.SUCCESS, "planned" if statuses - {Status.FINISHED} else "finished")


def after_cell_error(client: RunbookClient, error: CellExecutionError) -> Outcome:
    """The outcome of an execution that an exception in a cell stopped."""
    return _outranked(client, outcome_of_error(error.ename, error.evalue, cell=_current_cell(client)))


def after_kernel_death(client: RunbookClient, error: Exception, log: BinaryIO) -> Outcome:
    """The outcome of an execution whose kernel died or did not start; `log` has what its process printed."""
    log.seek(0)
    last_line = (log.read().decode("utf-8", "replace").strip().splitlines() or [""])[-1]
    sentence = f"{_current_cell(client)}: {error}." + (f" Its last line was: {plain(last_line)}" if last_line else "")
    if any(facts["status"] == Status.APPLYING for facts in client.runs.values()):
        sentence += " Terraform is still applying. To wait for its end and continue, use --resume."
    return _outranked(client, stopped(ExitCode.FAILED, sentence))


def _outranked(client: RunbookClient, outcome: Outcome) -> Outcome:
    """`outcome`, unless the person interrupted the execution or the runner itself stopped the cell."""
    if client.interrupted:
        return stopped(ExitCode.INTERRUPTED, f"Interrupted. {outcome.sentence}")
    return stopped(ExitCode.FAILED, f"{_current_cell(client)}: {client.stopped_by}") if client.stopped_by else outcome


def _current_cell(client: RunbookClient) -> str:
    """The cell that was executed last, as a sentence names it."""
    return "The kernel" if client.current is None else f"Cell {client.current + 1}"
