"""What the runs panel shows: the environments of a folder, each with its level, its lock, and its newest runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.protocol.runs_overview import EnvironmentRuns, FolderRuns, RunRow
from tfmfa_nb.protocol.words import counts_text, duration
from tfmfa_nb.runs.gate.levels import effective_level, protected_of
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.waiting_runs import waiting_among
from tfmfa_nb.runs.holder import run_of_holder
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.views.folder_fleets import folder_fleets
from tfmfa_nb.views.run_list import status_of
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.history.listing import ListedRun, Listing

_MAX_ENVIRONMENTS, _MAX_RUNS, _MAX_NAME, _MAX_TEXT = 50, 5, 80, 300


def folder_runs(
    environments: Sequence[Environment], base: Path, read_policy: Callable[[], Policy], environ: Mapping[str, str]
) -> FolderRuns:
    """The environments as they are now. Looking changes nothing.

    Args:
        environments: the environments of the folder.
        base: the folder, to which the environments' folders are relative.
        read_policy: reads the organization policy.
        environ: process environment of Terraform.
    """
    listed = environments[:_MAX_ENVIRONMENTS]
    # All together: a kernel that hangs in one environment must not hold up the others.
    waiting = waiting_among((each, run_id) for each in listed for run_id in run_ids(each)[:_MAX_RUNS])
    return FolderRuns(
        folder=_short(base.name or str(base)),
        at=time.time(),
        fleets=folder_fleets(base),
        environments=tuple(_environment_runs(each, base, read_policy, environ, waiting) for each in listed),
        more=len(environments) - len(listed),
    )


def relative_folder(environment: Environment, base: Path) -> str:
    """The folder of `environment`, relative to `base`: how the front ends name it."""
    return os.path.relpath(environment.folder, base)


def _environment_runs(
    environment: Environment,
    base: Path,
    read_policy: Callable[[], Policy],
    environ: Mapping[str, str],
    waiting: Mapping[tuple[Path, str], str],
) -> EnvironmentRuns:
    unknown, level, workspace, policy = "", "", "", None
    try:
        known, policy = protected_of(environment, environ), read_policy()
        workspace = known.workspace
        level = str(effective_level(environment, policy, known=known))
    except TfmfaError as error:
        unknown = str(error)
    listing = list_runs(environment, _MAX_RUNS, policy=policy, environ=environ, waiting=waiting)
    problems = [*listing.evidence, *filter(None, [listing.problem, unknown])]
    holder = listing.holder
    return EnvironmentRuns(
        name=_short(environment.name),
        option=environment.option if environment.option.isprintable() else "",
        folder=relative_folder(environment, base),
        level=level,
        lock_indicator=LockIndicator.OPEN if level == Level.NEVER else LockIndicator.REQUIRED,
        workspace=_short("" if workspace == "default" else workspace),
        lock="" if holder is None else one_line(str(holder), _MAX_TEXT),
        holder="" if holder is None else _short(run_of_holder(holder)),
        can_unlock=listing.lock_was_left,
        problems=tuple(one_line(problem, _MAX_TEXT) for problem in problems),
        runs=tuple(_row(run, listing) for run in listing.runs),
        total=listing.total,
    )


def _row(run: ListedRun, listing: Listing) -> RunRow:
    return RunRow(
        id=run.id,
        status=run.status or "",
        words=status_of(run),
        changes=counts_text(run.counts),
        command=_short(run.command),
        workspace=_short("" if run.workspace == "default" else run.workspace),
        authenticated_by=_short(run.authenticated_by),
        started_at=run.started_at or listing.listed_at,
        time="" if run.seconds is None else duration(run.seconds),
        actions=tuple(_actions(run)),
    )


def _actions(run: ListedRun) -> Iterator[str]:
    """What can be done with a run from outside of its own kernel, the usual first."""
    if run.waiting_for:
        yield from ("answer", "open")
    elif run.running:
        if run.status != "pending":
            yield from ("follow", "cancel")
    elif run.end_unrecorded:
        yield "follow"
    elif run.never_started or run.status is None:
        yield "discard"
    else:
        yield "open"
        if run.status == "planned":
            yield "discard"


def _short(text: str) -> str:
    return one_line(text, _MAX_NAME)
