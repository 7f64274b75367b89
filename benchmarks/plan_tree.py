"""Measures the tree of a plan on the run card, in a real JupyterLab and a real browser.

    python benchmarks/plan_tree.py [--changes 100 1000 5000]

For each number of changes, and for one attribute of two megabytes:

- `paint`: from the moment when the plan is known as data until its first rows are drawn,
- `open`: from a press on a change until its attributes are drawn,
- `filter`: from the last key of a text until the changes that have it are drawn, the pause after typing included,
- `frame`: the longest frame of all this, and of 3 seconds of scrolling,
- `sent`: what the kernel has sent to the page for all this.

Times are in milliseconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures"))

from chromium import chromium
from figure import Figure, option, show
from lab import Lab, Page
from page_watch import PageWatch
from scripted_run import card_code

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_LOOKS = {
    "paint": "() => document.querySelector('.tfmfa-plan-pane .tfmfa-plan-change')",
    "open": "() => document.querySelector('.tfmfa-plan-pane .tfmfa-plan-attribute')",
    "filter": "() => document.querySelector('.tfmfa-plan-size')?.textContent.includes(' of ')",
}
_WORDS = {
    "paint": "until its rows are drawn",
    "open": "until a change is open",
    "filter": "until a filter is applied",
    "frame": "longest frame",
    "sent": "sent to the page",
}
_SCROLL = """() => new Promise((resolve) => {
  const tree = document.querySelector('.tfmfa-plan-pane');
  let left = 180;
  const next = () => {
    tree.scrollTop += 90;
    if (--left) requestAnimationFrame(next);
    else resolve();
  };
  next();
})"""


def measure(lab: Lab, browser: Browser, plan: str, typed: str) -> dict[str, float]:
    """Measure one plan.

    Args:
        lab: the server.
        browser: Playwright's.
        plan: an expression of the kernel's.
        typed: the text to filter by.

    Returns:
        Milliseconds, and bytes for "sent".
    """
    name = "card.ipynb"
    lab.write(name, "card")
    window = browser.new_context(viewport={"width": 1400, "height": 1200})
    received: list[int] = []
    page = window.new_page()
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    notebook = Page(page, lab, name)
    notebook.execute(card_code("PLAN") + f"from scripted_plan import *\nimport time\nplan = {plan}\n")
    notebook.run_cell(0)
    notebook.execute("run.show('planned'); run.ended_at = 0")
    page.wait_for_selector(".tfmfa-card")
    watch = PageWatch(page, _LOOKS)
    notebook.redraw()
    received.clear()
    watch.forget()
    known = float(notebook.execute("known = time.time(); run.know(plan); print(known)"))
    times = {"paint": watch.seen("paint") - known}
    page.evaluate(_SCROLL)
    page.evaluate("() => { document.querySelector('.tfmfa-plan-pane').scrollTop = 0; }")
    page.wait_for_selector(".tfmfa-plan-change")
    pressed = page.evaluate("() => { document.querySelector('.tfmfa-plan-change').click(); return Date.now() / 1000; }")
    times["open"] = watch.seen("open") - pressed
    page.locator(".tfmfa-plan-filter").fill(typed)
    entered = time.time()
    times["filter"] = watch.seen("filter") - entered
    times["frame"] = watch.longest_frame
    found = {each: round(1000 * seconds) for each, seconds in times.items()}
    window.close()
    return {**found, "sent": sum(received)}


def _unit(name: str) -> str:
    return "bytes" if name == "sent" else "ms"


def main() -> None:
    """Measure, and print one line for each plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, nargs="+", default=[100, 1_000, 5_000])
    option(parser)
    options = parser.parse_args()
    plans = {f"{number:,} changes": (f"large({number})", "web-77") for number in options.changes}
    plans["2 MB in one attribute"] = ("one_of_two_megabytes()", "local_file")
    with TemporaryDirectory() as folder, chromium() as browser:
        lab = Lab(Path(folder))
        try:
            for name, (plan, typed) in plans.items():
                found = measure(lab, browser, plan, typed)
                show(
                    (Figure(f"{name}: {_WORDS[each]}", value, _unit(each)) for each, value in found.items()),
                    as_json=options.json,
                )
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
