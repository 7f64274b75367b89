"""Text that others wrote, made safe to look at: nothing hidden in it, its colours parsed, never interpreted.

Terraform, AWS and HCL print what strangers may have named. An invisible or direction-changing character could
make a plan read as something else, and a terminal's control sequence could do worse. They are shown instead.
"""

from __future__ import annotations

import re
from typing import Any

# Unicode's formats (Cf) and default ignorables: zero-width, bidirectional, filling and tag characters and
# variation selectors; line separators; a blank that calls itself Braille; C1 controls; surrogates.
_HIDDEN = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\x80-\x9f\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0b-\x1a\x1c-\x1f\x7f"
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_BEGUN = re.compile(r"\x1b(\[[0-9;:]*)?\Z")
# An escape that begins no SGR sequence is as foreign as any other control character.
_UNSEEN = re.compile(rf"[{_HIDDEN}{_CONTROL}]|\x1b(?!\[[0-9;:]*m)")

_DELETE, _PICTURES, _SPACE = 0x7F, 0x2400, 0x20
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
_EXTENDED = {38, 48, 58}
_NO_UNDERLINE, _NOTHING = 24, -1
_MOST_CHARACTERS = 2_000  # of one text in a value that is sent or shown
_SAID = 40  # what `shorten` adds, at most

# The codes by which a terminal is told again. Black, white and what conceals are left out: they hide text.
_CODES = {name: str(code) for code, name in _STYLES.items()} | {
    name: str(base + index)
    for prefix, base in (("", 30), ("bright-", 90))
    for index, colour in enumerate(_COLOURS)
    if (name := prefix + colour) not in {"black", "white", "bright-white"}
}

Span = tuple[str, tuple[str, ...]]


def visible(text: str) -> str:
    """`text` with hidden and control characters as visible marks: U+202E becomes ⟨U+202E⟩, a bell ␇.

    Tabs, newlines and colours (ANSI SGR) stay; every other escape sequence loses its escape. Doing it twice
    changes nothing.
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub(_mark, text)


def visible_all(value: Any) -> Any:
    """A plain JSON value, with every text in it made visible, without colours, and cut to 2,000 characters."""
    if isinstance(value, str):
        return brief(value)
    if isinstance(value, dict):
        return {brief(str(key)): visible_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible_all(item) for item in value]
    return value


def plain(text: str) -> str:
    """`text` made visible, without its colours."""
    shown = visible(text)
    return _SGR.sub("", shown) if "\x1b" in shown else shown


def brief(text: str, most: int = _MOST_CHARACTERS) -> str:
    """`text` made visible, without its colours, and cut to about `most` characters, marks counted as shown."""
    shown = plain(shorten(text, most))
    return shown if len(shown) <= most + _SAID else f"{shown[:most]} …"


def coloured(text: str) -> str:
    """`text` made visible for a terminal: its colours and styles in codes of ours, without those that can hide it."""
    parts = []
    for piece, classes in spans(text):
        codes = ";".join(_CODES[name] for name in classes if name in _CODES)
        parts.append(f"\x1b[{codes}m{piece}\x1b[0m" if codes else piece)
    return "".join(parts)


def spans(text: str) -> list[Span]:
    """One line of output as (text, classes) pieces.

    The classes come from a fixed set (`bold`, `red`, `bright-green`, …): nothing of the text gets into them.
    Background and extended colours are left out, because they cannot be read on every theme.
    """
    shown = visible(text)
    if "\x1b" not in shown:
        return [(shown, ())] if shown else []
    pieces: list[Span] = []
    active: list[str] = []
    # split() with one group alternates text, parameters, text, …
    parts = _SGR.split(shown)
    for index, part in enumerate(parts):
        if index % 2:
            active = _apply(active, part)
        elif part:
            classes = tuple(sorted(active))
            if pieces and pieces[-1][1] == classes:
                part = pieces.pop()[0] + part  # noqa: PLW2901 - one piece where nothing changed in between
            pieces.append((part, classes))
    return pieces


def shorten(text: str, most: int) -> str:
    """`text` cut to `most` characters, saying how many are missing."""
    if len(text) <= most:
        return text
    kept = text[:most]
    begun = _BEGUN.search(kept)
    if begun and _SGR.match(text, begun.start()):
        kept = kept[: begun.start()]  # a colour cut in half would be shown as text
    return f"{kept}\x1b[0m … ({len(text) - len(kept):,} more characters)"


def _mark(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < _SPACE:
        return chr(_PICTURES + point)
    return "␡" if point == _DELETE else f"⟨U+{point:04X}⟩"


def _number(field: str) -> int:
    """One parameter; a colon separates its parts (ITU T.416): 4:3 is an underline of some kind, 4:0 is none."""
    first, _, rest = field.partition(":")
    number = int(first[:4]) if first else 0
    if rest and number in _EXTENDED:
        return _NOTHING  # its arguments are its own parts
    return _NO_UNDERLINE if (number, rest) == (4, "0") else number


def _apply(active: list[str], parameters: str) -> list[str]:
    """The classes after one SGR sequence."""
    numbers = [_number(field) for field in parameters.split(";")]
    classes = list(active)
    position = 0
    while position < len(numbers):
        number = numbers[position]
        position += 1
        if number in _EXTENDED:
            # 38;5;N and 38;2;R;G;B: their arguments are no codes of their own.
            position += {5: 2, 2: 4}.get(numbers[position], 1) if position < len(numbers) else 0
        elif number == 0:
            classes = []
        elif number in _STYLES:
            classes = [*(name for name in classes if name != _STYLES[number]), _STYLES[number]]
        elif number in _ENDS:
            classes = [name for name in classes if name not in _ENDS[number]]
        elif number == 39 or 30 <= number <= 37 or 90 <= number <= 97:  # noqa: PLR2004 - the codes of SGR
            classes = [name for name in classes if name in _STYLES.values()]
            if number >= 90:  # noqa: PLR2004
                classes.append(f"bright-{_COLOURS[number - 90]}")
            elif number != 39:  # noqa: PLR2004
                classes.append(_COLOURS[number - 30])
    return classes
