"""The environment's lock around real runs: whose it is, from which moment, and until when."""

import os
import time

import pytest
from device import Device

from tfmfa_nb.environments import Environment, EnvironmentLock
from tfmfa_nb.errors import EnvironmentLocked
from tfmfa_nb.runs.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.phases import apply, plan
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
        await plan(run, gate())
        await apply(run, gate())
        assert run.status == "applied"


@pytest.mark.parametrize("phase", [plan, apply])
async def test_an_environment_that_is_locked_says_so_at_once(tmp_path, phase):
    run = new_run(tmp_path)
    if phase is apply:
        await plan(run, gate())
    with await EnvironmentLock.acquire(run._environment.lock_path, purpose="apply, run-other"):
        began = time.monotonic()
        with pytest.raises(EnvironmentLocked, match="apply, run-other"):
            await phase(run, gate())
    assert time.monotonic() - began < 1


async def test_what_an_apply_left_running_does_not_keep_the_environment_locked(tmp_path):
    run = new_run(tmp_path, DAEMON)
    await plan(run, gate())
    await apply(run, gate())
    daemon = int((run._environment.folder / "daemon.pid").read_text())
    try:
        os.kill(daemon, 0)
        (await EnvironmentLock.acquire(run._environment.lock_path, purpose="plan")).release()
    finally:
        os.kill(daemon, 9)
