"""What a person, or a program, sees while a runbook is executed: lines of text, lines of JSON, or next to nothing.

The live view of a terminal is in `live`.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.words import duration
from tfmfa_nb.views.sanitize import plain, visible, visible_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tfmfa_nb.protocol.display import DisplayedProgress, RunDisplay
    from tfmfa_nb.runbooks.outcome import Outcome


class Display(Protocol):
    """Told of everything that happens, as it happens."""

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """The places (from 1) and first lines of the cells that will be executed."""

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """Cell `number` is now running, done, failed, skipped, restored."""

    def run(self, shown: RunDisplay) -> None:
        """What a run's display says of it."""

    def text(self, text: str) -> None:
        """What a cell printed, or its value."""

    def terraform(self, line: str) -> None:
        """A line of a run's log."""

    def say(self, sentence: str) -> None:
        """The runner's own words."""

    def end(self, outcome: Outcome, output: str) -> None:
        """How it ended, and where the record is."""

    def aside(self) -> AbstractContextManager[None]:
        """Leave the terminal to a prompt."""


class LineDisplay:
    """Plain lines.

    Args:
        write: told each line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._titles: dict[int, str] = {}
        self._lock_sentence = ""
        self._progress: DisplayedProgress | None = None

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """Nothing is said before there is something to say."""
        self._titles = dict(cells)

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """A line as it begins, and one for what is not an ordinary end."""
        if state == "running":
            self._write(f"── cell {number}: {self._titles.get(number, '')}")
        elif state != "done":
            self._write(f"── cell {number}: {state} after {duration(seconds)}")

    def run(self, shown: RunDisplay) -> None:
        """A line for each change of the lock indicator, and of the progress."""
        if shown.lock_sentence and shown.lock_sentence != self._lock_sentence:
            self._write(f"   {shown.lock_sentence}")
        self._lock_sentence = shown.lock_sentence
        if shown.progress.total and shown.progress != self._progress:
            self._write(f"   {shown.progress.done} of {shown.progress.total} resources done")
        self._progress = shown.progress

    def text(self, text: str) -> None:
        """As it is."""
        self._write(text.rstrip("\n"))

    def terraform(self, line: str) -> None:
        """Set in a little."""
        self._write(f"   {line}")

    def say(self, sentence: str) -> None:
        """As it is."""
        self._write(sentence)

    def end(self, outcome: Outcome, output: str) -> None:
        """One line."""
        self._write(f"── {outcome.result}; the record is {output}")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """LineDisplay are never in the way."""
        yield


class QuietDisplay(LineDisplay):
    """Nothing but the runner's own words; what stopped a runbook is said by the command itself."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)

    def say(self, sentence: str) -> None:
        """On standard error."""
        print(plain(sentence), file=sys.stderr, flush=True)  # noqa: T201


class JsonDisplay:
    """One JSON object a line: {"event": …, "time": …, …}.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _event(self, event: str, **facts: Any) -> None:
        line = {"event": event, "time": round(time.time(), 3), **visible_all(facts)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """{"cells": [{"cell": 1, "title": …}]}."""
        self._event("begin", cells=[{"cell": number, "title": title} for number, title in cells])

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """{"cell": 1, "state": …, "seconds": …}."""
        self._event("cell", cell=number, state=state, seconds=round(seconds, 3))

    def run(self, shown: RunDisplay) -> None:
        """{"lock_indicator": …, "lock_sentence": …, "progress": …, "run": …}."""
        facts = encode(shown)
        self._event("run", **{name: facts[name] for name in ("lock_indicator", "lock_sentence", "progress", "run")})

    def text(self, text: str) -> None:
        """{"text": …}."""
        self._event("text", text=text)

    def terraform(self, line: str) -> None:
        """{"line": …}."""
        self._event("terraform", line=line)

    def say(self, sentence: str) -> None:
        """{"sentence": …}."""
        self._event("note", sentence=sentence)

    def end(self, outcome: Outcome, output: str) -> None:
        """{"result": …, "exit_code": …, "sentence": …, "record": …}."""
        self._event("end", result=outcome.result, exit_code=int(outcome.code), sentence=outcome.sentence, record=output)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A prompt goes to the terminal, not into this stream."""
        yield


def write_line(line: str) -> None:
    """To standard output, with nothing hidden in it; in colours where it is a terminal."""
    print(visible(line) if sys.stdout.isatty() else plain(line), flush=True)  # noqa: T201


def display_for(*, quiet: bool, as_json: bool) -> Display:
    """The display that was asked for, or that fits the standard output."""
    if as_json:
        return JsonDisplay(sys.stdout)
    if quiet:
        return QuietDisplay()
    if sys.stdout.isatty():
        from tfmfa_nb.runbooks.live_display import LiveDisplay  # noqa: PLC0415 - rich, until needed

        return LiveDisplay()
    return LineDisplay(write_line)
