"""The magics' options, stated with IPython's `magic_arguments`, so that `%tfplan?` shows them; errors of one line."""

from __future__ import annotations

import argparse
import functools
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic_arguments import ArgDecorator, argument, magic_arguments

from tfmfa_nb.editing.options import Option
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Magic = Callable[..., Coroutine[Any, Any, Any]]


class _HelpShown(Exception):
    """`--help` was given and has been printed."""


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(parser.format_help().removeprefix("::\n\n"))  # noqa: T201 - this is what was asked for
        raise _HelpShown


class _Either(ArgDecorator):
    """Options of which only one may be given."""

    def __init__(self, *options: argument) -> None:
        self.options = options

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add them; called by IPython when it makes the magic's parser."""
        group = parser.add_mutually_exclusive_group()
        for option in self.options:
            option.add_to_parser(group, None)


def _repeated(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action="append", default=[])


def _flag(flag: str, text: str) -> argument:
    return argument(flag, help=text, action="store_true")


_HELP = argument("-h", "--help", action=_Help, nargs=0, help="show this text")
_WHERE = _Either(
    argument("-e", "--environment", metavar="NAME", help="the folder NAME beside the notebook"),
    argument("-C", "--chdir", metavar="DIR", help="a configuration that lives in a folder already"),
)
PLAN_OPTIONS = (
    _WHERE,
    _repeated("--var", "NAME=VALUE", "set a variable"),
    _repeated("--var-file", "FILE", "variables from a file"),
    _repeated("--target", "ADDRESS", "only this and what it needs"),
    _repeated("--replace", "ADDRESS", "replace this object"),
    _flag("--destroy", "plan to destroy everything"),
    _flag("--refresh-only", "plan to update the state only"),
    argument("--lock-timeout", default="0s", metavar="DURATION", help="wait for a lock: 30s, 10m"),
    argument("--level", default="never", metavar="LEVEL", help="a stricter MFA level for this run; it never lowers"),
    _flag("--overwrite", "replace a main.tf changed by hand"),
)
APPLY_OPTIONS = (*PLAN_OPTIONS, _flag("--auto-approve", "ask for no confirmation"))
# What a saved plan has been made with.
_OF_PLAN = ("var", "var_file", "target", "replace", "destroy", "refresh_only", "overwrite")

SETTINGS_COMMANDS = ("variables", "level", "policy", "trust-policy", "doctor")
SETTINGS_OPTIONS = (
    _WHERE,
    argument("what", nargs="?", default="", metavar="WHAT", help=", ".join(SETTINGS_COMMANDS)),
    argument("words", nargs="*", help="level: never, applies only, plans and applies; policy: on; trust-policy: ROLE"),
)

RUN_COMMANDS = ("list", "open", "follow", "cancel", "discard", "unlock")
RUN_OPTIONS = (
    _WHERE,
    argument("what", nargs="?", default="list", metavar="WHAT", help=", ".join(RUN_COMMANDS)),
    argument("run", nargs="?", metavar="RUN", help="a run's id, a unique part of it, or: latest"),
    argument("--limit", type=int, default=20, metavar="N", help="how many runs to list"),
)


def options(*stated: ArgDecorator, sign: str = "%") -> Callable[[Magic], Magic]:
    """A magic that is called with its parsed line, and shows these options as its help.

    Args:
        stated: the options.
        sign: how the magic is written in messages: "%%" where it has a cell below it.

    Raises:
        UsageError: by the magic, for a line that is not understood; in one line, which names the way to the options.
    """

    def decorate(magic: Magic) -> Magic:
        @functools.wraps(magic)
        async def call(self: Any, line: str, *cell: str) -> Any:
            try:
                arguments = _parse(parser, f"{sign}{magic.__name__}", line)
            except _HelpShown:
                return None
            return await magic(self, arguments, *cell)

        for each in reversed((_HELP, *stated)):
            each(call)
        magic_arguments(f"{sign[1:]}{magic.__name__}")(call)
        parser: argparse.ArgumentParser = call.parser  # type: ignore[attr-defined]
        parser.allow_abbrev = False
        return call

    return decorate


def _parse(parser: argparse.ArgumentParser, name: str, line: str) -> argparse.Namespace:
    """The line's options, split as a shell would."""
    try:
        return parser.parse_args(shlex.split(line))
    except UsageError as error:
        problem = str(error)
    except ValueError as error:
        problem = f"the line cannot be split into words: {error}".lower()
    raise UsageError(f"{name}: {problem} ({name} --help lists the options)")


def offered() -> dict[str, tuple[Option, ...]]:
    """The options of the magics with a cell, for whoever types them."""
    return {"tfplan": _offered(PLAN_OPTIONS), "tfapply": _offered(APPLY_OPTIONS)}


def _offered(stated: tuple[ArgDecorator, ...]) -> tuple[Option, ...]:
    alone: list[argument] = []
    for each in (_HELP, *stated):
        alone += each.options if isinstance(each, _Either) else [each] if isinstance(each, argument) else []
    return tuple(
        Option(each.args, each.kwds.get("metavar", ""), each.kwds["help"], each.kwds.get("action") == "append")
        for each in alone
    )


def option_of_plan(arguments: argparse.Namespace) -> str:
    """An option that was given and belongs to a plan: "--var"; "" where there is none."""
    return next((f"--{name.replace('_', '-')}" for name in _OF_PLAN if getattr(arguments, name)), "")


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
