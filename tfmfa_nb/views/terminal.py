"""The view of a run as text: its log lines and its status, as they come."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from tfmfa_nb.views.sanitize import colored, plain, shorten
from tfmfa_nb.views.wording import lock_sentence, status_sentence

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run

_NAMES = ["log_lines", "log_start", "status", "lock_indicator", "lock_indicator_text", "lock_indicator_remedy"]
_PLANNED = {"planned", "planned_and_finished"}
_MAX_CHARACTERS = 4_000
_BATCH = 500


class TerminalView:
    """Prints `run` between `begin()` and `end()`.

    Args:
        run: the run; its traits may change on any thread.
        stream: output stream; standard output by default.
        most: maximum number of log lines to print before the end; None for no limit. A notebook, which keeps its
            output, needs a limit.
        tail: number of last lines to print at the end.
    """

    def __init__(self, run: Run, stream: TextIO | None = None, *, most: int | None = None, tail: int = 200) -> None:
        self._run = run
        self._stream = stream or sys.stdout
        self._color = self._stream.isatty()
        self._most, self._tail = most, tail
        self._start = self._next = run.log_start
        self._printed: dict[str, str] = {}
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Print the present state, and keep printing."""
        self._start = self._next = self._run.log_start
        if self._run.status in _PLANNED:
            # The plan's view has printed its log, and its lock is not the apply's: only the counts are said again.
            self._start = self._next = self._run.log_lines
            self._printed = {"lock_indicator": lock_sentence(self._run)}
        self._run.observe(self._changed, names=_NAMES)
        self._changed(None)

    def end(self) -> None:
        """Print the rest, and stop observing the run."""
        self._run.unobserve(self._changed, names=_NAMES)
        with self._lock:
            self._print_log()
            omitted = self._run.log_lines - self._next - self._tail
            if omitted > 0:
                self._print(f"… {omitted:,} lines omitted; full log: {plain(self._run.log_path)}")
                self._next += omitted
            self._print_lines(self._run.log_lines)
            self._say("status", status_sentence(self._run))  # the result of an unlock is known only at the end

    def _changed(self, _change: Any) -> None:
        run = self._run
        with self._lock:
            if run.log_start > self._next:
                self._start = self._next = run.log_start
            self._print_log()
            # The lock indicator comes first: a phase starts with the code.
            if run.lock_indicator_text:
                self._say("lock_indicator", lock_sentence(run))
            if run.status != "confirmed" or run.waited:  # where nobody was asked, nobody has confirmed
                self._say("status", status_sentence(run))

    def _say(self, what: str, sentence: str) -> None:
        if sentence and self._printed.get(what) != sentence:
            self._printed[what] = sentence
            self._print(sentence)

    def _print_log(self) -> None:
        stop = self._run.log_lines
        if self._most is not None:
            stop = min(stop, self._start + self._most)
        self._print_lines(stop)

    def _print_lines(self, stop: int) -> None:
        while self._next < stop:
            upto = min(stop, self._next + _BATCH)
            lines = self._run.log_text(self._next, upto)
            self._next = upto
            short = [shorten(line, _MAX_CHARACTERS) for line in lines]
            self._print("\n".join(map(colored, short)) if self._color else plain("\n".join(short)))

    def _print(self, text: str) -> None:
        # A stream that is neither UTF-8 nor lenient must not end a run.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding, "replace") + "\n")
        self._stream.flush()
