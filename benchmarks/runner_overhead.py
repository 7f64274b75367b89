"""What the runner costs beside nbclient and papermill, on a notebook of many trivial cells.

    python benchmarks/runner_overhead.py [--cells 200] [--rounds 5]

All of them execute the same notebook, in turn, in one run; the first one is 1. Two ratios are printed: of the medians,
and of the best rounds, because what else the machine does can only make a round slower. `cells` is the execution in
this process; `whole` is the command from start to end. `own CPU` is what this process itself has used: the runner's
part of it, without the kernel's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

from tfmfa_nb.runbooks.display import LineDisplay
from tfmfa_nb.runbooks.execution import run_runbook
from tfmfa_nb.runbooks.execution_options import ExecutionOptions

if TYPE_CHECKING:
    from collections.abc import Callable


def write(path: Path, cells: int) -> None:
    """A notebook of `cells` cells that do next to nothing."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"print({number})") for number in range(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, path)


def nbclient(path: Path) -> None:
    """Nbclient as `jupyter execute` uses it, and what it leaves to its user: the file."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(notebook, path.with_name("nbclient.ipynb"))


def runner(path: Path) -> None:
    """The runner, away from any terminal."""
    order = ExecutionOptions(path, path.with_name("runner.ipynb"), os.environ, at_terminal=False)
    outcome = asyncio.run(run_runbook(order, LineDisplay(lambda _: None)))
    if outcome.code:
        raise SystemExit(outcome.sentence)


def command(*words: str) -> Callable[[Path], None]:
    """A command of its own, with the notebook's path in it."""

    def run(path: Path) -> None:
        subprocess.run(
            [sys.executable, *(word.format(path=path, out=path.with_name("out.ipynb")) for word in words)],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    return run


CELLS = {"nbclient": nbclient, "runner": runner}
WHOLE = {
    "jupyter execute": command("-c", "from nbclient.cli import main; main()", "{path}", "--output={out}"),
    "jupyter tfmfa run": command("-m", "tfmfa_nb.app", "run", "{path}", "--output", "{out}"),
    "papermill": command("-m", "papermill", "{path}", "{out}", "--no-progress-bar"),
}


def measure(
    programs: dict[str, Callable[[Path], None]], cells: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Seconds of each round, by the clock and of this process's CPU; the programs take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trivial.ipynb"
        write(path, cells)
        for number in range(rounds):
            # Every other round backwards: who comes first does not have an advantage.
            for name in list(programs)[:: 1 if number % 2 == 0 else -1]:
                began, used = time.perf_counter(), time.process_time()
                programs[name](path)
                times[name].append((time.perf_counter() - began, time.process_time() - used))
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for what, programs in {"cells": CELLS, "whole": WHOLE}.items():
        times = measure(programs, options.cells, options.rounds)
        first = [wall for wall, _ in next(iter(times.values()))]
        for name, rounds in times.items():
            walls = sorted(wall for wall, _ in rounds)
            middle, best = statistics.median(walls), walls[0]
            print(  # noqa: T201 - this is what it is for
                f"{what:6} {name:18} median {middle:6.2f} s, x {middle / statistics.median(first):.3f}; "
                f"best {best:6.2f} s, x {best / min(first):.3f}; own CPU {min(cpu for _, cpu in rounds):.2f} s"
            )


if __name__ == "__main__":
    main()
