"""`jupyter tfmfa run` and `jupyter tfmfa verify`."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    from tfmfa_nb.runbooks.execution_options import ExecutionOptions

_RUN_DESCRIPTION = """\
Execute a runbook from top to bottom, and show its cells, the lock indicator,
the progress, and Terraform's output as they come.

Each MFA code is requested when it is needed: at the terminal, without echo, or
from the token command. Ctrl-C stops gracefully: Terraform gets one interrupt,
and saves what it has finished.

Executing a notebook runs its author's code with your rights. Input that a cell
asks for is marked: "Notebook asks (cell 3): ...". Each use of the token command
is shown.

The executed notebook is saved while the runbook runs and however it ends. It
is the record of the execution; 'jupyter tfmfa verify' checks it against the
audit trail.
"""
_RUN_EPILOG = """\
exit codes:
  0    applied, planned, or nothing to do
  1    a cell failed
  2    the runbook could not start: an option, the notebook, or OUTPUT is wrong
  3    not authenticated: no code, a refused code, or a refused role
  4    an assertion in the runbook failed
  130  interrupted

examples:
  jupyter tfmfa run deploy.ipynb -p release 2.4.1
  jupyter tfmfa run deploy.ipynb --environment staging --plan-only
  jupyter tfmfa run deploy.ipynb --token-command 'ykman oath accounts code -s x'
  jupyter tfmfa run deploy.ipynb --resume
"""
_VERIFY_DESCRIPTION = """\
Check an executed notebook against the audit trails of the environments that it
acted on. An output, a record, or a line of an audit trail that was edited since
the execution is reported. Run this command where the runbook was executed: the
environments' folders are looked for beside the notebook. Or check the folder
of an environment: its audit trail, and the records of all its runs.

An audit trail that was cut, written anew, or deleted is reported too, where
this user wrote it: this machine has a record of its end. If the organization
policy names signers, the newest line must be signed by one of them.
"""
_VERIFY_EPILOG = """\
exit codes:
  0  every check passed
  1  a check failed
  2  the notebook is not an executed runbook, or the policy cannot be read

examples:
  jupyter tfmfa verify deploy-executed.ipynb
  jupyter tfmfa verify staging --each-signature
"""


def configure_run(parser: argparse.ArgumentParser) -> None:
    """Describe `run` to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options] NOTEBOOK", _RUN_DESCRIPTION, _RUN_EPILOG
    add = parser.add_argument
    add("notebook", type=Path, metavar="NOTEBOOK", help="runbook to execute")
    add(
        *("-o", "--output"),
        type=Path,
        metavar="OUTPUT",
        help="executed notebook, whose folder is the kernel's working folder (default: NOTEBOOK's name with -executed)",
    )
    add(
        *("-p", "--parameter"),
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="value of a parameter; may be repeated",
    )
    add(
        *("-f", "--parameters-file"),
        type=Path,
        metavar="FILE",
        help="YAML, JSON, or TOML file with values of parameters; -p overrides it",
    )
    add(
        *("-e", "--environment"),
        type=_name,
        metavar="NAME",
        help="only environment that the runbook may act on, and the default of its magics",
    )
    add("--plan-only", action="store_true", help="apply nothing, and stop before the first apply")
    add(
        "--policy-check",
        action="append",
        default=[],
        metavar="COMMAND",
        help="command that judges each plan before it can be applied; {plan} is its JSON; may be repeated",
    )
    add("--stop-after", default="", metavar="TAG", help="stop after the last cell with this tag")
    add("--resume", action="store_true", help="continue OUTPUT at the first cell that did not finish")
    add(
        "--timeout",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="time limit of each cell, not counting prompts; an apply is never stopped (default: no limit)",
    )
    add(
        "--token-command",
        metavar="COMMAND",
        help="command that prints an MFA code (default: TFMFA_TOKEN_COMMAND, or else the terminal)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--quiet", action="store_true", help="print only problems, and what the runbook waits for")
    output.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(execute=_run)


def configure_verify(parser: argparse.ArgumentParser) -> None:
    """Describe `verify` to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options] NOTEBOOK", _VERIFY_DESCRIPTION, _VERIFY_EPILOG
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK", help="executed notebook, or an environment's folder")
    parser.add_argument(
        "--each-signature", action="store_true", help="check the signature of each line, not only of the newest"
    )
    parser.set_defaults(execute=_verify)


def _name(text: str) -> str:
    """An empty name, as of a shell's variable that is not set, must not lift the restriction."""
    if not text:
        raise argparse.ArgumentTypeError("the environment's name is empty")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def execution_options(options: argparse.Namespace) -> ExecutionOptions:
    """The execution that the command line describes.

    Raises:
        ConfigurationError: the parameters file, or the command line of a policy check, is not valid.
    """
    from tfmfa_nb.organization.policy_checks import check_of_line  # noqa: PLC0415 - until needed
    from tfmfa_nb.runbooks.execution_options import ExecutionOptions  # noqa: PLC0415
    from tfmfa_nb.runbooks.parameters import read_file  # noqa: PLC0415

    notebook: Path = options.notebook
    for line in options.policy_check:
        check_of_line(line)
    return ExecutionOptions(
        runbook=notebook,
        output=options.output or notebook.with_name(f"{notebook.stem}-executed.ipynb"),
        environ=os.environ,
        parameters=tuple((name, value) for name, value in options.parameter),
        file_parameters=read_file(options.parameters_file) if options.parameters_file else {},
        environment=options.environment or "",
        plan_only=options.plan_only,
        policy_checks=tuple(options.policy_check),
        stop_after=options.stop_after,
        resume=options.resume,
        cell_timeout=options.timeout,
        token_command=options.token_command or os.environ.get("TFMFA_TOKEN_COMMAND", ""),
    )


def _run(options: argparse.Namespace) -> int:
    from tfmfa_nb.runbooks.display import display_for  # noqa: PLC0415 - nbclient, until needed
    from tfmfa_nb.runbooks.execution import run_runbook  # noqa: PLC0415

    execution = execution_options(options)
    display = display_for(quiet=options.quiet, as_json=options.json)
    replaces = execution.output.exists() and not (options.resume or options.quiet or options.json)
    outcome = asyncio.run(run_runbook(execution, display))
    if replaces:
        say("It replaces the record of an earlier execution. To keep both, name another file with --output.")
    if outcome.sentence:
        say(f"{execution.runbook.name} stopped. {outcome.sentence} See {execution.output}.", error=True)
    return int(outcome.exit_code)


def _verify(options: argparse.Namespace) -> int:
    from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed
    from tfmfa_nb.organization.policy_files import read_policy  # noqa: PLC0415
    from tfmfa_nb.runbooks.trail_checks import environment_checks  # noqa: PLC0415
    from tfmfa_nb.runbooks.verify import verify  # noqa: PLC0415 - nbformat

    rules, path = read_policy(os.environ).audit, options.notebook
    if path.is_dir():
        environment = Environment(path.name or str(path), path.resolve(), owned=True)
        checks = list(environment_checks(environment, rules, each_signature=options.each_signature))
    else:
        checks = verify(path, rules, each_signature=options.each_signature)
    for check in checks:
        say(f"{'ok  ' if check.passed else 'FAIL'} {check.statement}")
    return 0 if all(check.passed for check in checks) else 1
