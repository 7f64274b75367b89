"""The runs of an environment, from their records; and which of them a person means by a part of its id.

Nothing is made or changed by looking, and a record that cannot be understood is no reason not to list the others.
"""

from __future__ import annotations

import difflib
import json
import re
import time
from calendar import timegm
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.history.probe import Traces, run_of_holder
from tfmfa_nb.runs.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tfmfa_nb.environments import Environment

LATEST = "latest"
_ID = re.compile(r"run-(\d{8}-\d{6})-[0-9a-f]{6}")
_LARGEST = 1 << 22  # bytes of a record; one of a thousand roles has a tenth of that
_NAMED = 5  # runs in an error's sentence


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run as its record has it.

    Attributes:
        begun: seconds since the epoch, from its id.
        status: None where there is no record that can be understood.
        phase: the last one, or the one under way.
        counts: add, change, destroy, imported; None where they are not known.
        authenticated_by: the IAM user of the last phase; empty for none.
        seconds: how long the last phase took, or has taken so far; None where it is not known.
        going: whether it goes on now.
        watched: whether the kernel that drives it is there.
        waits: whether its plan is there to be applied.
    """

    id: str
    begun: float
    status: Status | None = None
    phase: Phase = Phase.PLAN
    counts: dict[str, int] | None = None
    authenticated_by: str = ""
    seconds: float | None = None
    going: bool = False
    watched: bool = False
    waits: bool = False

    @property
    def unseen(self) -> bool:
        """Whether it ended when nobody was there to record it."""
        return self.status in UNDER_WAY and not self.going


@dataclass(frozen=True, slots=True)
class Listing:
    """An environment's runs.

    Attributes:
        environment: its name.
        option: how a magic's line names it.
        runs: the newest first, as many as were asked for.
        total: how many there are.
        holder: who holds the environment's lock now; None where nobody does.
        problem: why that cannot be said.
        taken: when this was so, in seconds since the epoch.
    """

    environment: str
    option: str
    runs: tuple[ListedRun, ...]
    total: int
    holder: Holder | None = None
    problem: str = ""
    taken: float = field(default_factory=time.time)


def list_runs(environment: Environment, limit: int) -> Listing:
    """The newest `limit` runs of `environment`."""
    ids = run_ids(environment)
    holder, problem = None, ""
    try:
        holder = holder_of(_private(environment) / "lock")
    except TfmfaError as error:
        problem = str(error)
    runs = tuple(_listed(environment, run_id, holder) for run_id in ids[:limit])
    return Listing(environment.name, environment.option, runs, len(ids), holder, problem)


def find_run(environment: Environment, wanted: str, fits: Callable[[ListedRun], bool] = lambda _: True) -> str:
    """The id of the run that a person means.

    Args:
        environment: where it is looked for.
        wanted: its id, a part of that which no other has, or "latest".
        fits: which of the runs "latest" is chosen from, if any of them fits.

    Raises:
        RunStateError: there is none, several, or it is another environment's.
    """
    ids = run_ids(environment)
    if not ids:
        raise RunStateError(f'"{environment.name}" has no runs.', f"Plan with %%tfplan {environment.option}")
    if wanted == LATEST:
        return next((one.id for one in _fitting(environment, ids, fits)), ids[0])
    found = matching(ids, wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise RunStateError(
            f"{wanted!r} is part of {len(found)} runs' ids: {_some(found)}.", "Give more of it, or the whole id."
        )
    for other, run_id in _elsewhere(environment, wanted):
        raise RunStateError(
            f'{run_id} is a run of "{other}", not of "{environment.name}".', f"Name that environment: -e {other}"
        )
    near = difflib.get_close_matches(wanted, ids, n=_NAMED, cutoff=0.6)
    raise RunStateError(
        f'"{environment.name}" has no run {wanted!r}.',
        f"Near it: {_some(near)}." if near else f"The newest: {_some(ids)}. %tfruns {environment.option} lists them.",
    )


def matching(ids: Sequence[str], wanted: str) -> list[str]:
    """Those of `ids` that `wanted` may mean: the very one, else those that end or begin with it, else contain it."""
    wanted = wanted.strip().lower()
    if not wanted:
        return []
    if wanted in ids:
        return [wanted]
    edges = [one for one in ids if one.endswith(f"-{wanted}") or one.startswith((f"{wanted}-", f"run-{wanted}-"))]
    return edges or [one for one in ids if wanted in one]


def run_ids(environment: Environment) -> list[str]:
    """The ids of its runs, the newest first; of those begun in the same second the one that was busy last."""
    folder = _private(environment) / "runs"
    try:
        found = [path for path in folder.iterdir() if _ID.fullmatch(path.name) and not path.is_symlink()]
        times = {path.name: path.stat().st_mtime_ns for path in found if path.is_dir()}
    except OSError:
        return []
    return sorted(times, key=lambda name: (_ID.fullmatch(name)[1], times[name]), reverse=True)  # type: ignore[index]


def _fitting(environment: Environment, ids: Sequence[str], fits: Callable[[ListedRun], bool]) -> Iterator[ListedRun]:
    holder = holder_of(_private(environment) / "lock")
    return (one for one in (_listed(environment, run_id, holder) for run_id in ids) if fits(one))


def _listed(environment: Environment, run_id: str, holder: Holder | None) -> ListedRun:
    begun = _begun(run_id)
    mine = holder if holder is not None and run_of_holder(holder) == run_id else None
    folder = _private(environment) / "runs" / run_id
    try:
        record = _record(folder)
        status, phase = Status(record["status"]), Phase(record["phase"])
        going = status in UNDER_WAY and Traces(environment, run_id).look()
        counts = record["counts"]
        return ListedRun(
            run_id,
            begun,
            status,
            phase,
            None if counts is None else {str(name): int(number) for name, number in counts.items()},
            str(record["authenticated_by"]),
            _seconds(environment, run_id, record, going=going),
            going,
            mine is not None and mine.alive,
            status is Status.PLANNED and (folder / "plan.tfplan").is_file(),
        )
    except (TfmfaError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        if mine is not None and not (folder / "run.json").exists():  # nothing of it was worth a record yet
            return ListedRun(run_id, begun, Status.PENDING, going=True, watched=mine.alive)
        return ListedRun(run_id, begun)


def _begun(run_id: str) -> float:
    try:
        return float(timegm(time.strptime(run_id[4:19], "%Y%m%d-%H%M%S")))
    except ValueError:
        return 0.0


def _record(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
    return record if isinstance(record, dict) else {}


def _seconds(environment: Environment, run_id: str, record: dict[str, Any], *, going: bool) -> float | None:
    until = time.time() if going else RunFolder(environment.private, run_id).ended_at(record["phase"])
    took = until - float(record["started_at"])
    return took if record["started_at"] and took >= 0 else None


def _elsewhere(environment: Environment, wanted: str) -> Iterator[tuple[str, str]]:
    """The runs of the environments beside this one that `wanted` may mean."""
    for folder in sorted(environment.folder.parent.glob("*/.tfmfa/runs")):
        try:
            ids = [path.name for path in folder.iterdir() if _ID.fullmatch(path.name)]
        except OSError:
            continue
        for run_id in matching(ids, wanted):
            yield folder.parents[1].name, run_id


def _private(environment: Environment) -> Path:
    """Its `.tfmfa`, which is not made by looking for it."""
    return environment.folder / ".tfmfa"


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED
    return ", ".join(ids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
