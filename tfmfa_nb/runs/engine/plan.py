"""`plan`: the first phase of a run."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.engine.command import commands_of
from tfmfa_nb.runs.engine.confirmed import check_other_change, report_needed
from tfmfa_nb.runs.engine.outcome import raise_for
from tfmfa_nb.runs.engine.phase import authenticate, check_ready, lock_environment, phase_of, report_program
from tfmfa_nb.runs.engine.plan_command import run_plan
from tfmfa_nb.runs.engine.plannable import check_plannable, confirm_copy, remove_old
from tfmfa_nb.runs.engine.preflight import check_configuration
from tfmfa_nb.runs.engine.saved import judge_plan, take_plan
from tfmfa_nb.runs.engine.superseded import discard_others
from tfmfa_nb.runs.gate.inspection import inspect
from tfmfa_nb.runs.gate.levels import begin_at_level, protected_of, raise_for_state
from tfmfa_nb.runs.gate.unchanged import check_unchanged

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate

# `plan -detailed-exitcode` (https://developer.hashicorp.com/terraform/cli/commands/plan)
_NO_CHANGES, _CHANGES = 0, 2


async def plan(driver: Driver, gate: Gate) -> None:
    """Plan. Afterward, the run is `planned`, or `planned_and_finished` if there is nothing to change.

    Raises:
        TfmfaError: the plan failed or was stopped, or a policy check rejects it.
        asyncio.CancelledError: the kernel was interrupted; Terraform has stopped gracefully.
    """
    with driver.store.kept_if_used(), ExitStack() as held, phase_of(driver, Phase.PLAN, gate.policy):
        chosen, driver.options = bool(driver.options.workspace), driver.options.in_workspace_of(gate.environ)
        gate = gate.with_environ(driver.options.environ)
        executable = driver.ports.terraform.find(gate.environ)
        await report_program(driver, executable)
        arguments = check_plannable(driver, executable.product)
        variables = driver.options.variable_arguments(driver.base)
        lock = await lock_environment(driver, Phase.PLAN, held)
        refused = held.enter_context(ExitStack())
        if driver.options.configuration is not None:  # written under the lock: another run plans what it has written
            hcl, overwrite = driver.options.configuration, driver.options.overwrite
            refused.callback(driver.environment.write_configuration(hcl, overwrite=overwrite))
        known = protected_of(driver.environment, gate.environ)
        begin_at_level(driver, gate.policy, known, workspace_chosen=chosen)
        if driver.options.changes_state:
            check_other_change(driver, gate)
        await inspect(driver, gate, executable)
        raise_for_state(driver)  # what was found may have raised the level
        check = partial(check_configuration, driver, gate, executable, lock)
        await check()
        session = await authenticate(driver, gate, Phase.PLAN, executable, check)
        if session is None and driver.options.migrate_state:
            await confirm_copy(driver, gate.prompt)
        await driver.ports.turn()
        async with commands_of(driver, gate, executable, lock, session) as commands:
            check_ready(driver)
            if session is not None:  # the prompt may have been open for a long time
                await check_unchanged(driver, gate, executable, driver.inspected.sha256)
            driver.move(Status.PLANNING)
            refused.pop_all()  # from here on, the file is what Terraform has seen
            remove_old(driver, gate.policy)
            outcome = await run_plan(commands, gate, session, arguments, variables)
        raise_for(outcome, commands, Phase.PLAN, accepted=(_NO_CHANGES, _CHANGES))
        await take_plan(driver, gate, executable, session)
        if outcome.exit_code == _CHANGES:
            await judge_plan(driver, gate, executable, session)
        driver.move(Status.PLANNED if outcome.exit_code == _CHANGES else Status.PLANNED_AND_FINISHED)
        discard_others(driver, gate.policy)  # only now: until there is another plan, theirs can be applied
        if outcome.exit_code == _CHANGES:
            report_needed(driver, gate.policy, gate.environ)
