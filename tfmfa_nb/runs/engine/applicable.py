"""What is recorded of a saved plan, and whether it can be applied here and now: all that is known before a code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.session_durations import session_length_warning
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runs.engine.superseded import how_to_take_up
from tfmfa_nb.runs.events import BackendKnown, PlanSaved
from tfmfa_nb.runs.history.confirmation import check_confirmed
from tfmfa_nb.terraform.backend_check import kept_state
from tfmfa_nb.terraform.inspected_files import data_digests
from tfmfa_nb.terraform.secret_variables import ephemeral_variables
from tfmfa_nb.terraform.stale_plan import is_stale
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES
from tfmfa_nb.terraform.variable_files import variables_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

VAR, VAR_FILE = "--var", "--var-file"


def check_planned(driver: Driver, status: Status) -> None:
    """Make sure that there is a plan to apply.

    Args:
        driver: driver of the run.
        status: its status, as this kernel or another one has left it.

    Raises:
        RunStateError: there is none. If another run's plan still waits, its remedy says how to take that up.
    """
    if status is not Status.PLANNED:
        remedy = how_to_take_up(driver) or "Run %tfplan first."
        raise RunStateError(f"{driver.record.id} is {status}: there is no plan to apply.", remedy)


def check_plan(driver: Driver) -> None:
    """Make sure that the saved plan is the one that was shown, and that the audit trail confirms its record.

    Raises:
        RunStateError: it is not, or the trail does not.
        ConfigurationError: the trail cannot be read.
    """
    for sentence in check_confirmed(driver.environment, driver.record.id):
        driver.note(sentence)
    check_planned(driver, driver.store.load().status)  # another kernel may have discarded or applied it
    driver.store.check_plan(driver.record.plan_sha256)


def check_fresh(driver: Driver, environ: Mapping[str, str], workspace: str) -> None:
    """Make sure that the saved plan can still be applied, as far as that is known without credentials.

    Args:
        driver: driver of a planned run.
        environ: for `TF_DATA_DIR`.
        workspace: the workspace of the run.

    Raises:
        RunStateError: the state has changed since the plan, which cannot be applied any more.
    """
    if is_stale(driver.store.files.plan, driver.environment.folder, workspace, environ):
        raise RunStateError("The plan is stale: the state has changed since.", "Plan again with %tfplan.")


def note_short_session(driver: Driver, session: MfaSession | None) -> None:
    """Tell it if the session of a role may expire during the apply."""
    if session is not None and (note := session_length_warning(driver.record.chains, session.duration_seconds)):
        driver.note(note)


def plan_saved(driver: Driver, configuration: Configuration, environ: Mapping[str, str]) -> PlanSaved:
    """What is recorded of a plan, so that exactly this plan is applied.

    What the configuration reads is recorded as the plan has left it: a data source may have written it.

    Args:
        driver: driver of the run, which has just planned.
        configuration: as it is now.
        environ: process environment, for `TF_VAR_…` and `TF_DATA_DIR`.
    """
    sha256 = driver.store.seal_plan()
    made_from = replace(driver.inspected, data=data_digests(configuration))
    driver.tell(BackendKnown(kept_state(driver.environment.folder, environ)))
    # Those of the line or the process environment; Terraform finds the others by itself.
    ephemeral = tuple(sorted(ephemeral_variables(configuration.root) & _set(driver, environ)))
    return PlanSaved(
        sha256,
        driver.store.counts(driver.record.log_start).as_dict(),
        made_from.sha256,
        given_of(driver),
        ephemeral,
    )


def given_of(driver: Driver) -> tuple[str, ...]:
    """The options that set variables, without values: "--var NAME", "--var-file PATH"."""
    arguments = driver.options.variable_arguments(driver.base)
    return (*(f"{VAR} {name}" for name in arguments.values), *(f"{VAR_FILE} {file}" for file in arguments.files))


def check_given(driver: Driver, environ: Mapping[str, str], *, all_again: bool) -> VariableArguments:
    """Make sure that the apply has the values that it needs again, and changes no others.

    Args:
        driver: driver of a planned run; another kernel knows no values.
        environ: process environment, for `TF_VAR_…`.
        all_again: whether the other values are needed too, to find the same roles as the plan did.

    Returns:
        The values for the apply.

    Raises:
        ConfigurationError: values are missing, or would change the plan.
    """
    record, given = driver.record, given_of(driver)
    if others := [one for one in given if one.startswith(f"{VAR} ") and one not in record.given]:
        raise ConfigurationError(f"{others[0]} cannot change a saved plan.", "Use it with %tfplan.")
    if missing := [name for name in record.ephemeral if name not in _set(driver, environ)]:
        names = ", ".join(missing)
        raise ConfigurationError(
            f"A saved plan has no values of ephemeral variables, and this kernel does not know those of: {names}.",
            f"Give them again: --var-file FILE, TF_VAR_{missing[0]} in the environment in which Jupyter starts, or a "
            f"value of Python: %tfapply --expand --var {missing[0]}={{{missing[0]}}}.",
        )
    if all_again and (missing := [one for one in record.given if one not in given]):
        raise ConfigurationError(
            f"The plan was made with values that this kernel does not know: {', '.join(missing)}.",
            "Give the same ones again to %tfapply, or plan again with %tfplan. A saved plan gives back no secrets, "
            "and nothing once the configuration or a variable file has changed.",
        )
    arguments = driver.options.variable_arguments(driver.base)
    # Terraform takes the others too if they are the plan's own, and a file may have both.
    return arguments if {*record.ephemeral} & _named(arguments) else NO_VARIABLES


def _set(driver: Driver, environ: Mapping[str, str]) -> set[str]:
    """The variables that the line or the process environment sets."""
    prefix = "TF_VAR_"
    named = _named(driver.options.variable_arguments(driver.base))
    return named | {name.removeprefix(prefix) for name in environ if name.startswith(prefix)}


def _named(arguments: VariableArguments) -> set[str]:
    return {*arguments.values, *(name for file in arguments.files for name in variables_in(file))}
