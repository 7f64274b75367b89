"""Reads the line of a magic by the options that `defined_options` has.

A usage error is one line. Parsers are made when they are first used, because every load of the extension would pay for
them: `%tfplan?` and `%tfplan --help` show the options.
"""

from __future__ import annotations

import argparse
import functools
from dataclasses import fields
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from tfmfa_nb.editing.line_words import canonical, leading_options, split
from tfmfa_nb.magics.defined_options import HELP, HelpShown, TerraformWords, boolean, completable, single
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import did_you_mean, option_meant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence

    from IPython.core.magic_arguments import ArgDecorator

    from tfmfa_nb.runs.options import Options

    Magic = Callable[..., Coroutine[Any, Any, Any]]

_MOST_AT_ONCE = 1_000


def options(*defined: ArgDecorator) -> Callable[[Magic], Magic]:
    """Decorate a magic so that it gets its parsed line and shows its options as help.

    Args:
        defined: options of the magic.

    Raises:
        UsageError: raised by the magic if its line is not valid.
    """

    def decorate(magic: Magic) -> Magic:
        reader = _Reader(magic.__name__, magic.__doc__ or "", defined)

        @functools.wraps(magic)
        async def call(self: Any, line: str, *cell: str | None) -> Any:
            try:
                arguments = reader.read(line, "%%" if any(cell) else "%")
            except HelpShown:
                return None
            if getattr(arguments, "expand", False):
                from tfmfa_nb.magics.python_values import expand  # noqa: PLC0415 - until needed

                expand(arguments, self.shell.user_ns)
            return await magic(self, arguments, *cell)

        call.getdoc = reader.help  # type: ignore[attr-defined] # what `%tfplan?` shows
        return call

    return decorate


class _Reader:
    """Reads the lines of one magic; see `editing.line_words`. One dash is as good as two.

    Args:
        name: the magic, without a sign.
        text: what it does.
        defined: its options.
    """

    def __init__(self, name: str, text: str, defined: Sequence[ArgDecorator]) -> None:
        self._name, self._text, self._defined = name, text, defined

    @cached_property
    def parser(self) -> argparse.ArgumentParser:
        """The parser of the options."""
        parser = MagicArgumentParser(f"%{self._name}", description=self._text)
        for each in (HELP, *self._defined):
            each.add_to_parser(parser, None)
        parser.allow_abbrev = False
        return parser

    def help(self) -> str:
        """The help on the magic and its options."""
        return self.parser.format_help()

    def read(self, line: str, sign: str = "%") -> argparse.Namespace:
        """The options in `line`, the rest of a magic's line.

        Args:
            line: the line.
            sign: the signs before the magic's name, as they were typed: "%", "%%".

        Raises:
            UsageError: the line is not valid.
        """
        options = completable(tuple(self._defined))
        known = {flag: bool(option.value) for option in options for flag in option.flags if flag[0] == "-"}
        flags = {each.args[0] for each in single(*self._defined) if each.kwds.get("action") == "store_true"}
        words: list[str] = []
        try:
            theirs = next((each for each in self._defined if isinstance(each, TerraformWords)), None)
            if theirs is None:
                words = [canonical(word) for word in split(line)]
                return self.parser.parse_args(_without_values(words, flags))
            # The words of Terraform's command stay as they are.
            ours, rest = (_apart_whole if theirs.whole else _apart)(line, known)
            return self.parser.parse_args([*_without_values(ours, flags), "--", *rest])
        except (UsageError, argparse.ArgumentTypeError) as error:
            problem = str(error)
        except ValueError as error:
            problem = f"the line cannot be split into words: {error}".lower()
        meant = option_meant(words, known)
        name = f"{sign}{self._name}"
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


def _without_values(words: Iterable[str], flags: Collection[str]) -> list[str]:
    """The words without the values of flags, which Terraform takes too: "-destroy=true"."""
    found: list[str] = []
    for word in words:
        name, is_joined, text = word.partition("=")
        if not is_joined or name not in flags:
            found.append(word)
        elif boolean(text):
            found.append(name)
        else:
            found = [one for one in found if one != name]
    return found


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
    from tfmfa_nb.runs.options import Options  # noqa: PLC0415 - until needed

    given = {each.name: getattr(arguments, each.name) for each in fields(Options) if hasattr(arguments, each.name)}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    given["policy_checks"] = tuple(getattr(arguments, "policy_check", ()))
    given["workspace"] = given.get("workspace") or ""
    return Options(**{**given, **_level(arguments), "parallelism": _parallelism(arguments)})


def _level(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"level": read_level(arguments.level), "level_given": True} if arguments.level else {"level": Level.NEVER}


def _parallelism(arguments: argparse.Namespace) -> int:
    text = getattr(arguments, "parallelism", "")
    if text and not (text.isdecimal() and text.isascii() and 0 < int(text) <= _MOST_AT_ONCE):
        raise UsageError(f"--parallelism {text!r} is not a number from 1 to {_MOST_AT_ONCE:,}")
    return int(text or 0)
