"""Files that change while Terraform reads them, and change back: what was planned is not what was checked."""

import shutil

import pytest
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

CLEAN = "locals {\n  keys = [null, null]\n}\n"
USES = """
provider "aws" {
  access_key = local.keys[0]
  secret_key = local.keys[1]
}
resource "aws_ssm_parameter" "one" {
  name  = "/race/one"
  type  = "String"
  value = "1"
}
"""


def swapping(folder, file, evil):
    """A Terraform that finds other content in a file while it plans."""
    (folder / "evil").write_text(evil)
    (folder / "clean").write_text(file.read_text())
    program = folder / "terraform"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = plan ] || exec {shutil.which("terraform")} "$@"\n'
        f'cp {folder}/evil {file}\n{shutil.which("terraform")} "$@"\ncode=$?\ncp {folder}/clean {file}\nexit $code\n'
    )
    program.chmod(0o755)
    return {"TFMFA_TERRAFORM": str(program)}


@pytest.mark.thorough
async def test_what_was_swapped_in_while_terraform_read_is_not_taken_for_what_was_checked(
    tmp_path, lenient_sandbox, gate_of
):
    environment = Environment.named("race", tmp_path)
    environment.write_configuration(USES)
    locals_file = environment.folder / "locals.tf"
    locals_file.write_text(CLEAN)
    environment.set_level(Level.PLANS_AND_APPLIES)
    run = Run(environment, Options(), tmp_path)
    found = lenient_sandbox.environ()
    evil = f'locals {{\n  keys = ["{found["AWS_ACCESS_KEY_ID"]}", "{found["AWS_SECRET_ACCESS_KEY"]}"]\n}}\n'
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox)).with_environ(swapping(tmp_path, locals_file, evil))
    with pytest.raises(MfaBypass, match=r"locals\.tf changed while Terraform ran"):
        await plan(run.driver, gate)
    assert (run.status, run.lock_indicator, run.authenticated_by) == ("errored", "failed", "")
    assert not run.driver.store.has_plan
    assert "PutParameter" not in calls_without_mfa(lenient_sandbox)
    assert locals_file.read_text() == CLEAN
