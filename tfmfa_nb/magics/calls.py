"""`plan`, `apply`, and `command` as functions, for loops, for functions, and for programs that are not notebooks.

A run is the same as with the magics: the same gate, prompts, records, and audit trail. In IPython with the extension
loaded, the cell shows it, and `%tfapply` can go on with it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tfmfa_nb.editing.line_words import split
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.presentation import check_may_change, present_in_host
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.policy_places import policy_environ
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.command_table import state_call
from tfmfa_nb.terraform.hcl_values import to_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.organization.policy import Policy

# As for the extension, later changes of the process environment do not count.
_AT_IMPORT = policy_environ(os.environ)
_PROMPTS = ("auto", "form", "terminal", "command", "none")


class PromptOptions(TypedDict, total=False):
    """Where codes come from, and how long a session lasts; in IPython, `%config TfmfaMagics` has the defaults.

    Attributes:
        prompt: "auto" (the token command if one is set, or else the notebook's form, or else the terminal), "form",
            "terminal", "command", or "none": a run that needs a code then fails at once.
        token_command: command that prints a code; by default `TFMFA_TOKEN_COMMAND`.
        profile: AWS profile with the organization variables; by default `AWS_PROFILE`.
        session_duration: seconds, from 900 to 129,600; 0 for what the phase needs.
        prompt_timeout: seconds; 0 for no limit.
        show: whether to print the run outside of IPython; by default if standard output is a terminal.
    """

    prompt: str
    token_command: str
    profile: str
    session_duration: int
    prompt_timeout: float
    show: bool


class CommandOptions(PromptOptions, total=False):
    """Options of another command of Terraform's.

    Attributes:
        chdir: existing folder with a configuration, in place of an environment's name.
        var: values of variables, where the command evaluates the configuration; see `ApplyOptions`.
        out: new file for the state that `state pull` prints, relative to the working directory.
    """

    chdir: str | os.PathLike[str]
    var: Mapping[str, object]
    var_file: Sequence[str | os.PathLike[str]]
    workspace: str
    lock_timeout: str
    level: str
    out: str | os.PathLike[str]


class ApplyOptions(PromptOptions, total=False):
    """Options of an apply; see the reference of the magics.

    Attributes:
        var: values of variables: texts, bools, finite numbers, and lists and dictionaries of such. For an apply, only
            ephemeral variables.
        var_file: files with values, relative to the working directory; `var` takes precedence.
        workspace: Terraform's workspace; for an apply, the one of its plan.
        parallelism: number of operations at once; 0 for Terraform's own.
        lock_timeout: Terraform's form of a duration: "30s", "10m".
        level: stricter MFA level for this run: "never", "applies only", "plans and applies".
    """

    var: Mapping[str, object]
    var_file: Sequence[str | os.PathLike[str]]
    workspace: str
    parallelism: int
    lock_timeout: str
    level: str


class PlanOptions(ApplyOptions, total=False):
    """Options of a plan; see the reference of the magics.

    Attributes:
        chdir: existing folder with a configuration, in place of an environment's name.
        hcl: configuration, which becomes the environment's `main.tf`; without it, the one that is there is planned.
        backend_config: "KEY=VALUE" and "FILE".
        policy_checks: command lines that judge the plan before it can be applied; "{plan}" is its JSON.
    """

    chdir: str | os.PathLike[str]
    hcl: str
    target: Sequence[str]
    replace: Sequence[str]
    exclude: Sequence[str]
    destroy: bool
    refresh_only: bool
    refresh: bool
    compact_warnings: bool
    generate_config_out: str
    backend_config: Sequence[str]
    policy_checks: Sequence[str]
    reconfigure: bool
    migrate_state: bool
    upgrade: bool
    or_create: bool
    overwrite: bool


async def plan(environment: str | None = None, **options: Unpack[PlanOptions]) -> Run:
    """Plan, after the MFA code that the level requires.

    Args:
        environment: name of the environment, which is a folder in the working directory; None for the default one.
        options: those of `%tfplan`, with underscores; `%tfplan --help` explains them. Texts: workspace, level,
            lock_timeout, generate_config_out, hcl (the configuration), chdir. Lists of texts: target, replace, exclude,
            var_file, backend_config, policy_checks. True or False: destroy, refresh_only, refresh, compact_warnings,
            reconfigure, migrate_state, upgrade, or_create, overwrite. A number: parallelism. A dictionary: var. Where
            the code comes from: prompt, token_command, profile, session_duration, prompt_timeout. What is printed:
            show.

    Returns:
        The run: `run.status` is "planned", or "planned_and_finished" if there is nothing to change; `run.plan` has the
        changes.

    Raises:
        ConfigurationError: an option is not valid, or there is no configuration.
        AuthenticationError: the code was not given, or was refused.
        TerraformFailed: Terraform failed; `run.log_text()` of the environment's record has its output.
        TfmfaError: anything else that stopped the run.
        asyncio.CancelledError: the caller canceled it; Terraform has stopped gracefully.

    Example:
        >>> runs = {name: await tfmfa_nb.plan(name) for name in ("dev", "staging")}  # doctest: +SKIP
    """
    given = _options_of(options)
    given.check()
    chdir = _chdir(options, environment)
    if chdir is not None and given.configuration is not None:
        raise ConfigurationError("chdir runs the configuration in that folder, so hcl cannot be used with it.")
    magics = _magics()
    where = _environment(environment, chdir, magics)
    if chdir is None and given.configuration is None and not where.files.configuration.is_file():
        raise ConfigurationError(f'"{where.name}" has no configuration.', "Give it as hcl, or its folder as chdir.")
    run = Run(where, given, Path.cwd())
    if magics is not None:
        magics.begin(run, where.folder)
    await _go(run, "plan", options, magics)
    return run


async def apply(run: Run, **options: Unpack[ApplyOptions]) -> Run:
    """Apply exactly the plan of `run`, after the MFA code that the level requires; nothing else is asked.

    Args:
        run: a planned run; one without changes stays as it is.
        options: var (ephemeral variables), var_file, workspace, parallelism, lock_timeout, level, prompt,
            token_command, profile, session_duration, prompt_timeout, show; see `plan`.

    Returns:
        `run`: its status is "applied", and `run.outputs` has the outputs.

    Raises:
        RunStateError: there is no plan to apply, or it is not the one that was shown.
        TfmfaError: as `plan` does. If no code was given, the run stays "planned".
        asyncio.CancelledError: the caller canceled it; Terraform has stopped gracefully, and finished changes are in
            the state.
    """
    run.driver.adjust(_options_of(options))
    await _go(run, "apply", options, _magics())
    return run


async def command(line: str | Sequence[str], environment: str | None = None, **options: Unpack[CommandOptions]) -> Run:
    """Run another command of Terraform's, as `%tf` does, after the MFA code that its class requires.

    Args:
        line: the command with its arguments, "state mv a.b a.c", or its words.
        environment: name of the environment, which is a folder in the working directory; None for the default one.
        options: chdir, var, var_file, workspace, lock_timeout, level, out (for `state pull`), prompt, token_command,
            profile, session_duration, prompt_timeout, show; see `plan`.

    Returns:
        The run: its status is "finished", and `run.log_text()` has what Terraform printed.

    Raises:
        ConfigurationError: an option is not valid, the command is not run here, or there is no such environment.
        TfmfaError: as `plan` does.
        asyncio.CancelledError: the caller canceled it; Terraform has stopped gracefully.

    Example:
        >>> run = await tfmfa_nb.command("state list", "staging")  # doctest: +SKIP
    """
    given = {name: value for name, value in options.items() if name != "out"}
    chosen = _options_of(given, CommandOptions.__annotations__.keys())  # type: ignore[arg-type]
    call = state_call(split(line) if isinstance(line, str) else line, options.get("out", ""), Path.cwd())
    chdir = _chdir(options, environment)
    magics = _magics()
    where = _environment(environment, chdir, magics)
    if not where.folder.is_dir():
        raise ConfigurationError(f'There is no environment "{where.name}".', where.similar)
    if call.kind.phase.changes:
        check_may_change(where.name)
    run = Run(where, replace(chosen, call=call, auto_approve=True), Path.cwd())
    await _go(run, "command", options, magics)
    return run


def _chdir(options: PlanOptions | CommandOptions, environment: str | None) -> str | None:
    """The folder that the options select.

    Raises:
        ConfigurationError: there is an environment's name too.
    """
    if "chdir" in options and environment is not None:
        raise ConfigurationError("An environment's name and chdir cannot be combined.", "Use only one of them.")
    return os.fspath(options["chdir"]) if "chdir" in options else None


def _environment(name: str | None, chdir: str | None, magics: TfmfaMagics | None) -> Environment:
    if magics is not None:
        return magics.environment_for(name, chdir)
    return Environment.at(chdir, Path.cwd()) if chdir else Environment.named(name or "default", Path.cwd())


@dataclass(slots=True)
class _Settings:
    """The settings of one call."""

    prompt: str
    token_command: str
    profile: str
    session_duration: int
    prompt_timeout: float
    policy: Callable[[], Policy]

    def read_policy(self) -> Policy:
        """The organization policy."""
        return self.policy()


async def _go(run: Run, phase: str, options: PromptOptions, magics: TfmfaMagics | None) -> None:
    settings = _settings_of(options, magics)
    if magics is not None:
        await magics.go(run, phase, settings=settings)
    else:
        await present_in_host(run, (phase,), settings, show=options.get("show"))
    await run.wait_for_changes()  # `run.plan` would block the caller's event loop


def _settings_of(options: PromptOptions, magics: TfmfaMagics | None) -> _Settings:
    prompt = options.get("prompt", magics.prompt if magics else "auto")
    if prompt not in _PROMPTS:
        raise ConfigurationError(f"{prompt!r} is no prompt.", f"Use one of: {', '.join(_PROMPTS)}.")
    if prompt == "form" and magics is None:
        raise ConfigurationError("A form needs a notebook that has loaded the extension.", "Use %load_ext tfmfa_nb.")
    command, profile = os.environ.get("TFMFA_TOKEN_COMMAND", ""), os.environ.get("AWS_PROFILE", "")
    return _Settings(
        prompt,
        options.get("token_command", magics.token_command if magics else command),
        options.get("profile", magics.profile if magics else profile),
        options.get("session_duration", magics.session_duration if magics else 0),
        options.get("prompt_timeout", magics.prompt_timeout if magics else 0.0),
        magics.read_policy if magics else lambda: read_policy(_AT_IMPORT),
    )


def _options_of(options: PlanOptions | ApplyOptions, known: Collection[str] | None = None) -> Options:
    """The options of a run.

    Args:
        options: what was given.
        known: their names; None for those of plans and applies.

    Raises:
        ConfigurationError: a value is not valid.
    """
    given: dict[str, Any] = dict(options)
    known = known or _NAMES
    for name, value in given.items():
        if name not in known:
            remedy = did_you_mean(name, known) or "help(tfmfa_nb.plan) lists the options."
            raise ConfigurationError(f"There is no option {name!r}.", remedy)
        if name in _LISTS and isinstance(value, str | os.PathLike | Mapping):
            example = ["KEY=VALUE"] if isinstance(value, Mapping) else [str(value)]  # values may be secrets
            raise ConfigurationError(f"{name} must be a list of texts.", f"Use {name}={example!r}.")
    files = [("var_file", os.fspath(file)) for file in options.get("var_file", ())]
    values = [("value", f"{name}={_value(name, value)}") for name, value in options.get("var", {}).items()]
    for name in ("var", "var_file", "chdir", *PromptOptions.__annotations__):
        given.pop(name, None)
    if "hcl" in given:
        given["configuration"] = given.pop("hcl")
    for name, value in given.items():
        if name in _LISTS:
            given[name] = tuple(value)
    parallelism = options.get("parallelism", 0)
    if parallelism < 0:
        raise ConfigurationError(f"parallelism {parallelism} is not a number of operations.", "Use 1 or more.")
    try:
        return Options(**{**given, "variables": (*files, *values), "level": Level(options.get("level", Level.NEVER))})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"An option is not valid: {error}.") from None


_LISTS = frozenset({"target", "replace", "exclude", "backend_config", "var_file", "policy_checks"})
# `auto_approve` says nothing new here: a call is not asked to confirm.
_NAMES = frozenset({*PlanOptions.__annotations__, "auto_approve"})


def _value(name: str, value: object) -> str:
    try:
        return to_variable(value)
    except TypeError as error:
        problem = str(error)
    raise ConfigurationError(f"The variable {name} cannot be set: {problem}.")


def _magics() -> TfmfaMagics | None:
    """The magics of the IPython that runs this, if it has loaded the extension."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython  # noqa: PLC0415 - only where it is used anyway

    from tfmfa_nb.magics.magics import TfmfaMagics  # noqa: PLC0415 - imports IPython

    shell = get_ipython()
    found = shell.magics_manager.registry.get(TfmfaMagics.__name__) if shell is not None else None
    return found if isinstance(found, TfmfaMagics) else None
