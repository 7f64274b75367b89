"""Makes external text safe to display on cards and with colors; what is not colored is `model.visible`'s."""

from __future__ import annotations

from typing import Any

from tfmfa_nb.model.ansi import COLORS, RESET, STYLES, Span, parse_spans
from tfmfa_nb.model.visible import brief, one_line, plain, sanitize, shorten

__all__ = ["brief", "colored", "one_line", "plain", "sanitize", "sanitize_all", "shorten", "spans"]

# SGR codes for terminals. Black, white, and concealing styles are omitted because they can hide text.
_CODES = {name: str(code) for code, name in STYLES.items()} | {
    name: str(base + index)
    for prefix, base in (("", 30), ("bright-", 90))
    for index, color in enumerate(COLORS)
    if (name := prefix + color) not in {"black", "white", "bright-white"}
}


def sanitize_all(value: Any) -> Any:
    """A plain JSON value in which every text is sanitized, without colors, and cut to 2,000 characters."""
    if isinstance(value, str):
        return brief(value)
    if isinstance(value, dict):
        return {brief(str(key)): sanitize_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sanitize_all(item) for item in value]
    return value


def colored(text: str) -> str:
    """`text` sanitized for a terminal, with its colors and styles except those that can hide text."""
    parts = []
    for piece, classes in spans(text):
        codes = ";".join(_CODES[name] for name in classes if name in _CODES)
        parts.append(f"\x1b[{codes}m{piece}{RESET}" if codes else piece)
    return "".join(parts)


def spans(text: str) -> list[Span]:
    """One line of output, sanitized, as (text, style names) pieces; see `parse_spans`."""
    return parse_spans(sanitize(text))
