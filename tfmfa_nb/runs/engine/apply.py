"""`apply`: the second phase of a run."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.engine.applicable import check_fresh, check_given, check_plan, check_planned, note_short_session
from tfmfa_nb.runs.engine.command import commands_of
from tfmfa_nb.runs.engine.confirmed import check_approved, confirm_destroy, confirm_plan, record_approved
from tfmfa_nb.runs.engine.outcome import raise_for
from tfmfa_nb.runs.engine.phase import authenticate, check_ready, lock_environment, phase_of, report_program
from tfmfa_nb.runs.engine.policy_gate import check_policies, refuse_failed
from tfmfa_nb.runs.engine.progress import ApplyProgress
from tfmfa_nb.runs.engine.recalled_values import inspect_as_planned
from tfmfa_nb.runs.engine.workspaces import check_same
from tfmfa_nb.runs.gate.levels import protected_of, report_level
from tfmfa_nb.runs.gate.saved_plan import check_saved_plan
from tfmfa_nb.runs.gate.unchanged import check_policy, check_unchanged

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate


def check_pending(driver: Driver) -> None:
    """Make sure that a run has a plan, which may be one without changes, before anything of its apply is shown.

    Raises:
        PolicyCheckFailed: a policy check of the plan has failed.
        RunStateError: there is no plan to apply.
    """
    if driver.record.status is not Status.PLANNED_AND_FINISHED:
        refuse_failed(driver.record)
        check_planned(driver, driver.record.status)


async def apply(driver: Driver, gate: Gate, *, confirm: bool = False) -> None:
    """Apply exactly the plan that was shown. If the prompt is not answered, the run stays `planned`.

    A plan without changes has nothing to apply: then this only says so.

    Args:
        driver: driver of a planned run.
        gate: MFA gate in front of the apply.
        confirm: ask for a confirmation if the level requires no code.

    Raises:
        TfmfaError: the apply failed or was stopped.
        asyncio.CancelledError: the kernel was interrupted; Terraform has stopped gracefully.
    """
    check_pending(driver)
    record = driver.record
    if record.status is Status.PLANNED_AND_FINISHED:
        driver.note("Nothing to apply: the plan has no changes.")
        return
    with ExitStack() as held, phase_of(driver, Phase.APPLY, gate.policy):
        gate = gate.with_environ(driver.options.environ)
        executable = driver.ports.terraform.find(gate.environ)
        await report_program(driver, executable)
        lock = await lock_environment(driver, Phase.APPLY, held)
        check_plan(driver)
        # The stricter of both levels: lowering the environment's level after the plan does not weaken this run.
        known = report_level(driver, gate.policy, gate.environ, driver.record.level)
        check_same(record.workspace, known.workspace)
        # Whoever made the plan, and under whatever policy: this apply is checked against the policy of now.
        await inspect_as_planned(driver, gate, executable)
        asks = driver.record.level.asks_before(Phase.APPLY)
        variables = check_given(driver, gate.environ, all_again=asks)
        # Those that were demanded since the plan, too; what they change is seen by what follows.
        await check_policies(driver, gate, executable)
        if asks:
            # The plan has the configuration in it that it was made from: only that one may be judged by today's files.
            await check_unchanged(driver, gate, executable, record.configuration_sha256)
            await check_saved_plan(driver, gate, executable)
            check_fresh(driver, gate.environ, known.workspace)
        await check_approved(driver, gate)
        confirmed = await confirm_destroy(driver, gate)
        session = await authenticate(driver, gate, Phase.APPLY, executable)
        # Asked before the long-term key is read, because the answer may take a long time.
        if session is None and confirm and not confirmed:
            await confirm_plan(driver, gate.prompt)
        await driver.ports.turn()
        async with commands_of(driver, gate, executable, lock, session) as commands:
            note_short_session(driver, session)
            check_ready(driver)
            await check_policy(driver, gate)  # else, the plan would be lost to a Terraform that does not start
            if session is not None:
                await check_unchanged(driver, gate, executable, record.configuration_sha256)
            await record_approved(driver, gate, session)
            driver.store.check_plan(record.plan_sha256)  # the prompt may have been open for a long time
            check_same(record.workspace, protected_of(driver.environment, gate.environ).workspace)
            driver.move(Status.CONFIRMED)
            driver.move(Status.APPLYING)
            progress = ApplyProgress(driver)
            progress.estimate()
            outcome = await commands.run(
                "apply",
                "-json",
                "-input=false",
                *driver.options.apply_arguments(),
                str(driver.store.files.plan),
                variables=variables,
                on_output=progress.look,
                events=True,
            )
        driver.outputs = progress.outputs
        raise_for(outcome, commands, Phase.APPLY, accepted=(0,))
        progress.complete()
        driver.move(Status.APPLIED)
