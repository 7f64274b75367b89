"""Compares `%%tfplan` and `%tfapply` with Terraform's own commands, in one run.

    python benchmarks/terraform_overhead.py [--rounds 5] [--resources 1 100] [--lines 100000]

The configurations need no provider but the one that is built into Terraform, and no code is asked for: what differs is
ours. In each round, Terraform's commands and the magics take turns.

- `plan`: `terraform plan -out` in a folder that is initialized, against `%%tfplan` until its cell has ended,
- `plan as data`: `terraform plan -out` and `terraform show -json` after it, against `%%tfplan` and `run.plan`,
- `apply`: `terraform apply` of the saved plan, against `%tfapply`,
- `apply that prints`: an apply whose provisioner prints the lines, against `%tfapply`; beside `terraform apply`, and
  beside `terraform apply -json`, from which `%tfapply` knows what each resource is about.

Times are in seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from figure import compared, option, show
from IPython.core.interactiveshell import InteractiveShell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from figure import Figure

_SMALL = """resource "terraform_data" "one" {
  count = RESOURCES
  input = "ROUND ${count.index}"
}
"""
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


async def small(
    shell: InteractiveShell, home: Path, resources: int, number: int
) -> dict[tuple[str, str], tuple[float, float]]:
    """The times of a plan and an apply that change each resource."""
    text = _SMALL.replace("RESOURCES", str(resources)).replace("ROUND", str(number))
    bare = home / f"bare-{resources}"
    fresh = not bare.exists()
    bare.mkdir(exist_ok=True)
    (bare / "main.tf").write_text(text)
    if fresh:
        terraform(bare, "init", "-input=false")
    planned = terraform(bare, "plan", "-input=false", "-no-color", "-out=plan.tfplan")
    shown = planned + terraform(bare, "show", "-json", "plan.tfplan")
    applied = terraform(bare, "apply", "-input=false", "-no-color", "plan.tfplan")
    began = time.perf_counter()
    run = await cell(shell, f"%%tfplan -e small-{resources}\n{text}")
    ended = time.perf_counter() - began
    await run.wait_for_changes()
    known = time.perf_counter() - began
    began = time.perf_counter()
    await cell(shell, f"%tfapply -e small-{resources}")
    size = f"{resources:,} resource{'s' * (resources != 1)}"
    return {
        (f"plan, {size}", "terraform plan"): (planned, ended),
        (f"plan as data, {size}", "terraform plan and show -json"): (shown, known),
        (f"apply, {size}", "terraform apply"): (applied, time.perf_counter() - began),
    }


async def printing(
    shell: InteractiveShell, home: Path, number: int, lines: int
) -> dict[tuple[str, str], tuple[float, float]]:
    """The times of an apply that prints `lines` lines."""
    text = _PRINTS.replace("LINES", str(lines))
    bare = home / f"bare-prints-{number}"
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
    what = f"apply that prints {lines:,} lines"
    return {(what, "terraform apply"): (theirs[0], ended), (what, "terraform apply -json"): (theirs[1], ended)}


async def measure(rounds: int, sizes: Sequence[int], lines: int, home: Path) -> list[Figure]:
    """The figures."""
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    for size in sizes:
        await small(shell, home, size, -1)  # the first one initializes, and imports what is imported late
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(rounds):
        parts = [await small(shell, home, size, number) for size in sizes]
        for part in (*parts, await printing(shell, home, number, lines)):
            for name, times in part.items():
                found.setdefault(name, []).append(times)
    return [
        compared(what, [ours for _, ours in times], peer, [theirs for theirs, _ in times])
        for (what, peer), times in found.items()
    ]


def main() -> None:
    """Measure, and print one line for each thing that was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resources", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--lines", type=int, default=100_000)
    option(parser)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        figures = asyncio.run(measure(options.rounds, options.resources, options.lines, Path(folder)))
        os.chdir("/")  # IPython asks where it is when it ends
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
