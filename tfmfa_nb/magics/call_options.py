"""The options of the calls from Python: their types, and how they become the options and settings of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.policy_places import policy_environ
from tfmfa_nb.runs.options import Options
from tfmfa_nb.terraform.hcl_values import to_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.organization.policy import Policy

# As for the extension, later changes of the process environment do not count.
_AT_IMPORT = policy_environ(os.environ)
_PROMPTS = ("auto", "form", "terminal", "command", "elsewhere", "none")


class PromptOptions(TypedDict, total=False):
    """Where codes come from, and how long a session lasts; in IPython, `%config TfmfaMagics` has the defaults.

    Attributes:
        prompt: "auto" (the token command if one is set, or else the notebook's form, or else the terminal), "form",
            "terminal", "command", "elsewhere": the run waits for `jupyter tfmfa approve`, or "none": a run that needs a
            code fails at once.
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
        requested_by: an agent that asked for the run, by the name that it gave itself.
        wait: where nobody can answer here, or with the prompt "elsewhere", wait for a code from elsewhere, an hour or
            `prompt_timeout`, and return as soon as the run waits; `await run.wait()` waits for its end.
    """

    var: Mapping[str, object]
    var_file: Sequence[str | os.PathLike[str]]
    workspace: str
    parallelism: int
    lock_timeout: str
    level: str
    requested_by: str
    wait: bool


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


@dataclass(slots=True)
class CallSettings:
    """The settings of one call."""

    prompt: str
    token_command: str
    profile: str
    session_duration: int
    prompt_timeout: float
    policy: Callable[[], Policy]
    notify: list[str]
    notify_key: str

    def read_policy(self) -> Policy:
        """The organization policy."""
        return self.policy()


def settings_of(options: PromptOptions, magics: TfmfaMagics | None) -> CallSettings:
    """The settings of a call.

    Args:
        options: what was given.
        magics: the magics, whose settings hold where nothing was given; None outside of IPython.

    Raises:
        ConfigurationError: there is no such prompt here.
    """
    prompt = options.get("prompt", magics.prompt if magics else "auto")
    if prompt not in _PROMPTS:
        raise ConfigurationError(f"{prompt!r} is no prompt.", f"Use one of: {', '.join(_PROMPTS)}.")
    if prompt == "form" and magics is None:
        raise ConfigurationError("A form needs a notebook that has loaded the extension.", "Use %load_ext tfmfa_nb.")
    command, profile = os.environ.get("TFMFA_TOKEN_COMMAND", ""), os.environ.get("AWS_PROFILE", "")
    return CallSettings(
        prompt,
        options.get("token_command", magics.token_command if magics else command),
        options.get("profile", magics.profile if magics else profile),
        options.get("session_duration", magics.session_duration if magics else 0),
        options.get("prompt_timeout", magics.prompt_timeout if magics else 0.0),
        magics.read_policy if magics else lambda: read_policy(_AT_IMPORT),
        magics.notify if magics else [],
        magics.notify_key if magics else "",
    )


def options_of_call(options: PlanOptions | ApplyOptions, known: Collection[str] | None = None) -> Options:
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
    for name in ("var", "var_file", "chdir", "wait", *PromptOptions.__annotations__):
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
        level = Level(options.get("level", Level.NEVER))
        return Options(**{**given, "variables": (*files, *values), "level": level, "level_given": "level" in options})
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


def loaded_magics() -> TfmfaMagics | None:
    """The magics of the IPython that runs this, if it has loaded the extension."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython  # noqa: PLC0415 - only where it is used anyway

    from tfmfa_nb.magics.magics import TfmfaMagics  # noqa: PLC0415 - imports IPython

    shell = get_ipython()
    found = shell.magics_manager.registry.get(TfmfaMagics.__name__) if shell is not None else None
    return found if isinstance(found, TfmfaMagics) else None
