"""A disk that is full before a run, or in the middle of its apply: a file system of its own, and real Terraform.

The file system is mounted in a user namespace, so that nobody has to be root. Where that is not possible, these tests
fail.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
SCENARIO = """
import asyncio, itertools, json, os, sys, tempfile
from contextlib import suppress
from pathlib import Path
from device import Device
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.model.levels import Level
from tfmfa_nb.sandbox.handle import Sandbox

def fill(name, left):
    # Fills the disk but for `left` bytes.
    disk = os.statvfs(".")
    Path(name).write_bytes(bytes(disk.f_frsize * disk.f_bfree - left))

def fill_with_files(folder):
    os.mkdir(folder)
    with suppress(OSError):
        for number in itertools.count():
            Path(folder, str(number)).touch()

async def end_of(phase, run, device=None, **options):
    try:
        await phase(run.driver, Gate(device or Device(None), os.environ), **options)
    except TfmfaError as error:
        return f"{type(error).__name__}: {error}"
    return ""

def new_run(hcl):
    environment = Environment.named("full", Path.cwd())
    environment.write_configuration(hcl, overwrite=True)
    return Run(environment, Options(), Path.cwd())

def log_of(run):
    return run.log_file.read_text(errors="replace") if run.log_file.exists() else ""

def report(run, error):
    state = run.driver.environment.folder / "terraform.tfstate"
    try:
        names = [each["name"] for each in json.loads(state.read_text())["resources"]]
    except (OSError, ValueError) as unread:
        names = type(unread).__name__
    return {"error": error, "status": run.status, "state": names, "log": log_of(run)}

async def main():
    SCENARIO

print(json.dumps(asyncio.run(main())))
"""
# A program fills the disk in the middle of the apply; the state grows with the last resource.
FILLED = """
resource "terraform_data" "first" {}
resource "terraform_data" "fill" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "FILL"
  }
}
resource "terraform_data" "last" {
  depends_on = [terraform_data.fill]
  input      = join("", [for n in range(1000) : "number ${n}"])
}
"""
ONCE = "dd if=/dev/zero of=filler bs=1k 2>/dev/null; sleep 1"
FOR_GOOD = (
    "(timeout 8 sh -c 'while :; do dd if=/dev/zero of=filler oflag=append conv=notrunc bs=1k; sleep 0.01; done')"
    " >/dev/null 2>&1 </dev/null & sleep 1"
)


@pytest.fixture
def on_a_small_disk(tmp_path):
    """Runs a scenario in a file system of 16 MB; what it reports."""

    def run(scenario):
        script = tmp_path / "scenario.py"
        lines = "\n".join(f"    {line}" for line in scenario.strip().splitlines())
        script.write_text(SCENARIO.replace("    SCENARIO", lines))
        (tmp_path / "disk").mkdir()
        mounted = 'mount -t tmpfs -o size=16m,nr_inodes=400 tmpfs "$0" && cd "$0" && exec "$@"'
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount"]
            + ["sh", "-c", mounted, tmp_path / "disk", sys.executable, script],
            env={**os.environ, "PYTHONPATH": str(FIXTURES)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


APPLY = """
run = new_run({hcl!r})
assert await end_of(plan, run) == ""
return report(run, await end_of(apply, run))
"""


def test_what_is_kept_free_saves_the_state_of_an_apply_that_fills_the_disk(on_a_small_disk):
    found = on_a_small_disk(APPLY.format(hcl=FILLED.replace("FILL", ONCE)))
    assert (found["error"], found["status"]) == ("", "applied")
    assert sorted(found["state"]) == ["fill", "first", "last"]
    assert "[tfmfa_nb] The disk was full. Lines of Terraform's output may be missing here." in found["log"].splitlines()
    assert "Apply complete!" in found["log"]


def test_a_disk_that_stays_full_is_named_and_what_to_do(on_a_small_disk):
    found = on_a_small_disk(APPLY.format(hcl=FILLED.replace("FILL", FOR_GOOD)))
    assert found["error"].startswith("TerraformFailed: The disk of ")
    assert "was full during the apply: the log is incomplete and the state may not have been saved." in found["error"]
    assert "do not apply again before the state has what exists in AWS" in found["error"]
    assert "`terraform import` takes in what the state lacks" in found["error"]
    # Whether Terraform can still create the file is a matter of milliseconds.
    assert found["state"] in {"JSONDecodeError", "FileNotFoundError"}
    assert ("terraform.tfstate is incomplete." in found["error"]) == (found["state"] == "JSONDecodeError")
    assert "Nothing was changed" not in found["error"]
    assert found["status"] == "errored"


def test_too_little_room_is_told_before_the_plan(on_a_small_disk):
    found = on_a_small_disk("""
run = new_run('resource "terraform_data" "one" {}')
fill("filler", 5 << 20)
return report(run, await end_of(plan, run))
""")
    assert found["error"].startswith("ConfigurationError: The disk of ")
    assert re.search(r"has [345] MB free, and at least [89] MB are needed to save the state and", found["error"])
    assert "Terraform will perform" not in found["log"]


def test_too_little_room_is_told_before_anybody_is_asked_and_the_plan_waits(on_a_small_disk):
    found = on_a_small_disk("""
run, device = new_run('resource "terraform_data" "one" {}'), Device(None)
assert await end_of(plan, run) == ""
fill("filler", 4 << 20)
first = report(run, await end_of(apply, run, device, confirm=True))
asked = list(device.asked)
os.unlink("filler")
return {**first, "asked": asked, "then": [await end_of(apply, run, device, confirm=True), run.status]}
""")
    assert re.search(r"has [345] MB free, and at least [89] MB are needed to save the state and", found["error"])
    assert (found["status"], found["asked"], found["then"]) == ("planned", [], ["", "applied"])


WHILE_ASKED = """
class Meanwhile(Device):
    async def ask(self, request, **_):
        FILL
        return await super().ask(request)

    confirm = ask

sandbox = Sandbox.start(Path(tempfile.mkdtemp()), user_may_act=True)
os.environ.update(sandbox.environ())
run = new_run('resource "terraform_data" "one" {}')
assert await end_of(plan, run) == ""
run.driver.adjust(Options(level=LEVEL))
first = report(run, await end_of(apply, run, Meanwhile(sandbox), confirm=True))
codes = [call["action"] for call in sandbox.calls()].count("GetSessionToken")
sandbox.stop()
return {**first, "codes": codes}
"""


@pytest.mark.parametrize("level", ["Level.APPLIES_ONLY", "Level.NEVER"])
@pytest.mark.parametrize(
    ("fill", "said"),
    [
        ('fill("filler", 1 << 20)', r"has [01] MB free, and at least [89] MB are needed"),
        ('fill_with_files("fillers")', r"can take 0 more files, and at least 64 are needed"),
    ],
)
def test_a_disk_that_fills_while_the_prompt_is_open_costs_neither_the_code_nor_the_plan(
    on_a_small_disk, level, fill, said
):
    found = on_a_small_disk(WHILE_ASKED.replace("FILL", fill).replace("LEVEL", level))
    assert re.search(said, found["error"])
    assert (found["status"], found["codes"]) == ("planned", 0)
