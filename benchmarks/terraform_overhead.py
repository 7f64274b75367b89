"""Compares `%%tfplan` and `%tfapply` with Terraform's own commands, in one run.

    python benchmarks/terraform_overhead.py [--rounds 5] [--lines 100000]

The configurations need no provider but the one that is built into Terraform, and no code is asked for: what differs is
ours. In each round, Terraform's commands and the magics take turns.

- `plan`: `terraform plan -out` in a folder that is initialized, against `%%tfplan` until its cell has ended,
- `known`: `terraform plan -out` and `terraform show -json` after it, against `%%tfplan` and `run.plan`,
- `apply`: an apply that prints the lines, against `%tfapply`,
- `json`: the same with `terraform apply -json`, from which `%tfapply` knows what each resource is about.

Times are in seconds: the medians, their difference, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_SMALL = 'resource "terraform_data" "one" {\n  input = "one"\n}\n'
_PRINTS = """resource "terraform_data" "prints" {
  provisioner "local-exec" {
    command = "seq LINES"
  }
}
"""


def terraform(folder: Path, *words: str) -> float:
    """Run a command of Terraform's, and return its time."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        raise SystemExit("Neither terraform nor tofu is on PATH.")
    began = time.perf_counter()
    subprocess.run([program, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


async def cell(shell: InteractiveShell, text: str) -> Any:
    """Run a cell, and return its value."""
    with redirect_stdout(StringIO()):
        result = await shell.run_cell_async(text, transformed_cell=shell.transform_cell(text), store_history=False)
    result.raise_error()
    return result.result


async def plan_once(shell: InteractiveShell, bare: Path) -> dict[str, tuple[float, float]]:
    """The times of a small plan."""
    theirs = terraform(bare, "plan", "-input=false", "-no-color", "-out=plan.tfplan")
    shown = theirs + terraform(bare, "show", "-json", "plan.tfplan")
    began = time.perf_counter()
    run = await cell(shell, f"%%tfplan -e small\n{_SMALL}")
    ended = time.perf_counter() - began
    await run.wait_for_changes()
    return {"plan": (theirs, ended), "known": (shown, time.perf_counter() - began)}


async def apply_once(shell: InteractiveShell, home: Path, number: int, lines: int) -> dict[str, tuple[float, float]]:
    """The times of an apply that prints `lines` lines."""
    text = _PRINTS.replace("LINES", str(lines))
    bare = home / f"bare-{number}"
    bare.mkdir()
    (bare / "main.tf").write_text(text)
    terraform(bare, "init", "-input=false")
    theirs = []
    for machine_readable in ((), ("-json",)):
        terraform(bare, "plan", "-replace=terraform_data.prints", "-input=false", "-no-color", "-out=plan.tfplan")
        theirs.append(terraform(bare, "apply", "-input=false", "-no-color", *machine_readable, "plan.tfplan"))
    name = f"prints-{number}"
    await cell(shell, f"%%tfplan -e {name}\n{text}")
    began = time.perf_counter()
    run = await cell(shell, f"%tfapply -e {name}")
    ended = time.perf_counter() - began
    if run.log_lines < lines:
        raise SystemExit(f"The log has {run.log_lines:,} lines; {lines:,} were printed.")
    return {"apply": (theirs[0], ended), "json": (theirs[1], ended)}


async def measure(rounds: int, lines: int, home: Path) -> dict[str, list[tuple[float, float]]]:
    """Terraform's times and ours, by what was done."""
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    bare = home / "bare"
    bare.mkdir()
    (bare / "main.tf").write_text(_SMALL)
    terraform(bare, "init", "-input=false")
    await plan_once(shell, bare)  # the first one initializes, and imports what is imported late
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds):
        for part in (await plan_once(shell, bare), await apply_once(shell, home, number, lines)):
            for name, times in part.items():
                found.setdefault(name, []).append(times)
    return found


def report(name: str, times: Sequence[tuple[float, float]]) -> str:
    """One line for what was done."""
    theirs, ours = (statistics.median(each) for each in zip(*times, strict=True))
    return (
        f"{name:6} Terraform {theirs:6.2f}   ours {ours:6.2f}   more {ours - theirs:6.2f}   ratio {ours / theirs:5.2f}"
    )


def main() -> None:
    """Measure, and print one line for each thing that was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=100_000)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, times in asyncio.run(measure(options.rounds, options.lines, Path(folder))).items():
            print(report(name, times))  # noqa: T201


if __name__ == "__main__":
    main()
