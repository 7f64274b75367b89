"""The environment's lock around real runs: whose it is, from which moment, and until when."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from device import Device

from tfmfa_nb.environments import Environment, EnvironmentLock
from tfmfa_nb.model.errors import EnvironmentLocked
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

DAEMON = """
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "sleep 60 >/dev/null 2>&1 </dev/null & echo $! > daemon.pid"
  }
}
"""


def new_run(folder, hcl='resource "terraform_data" "one" {}', **options):
    environment = Environment.named("locked", folder)
    environment.write_configuration(hcl, overwrite=True)
    return Run(environment, Options(**options), folder)


def gate():
    return Gate(Device(None), os.environ)


async def test_an_apply_directly_after_its_plan_never_meets_the_plan_s_lock(tmp_path):
    for number in range(8):
        run = new_run(tmp_path, f'resource "terraform_data" "one" {{\n  input = "{number}"\n}}')
        await plan(run.driver, gate())
        await apply(run.driver, gate())
        assert run.status == "applied"


@pytest.mark.parametrize("phase", [plan, apply])
async def test_an_environment_that_is_locked_says_so_at_once(tmp_path, phase):
    run = new_run(tmp_path)
    if phase is apply:
        await plan(run.driver, gate())
    with (
        await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="apply, run-other"),
        pytest.raises(EnvironmentLocked, match="apply, run-other"),
    ):
        await phase(run.driver, gate())
    assert not any(note.startswith("Waiting") for note in run.notes)


async def test_what_an_apply_left_running_does_not_keep_the_environment_locked(tmp_path):
    run = new_run(tmp_path, DAEMON)
    await plan(run.driver, gate())
    await apply(run.driver, gate())
    daemon = int((run.driver.environment.folder / "daemon.pid").read_text())
    try:
        os.kill(daemon, 0)
        (await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="plan")).release()
    finally:
        os.kill(daemon, 9)


SLOW = """
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "touch begun; while ! [ -e go-on ]; do sleep 0.1; done"
  }
}
"""


async def begun(task, folder):
    while not (folder / "begun").exists():
        assert not task.done()
        await asyncio.sleep(0.05)


KERNEL = """
import asyncio, os
from pathlib import Path
from tfmfa_nb.environments import Environment
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.run import Run

async def go():
    run = Run(Environment.named("locked", Path.cwd()), Options(), Path.cwd())
    await plan(run.driver, Gate(None, os.environ))
    await apply(run.driver, Gate(None, os.environ))

asyncio.run(go())
"""


async def test_what_an_apply_without_a_kernel_left_running_does_not_keep_it_locked_either(tmp_path):
    run = new_run(tmp_path, SLOW.replace('done"', 'done; sleep 60 >/dev/null 2>&1 </dev/null & echo $! > daemon.pid"'))
    folder = run.driver.environment.folder
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL], cwd=tmp_path)
    while not (folder / "begun").exists():
        assert kernel.poll() is None
        await asyncio.sleep(0.05)
    kernel.kill()
    kernel.wait()
    with pytest.raises(EnvironmentLocked):
        await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="plan")
    (folder / "go-on").touch()
    (await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="plan", timeout=20)).release()
    os.kill(int((folder / "daemon.pid").read_text()), signal.SIGKILL)
