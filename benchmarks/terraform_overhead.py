"""Compares `%%tfplan` and `%tfapply` with Terraform's own commands, in one run.

    python benchmarks/terraform_overhead.py [--rounds 5] [--resources 1 100 1000] [--planned 5000] [--lines 100000]

No code is asked for: what differs is ours. In each round, Terraform's commands and the magics take turns. The
configurations need no provider but the one that is built into Terraform; those `with AWS` have a parameter in SSM by
the real provider, in a sandbox. From 1,000 resources on, there are 3 rounds at most; `--planned` are sizes that are not
applied, because Terraform writes its state after each resource, and needs half an hour for 5,000.

- `first plan`: `terraform init` and `terraform plan -out` in a new folder, against an environment's first `%%tfplan`,
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
from dataclasses import dataclass
from io import StringIO
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from figure import compared, option, show
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.sandbox.handle import Sandbox
from tfmfa_nb.terraform.provider_mirror import provider_environ

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from figure import Figure

    Times = dict[tuple[str, str], tuple[float, float]]  # of Terraform and of ours, by what was done and the peer

_SMALL = """resource "terraform_data" "one" {
  count = RESOURCES
  input = "ROUND ${count.index}"
}
"""
_AWS = """provider "aws" {}
resource "aws_ssm_parameter" "one" {
  name  = "/overhead/NAME"
  type  = "String"
  value = "ROUND"
}
"""
_MANY, _ROUNDS_OF_MANY = 1_000, 3
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


@dataclass(frozen=True)
class Case:
    """A configuration, in an environment and in a folder for Terraform alone.

    Attributes:
        what: what is said of it: "100 resources".
        name: the environment's, and the end of the folder's.
        text: with ROUND, so that each round changes each resource, and with NAME for what must not be one in AWS.
        rounds: how often it is measured.
        applied: whether it is applied, and planned once more.
    """

    what: str
    name: str
    text: str
    rounds: int
    applied: bool = True

    def of(self, number: int, name: str) -> str:
        """The configuration in one round."""
        return self.text.replace("ROUND", str(number)).replace("NAME", name)


async def first(shell: InteractiveShell, home: Path, case: Case, number: int) -> Times:
    """The times of a first plan, which initializes."""
    name = f"{case.name}-first-{number}"
    bare = home / f"bare-{name}"
    bare.mkdir()
    (bare / "main.tf").write_text(case.of(number, f"bare-{name}"))
    planned = terraform(bare, "init", "-input=false")
    planned += terraform(bare, "plan", "-input=false", "-no-color", "-out=plan.tfplan")
    began = time.perf_counter()
    await cell(shell, f"%%tfplan -e {name}\n{case.of(number, name)}")
    return {(f"first plan, {case.what}", "terraform init and plan"): (planned, time.perf_counter() - began)}


async def later(shell: InteractiveShell, home: Path, case: Case, number: int) -> Times:
    """The times of a plan and an apply that change each resource."""
    bare = home / f"bare-{case.name}"
    fresh = not bare.exists()
    bare.mkdir(exist_ok=True)
    (bare / "main.tf").write_text(case.of(number, bare.name))
    if fresh:
        terraform(bare, "init", "-input=false")
    planned = terraform(bare, "plan", "-input=false", "-no-color", "-out=plan.tfplan")
    shown = planned + terraform(bare, "show", "-json", "plan.tfplan")
    applied = terraform(bare, "apply", "-input=false", "-no-color", "plan.tfplan")
    began = time.perf_counter()
    run = await cell(shell, f"%%tfplan -e {case.name}\n{case.of(number, case.name)}")
    ended = time.perf_counter() - began
    await run.wait_for_changes()
    known = time.perf_counter() - began
    began = time.perf_counter()
    await cell(shell, f"%tfapply -e {case.name}")
    return {
        (f"plan, {case.what}", "terraform plan"): (planned, ended),
        (f"plan as data, {case.what}", "terraform plan and show -json"): (shown, known),
        (f"apply, {case.what}", "terraform apply"): (applied, time.perf_counter() - began),
    }


async def printing(shell: InteractiveShell, home: Path, number: int, lines: int) -> Times:
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


async def measure(options: argparse.Namespace, home: Path, cases: Sequence[Case]) -> list[Figure]:
    """The figures of cases."""
    shell = InteractiveShell.instance()
    if "tfmfa_nb" not in shell.extension_manager.loaded:
        shell.run_line_magic("load_ext", "tfmfa_nb")
    for case in filter(attrgetter("applied"), cases):
        await later(shell, home, case, -1)  # the first one initializes, and imports what is imported late
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(options.rounds):
        parts = [
            await way(shell, home, case, number)
            for case in cases
            if number < case.rounds
            for way in ((first, later) if case.applied else (first,))
        ]
        if options.lines:
            parts.append(await printing(shell, home, number, options.lines))
        for name, times in ((name, times) for part in parts for name, times in part.items()):
            found.setdefault(name, []).append(times)
    return [
        compared(what, [ours for _, ours in times], peer, [theirs for theirs, _ in times])
        for (what, peer), times in found.items()
    ]


def cases_of(options: argparse.Namespace) -> list[Case]:
    """The configurations without a provider."""
    found = []
    for size in sorted({*options.resources, *options.planned}):
        what, text = f"{size:,} resource{'s' * (size != 1)}", _SMALL.replace("RESOURCES", str(size))
        rounds = min(options.rounds, _ROUNDS_OF_MANY) if size >= _MANY else options.rounds
        found.append(Case(what, f"small-{size}", text, rounds, applied=size in options.resources))
    return found


def with_aws(options: argparse.Namespace, home: Path) -> list[Figure]:
    """The figures with the real provider, in a sandbox whose user may act."""
    sandbox = Sandbox.start(home / "sandbox", user_may_act=True)
    before = dict(os.environ)
    try:
        os.environ.update({**sandbox.environ(), **provider_environ(os.environ, home)})
        options.lines = 0
        return asyncio.run(measure(options, home, [Case("1 resource with AWS", "aws", _AWS, options.rounds)]))
    finally:
        os.environ.clear()
        os.environ.update(before)
        sandbox.stop()


def main() -> None:
    """Measure, and print one line for each thing that was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resources", type=int, nargs="+", default=[1, 100, 1_000])
    parser.add_argument("--planned", type=int, nargs="*", default=[5_000])
    parser.add_argument("--lines", type=int, default=100_000)
    option(parser)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        figures = asyncio.run(measure(options, Path(folder), cases_of(options)))
        figures += with_aws(options, Path(folder))
        os.chdir("/")  # IPython asks where it is when it ends
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
