"""Runs all benchmarks, and saves their figures: `make benchmarks`.

    python benchmarks/all.py [--only terraform_overhead …] [--shared]

Each script here that measures something prints its figures as JSON when asked with `--json`; each runs in a process of
its own. `benchmarks/results.json` has the figures with the machine and the versions. The page of the reference is made
from that file, and the table in README.md is written anew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "docs"))

from from_code.benchmarks import RESULTS, quoted  # noqa: E402 - found by the line above

PARTS = {
    "load_ext": "Loading the extension",
    "code_to_terraform": "From a code to Terraform",
    "finder": "The roles in a configuration",
    "role_checks": "The check of roles, at 80 ms for each call",
    "terraform_overhead": "Terraform's own commands",
    "fleet": "Fleets",
    "records": "A long history",
    "runner_overhead": "Headless execution",
    "plan_tree": "The plan on the card, in a browser",
    "long_log": "A long log on the card, in a browser",
}
_ONCE = {"plan_tree", "long_log", "fleet"}  # without a number of rounds
# What a script measures only when it is asked to, one process after another.
_ASKED = {
    "fleet": (
        ("--sizes", "1,10,50,200", "--fake", "100,400"),
        ("--sizes", "1,10", "--aws"),
        ("--sizes", "50", "--aws", "--ways", "shown,fleet"),  # one after another would take ten minutes
        ("--sizes", "", "--dask", "100,1000"),
    )
}
_PACKAGES = ("tfmfa-nb", "ipykernel", "ipython", "jupyterlab", "nbclient", "papermill", "boto3")


def measured(script: str, rounds: int) -> list[dict[str, object]]:
    """The figures of one script; with as many rounds as it has by itself for 0.

    Raises:
        SystemExit: it printed none.
    """
    print(f"{script} …", file=sys.stderr, flush=True)  # noqa: T201 - it takes minutes
    more = ["--rounds", str(rounds)] if rounds and script not in _ONCE else []
    figures: list[dict[str, object]] = []
    for asked in _ASKED.get(script, ((),)):
        command = [sys.executable, str(HERE / f"{script}.py"), "--json", *asked, *more]
        # Each run looks at what earlier ones have left: here, only at what this script has.
        with TemporaryDirectory() as left:
            environ = {**os.environ, "XDG_RUNTIME_DIR": left, "XDG_STATE_HOME": left}
            done = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, check=True, stdin=subprocess.DEVNULL, env=environ
            )
        if not (found := [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]):
            raise SystemExit(f"{script}.py printed no figures:\n{done.stdout}")
        figures += found
    return figures


def machine(*, shared: bool) -> dict[str, object]:
    """On what it was measured."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "shared": shared,
    }


def versions() -> dict[str, str]:
    """Of what was measured."""
    program = shutil.which("terraform") or "tofu"
    said = subprocess.run([program, "version", "-json"], capture_output=True, text=True, check=True).stdout
    found = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "terraform": json.loads(said)["terraform_version"], **found}


def write_quoted() -> None:
    """Write the table of README.md anew."""
    readme = ROOT / "README.md"
    begin, end = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->"
    before, _, rest = readme.read_text(encoding="utf-8").partition(begin)
    readme.write_text(f"{before}{begin}{quoted()}{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    """Measure, and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="keep the other saved figures")
    parser.add_argument("--shared", action="store_true", help="say that other programs used the machine meanwhile")
    parser.add_argument("--rounds", type=int, default=0, help="for a first look")
    options = parser.parse_args()
    saved = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"parts": {}}
    for script in options.only:
        about = machine(shared=options.shared)
        began = time.monotonic()
        figures = measured(script, options.rounds)
        part = {"title": PARTS[script], "seconds": round(time.monotonic() - began), "machine": about}
        saved["parts"][script] = {**part, "versions": versions(), "figures": figures}
        saved["parts"] = {name: saved["parts"][name] for name in PARTS if name in saved["parts"]}
        RESULTS.write_text(f"{json.dumps(saved, indent=1)}\n", encoding="utf-8")
        write_quoted()


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main()
