"""The options of the magics, defined with IPython's `magic_arguments` so that `%tfplan?` shows them.

A usage error is one line.
"""

from __future__ import annotations

import argparse
import functools
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic_arguments import ArgDecorator, argument, magic_arguments

from tfmfa_nb.editing.line_words import canonical, leading_options, split
from tfmfa_nb.editing.options import Option
from tfmfa_nb.magics.python_values import expand
from tfmfa_nb.magics.refused_options import REFUSED
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import did_you_mean, option_meant
from tfmfa_nb.runs.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence

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


class _Refuse(argparse.Action):
    """An option of Terraform's that has no place here: the message says why, or what does it instead."""

    def __call__(self, _parser: object, _namespace: object, _value: object, flag: str | None = None) -> NoReturn:
        name = (flag or "").removeprefix("--")
        raise UsageError(f"--{name}: {REFUSED[name]}")


class _Refused(ArgDecorator):
    """The options that are refused, which no help and no completion shows."""

    def __init__(self, *kept: str) -> None:
        self.kept = kept

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the options; called by IPython when it creates the magic's parser."""
        for name in REFUSED:
            if name not in self.kept:
                parser.add_argument(
                    f"--{name}", nargs="?", action=_Refuse, default=argparse.SUPPRESS, help=argparse.SUPPRESS
                )


class _Either(ArgDecorator):
    """Mutually exclusive options."""

    def __init__(self, *options: argument) -> None:
        self.options = options

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the options; called by IPython when it creates the magic's parser."""
        group = parser.add_mutually_exclusive_group()
        for option in self.options:
            option.add_to_parser(group, None)


class _TerraformWords(ArgDecorator):
    """A command of Terraform's with what follows it; options of ours may stand anywhere between its words."""

    def __init__(self, metavar: str, text: str, *, whole: bool = False) -> None:
        self.metavar, self.text, self.whole = metavar, text, whole

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the words; called by IPython when it creates the magic's parser."""
        parser.add_argument("words", nargs="*", metavar=self.metavar, help=self.text)


def _repeated(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action="append", default=[])


def _variable(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action=_InOrder, dest="variables", default=[])


def _flag(flag: str, text: str) -> argument:
    return argument(flag, help=text, action="store_true")


_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}


def _boolean(text: str) -> bool:
    """A bool as Terraform reads one (https://pkg.go.dev/strconv#ParseBool)."""
    if text not in _TRUE | _FALSE:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text in _TRUE


def _name(text: str) -> str:
    """A name that is one: an empty variable would select what nobody has named."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


_MOST_AT_ONCE = 1_000
_REPEATED = ("append", _InOrder)
_HELP = argument("-h", "--help", action=_Help, nargs=0, help="show this help message")
_WHERE = _Either(
    argument("-e", "--environment", metavar="NAME", help="environment in the folder NAME beside the notebook"),
    argument("-C", "--chdir", metavar="DIR", help="existing folder with a configuration"),
)
_EXPAND = _flag(
    "--expand",
    "replace {expression} and $name in option values by values of Python, never in the HCL; {{ }} $$ stand for { } $",
)
PLAN_OPTIONS = (
    _WHERE,
    argument("--workspace", type=_name, metavar="NAME", help="Terraform's workspace for this run only"),
    _flag("--or-create", "create that workspace if it does not exist"),
    _variable("--var", "NAME=VALUE", "set a variable"),
    _variable("--var-file", "FILE", "set variables from a file, relative to the notebook"),
    _repeated("--target", "ADDRESS", "limit the plan to a resource and its dependencies"),
    _repeated("--exclude", "ADDRESS", "leave a resource, and what depends on it, out of the plan (OpenTofu)"),
    _repeated("--replace", "ADDRESS", "replace a resource"),
    _flag("--destroy", "plan to destroy all resources"),
    _flag("--refresh-only", "plan to update only the state"),
    argument(
        "--refresh",
        metavar="BOOL",
        default=True,
        type=_boolean,
        help="false: take the state for true, and do not compare it with AWS",
    ),
    argument("--parallelism", default="", metavar="N", help="how many operations run at once"),
    argument(
        "--generate-config-out", default="", metavar="FILE",
        help="write the configuration of imported resources into a new file in the environment's folder",
    ),
    _flag("--compact-warnings", "show warnings without their details"),
    _repeated("--backend-config", "SETTING", "init: set the backend by KEY=VALUE or FILE; no credentials"),
    _flag("--reconfigure", "init: use the backend as it is configured now, and leave its former state alone"),
    _flag("--migrate-state", "init: copy the state into the backend as it is configured now"),
    _flag("--upgrade", "init: take the newest providers and modules that the constraints allow"),
    _repeated("--policy-check", "COMMAND", "judge the plan by a command before it can be applied; {plan} is its JSON"),
    argument("--lock-timeout", default="0s", metavar="DURATION", help="how long to wait for a lock: 30s, 10m"),
    argument("--level", default="never", metavar="LEVEL", help="stricter MFA level for this run"),
    _flag("--overwrite", "replace a main.tf that was edited by hand"),
    _EXPAND,
    _Refused(),
)  # fmt: skip
_AUTO_APPROVE = _flag("--auto-approve", "skip the confirmation")
APPLY_OPTIONS = (*PLAN_OPTIONS[:-1], _AUTO_APPROVE, _Refused("auto-approve"))
# Options that a saved plan already contains.
_PLAN_ONLY = (
    *("target", "replace", "exclude", "destroy", "refresh_only", "generate_config_out", "compact_warnings"),
    *("backend_config", "reconfigure", "migrate_state", "upgrade", "or_create", "overwrite"),
    "policy_check",
)

_COMMAND_OPTIONS = (
    _WHERE,
    argument("--workspace", type=_name, metavar="NAME", help="Terraform's workspace for this command only"),
    argument("--lock-timeout", default="0s", metavar="DURATION", help="how long to wait for a lock: 30s, 10m"),
    argument("--level", default="never", metavar="LEVEL", help="stricter MFA level for this command"),
    _flag(
        "--expand",
        "replace {expression} and $name by values of Python; those in the command itself stand in its records, and in "
        "Terraform's command line; {{ }} $$ stand for { } $",
    ),
)
_VALUES = (
    _variable("--var", "NAME=VALUE", "set a variable"),
    _variable("--var-file", "FILE", "set variables from a file, relative to the notebook"),
)


def command_options(
    metavar: str, text: str, *, values: bool = False, changes: bool = False, whole: bool = False
) -> tuple[ArgDecorator, ...]:
    """The options of a magic that runs another command than `plan` and `apply`.

    Args:
        metavar: what its words are, in its help.
        text: the help on them.
        values: whether it reads variables.
        changes: whether it may have to be confirmed.
        whole: whether the rest of the line is one word, as it is written; options then stand before it.
    """
    optional = (*(_VALUES if values else ()), *((_AUTO_APPROVE,) if changes else ()))
    return (*_COMMAND_OPTIONS, *optional, _TerraformWords(metavar, text, whole=whole))


STATE_OUT = argument("--out", default="", metavar="FILE", help="pull: new file for the state, which has secrets in it")
RAW = _flag("--raw", "the value itself: of a sensitive output in a holder that shows nothing, and reveal() returns it")

SETTINGS_COMMANDS = ("variables", "level", "policy", "trust-policy", "doctor")
SETTINGS_OPTIONS = (
    _WHERE,
    argument("what", nargs="?", default="", metavar="WHAT", help=", ".join(SETTINGS_COMMANDS)),
    argument("words", nargs="*", help="level: never, applies only, plans and applies; policy: on; trust-policy: ROLE"),
)

RUN_COMMANDS = ("list", "open", "follow", "cancel", "discard", "unlock", "restore-state", "clean")
RUN_OPTIONS = (
    _WHERE,
    argument("what", nargs="?", default="list", metavar="WHAT", help=", ".join(RUN_COMMANDS)),
    argument("run", nargs="?", metavar="RUN", help="ID of a run, a unique part of it, or: latest"),
    argument("--workspace", type=_name, metavar="NAME", help="only the runs in this workspace of Terraform's"),
    argument("--limit", type=int, default=20, metavar="N", help="number of newest runs to list, or to keep"),
    _flag("--auto-approve", "restore-state: skip the confirmation"),
)


def options(*defined: ArgDecorator, sign: str = "%") -> Callable[[Magic], Magic]:
    """Decorate a magic so that it gets its parsed line and shows its options as help.

    Args:
        defined: options of the magic.
        sign: prefix of the magic in messages; "%%" for a cell magic.

    Raises:
        UsageError: raised by the magic if its line is not valid.
    """
    flags = {each.args[0] for each in _single(*defined) if each.kwds.get("action") == "store_true"}
    known = {flag: bool(option.value) for option in completable(defined) for flag in option.flags if flag[0] == "-"}
    apart = next(
        (_apart_whole if each.whole else _apart for each in defined if isinstance(each, _TerraformWords)), None
    )

    def decorate(magic: Magic) -> Magic:
        @functools.wraps(magic)
        async def call(self: Any, line: str, *cell: str) -> Any:
            try:
                arguments = _parse(parser, f"{sign}{magic.__name__}", line, flags, known, apart=apart)
            except _HelpShown:
                return None
            if getattr(arguments, "expand", False):
                expand(arguments, self.shell.user_ns)
            return await magic(self, arguments, *cell)

        for each in reversed((_HELP, *defined)):
            each(call)
        magic_arguments(f"{sign[1:]}{magic.__name__}")(call)
        parser: argparse.ArgumentParser = call.parser  # type: ignore[attr-defined]
        parser.allow_abbrev = False
        return call

    return decorate


def _parse(
    parser: argparse.ArgumentParser,
    name: str,
    line: str,
    flags: Collection[str],
    known: Mapping[str, bool],
    *,
    apart: Callable[[str, Mapping[str, bool]], tuple[list[str], list[str]]] | None,
) -> argparse.Namespace:
    """The options in `line`; see `editing.line_words`. One dash is as good as two.

    Args:
        parser: parser of the magic.
        name: the magic, as in messages.
        line: rest of the line.
        flags: the options without a value.
        known: all options, each with whether it has a value.
        apart: separates them from the words of Terraform's command, which stay as they are; None if there are none.
    """
    words: list[str] = []
    try:
        if apart is not None:
            ours, theirs = apart(line, known)
            return parser.parse_args([*_without_values(ours, flags), "--", *theirs])
        words = [canonical(word) for word in split(line)]
        return parser.parse_args(_without_values(words, flags))
    except (UsageError, argparse.ArgumentTypeError) as error:
        problem = str(error)
    except ValueError as error:
        problem = f"the line cannot be split into words: {error}".lower()
    meant = option_meant(words, known)
    raise UsageError(f"{name}: {problem}{meant and f'. {meant}'} ({name} --help lists the options)")


def _apart(line: str, known: Mapping[str, bool]) -> tuple[list[str], list[str]]:
    """Our options among the words of a line, each with its value, and the words of Terraform's command."""
    ours: list[str] = []
    theirs: list[str] = []
    waiting = iter(split(line))
    for word in waiting:
        flag, is_joined, _ = canonical(word).partition("=")
        if flag not in known:
            theirs.append(word)
        else:
            ours += [canonical(word), *(islice(waiting, 1) if known[flag] and not is_joined else ())]
    return ours, theirs


def _apart_whole(line: str, known: Mapping[str, bool]) -> tuple[list[str], list[str]]:
    """Our options at the beginning of a line, each with its value, and the rest of it."""
    ours, rest = leading_options(line, known)
    return ours, [rest] if rest else []


def unknown_command(magic: str, typed: str, known: Sequence[str]) -> UsageError:
    """The error about a word that is none of the commands of `magic`."""
    listed = f"The commands are {', '.join(known)}"
    return UsageError(f"{magic}: unknown command {typed!r}. {did_you_mean(typed, known) or listed}")


def _without_values(words: Iterable[str], flags: Collection[str]) -> list[str]:
    """The words without the values of flags, which Terraform takes too: "-destroy=true"."""
    found: list[str] = []
    for word in words:
        name, is_joined, text = word.partition("=")
        if not is_joined or name not in flags:
            found.append(word)
        elif _boolean(text):
            found.append(name)
        else:
            found = [one for one in found if one != name]
    return found


def completable_options() -> dict[str, tuple[Option, ...]]:
    """The options of the cell magics, for completion."""
    return {"tfplan": completable(PLAN_OPTIONS), "tfapply": completable(APPLY_OPTIONS)}


def completable(defined: tuple[ArgDecorator, ...]) -> tuple[Option, ...]:
    """The options that are shown, for completion."""
    return tuple(
        Option(each.args, each.kwds.get("metavar", ""), each.kwds["help"], each.kwds.get("action") in _REPEATED)
        for each in _single(_HELP, *defined)
    )


def _single(*defined: ArgDecorator) -> list[argument]:
    """The options that are shown, one by one."""
    found: list[argument] = []
    for each in defined:
        found += each.options if isinstance(each, _Either) else [each] if isinstance(each, argument) else []
    return found


def option_of_plan(arguments: argparse.Namespace) -> str:
    """The first option in `arguments` that only a plan can have, such as "--target"; "" if there is none."""
    if not arguments.refresh:
        return "--refresh"
    name = next((name for name in _PLAN_ONLY if getattr(arguments, name)), "")
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
    """The options of a run, from the parsed arguments.

    Raises:
        UsageError: a value is not valid.
    """
    given = {each.name: getattr(arguments, each.name) for each in fields(Options) if hasattr(arguments, each.name)}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    given["policy_checks"] = tuple(getattr(arguments, "policy_check", ()))
    given["workspace"] = given.get("workspace") or ""
    return Options(**{**given, "level": read_level(arguments.level), "parallelism": _parallelism(arguments)})


def _parallelism(arguments: argparse.Namespace) -> int:
    text = getattr(arguments, "parallelism", "")
    if text and not (text.isdecimal() and text.isascii() and 0 < int(text) <= _MOST_AT_ONCE):
        raise UsageError(f"--parallelism {text!r} is not a number from 1 to {_MOST_AT_ONCE:,}")
    return int(text or 0)
