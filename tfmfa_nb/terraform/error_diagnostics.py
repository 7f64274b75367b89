"""Terraform's error diagnostics as data: what is wrong, where, and with which values.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui#diagnostic
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.event_text import called, highlighted, values_in
from tfmfa_nb.terraform.events import table

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(r'(resource|data) "([^"]+)" "([^"]+)"')


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the configuration.

    Attributes:
        number: its number in the file, from 1; 0 if it is not known.
        pieces: its text in pieces, each with whether it is what the diagnostic is about.
    """

    number: int
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class ErrorDiagnostic:
    """An error as Terraform explains it.

    Attributes:
        summary: one line.
        detail: lines of text; "" if there are none.
        address: of the resource instance; "" if Terraform does not say it.
        place: "main.tf line 8"; "" if it is no place in the configuration.
        context: the block, 'resource "aws_instance" "web"'; "" if there is none.
        source: the lines of the configuration.
        values: what the expressions in these lines are: "var.size is 3".
        function: the function that failed, with its parameters: "file(path)"; "" if there is none.
    """

    summary: str
    detail: str = ""
    address: str = ""
    place: str = ""
    context: str = ""
    source: tuple[SourceLine, ...] = ()
    values: tuple[str, ...] = ()
    function: str = ""

    @property
    def block(self) -> str:
        """How the addresses of the block's instances begin within their module: "aws_instance.web"; "" for none."""
        found = _BLOCK.fullmatch(self.context)
        return f"{'data.' * (found[1] == 'data')}{found[2]}.{found[3]}" if found else ""


def error_diagnostic(event: dict[str, Any]) -> ErrorDiagnostic | None:
    """The error in a `diagnostic` event; None for a warning, and for what is no diagnostic."""
    told = table(event, "diagnostic")
    if event.get("type") != "diagnostic" or told.get("severity") != "error":
        return None
    place, snippet = table(told, "range"), table(told, "snippet")
    line = table(place, "start").get("line", "?")
    return ErrorDiagnostic(
        summary=str(told.get("summary", "")),
        detail=str(told.get("detail") or "").strip("\n"),
        address=str(told.get("address") or ""),
        place=f"{place['filename']} line {line}" if place.get("filename") else "",
        context=str(snippet.get("context") or ""),
        source=tuple(_source(snippet, line)),
        values=tuple(f"{name} {statement}".strip() for name, statement in values_in(snippet)),
        function="{}({})".format(*call) if (call := called(snippet)) else "",
    )


def _source(snippet: dict[str, Any], line: object) -> Iterator[SourceLine]:
    """The lines of a snippet. Terraform's offsets count bytes, and mark a part of one line."""
    if not snippet.get("code"):
        return
    before, marked, after = highlighted(snippet)
    above, _, begin = before.rpartition("\n")
    end, _, below = after.partition("\n")
    first = snippet.get("start_line", line)
    rows: list[tuple[tuple[str, bool], ...]] = [((text, False),) for text in above.split("\n")] if above else []
    rows.append(tuple((text, is_marked) for text, is_marked in ((begin, False), (marked, True), (end, False)) if text))
    rows += [((text, False),) for text in below.split("\n")] if below else []
    for offset, pieces in enumerate(rows):
        yield SourceLine(first + offset if isinstance(first, int) else 0, pieces)
