"""Compares an environment that has run for years with one of 20 runs: nothing should take longer in it.

    python benchmarks/records.py [--rounds 15] [--runs 1000] [--lines 100000]

The old environment has that many runs, and an audit trail of that many lines, whose hash chain is intact. In each
round, the two take turns.

- `plan`: a cell with `%%tfplan`, of which Terraform's own part is the same in both,
- `list`: `%tfruns`,
- `open`: `%tfruns open` of one of the oldest runs,
- `line`: one line that is appended to the audit trail,
- `notes`: what a plan says about the trail before it begins.

Each time stands beside that of the new environment.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from figure import compared, option, show
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.environments import Environment
from tfmfa_nb.environments.atomic_files import private_folder
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.formats import AUDIT_TRAIL
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.audit import state_folders
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.history.confirmation import trail_notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SMALL = 'resource "terraform_data" "one" {\n  input = "one"\n}\n'
_APART = 1_500  # seconds; a thousand runs are younger than the 30 days after which old ones go
_FEW = 20  # as many as `%tfruns` lists, so that both lists are of one length
_WORDS = {
    "open": "an old run opened",
    "list": "runs listed",
    "plan": "a plan",
    "line": "an audit line written",
    "notes": "notes on the trail",
}
_STEPS = (Status.PLANNING, Status.PLANNED, Status.CONFIRMED, Status.APPLYING, Status.APPLIED)


def make_old(environment: Environment, runs: int, lines: int) -> list[str]:
    """Fill an environment with runs that were applied; their IDs, oldest first."""
    environment.ensure()
    private_folder(environment.files.runs)
    made, each = [], max(lines // runs, len(_STEPS) + 1)
    previous, text = "0" * 64, []
    for number in range(runs):
        at = int(time.time()) - (runs - number) * _APART
        run_id = f"run-{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}-{number:06x}"
        record = RunRecord(
            run_id, environment.name, Status.APPLIED, Phase.APPLY, started_at=float(at), ended_at=at + 60.0,
            workspace="default", counts={"add": 1, "change": 0, "destroy": 0, "imported": 0},
        )  # fmt: skip
        folder = private_folder(environment.files.run(run_id).folder)
        (folder / "run.json").write_text(json.dumps(record.to_json(), indent=2) + "\n")
        (folder / "run.log").write_text("terraform_data.one: Creation complete after 0s\n")
        made.append(run_id)
        for facts in _facts_of(record, each):
            line = AUDIT_TRAIL.stamp({"time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")})
            text.append(json.dumps({**line, **facts, "run": run_id, "policy": "none", "previous": previous}))
            previous = hashlib.sha256(text[-1].encode()).hexdigest()
    environment.files.audit_trail.write_text("".join(f"{line}\n" for line in text))
    environment.files.audit_trail.chmod(0o600)
    return made


def _facts_of(record: RunRecord, count: int) -> Iterator[dict[str, Any]]:
    """The lines about one run: its statuses, and before them as many others as it takes."""
    for number in range(count - len(_STEPS)):
        yield {"event": "phase", "phase": "plan", "level": "never", "user": "alice", "number": number}
    for status in _STEPS:
        yield {"event": "status", "status": str(status), **record.audited()}


async def cell(shell: InteractiveShell, text: str) -> None:
    """Run a cell."""
    with redirect_stdout(StringIO()):
        result = await shell.run_cell_async(text, transformed_cell=shell.transform_cell(text), store_history=False)
    result.raise_error()


async def measure(rounds: int, runs: int, lines: int, home: Path) -> dict[str, tuple[list[float], list[float]]]:
    """The times in the new and in the old environment, by what was done."""
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    opened = {
        "new": make_old(Environment.named("new", home), _FEW, _FEW)[0],
        "old": make_old(Environment.named("old", home), runs, lines)[runs // 100],
    }
    for name in opened:
        await cell(shell, f"%%tfplan -e {name}\n{_SMALL}")
    found: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(rounds):
        for place, name in enumerate(("new", "old")):
            environment = Environment.named(name, home)
            for what, text in {
                "open": f"%tfruns -e {name} open {opened[name]}",
                "list": f"%tfruns -e {name}",
                "plan": f"%%tfplan -e {name}\n{_SMALL}",
            }.items():
                began = time.perf_counter()
                await cell(shell, text)
                found.setdefault(what, ([], []))[place].append(time.perf_counter() - began)
            began = time.perf_counter()
            AuditTrail(environment.files.audit_trail).write("level", level="never")
            found.setdefault("line", ([], []))[place].append(time.perf_counter() - began)
            began = time.perf_counter()
            trail_notes(environment)
            found.setdefault("notes", ([], []))[place].append(time.perf_counter() - began)
    return found


def main() -> None:
    """Measure, and print one line for each thing that was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--lines", type=int, default=100_000)
    option(parser)
    options = parser.parse_args()
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        state_folders.AT_LOAD = Path(folder) / "state"
        state_folders.constant_folder = lambda: None  # this machine's own records are left alone
        times = asyncio.run(measure(options.rounds, options.runs, options.lines, Path(folder)))
        os.chdir(before)  # IPython asks where it is when it ends
    size = f"{options.runs:,} runs and {options.lines:,} audit lines"
    figures = (
        compared(f"{_WORDS[name]}, {size}", old, f"the same, {_FEW} runs", new) for name, (new, old) in times.items()
    )
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
