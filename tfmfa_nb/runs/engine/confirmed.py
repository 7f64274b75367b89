"""The questions before an apply that ask for no code: whether to apply, to destroy, and whether others approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunDiscarded
from tfmfa_nb.runs.approvals.demanded import check_approved, record_approved
from tfmfa_nb.runs.gate.decided import decided_on

__all__ = ("check_approved", "confirm_destroy", "confirm_plan", "record_approved")

if TYPE_CHECKING:
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate


async def confirm_plan(driver: Driver, prompt: Prompt) -> None:
    """Ask whether to apply the plan.

    Raises:
        RunDiscarded: the person does not want to.
        RunCanceled: the person left the prompt.
        PromptUnavailable: nobody can confirm here.
    """
    decision = await decided_on(driver)
    with driver.waiting("confirmation"):
        confirmed = await prompt.confirm(f"Apply this plan to {_place(driver)}?", decision=decision)
    if not confirmed:
        raise _discarded()


async def confirm_destroy(driver: Driver, gate: Gate) -> bool:
    """Let the person type the environment's name if the apply destroys resources and the policy requires it.

    Returns:
        Whether the person was asked, and has confirmed the apply.

    Raises:
        RunDiscarded: the person does not want to.
        RunCanceled: the person left the prompt.
        PromptUnavailable: nobody can type it here.
    """
    destroyed = (driver.record.counts or {}).get("destroy", 0)
    if not (destroyed and gate.policy.confirm_destroy):
        return False
    name, problem = driver.record.environment, ""
    what = "1 resource" if destroyed == 1 else f"{destroyed:,} resources"
    question = f'Destroy {what} of {_place(driver)}? The organization policy requires that you type "{name}".'
    decision = await decided_on(driver)
    try:
        with driver.waiting("confirmation"):
            confirmed = await gate.prompt.confirm(question, decision=decision, word=name)
    except PromptUnavailable:
        problem = f'The apply destroys {what}, so a person has to type "{name}", and nobody can be asked here.'
    if problem:
        raise PromptUnavailable(problem, "Apply it in JupyterLab or in a terminal (confirm_destroy of the policy).")
    if not confirmed:
        raise _discarded()
    driver.store.audit("destroy_confirmed", destroyed=destroyed, environment=name)
    return True


def _discarded() -> RunDiscarded:
    return RunDiscarded("The plan was discarded.", "Nothing was changed.")


def _place(driver: Driver) -> str:
    place = f'"{driver.record.environment}"'
    return place if driver.record.workspace == "default" else f'{place}, workspace "{driver.record.workspace}"'
