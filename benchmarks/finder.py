"""Measures how long it takes to find the roles in a configuration, beside Terraform's own reading of the same files.

    python benchmarks/finder.py [--rounds 9] [--lines 100 1000 10000] [--modules 200]

- each size in lines is a root module with two configurations of the provider, whose roles come from a variable and from
  a local value, and with resources; the modules are local ones, each with a configuration of the provider whose role is
  a variable of the module,
- `roles found`: the files are read and parsed, and Terraform's console evaluates what names the roles,
- beside it, `terraform fmt -check -recursive`, which parses the same files and evaluates nothing, and Terraform's
  console alone, with one expression in an empty folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from figure import compared, option, show

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.role_chains import find_chains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from figure import Figure

    from tfmfa_nb.terraform.executable import Executable

_ROOT = """variable "account" {
  type    = string
  default = "111122223333"
}
locals {
  audit = "arn:aws:iam::${var.account}:role/audit"
}
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::${var.account}:role/deploy"
  }
}
provider "aws" {
  alias = "audit"
  assume_role {
    role_arn = local.audit
  }
}
"""
_RESOURCE = """resource "aws_ssm_parameter" "pNUMBER" {
  name  = "/app/${var.account}/NUMBER"
  type  = "String"
  value = jsonencode({ number = NUMBER, tags = ["a", "b"] })
  tags = {
    number = "NUMBER"
  }
}
"""
_CALL = """module "mNUMBER" {
  source  = "./modules/mNUMBER"
  account = var.account
}
"""
_MODULE = """variable "account" {
  type = string
}
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::${var.account}:role/mNUMBER"
  }
}
"""


def numbered(text: str, number: int) -> str:
    """The text of one of many."""
    return text.replace("NUMBER", str(number))


def write_lines(folder: Path, lines: int) -> int:
    """Write a root module of so many lines; the number of its chains."""
    text, number = _ROOT, 0
    while text.count("\n") < lines:
        text += numbered(_RESOURCE, number)
        number += 1
    (folder / "main.tf").write_text(text)
    return 2


def write_modules(folder: Path, modules: int) -> int:
    """Write a root module with so many modules; the number of its chains."""
    (folder / "main.tf").write_text(_ROOT + "".join(numbered(_CALL, number) for number in range(modules)))
    for number in range(modules):
        module = folder / "modules" / f"m{number}"
        module.mkdir(parents=True)
        (module / "main.tf").write_text(numbered(_MODULE + _RESOURCE, number))
    return 2 + modules


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def find(folder: Path, executable: Executable, chains: int) -> None:
    """Find the roles, all of which are known."""
    found = find_chains(
        Configuration(folder, executable.product, os.environ), executable=executable, environ=os.environ
    )
    if len(found.chains) != chains or any(hop.role_arn is None for chain in found.chains for hop in chain.hops):
        raise SystemExit(f"{len(found.chains)} of {chains} chains were found: {found.problems[:1]}")


def terraform(executable: Executable, folder: Path, *words: str, text: str = "") -> None:
    """Run a command of Terraform's."""
    subprocess.run([*executable.command, *words], cwd=folder, input=text, text=True, check=True, capture_output=True)


def measure(what: str, folder: Path, chains: int, rounds: int) -> Iterator[Figure]:
    """The figures of one configuration."""
    executable = find_executable(os.environ)
    empty = folder / "empty"
    empty.mkdir()
    ways: dict[str, Callable[[], None]] = {
        "": partial(find, folder, executable, chains),
        "terraform fmt -check -recursive": partial(terraform, executable, folder, "fmt", "-check", "-recursive"),
        "terraform console": partial(terraform, executable, empty, "console", text="1\n"),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, work in ways.items():
            times[name].append(timed(work))
    ours, *peers = times
    for peer in peers:
        yield compared(f"roles found, {what}", times[ours][1:], peer, times[peer][1:])  # the first one imports


def figures(rounds: int, lines: Sequence[int], modules: int) -> Iterator[Figure]:
    """The figures of all configurations."""
    sizes = [(f"{number:,} lines", partial(write_lines, lines=number)) for number in lines]
    for what, write in (*sizes, (f"{modules:,} modules", partial(write_modules, modules=modules))):
        with TemporaryDirectory() as folder:
            place = Path(folder)
            yield from measure(what, place, write(place), rounds)


def main() -> None:
    """Measure, and print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--lines", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--modules", type=int, default=200)
    option(parser)
    options = parser.parse_args()
    show(figures(options.rounds, options.lines, options.modules), as_json=options.json)


if __name__ == "__main__":
    main()
