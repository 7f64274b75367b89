"""`plan`, `apply`, and `command` as functions, for loops, for functions, and for programs that are not notebooks.

A run is the same as with the magics: the same gate, prompts, records, and audit trail. In IPython with the extension
loaded, the cell shows it, and `%tfapply` can go on with it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from tfmfa_nb.editing.line_words import split
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.call_options import CommandOptions, loaded_magics, options_of_call, settings_of
from tfmfa_nb.magics.presentation import present_in_host
from tfmfa_nb.magics.run_phases import check_may_change
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.command_table import state_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.magics.call_options import ApplyOptions, PlanOptions, PromptOptions
    from tfmfa_nb.magics.magics import TfmfaMagics


async def plan(environment: str | None = None, **options: Unpack[PlanOptions]) -> Run:
    """Plan, after the MFA code that the level requires.

    Args:
        environment: name of the environment, which is a folder in the working directory; None for the default one.
        options: those of `%tfplan`, with underscores; `%tfplan --help` explains them. Texts: workspace, level,
            lock_timeout, generate_config_out, hcl (the configuration), chdir, requested_by (an agent's name). Lists of
            texts: target, replace, exclude, var_file, backend_config, policy_checks. True or False: destroy,
            refresh_only, refresh, compact_warnings, reconfigure, migrate_state, upgrade, or_create, overwrite. A
            number: parallelism. A dictionary: var. Where the code comes from: prompt, token_command, profile,
            session_duration, prompt_timeout. What is printed: show. Whether to return as soon as the run waits for a
            code from elsewhere: wait.

    Returns:
        The run: `run.status` is "planned", or "planned_and_finished" if there is nothing to change; `run.plan` has the
        changes. With `wait=True`, it may be on its way: poll `run.status` and `run.waiting_for`, or
        `await run.wait()`, which raises what stopped it.

    Raises:
        ConfigurationError: an option is not valid, or there is no configuration.
        AuthenticationError: the code was not given, or was refused.
        TerraformFailed: Terraform failed; `run.log_text()` of the environment's record has its output.
        TfmfaError: anything else that stopped the run.
        asyncio.CancelledError: the caller canceled it; Terraform has stopped gracefully.

    Example:
        >>> runs = {name: await tfmfa_nb.plan(name) for name in ("dev", "staging")}  # doctest: +SKIP
    """
    given = options_of_call(options)
    given.check()
    chdir = _chdir(options, environment)
    if chdir is not None and given.configuration is not None:
        raise ConfigurationError("chdir runs the configuration in that folder, so hcl cannot be used with it.")
    magics = loaded_magics()
    where = _environment(environment, chdir, magics)
    if chdir is None and given.configuration is None and not where.files.configuration.is_file():
        raise ConfigurationError(f'"{where.name}" has no configuration.', "Give it as hcl, or its folder as chdir.")
    run = Run(where, given, Path.cwd())
    if magics is not None:
        magics.begin(run, where.folder)
    await _go(run, "plan", options, magics, wait=options.get("wait", False))
    return run


async def apply(run: Run, **options: Unpack[ApplyOptions]) -> Run:
    """Apply exactly the plan of `run`, after the MFA code that the level requires; nothing else is asked.

    Args:
        run: a planned run; one without changes stays as it is.
        options: var (ephemeral variables), var_file, workspace, parallelism, lock_timeout, level, requested_by, prompt,
            token_command, profile, session_duration, prompt_timeout, show, wait; see `plan`.

    Returns:
        `run`: its status is "applied", and `run.outputs` has the outputs.

    Raises:
        RunStateError: there is no plan to apply, or it is not the one that was shown.
        TfmfaError: as `plan` does. If no code was given, the run stays "planned".
        asyncio.CancelledError: the caller canceled it; Terraform has stopped gracefully, and finished changes are in
            the state.
    """
    run.driver.adjust(options_of_call(options))
    await _go(run, "apply", options, loaded_magics(), wait=options.get("wait", False))
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
    chosen = options_of_call(given, CommandOptions.__annotations__.keys())  # type: ignore[arg-type]
    call = state_call(split(line) if isinstance(line, str) else line, options.get("out", ""), Path.cwd())
    chdir = _chdir(options, environment)
    magics = loaded_magics()
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


async def _go(run: Run, phase: str, options: PromptOptions, magics: TfmfaMagics | None, *, wait: bool = False) -> None:
    settings = settings_of(options, magics)
    if magics is not None:
        await magics.go(run, phase, settings=settings, wait=wait)
    else:
        await present_in_host(run, (phase,), settings, show=options.get("show"), wait=wait)
    await run.wait_for_changes()  # `run.plan` would block the caller's event loop
