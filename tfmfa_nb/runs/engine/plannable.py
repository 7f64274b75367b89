"""What is checked of a plan's options before anything is locked, and what a person is asked or told because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError, PromptUnavailable, RunCanceled
from tfmfa_nb.runs.history.confirmation import trail_notes
from tfmfa_nb.runs.history.retention import remove_old_runs

if TYPE_CHECKING:
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.driver import Driver


def check_plannable(driver: Driver, product: str) -> list[str]:
    """Make sure that Terraform will take the options, and tell what is wrong with the audit trail.

    Args:
        driver: driver of the run.
        product: "terraform" or "tofu".

    Returns:
        The arguments of `terraform plan`, without the values of variables.

    Raises:
        ConfigurationError: an option cannot be used.
    """
    driver.options.check()
    driver.options.check_files(driver.base, driver.environment.folder)
    arguments = driver.options.plan_arguments(product)
    if file := driver.options.generated_file(driver.environment.folder):
        if file.exists():
            raise ConfigurationError(f"{file} exists already.", "Name a new file with --generate-config-out.")
        if file.parent != driver.environment.folder and not file.parent.is_dir():
            raise ConfigurationError(
                f"The folder {file.parent} of --generate-config-out does not exist.",
                "Name a new file in a folder that exists: Terraform writes it after the plan.",
            )
    for sentence in trail_notes(driver.environment):
        driver.note(sentence)
    return arguments


async def confirm_copy(driver: Driver, prompt: Prompt) -> None:
    """Ask before `init` copies the state; where a code is asked for, that is the answer.

    Raises:
        RunCanceled: the person did not confirm.
        PromptUnavailable: nobody can confirm here.
    """
    name, problem = driver.record.environment, ""
    question = f'Copy the state of "{name}" into its new backend, over a state that may be there?'
    try:
        confirmed = driver.options.auto_approve or await prompt.confirm(question)
    except PromptUnavailable as error:
        problem = error.problem
    if problem:
        raise PromptUnavailable(
            problem, "Migrate the state in an interactive session, or with %%tfapply --migrate-state --auto-approve."
        )
    if not confirmed:
        raise RunCanceled("The state was not copied.", "Nothing was changed.")


def remove_old(driver: Driver, policy: Policy) -> None:
    """Remove old runs of the environment, and tell which could not be removed."""
    for sentence in remove_old_runs(driver.environment, policy):
        driver.note(sentence)


def note_generated(driver: Driver) -> None:
    """Tell what to do with the configuration that Terraform has written."""
    if (file := driver.options.generated_file(driver.environment.folder)) and file.exists():
        driver.note(f"Terraform wrote {file.name}: review it, then plan again.")
