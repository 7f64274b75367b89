"""Compares a fleet with `xargs -P` and with one run after another: codes asked, time, and memory.

    python benchmarks/fleet.py [--sizes 1,10] [--ways shown,fleet] [--at-once 2] [--aws]
                               [--fake 100,200,400] [--dask 100,1000] [--json]

Each environment is planned for the first time, `terraform init` included, against a sandbox: at the level "plans and
applies" for the fleet and for the runs, and with one MFA session that somebody has made by hand for `xargs`.

- `xargs`: `terraform init` and `terraform plan` in each folder, so many at once,
- `shown`: the same with `terraform show -json`, without which nobody knows what a plan does, and a fleet plans nothing,
- `runs`: `tfmfa_nb.plan` for each environment, one after another, with a code for each,
- `fleet`: `tfmfa_nb.plan_all`, so many at once.

The configuration needs no provider, or, with `--aws`, that of AWS with a role. `--fake` plans fleets with a Terraform
that is a script and prints at once, without codes: what remains is the fleet's own time, which has to grow with its
size. `--dask` plans fleets with the same script on four local workers of a Dask cluster, which speaks TLS: under one
code, each with a session of a role that is sealed to its worker.

`memory` is the most that this process and all below it had at one time, with shared pages counted once; `this` is what
this process had of it. A code takes a person 30 seconds, which is not in the times: the device here has no clock.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZipFile

import psutil
from figure import Figure, option, show

import tfmfa_nb
from tfmfa_nb.authentication.mfa_session import get_session
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.sandbox.handle import Sandbox
from tfmfa_nb.terraform.provider_mirror import provider_environ

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

_PLAIN = 'variable "word" {}\nresource "terraform_data" "one" {\n  input = var.word\n}\n'
_AWS = """variable "word" {}
provider "aws" {
  assume_role { role_arn = "arn:aws:iam::123456789012:role/deploy" }
}
resource "aws_ssm_parameter" "one" {
  name  = "/fleet/${var.word}"
  type  = "String"
  value = "1"
}
"""
_STATES = """terraform {
  backend "s3" {
    bucket      = "states"
    region      = "eu-west-1"
    assume_role = { role_arn = "arn:aws:iam::123456789012:role/deploy" }
  }
}
"""
_POLICY = 'mfa = true\ndefault_level = "LEVEL"\n[allow]\nendpoints = ["http://127.0.0.1:*"]\n'
# Prints what is read of a real one, and saves a plan with the configuration alone.
_SCRIPT = """#!/bin/sh
case "$1" in
version) echo 'Terraform v1.11.4' ;;
init) mkdir -p .terraform ;;
plan)
  for word; do case "$word" in -out=*) cp "$(dirname "$0")/saved" "${word#-out=}" ;; esac; done
  echo 'Plan: 1 to add, 0 to change, 0 to destroy.'
  exit 2 ;;
show) echo '{"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [], "configuration": {}}' ;;
workspace) echo default ;;
esac
"""
_WORKERS, _SLOTS = 4, 2
_PEERS = {
    "xargs": "xargs -P with terraform plan",
    "shown": "xargs -P with terraform plan and show -json",
    "runs": "the same, one after another",
}
_OWN = {"fake": "its own part", "dask": f"on {_WORKERS} workers, its own part"}
_LOOK = 0.25  # seconds between two looks at the memory


class Memory:
    """Looks at the memory of this process, and of those that work below a folder.

    Args:
        folder: the folder.

    Attributes:
        most: the most of all at one time, in MB.
        own: the most of this process, in MB.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.most, self.own = folder, 0.0, 0.0
        self._ended = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look until the block ends."""
        looking = threading.Thread(target=self._look)
        looking.start()
        try:
            yield
        finally:
            self._ended.set()
            looking.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(_LOOK):
            own = me.memory_full_info().pss / 1e6
            everything = own
            for process in psutil.process_iter():
                with suppress(psutil.Error, OSError):
                    if process.pid != me.pid and Path(process.cwd()).is_relative_to(self.folder):
                        everything += process.memory_full_info().pss / 1e6
            self.most, self.own = max(self.most, everything), max(self.own, own)


def rows_of(names: list[str], on: object = None) -> list[dict[str, str]]:
    """The table of a fleet, with a state for each if it is planned on a cluster."""
    return [{"name": name, "word": name, **({"backend_config": f"key={name}"} if on else {})} for name in names]


def with_xargs(names: list[str], hcl: str, at_once: int, credentials: dict[str, str], more: str = "") -> None:
    """Plan with Terraform alone, and run a command after it."""
    folder = Path.cwd()
    program = shutil.which("terraform") or shutil.which("tofu") or "terraform"
    for name in names:
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(hcl)
    line = f"cd {{}} && {program} init -input=false && TF_VAR_word={{}} {program} plan -input=false -out=plan.tfplan"
    line += f" && {program} {more}" if more else ""
    subprocess.run(
        ["xargs", "-P", str(at_once), "-I{}", "sh", "-c", line],  # noqa: S607
        cwd=folder,
        input="\n".join(names),
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **credentials},
    )


async def one_by_one(names: list[str], hcl: str) -> None:
    """Plan with a run for each."""
    for name in names:
        run = await tfmfa_nb.plan(name, hcl=hcl, var={"word": name}, show=False)
        if run.status != "planned":
            raise SystemExit(f"{name} is {run.status}.")


async def together(names: list[str], hcl: str, at_once: int, on: object = None) -> None:
    """Plan with a fleet."""
    fleet = await tfmfa_nb.plan_all(rows_of(names, on), hcl=hcl, at_once=at_once, on=on, show=False)
    if fleet.errors or {run.status for run in fleet.values()} != {"planned"}:
        raise SystemExit(f"{fleet!r}: {next(iter(fleet.errors.values()), '')}")


async def session_of(sandbox: Sandbox) -> dict[str, str]:
    """The credentials of an MFA session, made by hand."""
    environ = sandbox.environ()
    sandbox.advance(30)
    session = await get_session(
        environ["AWS_ACCESS_KEY_ID"],
        Secret(environ["AWS_SECRET_ACCESS_KEY"]),
        environ["AWS_MFA_SERIAL_NUMBER"],
        Secret(sandbox.code(wait=False)),
        endpoint=Endpoint(environ["AWS_REGION"], environ["AWS_ENDPOINT_URL"]),
    )
    return {**environ, **session.environ()}


async def measured(folder: Path, work: Callable[[], Awaitable[None]]) -> tuple[float, Memory]:
    """The time of `work` in a folder, and the memory."""
    os.chdir(folder)
    memory = Memory(folder)
    with memory.watched():
        began = time.perf_counter()
        await work()
        return time.perf_counter() - began, memory


def new(folder: Path) -> Path:
    """A new folder."""
    folder.mkdir()
    return folder


@dataclass(frozen=True)
class Planned:
    """So many environments, planned in one way.

    Attributes:
        way: "xargs", "shown", "runs", "fleet", "fake", or "dask".
        size: number of environments.
        seconds: how long it took.
        ratio: to the first way, or, for each environment, to the first size.
        memory: what it took of it.
        codes: how many were asked for.
    """

    way: str
    size: int
    seconds: float
    ratio: float
    memory: Memory
    codes: int = 0

    def __str__(self) -> str:
        return (
            f"{self.way:6} {self.size:5} environments {self.seconds:8.2f} s  {self.seconds / self.size:6.3f} s each  "
            f"x {self.ratio:5.2f}  memory {self.memory.most:6.0f} MB, this {self.memory.own:4.0f} MB   "
            f"codes {self.codes}"
        )


def figures(found: Iterable[Planned], with_what: str = "") -> Iterator[Figure]:
    """Each fleet beside each other way to plan as many environments: time, memory, and codes.

    Args:
        found: what was planned.
        with_what: what is said of the configuration: " with AWS".
    """
    by_way = {(each.way, each.size): each for each in found}
    for (way, size), ours in by_way.items():
        what = f"{f'fleet of {size:,}' if size > 1 else 'fleet of one'}{with_what}"
        if way in _OWN:
            yield Figure(f"{what}, {_OWN[way]}", ours.seconds)
        peers = {name: by_way[peer, size] for peer, name in _PEERS.items() if (peer, size) in by_way}
        for name, theirs in peers.items() if way == "fleet" else ():
            yield Figure(f"{what} planned", ours.seconds, peer=name, theirs=theirs.seconds)
            if theirs.memory.most:  # else, it was over before it was looked at
                yield Figure(f"{what}, memory", ours.memory.most, "MB", name, theirs.memory.most)
            if theirs.way == "runs":
                yield Figure(f"{what}, codes", ours.codes, "asked", name, theirs.codes)


@contextmanager
def sandboxed(home: Path) -> Iterator[Sandbox]:
    """A sandbox with a device that gives a code at once."""
    sandbox = Sandbox.start(home / "sandbox")
    os.environ.update({name: text for name, text in sandbox.environ().items() if name != "TFMFA_POLICY"})
    device = shlex.join([sys.executable, "-m", "tfmfa_nb.app", "sandbox", "code", "--advance"])
    os.environ["TFMFA_TOKEN_COMMAND"] = device
    try:
        yield sandbox
    finally:
        sandbox.stop()


def codes_of(sandbox: Sandbox) -> int:
    """How many codes it has taken."""
    return [call["action"] for call in sandbox.calls()].count("GetSessionToken")


async def real(home: Path, sizes: list[int], at_once: int, hcl: str, chosen: list[str]) -> AsyncIterator[Planned]:
    """Compare the ways that were chosen."""
    os.environ.update(provider_environ(os.environ, home))
    with sandboxed(home) as sandbox:
        await measured(new(home / "first"), lambda: one_by_one(["first"], hcl))  # imports what is imported late
        for size in sizes:
            names, base = [f"e{number}" for number in range(size)], 0.0
            credentials = await session_of(sandbox)
            ways: dict[str, Callable[[], Awaitable[None]]] = {
                "xargs": partial(asyncio.to_thread, with_xargs, names, hcl, at_once, credentials),
                "shown": partial(
                    asyncio.to_thread, with_xargs, names, hcl, at_once, credentials, "show -json plan.tfplan"
                ),
                "runs": partial(one_by_one, names, hcl),
                "fleet": partial(together, names, hcl, at_once),
            }
            for way, work in ((way, work) for way, work in ways.items() if way in chosen):
                before = codes_of(sandbox)
                seconds, memory = await measured(new(home / f"{way}-{size}"), work)
                base = base or seconds
                asked = codes_of(sandbox) - before or 1  # that of the session, if somebody has made it by hand
                yield Planned(way, size, seconds, seconds / base, memory, asked)


def use_script(home: Path, hcl: str) -> None:
    """Take a script for Terraform from now on."""
    script = home / "terraform"
    with ZipFile(home / "saved", "w") as saved:
        saved.writestr("tfconfig/m-/main.tf", hcl)
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    os.environ["TFMFA_TERRAFORM"] = str(script)


async def fake(home: Path, sizes: list[int], at_once: int) -> AsyncIterator[Planned]:
    """Plan fleets with a Terraform that is a script."""
    use_script(home, _PLAIN)
    await measured(new(home / "fake-first"), lambda: together(["first"], _PLAIN, at_once))
    first = 0.0
    for size in sizes:
        names = [f"e{number}" for number in range(size)]
        seconds, memory = await measured(new(home / f"fake-{size}"), partial(together, names, _PLAIN, at_once))
        first = first or seconds / size
        yield Planned("fake", size, seconds, seconds / size / first, memory)


async def clustered(home: Path, sizes: list[int]) -> AsyncIterator[Planned]:
    """Plan fleets on the workers of a cluster, with a Terraform that is a script."""
    from distributed import Client, LocalCluster, Security  # noqa: PLC0415 - of an optional extra

    hcl, first = _STATES + _AWS, 0.0
    use_script(home, hcl)
    os.chdir(home)
    cluster = partial(
        LocalCluster,
        n_workers=_WORKERS,
        threads_per_worker=_SLOTS,
        resources={"terraform": _SLOTS},
        protocol="tls://",
        security=Security.temporary(),
        dashboard_address=None,
    )
    with sandboxed(home) as sandbox, cluster() as workers, Client(workers, set_as_default=False) as on:
        await measured(new(home / "dask-first"), lambda: together(["first"], hcl, 0, on))
        for size in sizes:
            names, before = [f"e{number}" for number in range(size)], codes_of(sandbox)
            seconds, memory = await measured(new(home / f"dask-{size}"), partial(together, names, hcl, 0, on))
            first, asked = first or seconds / size, codes_of(sandbox) - before
            yield Planned("dask", size, seconds, seconds / size / first, memory, asked)


async def gathered(planned: AsyncIterator[Planned], *, silent: bool) -> list[Planned]:
    """All of them; each is printed as it comes, unless this is to be silent."""
    found = []
    async for each in planned:
        found.append(each)
        if not silent:
            print(each, flush=True)  # noqa: T201 - the result
    return found


def main() -> None:
    """Measure, and print one line for each way and size, or the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,10", help="numbers of environments; empty for none")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--aws", action="store_true", help="a configuration with the provider of AWS")
    parser.add_argument("--ways", default=f"{','.join(_PEERS)},fleet", help="what is compared, for a large size")
    parser.add_argument("--fake", default="", help="numbers of environments with a Terraform that is a script")
    parser.add_argument("--dask", default="", help="the same on four local workers of a Dask cluster")
    option(parser)
    options = parser.parse_args()
    sizes, fakes, clusters = (
        [int(each) for each in text.split(",") if each] for text in (options.sizes, options.fake, options.dask)
    )
    found: list[Planned] = []
    hcl = _AWS if options.aws else _PLAIN
    with TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        policy = home / "policy.toml"
        os.environ["TFMFA_POLICY"] = str(policy)
        parts = (
            (sizes, "plans and applies", lambda: real(home, sizes, options.at_once, hcl, options.ways.split(","))),
            (fakes, "never", lambda: fake(home, fakes, options.at_once)),
            (clusters, "plans and applies", lambda: clustered(home, clusters)),
        )
        for chosen, level, part in parts:
            if chosen:
                policy.write_text(_POLICY.replace("LEVEL", level))
                found += asyncio.run(gathered(part(), silent=options.json))
        os.chdir("/")
    if options.json:
        show(figures(found, " with AWS" if options.aws else ""), as_json=True)


if __name__ == "__main__":
    main()
