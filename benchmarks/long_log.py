"""Compares the log on the run card with what notebooks have otherwise for a program that prints much, in one run.

    python benchmarks/long_log.py [--lines 10000 100000]

A real JupyterLab, a real browser, a real kernel. Each prints the same lines of 100 characters: an apply by `%tfapply`,
`print`, `!cat`, and `%%bash`.

- `last`: from the moment when the last line was printed until it is drawn, in milliseconds,
- `lost`: lines that can be read nowhere on the page, or in the file that the page names,
- `frame`: the longest frame until then, in milliseconds,
- `sent`: bytes that the page has received,
- `kernel`: CPU time of the kernel's process, in milliseconds,
- `notebook`: bytes of the notebook, saved.

JupyterLab draws all of a cell's text anew for each part of it that arrives. A peer that has not drawn the last line two
minutes after it was printed is given up: its `last` is a lower bound, and nothing else of it is compared.
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
from playwright.sync_api import TimeoutError as NotSeen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_PRINTED = "import pathlib, time; pathlib.Path('printed').write_text(str(time.time()))"
_CELLS = {
    "print": f"for line in open('lines.txt'):\n    print(line, end='')\n{_PRINTED}",
    "!cat": f"!cat lines.txt\n{_PRINTED}",
    "%%bash": "%%bash\ncat lines.txt\ndate +%s.%N >printed",
    "ours": "%tfapply -e prints-NUMBER",
}
_WORDS = {
    "last": ("until the last one is drawn", "ms"),
    "lost": ("that can be read nowhere", "lines"),
    "frame": ("longest frame", "ms"),
    "sent": ("sent to the page", "bytes"),
    "kernel": ("CPU time of the kernel", "ms"),
    "notebook": ("size of the notebook", "bytes"),
}
_PLAN = """%%tfplan -e prints-NUMBER
resource "terraform_data" "prints" {
  provisioner "local-exec" {
    command = "cat ../lines.txt; date +%s.%N >../printed"
  }
}
"""
_PATIENCE = 120  # seconds after the last line was printed until a peer is given up
_LAST = "() => document.querySelector('.jp-Notebook').textContent.includes('the last line')"


def lines(number: int) -> str:
    """`number` lines; the last one says so."""
    return "".join(f"{index:07} {'x' * 91}\n" for index in range(number - 1)) + "the last line\n"


def measure(lab: Lab, browser: Browser, name: str, number: int) -> dict[str, int]:
    """Measure one way to print.

    Args:
        lab: the server.
        browser: Playwright's.
        name: which cell prints.
        number: how many lines it prints.

    Returns:
        The figures by name; only `last` of a peer that was given up.

    Raises:
        RuntimeError: nothing is printed.
        NotSeen: the card does not show what was printed.
    """
    cells = ("%load_ext tfmfa_nb", _PLAN, _CELLS[name])
    place = list(_CELLS).index(name)
    notebook_file = lab.write(f"log-{number}-{place}.ipynb", *(cell.replace("NUMBER", str(number)) for cell in cells))
    (lab.folder / "lines.txt").write_text(lines(number))
    (lab.folder / "printed").unlink(missing_ok=True)
    received: list[int] = []
    window = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = window.new_page()
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    notebook = Page(page, lab, notebook_file.name)
    notebook.run_cell(0)
    if name == "ours":
        notebook.run_cell(1)
    watch = PageWatch(page, {"last": _LAST})
    notebook.redraw()
    cpu = float(notebook.execute("import time; print(time.process_time())"))
    watch.forget()
    received.clear()
    notebook.start_cell(2)
    printed = _printed(lab.folder / "printed")
    try:
        drawn = watch.seen("last", _PATIENCE)
    except NotSeen:
        if name == "ours":
            raise
        window.close()
        return {"last": 1000 * _PATIENCE}
    notebook.wait_idle()
    cpu = float(notebook.execute("print(time.process_time())")) - cpu
    found = {"last": round(1000 * (drawn - printed))}
    found["lost"] = number - _readable(notebook, lab, name, number)
    found |= {"frame": round(1000 * watch.longest_frame), "sent": sum(received), "kernel": round(1000 * cpu)}
    notebook.command("docmanager:save")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    found["notebook"] = notebook_file.stat().st_size
    window.close()
    return found


def _printed(file: Path) -> float:
    """Wait until all was printed; when that was, in seconds since the epoch."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if file.exists() and (said := file.read_text()):
            return float(said)
        time.sleep(0.05)
    raise RuntimeError("Nothing was printed within 5 minutes.")


def _readable(notebook: Page, lab: Lab, name: str, number: int) -> int:
    """How many of the lines can be read."""
    if name == "ours":
        text = max(lab.folder.glob(f"prints-{number}/.tfmfa/runs/*/run.log")).read_text()
    else:
        text = str(notebook.output(2).evaluate("(area) => area.textContent"))
    return text.count("x" * 91) + text.count("the last line")


def figures(number: int, found: dict[str, dict[str, int]]) -> Iterator[Figure]:
    """The figures, each beside each peer."""
    ours = found.pop("ours")
    for each, (words, unit) in _WORDS.items():
        what, peers = f"{number:,} lines: {words}", {peer: theirs for peer, theirs in found.items() if each in theirs}
        if not peers:
            yield Figure(what, ours[each], unit)
        for peer, theirs in peers.items():
            yield Figure(what, ours[each], unit, peer, theirs[each], unfinished=theirs.keys() == {"last"})


def main() -> None:
    """Measure, and print one line for each way and number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000, 100_000])
    option(parser)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, chromium() as browser:
        lab = Lab(Path(folder))
        try:
            for number in options.lines:
                found = {name: measure(lab, browser, name, number) for name in _CELLS}
                show(figures(number, found), as_json=options.json)
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
