"""`jupyter tfmfa run` and `jupyter tfmfa verify`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from jupyter_core.application import JupyterApp

from tfmfa_nb.model.errors import ConfigurationError, RunStateError, TfmfaError

if TYPE_CHECKING:
    from tfmfa_nb.runbooks.execution_options import ExecutionOptions

_CODES = """\
exit codes:
  0  applied, planned, or finished      3  not authenticated
  1  a cell failed                      4  a gate (assert) failed
  2  it could not be begun            130  interrupted

Codes are asked for at the terminal, hidden, at the moment each is needed; or got from the token command. Ctrl-C
stops gracefully: Terraform gets one interrupt, and saves what it has finished. The executed notebook is the record:
`jupyter tfmfa verify` checks it against the audit trail."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line."""
        print(f"{self.prog}: {message} (--help lists the options)", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)


class _Command(JupyterApp):
    """A command with options of its own, and errors of one line."""

    parser: argparse.ArgumentParser

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Take the options; those of traitlets do not fit `-p NAME VALUE`."""
        self.options = self.parser.parse_args(sys.argv[1:] if argv is None else argv)

    def start(self) -> None:
        """Do it.

        Raises:
            SystemExit: with the command's exit code.
        """
        super().start()
        try:
            code = self.act()
        except (ConfigurationError, RunStateError) as error:
            print(error, file=sys.stderr)  # noqa: T201
            code = 2
        except TfmfaError as error:
            print(error, file=sys.stderr)  # noqa: T201
            code = 1
        self.exit(code)

    def act(self) -> int:
        """What the command does; its exit code.

        Raises:
            TfmfaError: it cannot.
        """
        return 0


def _run_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="jupyter tfmfa run",
        description="Execute a runbook, and ask for codes where a person sits.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("notebook", type=Path, help="the runbook")
    add = parser.add_argument
    add("-o", "--output", type=Path, help="the executed notebook; default: NAME-executed.ipynb beside the runbook")
    add(
        *("-p", "--parameter"),
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the cell tagged parameters; repeat it for more",
    )
    add("-f", "--parameters-file", type=Path, metavar="FILE", help="parameters in YAML, JSON or TOML; -p goes before")
    add("-e", "--environment", default="", metavar="NAME", help="the only environment that it may act on")
    add("--plan-only", action="store_true", help="apply nothing; stop where it would")
    add("--stop-after", default="", metavar="TAG", help="stop after the last cell with this tag")
    add("--resume", action="store_true", help="go on with OUTPUT at the first cell that did not finish")
    add("--timeout", type=float, default=0.0, metavar="SECONDS", help="of each cell; never of an apply; default: none")
    add(
        "--token-command",
        metavar="CMD",
        help="a command that prints a code; default: TFMFA_TOKEN_COMMAND; none: the terminal",
    )
    said = parser.add_mutually_exclusive_group()
    said.add_argument("--quiet", action="store_true", help="say nothing but what is wrong or waited for")
    said.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    return parser


class RunApp(_Command):
    """`jupyter tfmfa run NOTEBOOK`."""

    name = "jupyter-tfmfa-run"
    description = "Execute a runbook, and ask for codes where a person sits."
    parser = _run_parser()

    def order(self) -> ExecutionOptions:
        """What was ordered.

        Raises:
            ConfigurationError: the file with the parameters cannot be understood.
        """
        from tfmfa_nb.runbooks.execution_options import ExecutionOptions  # noqa: PLC0415 - until needed
        from tfmfa_nb.runbooks.parameters import read_file  # noqa: PLC0415

        options = self.options
        notebook: Path = options.notebook
        return ExecutionOptions(
            runbook=notebook,
            output=options.output or notebook.with_name(f"{notebook.stem}-executed.ipynb"),
            environ=os.environ,
            parameters=tuple((name, value) for name, value in options.parameter),
            values=read_file(options.parameters_file) if options.parameters_file else {},
            environment=options.environment,
            plan_only=options.plan_only,
            stop_after=options.stop_after,
            resume=options.resume,
            cell_seconds=max(options.timeout, 0.0),
            token_command=options.token_command or os.environ.get("TFMFA_TOKEN_COMMAND", ""),
        )

    def act(self) -> int:
        """Execute it."""
        from tfmfa_nb.runbooks.display import display_for  # noqa: PLC0415 - nbclient, until needed
        from tfmfa_nb.runbooks.execution import run_runbook  # noqa: PLC0415

        order = self.order()
        display = display_for(quiet=self.options.quiet, as_json=self.options.json)
        outcome = asyncio.run(run_runbook(order, display))
        if outcome.sentence:
            print(f"{order.runbook.name} stopped. {outcome.sentence} See {order.output}.", file=sys.stderr)  # noqa: T201
        return int(outcome.code)


def _verify_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="jupyter tfmfa verify",
        description="Check an executed notebook against the audit trails of the environments that it acted on.",
        epilog="exit codes: 0 everything holds, 1 something does not, 2 it is no executed runbook",
        allow_abbrev=False,
    )
    parser.add_argument("notebook", type=Path, help="the executed notebook, where it was executed")
    return parser


class VerifyApp(_Command):
    """`jupyter tfmfa verify OUT.ipynb`."""

    name = "jupyter-tfmfa-verify"
    description = "Check an executed notebook against the audit trail."
    parser = _verify_parser()

    def act(self) -> int:
        """Say what holds and what does not."""
        from tfmfa_nb.runbooks.verify import verify  # noqa: PLC0415 - nbformat, until needed

        findings = verify(self.options.notebook)
        for holds, sentence in findings:
            print(f"{'ok  ' if holds else 'NOT '} {sentence}")  # noqa: T201
        return 0 if all(holds for holds, _ in findings) else 1
