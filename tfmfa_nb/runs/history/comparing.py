"""Compares the plan of a run with the plan of an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.runs.history.listing import find_run
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.comparison import Comparison


def compare_runs(environment: Environment, run_id: str, earlier: str = "") -> Comparison:
    """The changes of a run's plan beside those of the plan of an earlier run in the same workspace.

    Args:
        environment: environment of both.
        run_id: ID of the run.
        earlier: ID of the earlier run, or a unique part of it; "" for the newest one that has a plan.

    Raises:
        RunStateError: there is no such run, it is not an earlier one in this workspace, or one of the plans is not
            known.
    """
    store = RunStore(environment, run_id)
    workspace = store.load().workspace
    wanted = find_run(environment, earlier) if earlier else ""
    found = store.compare(workspace, wanted)
    if found is not None:
        return found
    listed = f"%tfruns {environment.option} lists the runs."
    if store.planned_changes() is None:
        raise RunStateError(f"The changes of {run_id} are not known.", listed)
    which = f"{wanted} is not an earlier run" if wanted else f"{run_id} has no earlier run"
    where = f' in the workspace "{workspace}"' if workspace else ""
    raise RunStateError(f"{which}{where} whose plan is known.", listed)
