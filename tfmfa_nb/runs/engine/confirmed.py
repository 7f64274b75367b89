"""The questions before a change that ask for no code: whether to apply, to destroy, and whether others approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled, RunDiscarded
from tfmfa_nb.runs.approvals.demanded import check_approved, check_other_change, record_approved
from tfmfa_nb.runs.approvals.needed import report_needed
from tfmfa_nb.runs.gate.decided import decided_on

__all__ = (
    "check_approved",
    "check_other_change",
    "confirm_change",
    "confirm_destroy",
    "confirm_plan",
    "record_approved",
    "report_needed",
)

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


async def confirm_change(driver: Driver, prompt: Prompt) -> None:
    """Ask before another command changes something; where a code is asked for, that is the answer.

    Raises:
        RunCanceled: the person did not confirm.
        PromptUnavailable: nobody can confirm here.
    """
    record = driver.record
    place = _place(driver)
    question = f"Run terraform {' '.join([record.command, *record.arguments])} on {place}?"
    call = driver.options.call
    if call is not None and call.restores is not None:
        before = record.arguments[-1]
        question = f"Bring back the state of {place} as it was before {before}? {call.loses}"
    problem, confirmed = "", False
    try:
        with driver.waiting("confirmation"):
            confirmed = await prompt.confirm(question)
    except RunDiscarded:
        pass
    except PromptUnavailable as error:
        problem = error.problem
    if problem:
        raise PromptUnavailable(problem, "Run it in an interactive session, or with --auto-approve.")
    if not confirmed:
        raise RunCanceled(f"The {record.command} was not run.", "Nothing was changed.")


def _discarded() -> RunDiscarded:
    return RunDiscarded("The plan was discarded.", "Nothing was changed.")


def _place(driver: Driver) -> str:
    place = f'"{driver.record.environment}"'
    return place if driver.record.workspace == "default" else f'{place}, workspace "{driver.record.workspace}"'
