"""The difference of two texts by line, with the words that differ; JSON is compared with one member on each line.

Its cost is bounded: of texts that differ in more than some hundred lines, only the beginning of the difference is told.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CREATE, DELETE, NO_OP, GAP, REST = "create", "delete", "no-op", "gap", "rest"

_CONTEXT = 3  # unchanged lines around a change
_MAX_LINES = 300  # of each text that are compared
_MAX_COMPARED = 48_000  # characters of each text that are compared
_MAX_JSON = 64_000  # characters; a longer JSON is compared as it is
_MAX_LINE, _MAX_SAME = 4_000, 160  # characters of a line, and of its unchanged parts
_MAX_WORDS = 160  # of a line, to find those that differ
_MAX_MARKED = 40  # lines whose words are compared; of the others, what is between their equal ends is marked
_ALIKE = 0.35  # two lines with less in common differ as a whole
_LONG = 60  # characters of a text that is shown by its differences though it has one line

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class LinePart:
    """A part of a line.

    Attributes:
        text: what the line says, or how many characters are left out.
        changed: whether the other text's line has not got these words.
    """

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line of a difference.

    Attributes:
        kind: "create", "delete", or "no-op"; "gap" for lines that do not differ and are not told, "rest" for lines that
            are not compared, because there are too many.
        parts: the line's text, in pieces; none for a gap and for the rest.
        omitted: the number of lines of a gap or of the rest.
    """

    kind: str
    parts: tuple[LinePart, ...] = ()
    omitted: int = 0

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(part.text for part in self.parts)


def line_changes(before: str | None, after: str | None) -> tuple[LineChange, ...]:
    """The lines in which two texts differ, with three lines around each.

    Args:
        before: the text as it is; None if there is none.
        after: the text as it will be; None if there is none.

    Returns:
        Lines in their order, at most some hundred; empty if the texts are equal, or if neither has several lines, is a
        JSON object or list, or is long.
    """
    old, new = before or "", after or ""
    if old == new:
        return ()
    old_json, new_json = _lines_of_json(old), _lines_of_json(new)
    is_json = old_json != new_json and bool(old_json or before is None) and bool(new_json or after is None)
    if is_json:
        old, new = old_json, new_json
    elif all(len(text) <= _LONG and "\n" not in text for text in (old, new)):
        return ()
    return tuple(_difference(old, new, present=(before is not None, after is not None), end_of_line="," * is_json))


def _lines_of_json(text: str) -> str:
    """A JSON object or list with one member on each line; "" for every other text.

    Its tokens stay as they are: no digit of a number, and no member that is there twice, gets lost.
    """
    if len(text) > _MAX_JSON or not text.lstrip().startswith(("{", "[")):
        return ""
    try:
        json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return ""
    indent, written, last = 0, [], ""
    for piece in _TOKENS.findall(text):
        closes = piece in {"}", "]"}
        indent -= closes
        if (last in {"{", "["} and not closes) or last == "," or (closes and last not in {"{", "["}):
            written.append("\n" + "  " * indent)
        written.append(f"{piece} " if piece == ":" else piece)
        indent += piece in {"{", "["}
        last = piece
    return "".join(written)


def _difference(old: str, new: str, present: tuple[bool, bool], end_of_line: str) -> Iterator[LineChange]:
    if all(text.endswith("\n") for text, there in zip((old, new), present, strict=True) if there):
        old, new = old.removesuffix("\n"), new.removesuffix("\n")
    # What both begin and end with is found at once; whole lines are compared.
    start = old.rfind("\n", 0, _common(old, new)) + 1
    end = min(_common_end(old, new), len(old) - start, len(new) - start)
    end -= old.find("\n", len(old) - end) + 1 - (len(old) - end) if "\n" in old[len(old) - end :] else end
    shown = _shown(lines := old.count("\n", 0, start))
    earlier = old[max(0, start - _MAX_COMPARED) : start].split("\n")[-1 - shown : -1]
    yield from _context(earlier, omitted=lines - len(earlier))
    stop = -1 if end else 0  # the line break before the common end
    old_lines, old_left = _lines(old[start : len(old) - end + stop], present=present[0])
    new_lines, new_left = _lines(new[start : len(new) - end + stop], present=present[1])
    yield from _compared(old_lines, new_lines, end_of_line)
    yield from _gap(max(old_left, new_left), REST)
    if end:
        lines = old.count("\n", len(old) - end) + 1
        later = old[len(old) - end :][:_MAX_COMPARED].split("\n")[: _shown(lines)]
        yield from _context(later)
        yield from _gap(lines - len(later))


def _shown(lines: int) -> int:
    """How many of the unchanged lines are told: no gap stands for one line."""
    return lines if lines <= _CONTEXT + 1 else _CONTEXT


def _gap(omitted: int, kind: str = GAP) -> Iterator[LineChange]:
    if omitted > 0:
        yield LineChange(kind, omitted=omitted)


def _context(lines: Iterable[str], omitted: int = 0) -> Iterator[LineChange]:
    """Unchanged lines, after some that are left out."""
    yield from _gap(omitted)
    for line in lines:
        yield LineChange(NO_OP, (LinePart(_cut(line, 2 * _MAX_SAME)),))


def _lines(text: str, *, present: bool) -> tuple[list[str], int]:
    """The lines that are compared, and the number of the others."""
    if not present:
        return [], 0
    stop = text.find("\n", _MAX_COMPARED)
    kept = (text if stop < 0 else text[:stop]).split("\n", _MAX_LINES)[:_MAX_LINES]
    return kept, text.count("\n") + 1 - len(kept)


def _compared(old: list[str], new: list[str], end_of_line: str) -> Iterator[LineChange]:
    """The steps from the one to the other; whether `end_of_line` follows is no difference."""
    plain, other = ([line.removesuffix(end_of_line) for line in lines] for lines in (old, new))
    steps = SequenceMatcher(None, plain, other).get_opcodes()
    marked = _MAX_MARKED
    for number, (step, i1, i2, j1, j2) in enumerate(steps):
        if step == "equal":
            head = 0 if number == 0 else _CONTEXT
            tail = 0 if number == len(steps) - 1 else _CONTEXT
            same = new[j1:j2]
            if len(same) <= head + tail + 1:
                yield from _context(same)
            else:
                yield from _context(same[:head])
                yield LineChange(GAP, omitted=len(same) - head - tail)
                yield from _context(same[len(same) - tail :] if tail else [])
            continue
        pairs = [
            _words(was, will) if number < marked else _ends(was, will)
            for number, (was, will) in enumerate(zip(old[i1:i2], new[j1:j2], strict=False))
        ]
        alone = len(pairs)
        marked -= alone
        yield from (LineChange(DELETE, was) for was, _ in pairs)
        yield from (LineChange(DELETE, (LinePart(_cut(line)),)) for line in old[i1 + alone : i2])
        yield from (LineChange(CREATE, will) for _, will in pairs)
        yield from (LineChange(CREATE, (LinePart(_cut(line)),)) for line in new[j1 + alone : j2])


def _words(was: str, will: str) -> tuple[tuple[LinePart, ...], tuple[LinePart, ...]]:
    """Two lines in parts, with what differs marked; in one part each if they have little in common."""
    old, new = _WORDS.findall(was[:_MAX_LINE]), _WORDS.findall(will[:_MAX_LINE])
    if len(old) > _MAX_WORDS or len(new) > _MAX_WORDS or max(len(was), len(will)) > _MAX_LINE:
        return _ends(was, will)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (LinePart(_cut(was)),), (LinePart(_cut(will)),)
    steps = matcher.get_opcodes()
    left = [LinePart("".join(old[i1:i2]), step != "equal") for step, i1, i2, _, _ in steps if i1 < i2]
    right = [LinePart("".join(new[j1:j2]), step != "equal") for step, _, _, j1, j2 in steps if j1 < j2]
    return tuple(left), tuple(right)


def _ends(was: str, will: str) -> tuple[tuple[LinePart, ...], tuple[LinePart, ...]]:
    start = _common(was, will)
    end = min(_common_end(was, will), len(was) - start, len(will) - start)
    return tuple(_three_parts(was, start, end)), tuple(_three_parts(will, start, end))


def _three_parts(line: str, start: int, end: int) -> Iterator[LinePart]:
    """The beginning and the end that two lines share, and what is between."""
    middle, last = line[start : len(line) - end], line[len(line) - end :] if end else ""
    if start:
        cut = start - _MAX_SAME
        yield LinePart(f"({cut:,} more characters) … {line[cut:start]}" if cut > 0 else line[:start])
    if middle:
        yield LinePart(_cut(middle), changed=True)
    if last:
        yield LinePart(_cut(last, _MAX_SAME))


def _cut(line: str, most: int = _MAX_LINE) -> str:
    omitted = f" … ({len(line) - most:,} more characters)"
    return line if len(line) <= most + len(omitted) else f"{line[:most]}{omitted}"


def _common(one: str, other: str) -> int:
    """How many characters two texts share at their beginning, by halves: quick for texts of megabytes."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
