"""`%tfruns clean`: removes the folders of old runs, and says which ones it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.visible import say
from tfmfa_nb.runs.history.retention import clean
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy

_MAX_NAME = 200  # characters


async def clean_runs(environment: Environment, keep: int, policy: Policy) -> None:
    """Remove all but the newest runs of an environment.

    Args:
        environment: the environment.
        keep: number of runs to keep.
        policy: organization policy, for what the audit trail gets.

    Raises:
        TfmfaError: as `retention.clean` does.
    """
    name = brief(environment.name, _MAX_NAME)
    if not environment.files.private.is_dir():
        say(f'"{name}" has no runs yet.')
        return
    removed, kept = await clean(environment, keep, policy)
    say(
        f'"{name}": {len(removed):,} {"run is" if len(removed) == 1 else "runs are"} removed; the newest {keep:,} '
        "are kept. The audit trail keeps the lines of all."
    )
    for run_id in kept:
        say(f"Kept too, because its plan is pending or its end is not recorded: {run_id}")


def say_removed(run_id: str) -> None:
    """Tell that a run that never started, or cannot be read, is removed."""
    say(f"{run_id} is removed. The audit trail keeps its lines.")
