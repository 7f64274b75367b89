"""The live view in a terminal: the cells, the environment's lock, the run's progress, Terraform's last lines."""

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
from tfmfa_nb.views.sanitize import plain, shorten, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from tfmfa_nb.protocol.display import RunDisplay
    from tfmfa_nb.runbooks.outcome import Outcome

# The word says it; the sign and the colour only help the eye.
_SIGNS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "bold cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "interrupted": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "restored": ("↺", "green"),
}
_LOCKS = {"failed": "bold red", "authenticated": "green", "required": "yellow", "verifying": "yellow"}
_MOST_CHARACTERS = 400
_KEPT = 200  # lines
_LEAST = 5  # lines of Terraform's output that a small terminal still shows
_A_SECOND = 8  # refreshes


class LiveDisplay:
    """Draws itself anew several times a second, and ends as a list of the cells.

    Args:
        console: where it is drawn.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._cells: dict[int, tuple[str, str, float]] = {}
        self._current = 0
        self._since = time.monotonic()
        self._shown: RunDisplay | None = None
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._live = RichLive(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """Start to draw."""
        self._cells = {number: (title, "waiting", 0.0) for number, title in cells}
        self._live.start()

    def cell(self, number: int, state: str, seconds: float = 0.0) -> None:
        """Its line changes."""
        title = self._cells.get(number, ("", "", 0.0))[0]
        self._cells[number] = (title, state, seconds)
        if state == "running":
            self._current, self._since = number, time.monotonic()

    def run(self, shown: RunDisplay) -> None:
        """The lock indicator and the bar change."""
        self._shown = shown

    def text(self, text: str) -> None:
        """Beneath, like Terraform's."""
        for line in text.rstrip("\n").split("\n"):
            self.terraform(line)

    def terraform(self, line: str) -> None:
        """Beneath."""
        self._lines.append(visible(shorten(line, _MOST_CHARACTERS)))

    def say(self, sentence: str) -> None:
        """Above the view, where it stays."""
        self._console.print(Text(plain(sentence)))

    def end(self, outcome: Outcome, output: str) -> None:
        """Leave the list of the cells, and what became of the run."""
        self._live.stop()
        self._console.print(self._table(self._cells))
        if self._shown is not None and self._shown.lock_sentence:
            self._console.print(_lock_indicator(self._shown))
        self._console.print(Text(f"{outcome.result.capitalize()}; the record is {output}", style="bold"))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is drawn is left standing above the prompt."""
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
        shown = list(self._lines)[-max(_LEAST, height) :]
        parts += [Text.from_ansi(line, no_wrap=True, overflow="ellipsis") for line in shown]
        return Group(*parts)

    def _window(self, most: int) -> dict[int, tuple[str, str, float]]:
        """The cells around the current one."""
        numbers = list(self._cells)
        at = numbers.index(self._current) if self._current in numbers else 0
        start = max(0, min(at - most // 2, len(numbers) - most))
        return {number: self._cells[number] for number in numbers[start : start + most]}

    def _table(self, cells: dict[int, tuple[str, str, float]]) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for number, (title, state, seconds) in cells.items():
            sign, style = _SIGNS.get(state, ("?", ""))
            taken = time.monotonic() - self._since if state == "running" else seconds
            clock = duration(taken) if state != "waiting" else ""
            table.add_row(
                Text(sign, style), Text(str(number), "dim"), Text(state, style), Text(clock), Text(plain(title))
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
    return Text(plain(shown.lock_sentence), style=_LOCKS.get(shown.lock_indicator, ""))
