"""Terraform's own word stops what a reader of the text has missed, and what was planned under a weaker policy."""

import pytest
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.ports import InstalledTerraform, Ports
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.role_chains import Findings

WITH_OWN_KEY = """
module "inner" {{
  source = "./inner"
}}
"""
INNER = """
provider "aws" {{
  access_key = "{key}"
  secret_key = "{secret}"
}}
resource "aws_ssm_parameter" "one" {{
  name  = "/saved/one"
  type  = "String"
  value = "1"
}}
"""


class BlindTerraform(InstalledTerraform):
    """Real Terraform, and a reader that misses everything."""

    def inspect(self, _configuration, **_how):
        return Findings()


@pytest.fixture
def run(tmp_path, lenient_sandbox):
    """A run whose module has the person's long-term key in its provider block."""
    found = lenient_sandbox.environ()
    environment = Environment.named("saved", tmp_path)
    environment.write_configuration(WITH_OWN_KEY.format())
    inner = environment.folder / "inner"
    inner.mkdir()
    text = INNER.format(key=found["AWS_ACCESS_KEY_ID"], secret=found["AWS_SECRET_ACCESS_KEY"])
    (inner / "main.tf").write_text(text)
    return Run(environment, Options(), tmp_path, ports=Ports(terraform=BlindTerraform()))


async def test_what_the_reader_missed_is_refused_before_the_apply_and_before_a_code(run, lenient_sandbox, gate_of):
    run.driver.environment.set_level(Level.APPLIES_ONLY)
    device = Device(lenient_sandbox)
    gate = gate_of(lenient_sandbox, device)
    await plan(run.driver, gate)
    with pytest.raises(MfaBypass, match=r"module\.inner\.aws sets `access_key`"):
        await apply(run.driver, gate)
    assert device.asked == []
    assert (run.status, run.lock_indicator) == ("planned", "failed")
    assert "PutParameter" not in calls_without_mfa(lenient_sandbox)


async def test_such_a_plan_is_not_shown_as_authenticated(run, lenient_sandbox, gate_of):
    run.driver.environment.set_level(Level.PLANS_AND_APPLIES)
    with pytest.raises(MfaBypass, match="access_key"):
        await plan(run.driver, gate_of(lenient_sandbox, Device(lenient_sandbox)))
    assert (run.status, run.lock_indicator, run.authenticated_by) == ("errored", "failed", "")
    results = [line["result"] for line in run.driver.store.trail.lines() if line["event"] == "mfa"]
    assert results == ["authenticated", "bypassed"]
    assert not run.driver.store.has_plan


@pytest.mark.thorough
async def test_a_plan_made_at_never_and_taken_up_by_another_kernel_is_inspected(
    run, lenient_sandbox, gate_of, tmp_path
):
    device = Device(lenient_sandbox)
    gate = gate_of(lenient_sandbox, device)
    await plan(run.driver, gate)
    environment = run.driver.environment
    environment.set_level(Level.APPLIES_ONLY)
    again = Run(environment, Options(), tmp_path, record=run.driver.record, ports=run.driver.ports)
    again.driver.restore_changes()
    with pytest.raises(MfaBypass, match="access_key"):
        await apply(again.driver, gate)
    assert device.asked == []
    assert "PutParameter" not in calls_without_mfa(lenient_sandbox)
