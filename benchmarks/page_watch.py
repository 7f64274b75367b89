"""What a page shows, and when: for the benchmarks that drive a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Page

_WATCH = """(looks) => {
  window.seen = {};
  window.frames = [];
  const tests = Object.entries(looks).map(([name, source]) => [name, eval(source)]);
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    window.frames.push(now - last);
    last = now;
    for (const [name, isSeen] of tests) {
      if (!window.seen[name] && isSeen()) window.seen[name] = Date.now() / 1000;
    }
    requestAnimationFrame(look);
  };
  look();
}"""


class PageWatch:
    """Notes when each thing is first seen, and how long each frame takes.

    Args:
        page: Playwright's.
        looks: for each thing, a function in JavaScript that says whether it is there.
    """

    def __init__(self, page: Page, looks: Mapping[str, str]) -> None:
        self._page = page
        page.evaluate(_WATCH, dict(looks))

    def forget(self) -> None:
        """Forget the frames so far."""
        self._page.evaluate("() => { window.frames.length = 0; }")

    def seen(self, what: str, seconds: float = 300) -> float:
        """Wait until it is seen; when that was, in seconds since the epoch."""
        self._page.wait_for_function("(what) => window.seen[what]", arg=what, timeout=seconds * 1000)
        return float(self._page.evaluate("(what) => window.seen[what]", what))

    @property
    def longest_frame(self) -> float:
        """The longest frame, in seconds."""
        return float(self._page.evaluate("() => window.frames.reduce((one, two) => Math.max(one, two), 0)")) / 1000
