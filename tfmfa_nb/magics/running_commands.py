"""Runs another command than `plan` and `apply` for a magic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.magics.run_phases import check_may_change
from tfmfa_nb.runs.history.state_copies import to_restore_state
from tfmfa_nb.runs.run import Run

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.options import Options


class Magics(Protocol):
    """What the magics know of the latest run, and do with a run."""

    latest: Any

    async def go(self, run: Run, *phases: str) -> None:
        """Run `phases` of `run` where the cell's front end shows it."""
        ...


async def run_beside(magics: Magics, environment: Environment, options: Options) -> Run:
    """Run the command in `options`, beside a plan that is pending: `%tfapply` still applies that one.

    Args:
        magics: the magics, which know the latest run.
        environment: environment of the run.
        options: its options, with the command.

    Raises:
        PlanOnly: it changes something, and the notebook's runner was told to apply nothing.
        TfmfaError: what stopped the command.
    """
    if options.call is not None and options.call.kind.phase.changes:
        check_may_change(environment.name)
    run = Run(environment, options, Path.cwd())
    before, magics.latest = magics.latest, run
    try:
        await magics.go(run, "command")
    finally:
        magics.latest = before or run
    return run


async def restore_state(
    magics: Magics, environment: Environment, run_id: str, *, auto_approve: bool, force: bool
) -> Run:
    """Bring back the state as it was before a run changed it: a change itself, by a run of its own.

    Raises:
        RunStateError: there is no copy, or it is not the one that was kept.
        TfmfaError: as `run_beside` does.
    """
    options = to_restore_state(environment, run_id, os.environ, auto_approve=auto_approve, force=force)
    return await run_beside(magics, environment, options)
