"""The magics' options: one parser's worth, shared, and errors of one line."""

from __future__ import annotations

import argparse
import shlex
from typing import NoReturn

from IPython.core.error import UsageError

from tfmfa_nb.editing.options import Option
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.options import Options


class HelpShown(Exception):
    """`--help` was given and has been printed."""


class Parser(argparse.ArgumentParser):
    """An argument parser for a magic's line: raises instead of ending the process."""

    def __init__(self, magic: str, description: str) -> None:
        super().__init__(prog=magic, description=description, add_help=False, allow_abbrev=False)
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="show this text")

    def error(self, message: str) -> NoReturn:
        """One line, which names the way to all of the options."""
        raise UsageError(f"{self.prog}: {message} ({self.prog} --help lists the options)")

    def read(self, line: str) -> argparse.Namespace:
        """Parse a magic's line, split as a shell would.

        Raises:
            UsageError: it is not understood.
            HelpShown: `--help` was given.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            self.error(f"the line cannot be split into words: {error}".lower())
        return self.parse_args(words)


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(parser.format_help())  # noqa: T201 - this is what was asked for
        raise HelpShown


def plan_parser() -> Parser:
    """Of `%%tfplan`."""
    parser = Parser("%%tfplan", "Plan; ask for an MFA code first if the level is 'plans and applies'.")
    add_environment(parser)
    add_plan_options(parser)
    return parser


def apply_parser() -> Parser:
    """Of `%%tfapply`."""
    parser = Parser("%%tfapply", "Apply the saved plan; with HCL in the cell plan first, show it, and ask.")
    add_environment(parser)
    add_plan_options(parser)
    parser.add_argument("--auto-approve", action="store_true", help="ask for no confirmation")
    return parser


def offered() -> dict[str, tuple[Option, ...]]:
    """Each magic's options, for whoever types them."""
    return {
        magic: tuple(
            Option(
                tuple(action.option_strings),
                "" if action.nargs == 0 else str(action.metavar or action.dest.upper()),
                action.help or "",
                isinstance(action.default, list),
            )
            for action in parser()._actions  # noqa: SLF001 - argparse has no other list of them
        )
        for magic, parser in {"tfplan": plan_parser, "tfapply": apply_parser}.items()
    }


def add_environment(parser: Parser) -> None:
    """Which configuration: `-e` or `-C`."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-e", "--environment", metavar="NAME", help="the folder NAME beside the notebook")
    where.add_argument("-C", "--chdir", metavar="DIR", help="a configuration that lives in a folder already")


def add_plan_options(parser: Parser) -> None:
    """Terraform's own options of a plan, and those of the run around it."""
    repeated = {"action": "append", "default": []}
    parser.add_argument("--var", metavar="NAME=VALUE", help="set a variable", **repeated)  # type: ignore[arg-type]
    parser.add_argument("--var-file", metavar="FILE", help="variables from a file", **repeated)  # type: ignore[arg-type]
    parser.add_argument("--target", metavar="ADDRESS", help="only this and what it needs", **repeated)  # type: ignore[arg-type]
    parser.add_argument("--replace", metavar="ADDRESS", help="replace this object", **repeated)  # type: ignore[arg-type]
    parser.add_argument("--destroy", action="store_true", help="plan to destroy everything")
    parser.add_argument("--refresh-only", action="store_true", help="plan to update the state only")
    parser.add_argument("--lock-timeout", default="0s", metavar="DURATION", help="wait for a lock: 30s, 10m")
    parser.add_argument("--level", default="never", help="a stricter MFA level for this run; it never lowers")
    parser.add_argument("--overwrite", action="store_true", help="replace a main.tf changed by hand")


def read_level(text: str) -> Level:
    """A level by its name; "-" and "_" stand for spaces.

    Raises:
        UsageError: there is no such level.
    """
    try:
        return Level(" ".join(text.lower().replace("-", " ").replace("_", " ").split()))
    except ValueError:
        choices = ", ".join(f'"{level}"' for level in Level)
        raise UsageError(f"{text!r} is no level; the levels are {choices}") from None


def options_of(arguments: argparse.Namespace) -> Options:
    """The run's options among the parsed arguments."""
    return Options(
        var=tuple(arguments.var),
        var_file=tuple(arguments.var_file),
        target=tuple(arguments.target),
        replace=tuple(arguments.replace),
        destroy=arguments.destroy,
        refresh_only=arguments.refresh_only,
        lock_timeout=arguments.lock_timeout,
        level=read_level(arguments.level),
        overwrite=arguments.overwrite,
        auto_approve=getattr(arguments, "auto_approve", False),
    )
