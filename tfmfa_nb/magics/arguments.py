"""The options of the magics, defined with IPython's `magic_arguments` so that `%tfplan?` shows them.

A usage error is one line.
"""

from __future__ import annotations

import argparse
import functools
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic_arguments import ArgDecorator, argument, magic_arguments

from tfmfa_nb.editing.options import Option
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import did_you_mean, option_meant
from tfmfa_nb.runs.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    Magic = Callable[..., Coroutine[Any, Any, Any]]


class _HelpShown(Exception):
    """The line has `--help`, and the help has been printed."""


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(parser.format_help().removeprefix("::\n\n"))  # noqa: T201 - the output of --help
        raise _HelpShown


class _InOrder(argparse.Action):
    """Appends to one list for several options, because their order counts."""

    def __call__(self, _parser: object, namespace: argparse.Namespace, value: Any, flag: str | None = None) -> None:
        kind = (flag or "").removeprefix("--").replace("-", "_")
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), (kind, value)])


class _Either(ArgDecorator):
    """Mutually exclusive options."""

    def __init__(self, *options: argument) -> None:
        self.options = options

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the options; called by IPython when it creates the magic's parser."""
        group = parser.add_mutually_exclusive_group()
        for option in self.options:
            option.add_to_parser(group, None)


def _repeated(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action="append", default=[])


def _variable(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action=_InOrder, dest="variables", default=[])


def _flag(flag: str, text: str) -> argument:
    return argument(flag, help=text, action="store_true")


_REPEATED = ("append", _InOrder)
_HELP = argument("-h", "--help", action=_Help, nargs=0, help="show this help message")
_WHERE = _Either(
    argument("-e", "--environment", metavar="NAME", help="environment in the folder NAME beside the notebook"),
    argument("-C", "--chdir", metavar="DIR", help="existing folder with a configuration"),
)
PLAN_OPTIONS = (
    _WHERE,
    _variable("--var", "NAME=VALUE", "set a variable"),
    _variable("--var-file", "FILE", "set variables from a file"),
    _repeated("--target", "ADDRESS", "limit the plan to a resource and its dependencies"),
    _repeated("--replace", "ADDRESS", "replace a resource"),
    _flag("--destroy", "plan to destroy all resources"),
    _flag("--refresh-only", "plan to update only the state"),
    argument("--lock-timeout", default="0s", metavar="DURATION", help="how long to wait for a lock: 30s, 10m"),
    argument("--level", default="never", metavar="LEVEL", help="stricter MFA level for this run"),
    _flag("--overwrite", "replace a main.tf that was edited by hand"),
)
APPLY_OPTIONS = (*PLAN_OPTIONS, _flag("--auto-approve", "skip the confirmation"))
# Options that a saved plan already contains.
_PLAN_ONLY = ("variables", "target", "replace", "destroy", "refresh_only", "overwrite")

SETTINGS_COMMANDS = ("variables", "level", "policy", "trust-policy", "doctor")
SETTINGS_OPTIONS = (
    _WHERE,
    argument("what", nargs="?", default="", metavar="WHAT", help=", ".join(SETTINGS_COMMANDS)),
    argument("words", nargs="*", help="level: never, applies only, plans and applies; policy: on; trust-policy: ROLE"),
)

RUN_COMMANDS = ("list", "open", "follow", "cancel", "discard", "unlock", "clean")
RUN_OPTIONS = (
    _WHERE,
    argument("what", nargs="?", default="list", metavar="WHAT", help=", ".join(RUN_COMMANDS)),
    argument("run", nargs="?", metavar="RUN", help="ID of a run, a unique part of it, or: latest"),
    argument("--limit", type=int, default=20, metavar="N", help="number of newest runs to list, or to keep"),
)


def options(*defined: ArgDecorator, sign: str = "%") -> Callable[[Magic], Magic]:
    """Decorate a magic so that it gets its parsed line and shows its options as help.

    Args:
        defined: options of the magic.
        sign: prefix of the magic in messages; "%%" for a cell magic.

    Raises:
        UsageError: raised by the magic if its line is not valid.
    """

    def decorate(magic: Magic) -> Magic:
        @functools.wraps(magic)
        async def call(self: Any, line: str, *cell: str) -> Any:
            try:
                arguments = _parse(parser, f"{sign}{magic.__name__}", line, flags)
            except _HelpShown:
                return None
            return await magic(self, arguments, *cell)

        for each in reversed((_HELP, *defined)):
            each(call)
        magic_arguments(f"{sign[1:]}{magic.__name__}")(call)
        parser: argparse.ArgumentParser = call.parser  # type: ignore[attr-defined]
        parser.allow_abbrev = False
        flags = [flag for option in _completable(defined) for flag in option.flags if flag.startswith("-")]
        return call

    return decorate


def _parse(parser: argparse.ArgumentParser, name: str, line: str, flags: Sequence[str]) -> argparse.Namespace:
    """The options in `line`, which is split as in a shell; `flags` are those that there are."""
    words: list[str] = []
    try:
        words = shlex.split(line)
        return parser.parse_args(words)
    except UsageError as error:
        problem = str(error)
    except ValueError as error:
        problem = f"the line cannot be split into words: {error}".lower()
    meant = option_meant(words, flags)
    raise UsageError(f"{name}: {problem}{meant and f'. {meant}'} ({name} --help lists the options)")


def unknown_command(magic: str, typed: str, known: Sequence[str]) -> UsageError:
    """The error about a word that is none of the commands of `magic`."""
    listed = f"The commands are {', '.join(known)}"
    return UsageError(f"{magic}: unknown command {typed!r}. {did_you_mean(typed, known) or listed}")


def completable_options() -> dict[str, tuple[Option, ...]]:
    """The options of the cell magics, for completion."""
    return {"tfplan": _completable(PLAN_OPTIONS), "tfapply": _completable(APPLY_OPTIONS)}


def _completable(defined: tuple[ArgDecorator, ...]) -> tuple[Option, ...]:
    single: list[argument] = []
    for each in (_HELP, *defined):
        single += each.options if isinstance(each, _Either) else [each] if isinstance(each, argument) else []
    return tuple(
        Option(each.args, each.kwds.get("metavar", ""), each.kwds["help"], each.kwds.get("action") in _REPEATED)
        for each in single
    )


def option_of_plan(arguments: argparse.Namespace) -> str:
    """The first option in `arguments` that only a plan can have, such as "--var"; "" if there is none."""
    name = next((name for name in _PLAN_ONLY if getattr(arguments, name)), "")
    if name == "variables":
        name = arguments.variables[0][0]
    return name and f"--{name.replace('_', '-')}"


def read_level(text: str) -> Level:
    """The level with this name, in which "-" and "_" count as spaces.

    Raises:
        UsageError: the name is not a level.
    """
    try:
        return Level(" ".join(text.lower().replace("-", " ").replace("_", " ").split()))
    except ValueError:
        choices = ", ".join(f'"{level}"' for level in Level)
        meant = did_you_mean(text, Level)
        raise UsageError(f"{text!r} is not a level. {meant or f'The levels are {choices}'}") from None


def options_of(arguments: argparse.Namespace) -> Options:
    """The options of a run, from the parsed arguments."""
    return Options(
        variables=tuple(arguments.variables),
        target=tuple(arguments.target),
        replace=tuple(arguments.replace),
        destroy=arguments.destroy,
        refresh_only=arguments.refresh_only,
        lock_timeout=arguments.lock_timeout,
        level=read_level(arguments.level),
        overwrite=arguments.overwrite,
        auto_approve=getattr(arguments, "auto_approve", False),
    )
