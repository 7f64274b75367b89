"""What follows a plan that Terraform has saved: it is recorded, shown, and held against what was checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.runs.engine.applicable import plan_saved
from tfmfa_nb.runs.engine.plannable import note_generated
from tfmfa_nb.runs.engine.policy_gate import check_policies
from tfmfa_nb.runs.gate.saved_plan import check_saved_plan
from tfmfa_nb.runs.gate.unchanged import check_unchanged

if TYPE_CHECKING:
    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


async def take_plan(driver: Driver, gate: Gate, executable: Executable, session: MfaSession | None) -> None:
    """Record the saved plan, and show it.

    Raises:
        TfmfaError: with a session, Terraform's own word about the plan is not what was found before.
    """
    driver.tell(plan_saved(driver, driver.read_configuration(executable, gate.environ), gate.environ))
    driver.show_plan(executable, gate.environ)
    note_generated(driver)
    if session is not None:
        await check_saved_plan(driver, gate, executable)


async def judge_plan(driver: Driver, gate: Gate, executable: Executable, session: MfaSession | None) -> None:
    """Have the saved plan judged by the policy checks.

    Raises:
        PolicyCheckFailed: one rejects it.
        TfmfaError: as `check_policies` does; with a session, one has changed the configuration.
    """
    if await check_policies(driver, gate, executable) and session is not None:
        await check_unchanged(driver, gate, executable, driver.inspected.sha256)
