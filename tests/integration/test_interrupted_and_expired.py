"""What ends a run from outside: an interrupt at an unusual moment, another workspace, and a session that expires."""

import asyncio
import json
import os
import shutil
import time
from contextlib import nullcontext

import pytest
from device import Device
from kernels import Kernel

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.summary import summary_bundle

ONE = 'resource "terraform_data" "one" {}\n'


def test_an_interrupt_while_terraform_shows_the_plan_says_what_was_interrupted(tmp_path):
    """The plan has ended; the cell waits for its changes."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    real = shutil.which("terraform")
    waits = "touch showing; until [ -e go-on ]; do sleep 0.1; done"
    program.write_text(f'#!/bin/sh\nif [ "$1" = show ]; then {waits}; fi\nexec {real} "$@"\n')
    program.chmod(0o755)
    kernel = Kernel(tmp_path, {"PATH": f"{program.parent}:{os.environ['PATH']}"})
    try:
        assert kernel.run("%load_ext tfmfa_nb") == ("", "")
        cell = kernel.start(f"%%tfplan -e head\n{ONE}")
        deadline = time.monotonic() + 30
        while not (tmp_path / "head" / "showing").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        kernel.interrupt()
        _, error = kernel.ended(cell)
        assert error == (
            "RunCanceled: The cell was interrupted after the plan had ended: the run is planned. The plan is still "
            "pending: apply it with %tfapply."
        )
        (tmp_path / "head" / "go-on").touch()
        assert "head: Applied" in kernel.run("%tfapply -e head")[0]
    finally:
        kernel.stop()


async def test_what_a_failed_apply_has_destroyed_is_said_and_so_is_what_it_has_not(tmp_path):
    """At three in the morning, nobody looks for it below."""
    hcl = """
    resource "terraform_data" "web" {
      triggers_replace = SIZE
      provisioner "local-exec" { command = "exit FAILS" }
    }
    """
    environment = Environment.named("head", tmp_path)
    for size, fails, more in ((1, 0, 'resource "terraform_data" "old" {}\n'), (2, 1, "")):
        environment.write_configuration(hcl.replace("SIZE", str(size)).replace("FAILS", str(fails)) + more)
        run = Run(environment, Options(), tmp_path)
        await plan(run.driver, Gate(Device(None), os.environ))
        await run.wait_for_changes()
        with pytest.raises(TerraformFailed) if fails else nullcontext():
            await apply(run.driver, Gate(Device(None), os.environ))
    kept = restore(environment, run.id, tmp_path, os.environ, Gate(Device(None), os.environ).policy)
    for each in (run, kept):
        text = summary_bundle(each)["text/plain"]
        assert "terraform_data.old was destroyed: no longer in the configuration" in text
        assert "terraform_data.web was destroyed, and could not be re-created: triggers_replace forces" in text
        assert "will be destroyed" not in text.partition("Log")[0]


async def test_a_plan_is_not_applied_to_another_workspace(tmp_path):
    """Terraform itself would do it: the changes would land in the state of the workspace that is selected."""
    environment = Environment.named("head", tmp_path)
    environment.write_configuration(ONE)
    run = Run(environment, Options(), tmp_path)
    await plan(run.driver, Gate(Device(None), os.environ))
    select = ("terraform", "workspace")
    chosen = await asyncio.create_subprocess_exec(*select, "new", "prod", cwd=environment.folder)
    assert await chosen.wait() == 0
    policy = Gate(Device(None), os.environ).policy
    for each in (run, restore(environment, run.id, tmp_path, os.environ, policy)):
        with pytest.raises(ConfigurationError) as caught:
            await apply(each.driver, Gate(Device(None), os.environ))
        assert caught.value.problem == (
            'The plan was made in the workspace "default", and "prod" is selected now: its changes would land in the '
            "state of that workspace."
        )
        assert each.status == "planned"
    assert not (environment.folder / "terraform.tfstate.d" / "prod" / "terraform.tfstate").exists()
    chosen = await asyncio.create_subprocess_exec(*select, "select", "default", cwd=environment.folder)
    assert await chosen.wait() == 0
    await apply(run.driver, Gate(Device(None), os.environ))
    assert run.status == "applied"


EXPIRES = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch begun; for i in $(seq 400); do sleep 0.1; [ -e go-on ] && break; done"
  }
}
resource "aws_ssm_parameter" "one" {
  depends_on = [terraform_data.slow]
  name       = "/expires/one"
  type       = "String"
  value      = "1"
}
"""


@pytest.mark.thorough
async def test_a_session_that_expires_in_an_apply_is_told_with_its_remedy(tmp_path, sandbox, gate_of):
    environment = Environment.named("head", tmp_path)
    environment.write_configuration(EXPIRES)
    environment.set_level(Level.APPLIES_ONLY)
    run, gate = Run(environment, Options(), tmp_path), gate_of(sandbox, Device(sandbox))
    await plan(run.driver, gate)
    applying = asyncio.create_task(apply(run.driver, gate))
    while not (environment.folder / "begun").exists():
        assert not applying.done()
        await asyncio.sleep(0.05)
    sandbox.expire()
    (environment.folder / "go-on").touch()
    with pytest.raises(TerraformFailed, match="ended with exit code 1") as caught:
        await applying
    assert caught.value.remedy.startswith("The session expired during the apply. Finished changes are in the state.")
    assert "%config TfmfaMagics.session_duration" in caught.value.remedy
    state = json.loads((environment.folder / "terraform.tfstate").read_text())
    assert [each["name"] for each in state["resources"]] == ["slow"]
