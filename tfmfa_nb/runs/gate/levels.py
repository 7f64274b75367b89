"""The level of a run: the effective one, and what it is because of."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.runs.events import LevelChanged, WorkspaceKnown
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.working_directory import data_folder, selected_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver

_NOTHING: Mapping[str, str] = MappingProxyType({})


def protected_of(environment: Environment, environ: Mapping[str, str] = _NOTHING) -> Protected:
    """What a run on `environment` touches, as far as it is known before the configuration is read.

    Args:
        environment: the environment, whose folder may not exist yet.
        environ: process environment of Terraform, for `TF_WORKSPACE` and `TF_DATA_DIR`.

    Raises:
        ConfigurationError: the file with the selected workspace cannot be read.
    """
    folder = environment.folder
    with usable(data_folder(folder, environ) / "environment"):
        return Protected(environment.name, folder.resolve(), selected_workspace(folder, environ))


def effective_level(environment: Environment, policy: Policy, *others: Level, known: Protected | None = None) -> Level:
    """The strictest of the environment's level, or the policy's default, the policy's minimum, and `others`.

    Args:
        environment: the environment.
        policy: organization policy.
        others: levels that hold too.
        known: what the run touches, as far as it is known; None for what the environment's folder tells.

    Raises:
        ConfigurationError: the environment's settings are invalid.
    """
    own = environment.level or policy.default_level
    return Level.strictest(own, policy.minimum(known or protected_of(environment)), *others)


def begin_at_level(driver: Driver, policy: Policy, known: Protected, *, workspace_chosen: bool) -> None:
    """Set the workspace and the level of a run that begins.

    If nobody has set the environment's level, the first run under the default says so.

    Args:
        driver: driver of the run.
        policy: organization policy.
        known: what the run touches, as far as it is known.
        workspace_chosen: whether the run's options name the workspace.

    Raises:
        ConfigurationError: the environment's settings are invalid.
    """
    environment = driver.environment
    driver.tell(WorkspaceKnown(known.workspace, workspace_chosen))
    asked, level = driver.options.level, effective_level(environment, policy, driver.options.level, known=known)
    driver.tell(LevelChanged(level))
    if driver.options.level_given and asked is not level:
        driver.note(f'--level "{asked}" has no effect: it can only raise the level, which is "{level}".')
    before = _level_of_last_run(driver)
    sentences = [new_environment(environment)] if before is None and environment.level is None else []
    if before is None or before.strictness < policy.default_level.strictness:
        sentences.append(default_level(environment, policy, known))
    for sentence in filter(None, sentences):
        driver.note(sentence)


def new_environment(environment: Environment) -> str:
    """The sentence about a new environment whose name may be a typing error; "" if no other name is close."""
    meant = environment.similar
    return meant and f'"{environment.name}" is a new environment. {meant}'


def default_level(environment: Environment, policy: Policy, known: Protected | None = None) -> str:
    """The sentence about the level of an environment for which nobody has set one; "" if somebody has.

    Args:
        environment: the environment.
        policy: organization policy.
        known: what a run touches, as far as it is known; None for what the environment's folder tells.

    Raises:
        ConfigurationError: the environment's settings are invalid.
    """
    if environment.level is not None or not policy.mfa:
        return ""
    what = known or protected_of(environment)
    files = ", ".join(map(str, policy.files_setting("default_level") or policy.files_setting("mfa")))
    holds, level = "default", policy.default_level
    if policy.minimum(what).strictness > level.strictness:
        holds, level, files = "minimum", policy.minimum(what), str(policy.minimum_required_by(what))
    return (
        f'Nobody has set the level of "{environment.name}", so the {holds} holds: "{level}" (organization policy '
        f"{files}). To set one: %tfmfa level LEVEL {environment.option}"
    )


def _level_of_last_run(driver: Driver) -> Level | None:
    """The level of the environment's run before this one; None if there was none, or its record is not valid."""
    before = [each for each in run_ids(driver.environment) if each != driver.record.id]
    with suppress(TfmfaError):  # a record that is not valid says nothing
        return RunStore(driver.environment, before[0]).load().level if before else None
    return None


def report_level(driver: Driver, policy: Policy, environ: Mapping[str, str], level: Level) -> Protected:
    """Report the level of a phase, before its configuration is read: no lower than `level`; what the run touches."""
    known = protected_of(driver.environment, environ)
    driver.tell(LevelChanged(effective_level(driver.environment, policy, level, known=known)))
    return known


def raise_level(driver: Driver, policy: Policy, known: Protected) -> bool:
    """Raise the level of a run to the minimum for what is known by now. It never becomes lower.

    Args:
        driver: driver of the run, whose card and log say which file requires the level.
        policy: organization policy.
        known: what the run touches.

    Returns:
        True if the level was raised, so that a phase that needed no code may need one.
    """
    minimum = policy.minimum(known)
    if minimum.strictness <= driver.record.level.strictness:
        return False
    driver.tell(LevelChanged(minimum))
    driver.note(f'The level of this run is "{minimum}". {required_by(policy, known)}')
    return True


def raise_for_state(driver: Driver) -> None:
    """Require a code before a plan that changes a state, where one is required before an apply."""
    level = driver.record.level
    if driver.options.changes_state and level.asks_before(Phase.APPLY) and not level.asks_before(Phase.PLAN):
        driver.tell(LevelChanged(Level.PLANS_AND_APPLIES))
        driver.note(
            "This plan changes a state (--migrate-state or --or-create), so it requires a code, as an apply does."
        )


def required_by(policy: Policy, what: Protected) -> str:
    """The sentence that names the file with the minimum level of `what`."""
    return f"Required by organization policy {policy.minimum_required_by(what)}."
