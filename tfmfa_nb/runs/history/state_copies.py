"""Brings back the copy of a state that a run has kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.runs.engine.state_copy import copy_of
from tfmfa_nb.runs.gate.levels import protected_of
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.command_table import read_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment


def to_restore_state(
    environment: Environment,
    run_id: str,
    environ: Mapping[str, str],
    *,
    auto_approve: bool = False,
    force: bool = False,
) -> Options:
    """The options of a run that brings back the state as it was before `run_id` changed it, in the same workspace.

    Args:
        environment: environment of the run.
        run_id: ID of the run.
        environ: process environment, for the selected workspace.
        auto_approve: skip the confirmation; a code may still be required.
        force: replace a state of another lineage too, as after a `state push -force` that was a mistake.

    Raises:
        RunStateError: there is no copy, or the audit trail confirms neither the copy nor the run's record.
        ConfigurationError: the trail or the copy cannot be read.
    """
    record, _ = read_verified(environment, run_id)
    copy = copy_of(environment, RunStore(environment, run_id))
    selected = protected_of(environment, environ).workspace
    return Options(
        call=replace(read_call(["state", "push", *(["-force"] if force else [])]), restores=copy),
        workspace="" if record.workspace == selected else record.workspace,
        auto_approve=auto_approve,
    )
