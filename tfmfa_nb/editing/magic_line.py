"""The first line of a cell: completion and documentation of the magic's options."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from tfmfa_nb.editing.completion_items import CompletionItem, Completions
from tfmfa_nb.editing.declarations import Declarations
from tfmfa_nb.editing.hover import Hover
from tfmfa_nb.editing.line_words import canonical, split
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.protocol.layout import PRIVATE, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tfmfa_nb.editing.cell import Cell
    from tfmfa_nb.editing.options import Option

_WORD = re.compile(r"(?:\"[^\"]*\"?|'[^']*'?|[^\s\"'])*\Z")
_WHOLE = re.compile(r"\S*")
_ONE_DASH = re.compile("-[a-z]")
_ENVIRONMENT, _CHDIR = ("-e", "--environment"), ("-C", "--chdir")
_FILES = {"--var-file": "*.tfvars*", "--backend-config": "*.tfbackend"}
_MOST = 200  # folders or files


def environment_of(line: str, base: Path, default: str) -> Environment | None:
    """The environment of a magic's line; None if it cannot be one.

    Args:
        line: the text after the magic's name, which may be incomplete.
        base: the folder of the notebook.
        default: the environment for a line without one.
    """
    try:
        words = split(line)
    except ValueError:
        words = line.split()
    words = list(map(canonical, words))
    with suppress(ConfigurationError, OSError):
        if chdir := _value_of(words, _CHDIR):
            return Environment.at(chdir, base)
        return Environment.named(_value_of(words, _ENVIRONMENT) or default, base)
    return None


def complete_line(cell: Cell, position: int, options: Sequence[Option], base: Path) -> Completions:
    """The completions at `position`, which is on the magic's line."""
    before = cell.text[cell.line_start : position]
    match = _WORD.search(before)
    word = match[0] if match else ""
    start = position - len(word)
    words = before[: len(before) - len(word)].split()
    flag, is_joined, value = canonical(word).partition("=")
    if is_joined and flag.startswith("--"):
        start, word = position - len(value), value
    else:
        flag = canonical(words[-1]) if words else ""
    current = next((option for option in options if flag in option.flags and option.value), None)
    if current is not None and (is_joined or not word.startswith("-")):
        items = list(_values(current, cell, base, word))
        return Completions(start, tuple(item for item in items if item.label.startswith(word.strip("\"'"))))
    if not before[:1].isspace():
        return Completions(position)
    flags = {canonical(word).partition("=")[0] for word in words}
    one_dash = slice(1 if _ONE_DASH.match(word) else 0, None)
    items = [
        CompletionItem(
            option.flags[-1][one_dash],
            "option",
            "",
            ", ".join([*option.flags[:-1], option.value]).strip(", "),
            option.text,
        )
        for option in options
        if option.repeated or not flags & {*option.flags}
    ]
    return Completions(start, tuple(item for item in items if item.label.startswith(word)))


def hover_line(cell: Cell, position: int, options: Sequence[Option]) -> Hover | None:
    """The documentation of the option at `position`; None if there is no option."""
    match = _WORD.search(cell.text[cell.line_start : position])
    start = position - len(match[0] if match else "")
    whole = _WHOLE.match(cell.text, start)
    flag = (whole[0] if whole else "").partition("=")[0]
    for option in options:
        if canonical(flag) in option.flags:
            return Hover(start, start + len(flag), f"{', '.join(option.flags)} {option.value}".strip(), option.text)
    return None


def _values(option: Option, cell: Cell, base: Path, word: str) -> Iterator[CompletionItem]:
    if option.flags == _ENVIRONMENT:
        yield from (CompletionItem(name, "value") for name in _environments(base))
    elif option.flags == _CHDIR:
        yield from (CompletionItem(name, "value") for name in _folders(base, word))
    elif "--level" in option.flags:
        yield from (CompletionItem(level.replace(" ", "-"), "value") for level in Level)
    elif pattern := next((pattern for flag, pattern in _FILES.items() if flag in option.flags), ""):
        found = (path for path in sorted(base.glob(f"**/{pattern}")) if ".terraform" not in path.parts)
        yield from (
            CompletionItem(str(path.relative_to(base)), "value") for _, path in zip(range(_MOST), found, strict=False)
        )
    elif "--var" in option.flags:
        for name, block in Declarations.read([cell.body]).variables.items():
            about = block.attributes["type"].text if "type" in block.attributes else ""
            yield CompletionItem(name, "variable", f"{name}=", about)
    elif {"--target", "--replace", "--exclude"} & {*option.flags}:
        yield from (CompletionItem(address, "value") for address in Declarations.read([cell.body]).addresses())


def _environments(base: Path) -> Iterator[str]:
    with suppress(OSError):
        for path in sorted(base.iterdir())[:_MOST]:
            if path.is_dir() and ((path / PRIVATE).exists() or (path / SETTINGS).exists()):
                yield path.name


def _folders(base: Path, word: str) -> Iterator[str]:
    head = word.rpartition("/")[0]
    with suppress(OSError):
        for path in sorted((base / head).iterdir())[:_MOST]:
            if path.is_dir() and not path.name.startswith("."):
                yield f"{head}/{path.name}" if head else path.name


def _value_of(words: Sequence[str], flags: Sequence[str]) -> str:
    for number, word in enumerate(words):
        if word in flags and number + 1 < len(words):
            return words[number + 1]
        flag, is_joined, value = word.partition("=")
        if is_joined and flag in flags:
            return value
    return ""
