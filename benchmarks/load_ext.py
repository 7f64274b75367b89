"""Measures `%load_ext tfmfa_nb` in a fresh IPython, beside an extension that IPython brings and one import.

    python benchmarks/load_ext.py [--rounds 15]

Each is measured in processes of its own, and they take turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

from figure import compared, option, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from figure import Figure

_SHELL = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
began = time.perf_counter()
{}
print(time.perf_counter() - began)
"""
_WAYS = {
    "%load_ext tfmfa_nb": "shell.run_line_magic('load_ext', 'tfmfa_nb')",
    "%load_ext autoreload": "shell.run_line_magic('load_ext', 'autoreload')",
    "import ipywidgets": "import ipywidgets",
    "import boto3": "import boto3",
}


def once(statement: str) -> float:
    """How long a statement takes in a new process, in seconds."""
    done = subprocess.run([sys.executable, "-c", _SHELL.format(statement)], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def measure(rounds: int) -> Iterator[Figure]:
    """The figures."""
    times: dict[str, list[float]] = {name: [] for name in _WAYS}
    for _ in range(rounds):
        for name, statement in _WAYS.items():
            times[name].append(once(statement))
    ours, *peers = times
    for peer in peers:
        yield compared(ours, times[ours], peer, times[peer])


def main() -> None:
    """Measure, and print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    option(parser)
    options = parser.parse_args()
    show(measure(options.rounds), as_json=options.json)


if __name__ == "__main__":
    main()
