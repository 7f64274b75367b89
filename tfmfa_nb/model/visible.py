"""Makes external text safe to show, at a terminal too: what is hidden becomes visible, and nothing controls anything.

Terraform, AWS, HCL, and folders have names that strangers may have chosen. Invisible or direction-changing characters
could disguise a plan, and control sequences could manipulate a terminal. They are replaced by visible marks. What this
package prints, it prints with `say`.
"""

from __future__ import annotations

import re
import sys

from tfmfa_nb.model.ansi import RESET, SGR, strip_colors

# Unicode's format characters (Cf) and default ignorables: zero-width, bidirectional, filler, and tag characters, and
# variation selectors; line separators; the blank Braille pattern; C1 controls; surrogates.
_HIDDEN = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\x80-\x9f\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0b-\x1a\x1c-\x1f\x7f"
_BEGUN = re.compile(r"\x1b(\[[0-9;:]*)?\Z")
# An escape that does not start an SGR sequence counts as a control character.
_UNSEEN = re.compile(rf"[{_HIDDEN}{_CONTROL}]|\x1b(?!\[[0-9;:]*m)")

_DELETE, _PICTURES, _SPACE = 0x7F, 0x2400, 0x20
_MAX_CHARACTERS = 2_000  # of one text in a value that is sent or displayed
_OMITTED = " … ({:,} more characters)"
_MAX_ADDED = 40  # characters that `shorten` can add


def say(text: str, *, error: bool = False) -> None:
    """Print a text on standard output, or on standard error.

    Args:
        text: what to print; its lines stay lines.
        error: whether it goes to standard error.
    """
    print(plain(text), file=sys.stderr if error else sys.stdout, flush=True)


def sanitize(text: str) -> str:
    """`text` with hidden and control characters as visible marks: U+202E becomes ⟨U+202E⟩, a bell ␇.

    Tabs, newlines and colors (ANSI SGR) stay; every other escape sequence loses its escape. A second call
    changes nothing.
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub(_mark, text)


def plain(text: str) -> str:
    """`text` sanitized, without colors; its lines stay lines."""
    bare = strip_colors(text)
    # So it nearly always is, and a million lines are searched.
    if bare.isascii() and bare.replace("\n", "").replace("\t", "").isprintable():
        return bare
    return strip_colors(sanitize(text))


def brief(text: str, most: int = _MAX_CHARACTERS) -> str:
    """`text` sanitized, without colors, and cut to about `most` characters, including marks."""
    safe = plain(shorten(text, most))
    return safe if len(safe) <= most + _MAX_ADDED else f"{safe[:most]} …"


def one_line(text: str, most: int = _MAX_CHARACTERS) -> str:
    """`text` as `brief` makes it, with line breaks and tabs as visible marks, too."""
    return brief(text, most).replace("\n", "␊").replace("\t", "␉")


def shorten(text: str, most: int) -> str:
    """`text` cut to `most` characters, with the number of the omitted ones, unless that is as long as they are."""
    if len(text) <= most + len(_OMITTED.format(len(text) - most)):
        return text
    kept = text[:most]
    begun = _BEGUN.search(kept)
    if begun and SGR.match(text, begun.start()):
        kept = kept[: begun.start()]  # a truncated color code would appear as text
    return f"{kept}{RESET}{_OMITTED.format(len(text) - len(kept))}"


def _mark(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < _SPACE:
        return chr(_PICTURES + point)
    return "␡" if point == _DELETE else f"⟨U+{point:04X}⟩"
