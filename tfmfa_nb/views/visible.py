"""Text that others wrote, made safe to look at: nothing hidden in it, its colours parsed, never interpreted.

Terraform, AWS and HCL print what strangers may have named. An invisible or direction-changing character could
make a plan read as something else, and a terminal's control sequence could do worse. They are shown instead.
"""

from __future__ import annotations

import re
from typing import Any

# Zero-width, bidirectional, line-separating, filling and tag characters; C1 controls; surrogates.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\x80-\x9f\ud800-\udfff\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0b-\x1a\x1c-\x1f\x7f"
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
# An escape that begins no SGR sequence is as foreign as any other control character.
_UNSEEN = re.compile(rf"[{_HIDDEN}{_CONTROL}]|\x1b(?!\[[0-9;:]*m)")

_DELETE, _PICTURES, _SPACE = 0x7F, 0x2400, 0x20
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
_EXTENDED = {38, 48, 58}

Span = tuple[str, tuple[str, ...]]


def visible(text: str) -> str:
    """`text` with hidden and control characters as visible marks: U+202E becomes ⟨U+202E⟩, a bell ␇.

    Tabs, newlines and colours (ANSI SGR) stay; every other escape sequence loses its escape. Doing it twice
    changes nothing.
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub(_mark, text)


def visible_all(value: Any) -> Any:
    """A plain JSON value, with every text in it made visible and without colours."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): visible_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible_all(item) for item in value]
    return value


def plain(text: str) -> str:
    """`text` made visible, without its colours."""
    shown = visible(text)
    # What is left may itself spell an escape sequence, so it is looked at again.
    return visible(_SGR.sub("", shown)) if "\x1b" in shown else shown


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
            pieces.append((visible(part), classes))
    return pieces


def shorten(text: str, most: int) -> str:
    """`text` cut to `most` characters, saying how many are missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\x1b[0m … ({len(text) - most:,} more characters)"


def _mark(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < _SPACE:
        return chr(_PICTURES + point)
    return "␡" if point == _DELETE else f"⟨U+{point:04X}⟩"


def _apply(active: list[str], parameters: str) -> list[str]:
    """The classes after one SGR sequence."""
    # A colon separates the parts of one parameter (ITU T.416): only its first number matters here.
    numbers = [int(first[:4]) if (first := field.split(":")[0]) else 0 for field in parameters.split(";")]
    classes = list(active)
    position = 0
    while position < len(numbers):
        number = numbers[position]
        position += 1
        if number in _EXTENDED and position < len(numbers):
            # 38;5;N and 38;2;R;G;B: their arguments are no codes of their own.
            position += {5: 2, 2: 4}.get(numbers[position], 1)
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
