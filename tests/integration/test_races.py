"""Files that change while Terraform reads them, and change back: what was planned is not what was checked."""

import threading
import time
from pathlib import Path

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


def running(folder, *words):
    """Whether a process with these words works in a folder."""
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes()
            if all(word.encode() in line for word in words) and (process / "cwd").readlink() == folder:
                return True
        except OSError:
            continue
    return False


def swap(file, evil):
    """Put other content in a file from the start of the plan until the provider runs."""
    for text, words in ((evil, ("terraform\0plan\0",)), (file.read_text(), ("terraform-provider-aws",))):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not running(file.parent, *words):
            time.sleep(0.002)
        file.write_text(text)


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
    swapping = threading.Thread(target=swap, args=(locals_file, evil), daemon=True)
    swapping.start()
    with pytest.raises(MfaBypass, match=r"not made from what was checked: locals\.tf"):
        await plan(run.driver, gate_of(lenient_sandbox, Device(lenient_sandbox)))
    swapping.join(60)
    assert (run.status, run.lock_indicator, run.authenticated_by) == ("errored", "failed", "")
    assert not run.driver.store.has_plan
    assert "PutParameter" not in calls_without_mfa(lenient_sandbox)
    assert locals_file.read_text() == CLEAN
