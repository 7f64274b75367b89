"""Shows the execution of a runbook: as plain lines, as JSON lines, or next to nothing.

The live view of a terminal is in `live_display`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from tfmfa_nb.model.visible import say
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.words import duration
from tfmfa_nb.runbooks.line_labels import label_of
from tfmfa_nb.views.sanitize import plain, sanitize, sanitize_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tfmfa_nb.protocol.run_display import DisplayedProgress, DisplayedRun, RunDisplay
    from tfmfa_nb.runbooks.outcome import Outcome


class Display(Protocol):
    """Shows everything that happens, as it happens."""

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """The execution starts.

        Args:
            cells: the number (from 1) and the title of each code cell.
        """

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """A cell changes its state.

        Args:
            number: from 1.
            state: running, done, failed, interrupted, skipped, or restored.
            seconds: how long the cell took.
        """

    def run(self, shown: RunDisplay) -> None:
        """A run in the current cell changes; `shown` is the metadata of its output."""

    def output(self, text: str) -> None:
        """A cell prints `text`, or has it as its value."""

    def log_line(self, line: str, run: DisplayedRun) -> None:
        """The log of `run` gets a line."""

    def note(self, sentence: str) -> None:
        """The runner has something to say."""

    def end(self, outcome: Outcome, output: str) -> None:
        """The execution ends; `output` is the executed notebook."""

    def suspended(self) -> AbstractContextManager[None]:
        """Leave the terminal to a prompt."""


class LineDisplay:
    """Plain lines.

    Args:
        write: gets each line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write_now = write
        self._held: list[str] | None = None
        self._titles: dict[int, str] = {}
        self._lock_sentences: dict[str, str] = {}
        self._progress: dict[str, DisplayedProgress] = {}
        self._fleets: defaultdict[str, set[str]] = defaultdict(set)
        self._noted: list[str] = []

    def _write(self, line: str) -> None:
        if self._held is None:
            self._write_now(line)
        else:
            self._held.append(line)

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """Remember the titles; there is nothing to show yet."""
        self._titles = dict(cells)

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """One line at a cell's start, and another at its end unless it is simply done."""
        self._noted.clear()
        if state == "running":
            self._write(f"── cell {number}: {self._titles.get(number, '')}")
        elif state != "done":
            self._write(f"── cell {number}: {state} after {duration(seconds)}")

    def run(self, shown: RunDisplay) -> None:
        """A line for each change of the lock indicator, and of the progress; a fleet has one lock indicator."""
        run = shown.run
        if shown.lock_sentence != self._lock_sentences.get(run.id):
            others = [self._lock_sentences.get(each) for each in self._fleets[run.fleet]] if run.fleet else []
            if shown.lock_sentence and shown.lock_sentence not in others:
                self._write(f"   {shown.lock_sentence}")
            self._lock_sentences[run.id] = shown.lock_sentence
            self._fleets[run.fleet].add(run.id)
        if shown.progress.total and shown.progress != self._progress.get(run.id):
            self._write(f"   {label_of(run)}{shown.progress.done} of {shown.progress.total} resources done")
        self._progress[run.id] = shown.progress

    def output(self, text: str) -> None:
        """Unchanged."""
        self._write(text.rstrip("\n"))

    def log_line(self, line: str, run: DisplayedRun) -> None:
        """Indented; what the latest notes have said is not repeated."""
        if line not in self._noted:
            self._write(f"   {label_of(run)}{line}".rstrip())

    def note(self, sentence: str) -> None:
        """Unchanged."""
        self._noted = [sentence, *(f"{before} {sentence}" for before in self._noted)]  # a log has them in one line
        self._write(sentence)

    def end(self, outcome: Outcome, output: str) -> None:
        """One line."""
        self._write(f"── {outcome.result}; the executed notebook is {output}")

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Hold the lines back: one that comes after a question could look like another question."""
        held: list[str] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            for line in held:
                self._write_now(line)


class QuietDisplay(LineDisplay):
    """Only the runner's notes; the command itself says what stopped a runbook."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)

    def note(self, sentence: str) -> None:
        """One line on standard error."""
        say(sentence, error=True)


class JsonDisplay:
    """One JSON object per line, `{"event": …, "time": …, …}`; `time` is in seconds since the epoch.

    Args:
        stream: gets the lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _event(self, event: str, **facts: Any) -> None:
        line = {"event": event, "time": round(time.time(), 3), **sanitize_all(facts)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """{"event": "begin", "cells": [{"cell": 1, "title": …}]}."""
        self._event("begin", cells=[{"cell": number, "title": title} for number, title in cells])

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """{"event": "cell", "cell": 1, "state": …, "seconds": …}."""
        self._event("cell", cell=number, state=state, seconds=round(seconds, 3))

    def run(self, shown: RunDisplay) -> None:
        """{"lock_indicator": …, "lock_sentence": …, "progress": …, "run": …}."""
        facts = encode(shown)
        self._event("run", **{name: facts[name] for name in ("lock_indicator", "lock_sentence", "progress", "run")})

    def output(self, text: str) -> None:
        """{"event": "text", "text": …}."""
        self._event("text", text=text)

    def log_line(self, line: str, run: DisplayedRun) -> None:
        """{"event": "terraform", "environment": …, "line": …}."""
        self._event("terraform", environment=run.environment, line=line)

    def note(self, sentence: str) -> None:
        """{"event": "note", "sentence": …}."""
        self._event("note", sentence=sentence)

    def end(self, outcome: Outcome, output: str) -> None:
        """{"event": "end", "result": …, "exit_code": …, "sentence": …, "record": …}."""
        self._event(
            "end", result=outcome.result, exit_code=int(outcome.exit_code), sentence=outcome.sentence, record=output
        )

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Nothing to suspend: a prompt goes to the terminal, not to this stream."""
        yield


def write_line(line: str) -> None:
    """Write a line to standard output with control characters made visible; in color if that is a terminal."""
    print(sanitize(line) if sys.stdout.isatty() else plain(line), flush=True)  # noqa: T201


def display_for(*, quiet: bool, as_json: bool) -> Display:
    """The display that the options ask for, or that suits the standard output."""
    if as_json:
        return JsonDisplay(sys.stdout)
    if quiet:
        return QuietDisplay()
    if sys.stdout.isatty():
        from tfmfa_nb.runbooks.live_display import LiveDisplay  # noqa: PLC0415 - rich, until needed

        return LiveDisplay()
    return LineDisplay(write_line)
