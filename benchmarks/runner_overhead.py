"""Compares the overhead of the runner with nbclient's and papermill's, on a notebook of many trivial cells.

    python benchmarks/runner_overhead.py [--cells 200] [--rounds 5]

The programs take turns to execute the same notebook: in this process, and as commands from start to end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nbformat
from figure import compared, option, show
from nbclient import NotebookClient

from tfmfa_nb.runbooks.display import LineDisplay
from tfmfa_nb.runbooks.execution import run_runbook
from tfmfa_nb.runbooks.execution_options import ExecutionOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from figure import Figure


def write(path: Path, cells: int) -> None:
    """Write a notebook of `cells` cells that print a number."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"print({number})") for number in range(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, path)


def nbclient(path: Path) -> None:
    """Execute with nbclient as `jupyter execute` does, and save the notebook."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(notebook, path.with_name("nbclient.ipynb"))


def runner(path: Path) -> None:
    """Execute with the runner, without a terminal."""
    options = ExecutionOptions(path, path.with_name("runner.ipynb"), os.environ, use_terminal=False)
    outcome = asyncio.run(run_runbook(options, LineDisplay(lambda _: None)))
    if outcome.exit_code:
        raise SystemExit(outcome.sentence)


def command(*words: str) -> Callable[[Path], None]:
    """A program that executes a Python command, in which {path} and {out} stand for the notebooks."""

    def run(path: Path) -> None:
        subprocess.run(
            [sys.executable, *(word.format(path=path, out=path.with_name("out.ipynb")) for word in words)],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    return run


_OURS = {"runner", "jupyter tfmfa run"}
CELLS = {"nbclient": nbclient, "runner": runner}
WHOLE = {
    "jupyter execute": command("-c", "from nbclient.cli import main; main()", "{path}", "--output={out}"),
    "jupyter tfmfa run": command("-m", "tfmfa_nb.app", "run", "{path}", "--output", "{out}"),
    "papermill": command("-m", "papermill", "{path}", "{out}", "--no-progress-bar"),
}


def measure(
    programs: dict[str, Callable[[Path], None]], cells: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Measure the programs.

    Args:
        programs: by name; each executes the notebook at a path.
        cells: the number of cells of the notebook.
        rounds: how often each program executes it.

    Returns:
        The wall time and the CPU time of this process in seconds, for each round of each program.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trivial.ipynb"
        write(path, cells)
        for number in range(rounds):
            # In every other round backwards, so that no program is always first.
            for name in list(programs)[:: 1 if number % 2 == 0 else -1]:
                started, used = time.perf_counter(), time.process_time()
                programs[name](path)
                times[name].append((time.perf_counter() - started, time.process_time() - used))
    return times


def figures(cells: int, rounds: int) -> Iterator[Figure]:
    """The figures, each beside each peer."""
    for scope, programs in {"in this process": CELLS, "whole command": WHOLE}.items():
        times = {name: [wall for wall, _ in each] for name, each in measure(programs, cells, rounds).items()}
        ours = times.pop(next(name for name in times if name in _OURS))
        for peer, theirs in times.items():
            yield compared(f"{cells} cells, {scope}", ours, peer, theirs)


def main() -> None:
    """Measure, and print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    option(parser)
    options = parser.parse_args()
    show(figures(options.cells, options.rounds), as_json=options.json)


if __name__ == "__main__":
    main()
