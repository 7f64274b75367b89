"""The context of a position in HCL that is being typed, and thus incomplete.

A parser's tree of incomplete text depends on the text after the cursor; this context depends on the text before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

# HCL's lexical grammar (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md), in no more detail than needed.
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<heredoc><<-?(?P<mark>[^\W\d][\w-]*)[ \t\r]*\n)"
    r"|(?P<newline>\n)"
    r"|(?P<space>[ \t\r\ufeff]+)"
    r"|(?P<name>[^\W\d][\w-]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<operator>=>|[=!<>]=|&&|\|\||\.\.\.|.)",
    re.DOTALL,
)
_QUOTED = re.compile(r"(?P<text>(?:\\.|\$\$\{|%%\{|[^\"\\\n$%]|[$%](?!\{))+)|(?P<template>[$%]\{~?)|(?P<end>[\"\n\\])")
_HEREDOC_TEXT = re.compile(r"(?P<text>(?:\$\$\{|%%\{|[^\n$%]|[$%](?!\{))+)|(?P<template>[$%]\{~?)|(?P<newline>\n)")
# The start of a top-level block also ends unfinished blocks, so that typing does not hide the blocks below.
_TOP = re.compile(
    r"(?:resource|data|ephemeral|provider|variable|output|module|check)[ \t]+\""
    r"|(?:terraform|locals|import|moved|removed)[ \t]*\{"
)
_OPENS = {"{": "object", "[": "list", "(": "call"}
_CLOSES = {"}": ("body", "object", "template"), "]": ("list",), ")": ("call",)}


@dataclass(slots=True)
class Frame:
    """An open construct: the "body" of a block, an "object", "list", "call", "template", "string" or "heredoc".

    Attributes:
        kind: one of these words.
        type: the type of a block, or the function of a call.
        labels: the labels of a block.
        start: the start of the content.
        names: the attributes and nested blocks in it so far.
        statement: the tokens since the start of the current statement, item or argument, as (kind, text).
        mark: the end marker of a heredoc.
    """

    kind: str
    type: str = ""
    labels: tuple[str, ...] = ()
    start: int = 0
    names: list[str] = field(default_factory=list)
    statement: list[tuple[str, str]] = field(default_factory=list)
    mark: str = ""

    @property
    def assigns(self) -> bool:
        """Whether the statement has reached its value."""
        return any(kind == "operator" and text in {"=", ":", "=>"} for kind, text in self.statement)


@dataclass(frozen=True, slots=True)
class CursorContext:
    """The context of a position.

    Attributes:
        frames: the constructs that are open there, starting with the body of the file.
        start: the start of the name, or quoted text, at the position; the position itself if there is none.
        word: its text up to the position.
        token: its whole text.
        comment: whether the position is in a comment.
    """

    frames: tuple[Frame, ...]
    start: int
    word: str = ""
    token: str = ""
    comment: bool = False

    @property
    def blocks(self) -> tuple[Frame, ...]:
        """The blocks around the position, from the outside, without the body of the file."""
        return tuple(frame for frame in self.frames[1:] if frame.kind == "body")


def cursor_context(text: str, position: int) -> CursorContext:
    """The context of `position` in `text`; the names in an open block are those of the whole block."""
    scan = _Scan(text, position)
    scan.run()
    return scan.found or scan.here(position)


class _Scan:
    def __init__(self, text: str, position: int) -> None:
        self.text, self.position = text, position
        self.stack = [Frame("body")]
        self.found: CursorContext | None = None
        self._bodies = 0  # at the position

    def here(self, start: int, end: int | None = None, *, comment: bool = False) -> CursorContext:
        """The current context. Statements are copied; the names of open blocks keep growing, on purpose."""
        frames = tuple(replace(frame, statement=list(frame.statement)) for frame in self.stack)
        token = self.text[start:end] if end is not None else ""
        return CursorContext(frames, start, token[: max(self.position - start, 0)], token, comment)

    def run(self) -> None:
        """Scan the text until the blocks around the position are closed."""
        at = 0
        while at < len(self.text):
            frame = self.stack[-1]
            if frame.kind == "string":
                at = self._quoted(at, frame)
            elif frame.kind == "heredoc":
                at = self._heredoc(at, frame)
            else:
                at = self._token(at)
            if self.found and sum(frame.kind == "body" for frame in self.stack) < self._bodies:
                return

    def _look(self, at: int, end: int, start: int | None = None, *, inclusive: bool = False) -> None:
        """Record the context if the position is in `at:end`, a part of the token that begins at `start`."""
        if self.found is None and at <= self.position and (self.position < end or (inclusive and self.position == end)):
            # Behind the "$" of a template's start, that "$" is still text.
            whole = None if start is None else end if inclusive else max(at, self.position)
            self.found = self.here(self.position if start is None else start, whole)
            self._bodies = sum(frame.kind == "body" for frame in self.stack)

    def _token(self, at: int) -> int:
        match = _TOKEN.match(self.text, at)
        assert match is not None  # noqa: S101 - the last alternative takes anything
        kind, sign, end = str(match.lastgroup), match[0], match.end()
        frame = self.stack[-1]
        if kind == "comment":
            if self.found is None and at < self.position <= end:
                self.found = self.here(self.position, comment=True)
        elif kind in {"name", "number"}:
            self._look(at, end, at, inclusive=True)
            if kind == "name" and frame.kind in {"body", "object"} and not frame.statement:
                frame.names.append(sign)
            frame.statement.append((kind, sign))
            return end
        self._look(at, end)
        if kind == "newline":
            if frame.kind in {"body", "object"}:
                frame.statement.clear()
            in_check = frame.type == "check" and self.text.startswith("data", end)
            if len(self.stack) > 1 and _TOP.match(self.text, end) and not in_check:
                del self.stack[1:]
                self.stack[0].statement.clear()
        elif kind in {"mark", "heredoc"}:
            self.stack.append(Frame("heredoc", start=end, mark=match["mark"]))
        elif kind == "operator":
            self._operator(sign, end)
        return end

    def _operator(self, sign: str, end: int) -> None:
        frame = self.stack[-1]
        if sign == '"':
            self.stack.append(Frame("string", start=end))
        elif sign in _OPENS:
            words = [text for kind, text in frame.statement if kind in {"name", "string"}]
            if sign == "{" and frame.kind == "body" and not frame.assigns and words:
                self.stack.append(Frame("body", words[0], tuple(words[1:]), end))
            else:
                last = frame.statement[-1] if frame.statement else ("", "")
                called = last[1] if sign == "(" and last[0] == "name" else ""
                self.stack.append(Frame(_OPENS[sign], called, start=end))
        elif sign in _CLOSES:
            self._close(sign)
        elif sign == "," and frame.kind != "body":
            frame.statement.clear()
        else:
            frame.statement.append(("operator", sign))

    def _close(self, sign: str) -> None:
        depth = next((n for n in range(len(self.stack) - 1, 0, -1) if self.stack[n].kind in _CLOSES[sign]), 0)
        # A surplus bracket does not close the blocks around it.
        if not depth or (sign != "}" and any(f.kind in {"body", "template"} for f in self.stack[depth + 1 :])):
            return
        closed = self.stack[depth]
        del self.stack[depth:]
        if closed.kind == "body":
            self.stack[-1].statement.clear()
        elif closed.kind != "template":
            self.stack[-1].statement.append(("value", sign))

    def _quoted(self, at: int, frame: Frame) -> int:
        match = _QUOTED.match(self.text, at)
        assert match is not None  # noqa: S101 - the alternatives take anything
        end, kind = match.end(), match.lastgroup
        self._look(at, end, frame.start, inclusive=kind == "text")
        if kind == "template":
            self.stack.append(Frame("template", start=end))
        elif kind == "end":
            self.stack.pop()
            self.stack[-1].statement.append(("string", self.text[frame.start : at]))
            return at if match[0] == "\n" else end
        return end

    def _heredoc(self, at: int, frame: Frame) -> int:
        if at == frame.start or self.text[at - 1] == "\n":
            line_end = self.text.find("\n", at)
            line_end = len(self.text) if line_end < 0 else line_end
            if self.text[at:line_end].strip() == frame.mark:
                self._look(at, line_end, inclusive=True)
                self.stack.pop()
                self.stack[-1].statement.append(("value", frame.mark))
                return line_end
        match = _HEREDOC_TEXT.match(self.text, at)
        assert match is not None  # noqa: S101 - the alternatives take anything
        self._look(at, match.end(), inclusive=match.lastgroup == "text")
        if match.lastgroup == "template":
            self.stack.append(Frame("template", start=match.end()))
        return match.end()
