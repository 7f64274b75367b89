"""Another command than `plan` and `apply`, such as `state mv`, behind the same gate; its phase is the only one."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.engine.command import commands_of, commands_without_credentials
from tfmfa_nb.runs.engine.command_preflight import check_command
from tfmfa_nb.runs.engine.confirmed import check_other_change, confirm_change
from tfmfa_nb.runs.engine.init import initialize
from tfmfa_nb.runs.engine.outcome import raise_for
from tfmfa_nb.runs.engine.phase import authenticate, check_ready, lock_environment, phase_of, report_program
from tfmfa_nb.runs.engine.terraform_call import run_call
from tfmfa_nb.runs.gate.commanded import check_tests, inspect_for_command
from tfmfa_nb.runs.gate.levels import begin_at_level, protected_of
from tfmfa_nb.runs.gate.unchanged import check_unchanged
from tfmfa_nb.runs.gate.untouched import untouched

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate


async def run_command(driver: Driver, gate: Gate) -> None:
    """Run the command of the run's options, after the code that its class requires. Afterward, the run is `finished`.

    Raises:
        TfmfaError: the command failed or was stopped.
        asyncio.CancelledError: the kernel was interrupted; Terraform has stopped gracefully.
    """
    call = driver.options.call
    if call is None or driver.record.status is not Status.PENDING:
        raise RunStateError(f"{driver.record.id} has no command to run.", "Run the cell again.")
    phase = call.kind.phase
    with driver.store.kept_if_used(), ExitStack() as held, phase_of(driver, phase, gate.policy):
        if phase is not Phase.CHECK:
            driver.options = driver.options.in_workspace_of(gate.environ)
        gate = gate.with_environ(driver.options.environ)
        executable = driver.ports.terraform.find(gate.environ)
        await report_program(driver, executable)
        driver.options.check()
        driver.options.check_files(driver.base, driver.environment.folder)
        lock = await lock_environment(driver, phase, held)
        known = protected_of(driver.environment, gate.environ)
        begin_at_level(driver, gate.policy, known, workspace_chosen=bool(driver.options.workspace))
        if phase.changes:
            check_other_change(driver, gate)
        await inspect_for_command(driver, gate, executable, call)
        check = partial(check_command, driver, gate, executable, lock, call)
        await check()
        session = await authenticate(driver, gate, phase, executable, check)
        if session is None and phase.changes and not driver.options.auto_approve:
            await confirm_change(driver, gate.prompt)
        with_credentials = commands_of(driver, gate, executable, lock, session)
        without = commands_without_credentials(driver, gate, executable, lock)
        async with without if phase is Phase.CHECK else with_credentials as commands:
            check_ready(driver)
            if session is not None:  # the prompt may have been open for a long time
                await check_unchanged(driver, gate, executable, driver.inspected.sha256)
                await check_tests(driver, gate, executable, call)
            driver.move(Status.RUNNING)
            if call.kind.initialized:
                await initialize(commands, gate, session, backend=phase is not Phase.CHECK)
            async with untouched(driver, gate, executable, session):
                outcome = await run_call(commands, call)
        raise_for(outcome, commands, phase, accepted=(0,))
        driver.move(Status.FINISHED)
