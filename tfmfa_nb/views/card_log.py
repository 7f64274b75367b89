"""Answers the card's requests about its run's log: rows, hits, and the text to copy or to save."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from gzip import compress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.log_messages import FindRequest, Found, Lines, LinesRequest, Mark, Text, TextRequest
from tfmfa_nb.views.log_marks import AROUND, marks_around
from tfmfa_nb.views.log_matching import matching
from tfmfa_nb.views.log_rows import LogRows, View, lines_of, whole_rows
from tfmfa_nb.views.log_search import Hits
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from tfmfa_nb.protocol.log_messages import LogRequest
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.views.log_rows import Row

_log = logging.getLogger(__name__)
_MAX_ROWS = 600  # in one answer; a view shows about forty
_MAX_BYTES = 300_000  # in one answer; the server drops messages above 1 MB/s
_MAX_TEXT = 400_000  # characters in one answer, before they are compressed
_MOST_VIEWS = 4  # for several front ends with different widths
_WHOLE = View()
_TOO_SLOW = "This search takes too long. Search for something simpler."
PATIENCE = 10
"""Seconds after which a search is given up. Some patterns are slow, though none is slow without end."""


class CardLog:
    """Answers requests. What takes long is done on a thread of its own, so that the kernel's loop goes on.

    Args:
        run: the run.
        send: sends an answer.
        send_later: the same, from any thread.
    """

    def __init__(self, run: Run, send: Callable[[Any], None], send_later: Callable[[Any], None]) -> None:
        self._run, self._send, self._send_later = run, send, send_later
        self._worker: ThreadPoolExecutor | None = None
        self._views: dict[View, LogRows] = {}
        self._hits: tuple[tuple[str, str, bool], Hits] | None = None
        self._newest, self._searching = 0, set[int]()

    def answer(self, request: LogRequest) -> None:
        """Answer `request`, now or later. What is not answered, the front end asks again."""
        match request:
            case LinesRequest(brief=False, columns=0):
                self._send(self._lines(request))
                return
            case FindRequest(number=number):
                self._newest = number
                if number in self._searching:
                    return  # asked again, because the answer takes long
                self._searching.add(number)
        if self._worker is None:
            self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tfmfa-log")
        self._worker.submit(self._work, request).add_done_callback(_warn)

    def close(self) -> None:
        """Drop what is not answered yet."""
        self._newest = 0
        if self._worker is not None:
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _work(self, request: LogRequest) -> None:
        answer = None
        with suppress(OSError):  # the log was deleted
            match request:
                case LinesRequest():
                    answer = self._lines(request)
                case FindRequest():
                    try:
                        answer = self._found(request)
                    finally:
                        self._searching.discard(request.number)
                case TextRequest():
                    answer = self._text(request)
        if answer is not None:
            self._send_later(answer)

    def _lines(self, request: LinesRequest) -> Any:
        view = View(request.brief, request.columns).bounded
        start, total, hidden = max(0, request.start), 0, 0
        most = min(max(0, request.stop - start), _MAX_ROWS)
        rows: list[Row] = []
        items: list[Any] = []
        with suppress(OSError):  # the log was deleted; the front end keeps asking
            if view == _WHOLE:
                total = self._run.log_lines
                wanted = whole_rows(self._run.log_text, start, min(start + most, total))
            else:
                index = self._view(view)
                total, hidden = index.total, index.hidden
                if request.line >= 0:
                    start = max(0, index.row_of(request.line)[0] - most // 2)
                wanted = index.rows(start, start + most)
            room = _MAX_BYTES
            for row in wanted:
                item = _item(row)
                room -= len(json.dumps(item)) + 2
                if room < 0 and rows:
                    break  # the front end requests the rest
                rows.append(row)
                items.append(item)
        numbers = () if view == _WHOLE else tuple(row.line for row in rows)
        return encode(
            Lines(
                start=start,
                lines=tuple(items),
                brief=request.brief,
                columns=request.columns,
                rows=total,
                numbers=numbers,
                hidden=hidden,
            )
        )

    def _found(self, request: FindRequest) -> Any:
        try:
            hits = self._hits_of(request)
        except ValueError as error:
            return _nothing(request, str(error))
        ends = time.monotonic() + PATIENCE
        if hits is None:
            return None
        if not hits.extend(self._run.log_lines, lambda: request.number == self._newest and time.monotonic() < ends):
            return _nothing(request, _TOO_SLOW) if request.number == self._newest else None
        view, position, row, nth = View(request.brief, request.columns).bounded, -1, -1, -1
        rows = None if view == _WHOLE else self._view(view)
        marks: tuple[Mark, ...] = ()
        if hits.total:
            line = request.row
            if rows is not None:
                line = next((each.line for each in rows.rows(request.row, request.row + 1)), rows.start)
            position = request.position % hits.total if request.position >= 0 else hits.first_from(line)
            row, nth = _place(hits, rows, position)
            if request.kind == "pattern":
                marks = marks_around(hits, self._around(rows, row), row, position, wrapped=view.columns > 0)
        return encode(Found(number=request.number, total=hits.total, position=position, row=row, nth=nth, marks=marks))

    def _around(self, rows: LogRows | None, row: int) -> Iterator[tuple[int, Row]]:
        """The rows around one, with their numbers."""
        start, stop = max(0, row - AROUND), row + AROUND
        if rows is not None:
            return enumerate(rows.rows(start, stop), start)
        return enumerate(whole_rows(self._run.log_text, start, min(stop, self._run.log_lines)), start)

    def _hits_of(self, request: FindRequest) -> Hits | None:
        text = "" if request.kind == "error" else request.text
        if not text and request.kind != "error":
            return None
        start, wanted = self._run.log_start, (request.kind, text, request.brief)
        if self._hits is None or self._hits[0] != wanted or not self._fits(self._hits[1], start):
            found = Hits(self._run.log_text, start, matching(request.kind, text), brief=request.brief)
            self._hits = (wanted, found)
        return self._hits[1]

    def _text(self, request: TextRequest) -> Any:
        """As much of the text as fits into one answer."""
        view = View(request.brief, request.columns).bounded
        pieces: list[str] = []
        row, skip, room = max(0, request.start), max(0, request.skip), _MAX_TEXT
        for text in self._texts(view, row, request.stop):
            part = text[skip : skip + room]
            pieces.append(part)
            room -= len(part)
            if skip + len(part) < len(text):
                skip += len(part)
                break
            row, skip = row + 1, 0
            if not room:
                break
        data = b64encode(compress("".join(pieces).encode("utf-8", "replace"), 6)).decode()
        is_done = room > 0  # else, whoever asks again is told that nothing is left
        return encode(Text(number=request.number, data=data, row=row, skip=skip, done=is_done))

    def _texts(self, view: View, start: int, stop: int) -> Iterator[str]:
        """The rows as plain text; a line feed follows what ends a line."""
        if view.columns:
            for row in self._view(view).rows(start, self._stop(view, stop)):
                yield "".join([text for text, _ in row.pieces]) + ("\n" if row.last else "")
        else:  # the full lines, of which the card shows the beginnings
            last = self._stop(view, stop)
            if view == _WHOLE:
                lines = lines_of(self._run.log_text, range(start, last))
            else:
                lines = self._view(view).lines(start, last)
            for _, line in lines:
                yield plain(line) + "\n"

    def _stop(self, view: View, stop: int) -> int:
        total = self._run.log_lines if view == _WHOLE else self._view(view).total
        return total if stop < 0 else min(stop, total)

    def _view(self, view: View) -> LogRows:
        start = self._run.log_start
        rows = self._views.pop(view, None)
        if rows is None or not self._fits(rows, start):
            rows = LogRows(self._run.log_text, start, view)
        self._views[view] = rows
        if len(self._views) > _MOST_VIEWS:
            del self._views[next(iter(self._views))]
        rows.extend(self._run.log_lines)
        return rows

    def _fits(self, index: LogRows | Hits, start: int) -> bool:
        """Whether an index is of this phase's log, not of one before it."""
        return index.start == start and index.known <= self._run.log_lines


def _warn(future: Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()):
        _log.warning("A request about a run's log failed: %s", type(error).__name__)


def _item(row: Row) -> Any:
    """A row as it is sent."""
    if len(row.pieces) == 1 and not row.pieces[0][1]:
        return row.pieces[0][0]
    return [[text, " ".join(classes)] for text, classes in row.pieces]


def _nothing(request: FindRequest, problem: str) -> Any:
    return encode(Found(number=request.number, total=0, position=-1, row=-1, nth=-1, problem=problem))


def _place(hits: Hits, rows: LogRows | None, position: int) -> tuple[int, int]:
    """The row of a hit, and which hit of that row it is."""
    line, nth = hits.hit(position)
    if rows is None:
        return line, nth
    places = [start for start, _ in hits.parts(line)]
    if nth >= len(places):
        return rows.row_of(line)[0], -1
    row, start = rows.row_of(line, places[nth])
    return row, sum(start <= place < places[nth] for place in places)
