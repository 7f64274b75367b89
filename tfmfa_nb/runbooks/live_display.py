"""The live view of a terminal: the cells, the lock indicator, the run's progress, and the last lines of output."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tfmfa_nb.protocol.words import duration
from tfmfa_nb.runbooks.line_labels import label_of
from tfmfa_nb.views.sanitize import plain, sanitize, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from tfmfa_nb.protocol.run_display import DisplayedRun, RunDisplay
    from tfmfa_nb.runbooks.outcome import Outcome

# The word carries the meaning; the symbol and the color only help the eye.
_SYMBOLS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "bold cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "interrupted": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "restored": ("↺", "green"),
}
_INDICATOR_STYLES = {"failed": "bold red", "authenticated": "green", "required": "yellow", "verifying": "yellow"}
_MAX_LINE = 400  # characters
_KEPT_LINES = 200
_MIN_LINES = 5  # of output, however small the terminal is
_REFRESHES_PER_SECOND = 8


class LiveDisplay:
    """Redraws itself several times a second, and leaves the list of the cells at the end.

    Args:
        console: where to draw.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._cells: dict[int, tuple[str, str, float]] = {}
        self._current = 0
        self._started = time.monotonic()
        self._shown: RunDisplay | None = None
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._live = RichLive(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """Start drawing."""
        self._cells = {number: (title, "waiting", 0.0) for number, title in cells}
        self._live.start()

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """Update the cell's line."""
        title = self._cells.get(number, ("", "", 0.0))[0]
        self._cells[number] = (title, state, seconds)
        if state == "running":
            self._current, self._started = number, time.monotonic()

    def run(self, shown: RunDisplay) -> None:
        """Update the lock indicator and the progress bar."""
        self._shown = shown

    def output(self, text: str) -> None:
        """Add the text below, like the lines of a log."""
        self._lines += [sanitize(shorten(line, _MAX_LINE)) for line in text.rstrip("\n").split("\n")]

    def log_line(self, line: str, run: DisplayedRun) -> None:
        """Add the line below."""
        self.output(f"{label_of(run)}{line}")

    def note(self, sentence: str) -> None:
        """Print the sentence above the view, where it stays."""
        self._console.print(Text(plain(sentence)))

    def end(self, outcome: Outcome, output: str) -> None:
        """Leave the list of the cells, the lock indicator, and the result."""
        self._live.stop()
        self._console.print(self._table(self._cells))
        if self._shown is not None and self._shown.lock_sentence:
            self._console.print(_lock_indicator(self._shown))
        self._console.print(Text(f"{outcome.result.capitalize()}; the executed notebook is {output}", style="bold"))

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Stop drawing, and leave the view above the prompt."""
        if not self._live.is_started:
            yield
            return
        self._live.stop()
        self._console.print(self._render())
        try:
            yield
        finally:
            self._live.start()

    def _render(self) -> RenderableType:
        height = max(self._console.size.height - 4, 8)
        parts: list[RenderableType] = [self._table(self._window(max(4, height // 3)))]
        height -= min(len(self._cells), max(4, height // 3))
        about_run = _about_run(self._shown)
        parts += about_run
        height -= len(about_run)
        lines = list(self._lines)[-max(_MIN_LINES, height) :]
        parts += [Text.from_ansi(line, no_wrap=True, overflow="ellipsis") for line in lines]
        return Group(*parts)

    def _window(self, size: int) -> dict[int, tuple[str, str, float]]:
        """At most `size` cells around the current one."""
        numbers = list(self._cells)
        at = numbers.index(self._current) if self._current in numbers else 0
        start = max(0, min(at - size // 2, len(numbers) - size))
        return {number: self._cells[number] for number in numbers[start : start + size]}

    def _table(self, cells: dict[int, tuple[str, str, float]]) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for number, (title, state, seconds) in cells.items():
            symbol, style = _SYMBOLS.get(state, ("?", ""))
            elapsed = time.monotonic() - self._started if state == "running" else seconds
            clock = duration(elapsed) if state != "waiting" else ""
            table.add_row(
                Text(symbol, style), Text(str(number), "dim"), Text(state, style), Text(clock), Text(plain(title))
            )
        return table


def _about_run(shown: RunDisplay | None) -> list[RenderableType]:
    """The lock indicator and the progress bar, a line each, where there are any."""
    if shown is None:
        return []
    lines: list[RenderableType] = [_lock_indicator(shown)] if shown.lock_sentence else []
    progress = shown.progress
    if progress.total:
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=progress.total, completed=progress.done, width=40)
        grid.add_row(bar, Text(f"{progress.done} of {progress.total} resources"))
        lines.append(grid)
    return lines


def _lock_indicator(shown: RunDisplay) -> Text:
    return Text(plain(shown.lock_sentence), style=_INDICATOR_STYLES.get(shown.lock_indicator, ""))
