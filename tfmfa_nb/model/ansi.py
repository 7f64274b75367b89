"""Colors and styles in text: the SGR escape sequences of ECMA-48, read and written in one place.

https://ecma-international.org/publications-and-standards/standards/ecma-48/ (8.3.117). Standard library only, because
the process that follows Terraform imports this module.
"""

from __future__ import annotations

import re

BOLD, UNDERLINE, RED, GREEN, YELLOW, RESET = (f"\x1b[{code}m" for code in (1, 4, 31, 32, 33, 0))

SGR = re.compile(r"\x1b\[([0-9;:]*)m")
"""One sequence; its only group has the parameters."""

COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}

_ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
_EXTENDED = {38, 48, 58}
_NO_UNDERLINE, _IGNORED = 24, -1
_FOREGROUND, _DEFAULT_FOREGROUND, _BRIGHT_FOREGROUND = range(30, 38), 39, range(90, 98)

Span = tuple[str, tuple[str, ...]]


def strip_colors(text: str) -> str:
    """`text` without its SGR sequences."""
    return SGR.sub("", text) if "\x1b" in text else text


def parse_spans(text: str) -> list[Span]:
    """`text` as (text, style names) pieces.

    The names come from a fixed set (`bold`, `red`, `bright-green`, …): nothing of the text gets into them. Background
    and extended colors are ignored, because they cannot be read on every theme.
    """
    if "\x1b" not in text:
        return [(text, ())] if text else []
    pieces: list[Span] = []
    active: list[str] = []
    # split() with one group alternates text, parameters, text, …
    for index, part in enumerate(SGR.split(text)):
        if index % 2:
            active = _apply(active, part)
        elif part:
            names = tuple(sorted(active))
            if pieces and pieces[-1][1] == names:
                part = pieces.pop()[0] + part  # noqa: PLW2901 - one piece where nothing changed in between
            pieces.append((part, names))
    return pieces


def _parameter(field: str) -> int:
    """One parameter; a colon separates its parts (ITU T.416): 4:3 is an underline of some kind, 4:0 is none."""
    first, _, rest = field.partition(":")
    number = int(first[:4]) if first else 0
    if rest and number in _EXTENDED:
        return _IGNORED  # its arguments are its own parts
    return _NO_UNDERLINE if (number, rest) == (4, "0") else number


def _apply(active: list[str], parameters: str) -> list[str]:
    """The style names after one SGR sequence."""
    numbers = [_parameter(field) for field in parameters.split(";")]
    names = list(active)
    position = 0
    while position < len(numbers):
        number = numbers[position]
        position += 1
        if number in _EXTENDED:
            # 38;5;N and 38;2;R;G;B: their arguments are not parameters of their own.
            position += {5: 2, 2: 4}.get(numbers[position], 1) if position < len(numbers) else 0
        elif number == 0:
            names = []
        elif number in STYLES:
            names = [*(name for name in names if name != STYLES[number]), STYLES[number]]
        elif number in _ENDS:
            names = [name for name in names if name not in _ENDS[number]]
        elif number == _DEFAULT_FOREGROUND or number in _FOREGROUND or number in _BRIGHT_FOREGROUND:
            names = [name for name in names if name in STYLES.values()]
            if number in _BRIGHT_FOREGROUND:
                names.append(f"bright-{COLORS[number - _BRIGHT_FOREGROUND.start]}")
            elif number in _FOREGROUND:
                names.append(COLORS[number - _FOREGROUND.start])
    return names
