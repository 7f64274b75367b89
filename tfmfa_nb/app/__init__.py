# PYTHON_ARGCOMPLETE_OK
"""The command line: `jupyter tfmfa COMMAND`, or `jupyter-tfmfa COMMAND`."""

from __future__ import annotations

import argparse
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from tfmfa_nb.app import shell_completion
from tfmfa_nb.app.closed_output import dropping_unread_output
from tfmfa_nb.app.config_file import NAME, Settings, generate, settings_of
from tfmfa_nb.model.errors import ConfigurationError, RunStateError, TfmfaError
from tfmfa_nb.model.suggestions import did_you_mean, option_meant
from tfmfa_nb.model.supported_system import require_supported_system
from tfmfa_nb.model.version import __version__
from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SUMMARIES = {
    "run": "execute a runbook, asking for MFA codes",
    "approve": "answer a run that waits, or approve what somebody else asks for",
    "records": "list, export, and prune the records of runs",
    "verify": "check an executed runbook against the audit trail",
    "doctor": "check everything that a run depends on",
    "mcp": "serve agents, whose applies wait for a person's code",
    "sandbox": "run an AWS on this machine that is strict about MFA",
    "demo": "plan and apply under MFA in a sandbox",
    "completion": "complete commands and options in your shell",
}
_EPILOG = """\
exit codes, where a command names no others:
  0    success
  1    the command failed
  2    the command could not start: an option, a file, or a setting is wrong
  130  interrupted

Run 'jupyter tfmfa COMMAND --help' for a command's options and its other exit
codes.

examples:
  jupyter tfmfa run deploy.ipynb --environment staging
  jupyter tfmfa doctor
"""

# argparse's own sentence, whose list has quotation marks or not, by the version of Python.
_CHOICE = re.compile(r"invalid choice: '(?P<typed>.*)' \(choose from (?P<known>.*)\)")
_WORD = re.compile(r"[\w-]+")
_NEVER_SET = {"help", "version", "config", "generate_config"}
_INTERRUPTED = 130  # 128 and the number of SIGINT, as a shell says it


class Parser(argparse.ArgumentParser):
    """The parser of every command: text as it is written, whole option names, errors of one line.

    Args:
        configure: describes the command; called when the parser is used, so that the other commands are not imported.
        settings: what configuration files say.
        options: of `argparse.ArgumentParser`.
    """

    def __init__(
        self,
        *,
        configure: Callable[[argparse.ArgumentParser], None] | None = None,
        settings: Settings | None = None,
        **options: Any,
    ) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)
        self._configure, self._described = configure, False
        self.settings = settings or Settings()

    def configure(self) -> None:
        """Describe the command, once.

        Raises:
            ConfigurationError: a configuration file gives an option what it cannot have.
        """
        if self._described:
            return
        self._described = True
        if self._configure is not None:
            self._configure(self)
        self.add_argument("--config", metavar="FILE", help=f"configuration file (default: Jupyter's {NAME}.py)")
        self.add_argument("--generate-config", action=_Generate, help="write a configuration file, and exit")
        self.set_defaults(**self.settings.defaults(self.prog, self.settable))

    def add_subparsers(self, **options: Any) -> Any:
        """Add commands, which have the same configuration files; see `argparse`."""
        options["parser_class"] = partial(type(self), settings=self.settings)
        return super().add_subparsers(**options)

    @property
    def settable(self) -> list[argparse.Action]:
        """The options that a configuration file can set: those that exclude others are for the command line."""
        exclusive = {id(action) for group in self._mutually_exclusive_groups for action in group._group_actions}  # noqa: SLF001
        return [
            action
            for action in self._actions
            if action.option_strings and action.dest not in _NEVER_SET and id(action) not in exclusive
        ]

    def commands(self) -> Iterator[Parser]:
        """The parsers of all commands below this one, or of this one itself, each described."""
        self.configure()
        below = [
            each for action in self._actions if isinstance(action.choices, dict) for each in action.choices.values()
        ]
        if not below:
            yield self
        for each in below:
            yield from each.commands()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and report an unknown option under the name of its own command; see `argparse`.

        Raises:
            SystemExit: the arguments are wrong, or ask for help.
        """
        self.configure()
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            meant = option_meant(unknown, self._option_string_actions)
            self.error(f"unknown arguments: {' '.join(unknown)}{meant and f'. {meant}'}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong and where the options are listed; exit code 2.

        Raises:
            SystemExit: always.
        """
        choice = _CHOICE.search(message)
        if choice and (meant := did_you_mean(choice["typed"], _WORD.findall(choice["known"]))):
            message = f"{message[: choice.start()]}invalid choice: '{choice['typed']}'. {meant}"
        end = "" if message.endswith("?") else "."
        self.exit(2, f"{self.prog}: {message}{end} Run '{self.prog} --help' for the options.\n")


class _Generate(argparse.Action):
    """`--generate-config`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        commands = [(each.prog, each.settable) for each in build_parser().commands()]
        target = parser.settings.target if isinstance(parser, Parser) else None
        say(f"{generate(commands, target)} is written: no option is set in it.")
        parser.exit()


def build_parser(settings: Settings | None = None) -> Parser:
    """The parser of the whole command line; the attribute `execute` of what it parses is the command's function.

    Args:
        settings: what configuration files say.
    """
    parser = Parser(
        configure=_configure_all,
        settings=settings,
        prog="jupyter tfmfa",
        description="Run Terraform on AWS from notebooks, under multi-factor authentication.",
        usage="%(prog)s COMMAND [options]",
        epilog=_EPILOG,
    )
    parser.configure()
    return parser


def _configure_all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="version", version=__version__, help="show the version and exit")
    parser.set_defaults(execute=lambda _: parser.exit(2, parser.format_help()))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog=parser.prog)
    for name, summary in _SUMMARIES.items():
        commands.add_parser(name, help=summary, configure=partial(_configure, name))


def _configure(name: str, parser: argparse.ArgumentParser) -> None:
    match name:
        case "run":
            from tfmfa_nb.runbooks.command import configure_run as configure  # noqa: PLC0415 - only if used
        case "approve":
            from tfmfa_nb.runbooks.approve_command import configure  # noqa: PLC0415
        case "records":
            from tfmfa_nb.runbooks.records_command import configure  # noqa: PLC0415
        case "verify":
            from tfmfa_nb.runbooks.command import configure_verify as configure  # noqa: PLC0415
        case "doctor":
            from tfmfa_nb.doctor.command import configure  # noqa: PLC0415
        case "mcp":
            from tfmfa_nb.agents.mcp_command import configure  # noqa: PLC0415
        case "sandbox":
            from tfmfa_nb.sandbox.command import configure  # noqa: PLC0415
        case "completion":
            configure = shell_completion.configure
        case "demo":
            from tfmfa_nb.runbooks.demo import configure  # noqa: PLC0415
    configure(parser)


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute a command; its exit code.

    Args:
        arguments: of the command line; this process's own where it is None.

    Raises:
        SystemExit: the arguments are wrong, or ask for help.
    """
    with dropping_unread_output():
        return _main(sys.argv[1:] if arguments is None else arguments)


def _main(words: Sequence[str]) -> int:
    try:
        require_supported_system()
        if shell_completion.requested():
            parser = build_parser()
            list(parser.commands())  # described, so that they can be completed
            shell_completion.complete(parser)
        names_file = any(word.partition("=")[0] == "--config" for word in words)
        if names_file and "--generate-config" not in words:
            build_parser().parse_args(words)  # the file is a program, which a line that is wrong does not start
        options = build_parser(settings_of(words)).parse_args(words)
        return int(options.execute(options))
    except (ConfigurationError, RunStateError) as error:
        return _failed(error, 2)
    except TfmfaError as error:
        return _failed(error, 1)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _failed(error: TfmfaError, exit_code: int) -> int:
    say(str(error), error=True)
    return exit_code
