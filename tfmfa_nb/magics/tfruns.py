"""The commands of `%tfruns`: list, open, follow, approve, compare, request, cancel, discard, unlock, clean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from tfmfa_nb.magics.approving import approve
from tfmfa_nb.magics.cleaning import clean_runs, say_removed
from tfmfa_nb.magics.following import present_following, show_again, show_comparison, show_listing
from tfmfa_nb.magics.running_commands import restore_state
from tfmfa_nb.magics.unlocking import present_unlocking
from tfmfa_nb.model.errors import ConfigurationError, RunCanceled, RunStateError
from tfmfa_nb.model.statuses import UNDER_WAY, Status
from tfmfa_nb.runs.history.cancellation import run_to_cancel
from tfmfa_nb.runs.history.follow import run_to_follow
from tfmfa_nb.runs.history.listing import ListedRun, find_run
from tfmfa_nb.runs.history.never_started import check_started
from tfmfa_nb.runs.history.probe import RunProbe
from tfmfa_nb.runs.history.reopen import discard_any, opened

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.run import Run

_MAX_LISTED = 1_000  # runs
# The runs from which each command chooses "latest".
_CANDIDATES: dict[str, Callable[[ListedRun], bool]] = {
    "open": lambda _: True,
    "follow": lambda run: run.running or run.end_unrecorded,
    "approve": lambda run: bool(run.waiting_for),
    "compare": lambda run: run.counts is not None,
    "request": lambda run: run.status is Status.PLANNED,
    "cancel": lambda run: run.running,
    "restore-state": lambda run: run.has_state_copy,
    "discard": lambda run: run.status is Status.PLANNED or (run.status is None and not run.running),
}


class RunCommands:
    """One call of `%tfruns`.

    Args:
        shell: shell of the call.
        environment: environment selected by the call.
        magics: stores the run that `%tfapply` applies.
    """

    def __init__(self, shell: InteractiveShell, environment: Environment, magics: Any) -> None:
        self._shell, self._environment, self._magics = shell, environment, magics
        self._line = f"%tfruns {environment.option}"

    async def run(self, arguments: Namespace) -> Run | None:
        """Run the command, and return its run.

        Raises:
            UsageError: the line is not valid.
            TfmfaError: the command failed, or the followed run was canceled or failed.
        """
        what, workspace = arguments.what, arguments.workspace or ""
        _check(arguments)
        if what in {"approve", "request"}:
            await approve(arguments, self._environment, self._shell, self._magics, _CANDIDATES[what])
            return None
        if what not in _CANDIDATES:
            await self._without_run(arguments)
            return None
        found = find_run(self._environment, str(arguments.run), _CANDIDATES[what], workspace)
        if what == "compare":
            show_comparison(self._environment, found, arguments.earlier or "")
            return None
        if what == "restore-state":
            return await restore_state(
                self._magics, self._environment, found, auto_approve=arguments.auto_approve, force=arguments.force
            )
        return await self._with_run(what, found)

    async def _without_run(self, arguments: Namespace) -> None:
        if arguments.what == "list":
            policy, workspace = self._magics.read_policy(), arguments.workspace or ""
            show_listing(self._environment, arguments.limit, workspace, policy, os.environ)
        elif arguments.what == "unlock":
            await present_unlocking(self._environment, self._shell, self._magics, Path.cwd())
        else:
            await clean_runs(self._environment, arguments.limit, self._magics.read_policy())

    async def _with_run(self, what: str, run_id: str) -> Run | None:
        if what == "discard":
            return await self._discard(run_id)
        check_started(self._environment, run_id)
        return await {"open": self._open, "follow": self._follow, "cancel": self._cancel}[what](run_id)

    async def _open(self, run_id: str) -> Run:
        run = opened(self._environment, run_id, Path.cwd(), os.environ, self._magics.read_policy())
        self._magics.adopt(self._environment.folder, run)
        self._magics.keep_card(self._environment.folder, show_again(run, self._shell))
        return run

    async def _follow(self, run_id: str) -> Run:
        if RunProbe(self._environment, run_id).record.status not in UNDER_WAY:
            return await self._open(run_id)  # the run has just ended
        run = run_to_follow(self._environment, run_id, Path.cwd(), self._magics.read_policy())
        await self._follow_to_its_end(run)
        # Another kernel's plan can only be applied from its final record.
        return run if Status(run.status).final else await self._open(run_id)

    async def _cancel(self, run_id: str) -> Run:
        run = run_to_cancel(self._environment, run_id, Path.cwd(), self._magics.read_policy())
        try:
            await self._follow_to_its_end(run)
        except RunCanceled:  # the purpose of the command
            pass
        except (RunStateError, ConfigurationError) as error:
            if RunProbe(self._environment, run_id).look():  # the cell was interrupted
                raise
            done = f"Terraform was interrupted, so {run_id} is canceled, but that is not recorded."
            raise RunStateError(f"{done} {error.problem}", error.remedy) from None
        return run

    async def _discard(self, run_id: str) -> Run | None:
        run = await discard_any(self._environment, run_id, Path.cwd(), self._magics.read_policy())
        if run is None:
            say_removed(run_id)
            return None
        self._magics.adopt(self._environment.folder, run)
        self._magics.keep_card(self._environment.folder, show_again(run, self._shell))
        return run

    async def _follow_to_its_end(self, run: Run) -> None:
        self._magics.adopt(self._environment.folder, run)
        self._magics.active_runs += 1
        try:
            await present_following(run, self._shell, f"{self._line} cancel {run.id}")
        finally:
            self._magics.active_runs -= 1


def _check(arguments: Namespace) -> None:
    """Make sure that the words of the line go together.

    Raises:
        UsageError: they do not.
    """
    what, reference = arguments.what, arguments.run
    if arguments.earlier and what not in {"compare", "approve"}:
        raise UsageError(f"%tfruns {what} takes one run; remove {arguments.earlier!r}")
    if what in _CANDIDATES and not reference:
        raise UsageError(f"%tfruns {what}: name a run by its id, a unique part of it, or latest")
    if what not in {*_CANDIDATES, "approve"} and reference:
        raise UsageError(f"%tfruns {what} takes no run; remove {reference!r}")
    if not 1 <= arguments.limit <= _MAX_LISTED:
        raise UsageError(f"%tfruns: --limit must be a number from 1 to {_MAX_LISTED:,}")
