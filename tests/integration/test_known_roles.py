"""Roles by the session's account and by the phase, with the real provider: checked before Terraform assumes them."""

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

HCL = """
provider "aws" {
}
data "aws_caller_identity" "me" {}
data "aws_partition" "here" {}
locals {
  account = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.me.account_id}"
}
provider "aws" {
  alias = "it"
  assume_role {
    role_arn = "${local.account}:role/${terraform.applying ? "deploy" : "audit"}"
  }
}
resource "aws_ssm_parameter" "one" {
  provider = aws.it
  name     = "/known/one"
  type     = "String"
  value    = "1"
}
"""
DEPLOY, AUDIT = (f"arn:aws:iam::123456789012:role/{name}" for name in ("deploy", "audit"))


@pytest.mark.thorough
async def test_each_phase_s_own_role_is_checked_before_terraform_assumes_it(tmp_path, sandbox, gate_of):
    environment = Environment.named("known", tmp_path)
    environment.write_configuration(HCL)
    environment.set_level(Level.PLANS_AND_APPLIES)
    run = Run(environment, Options(), tmp_path)
    gate = gate_of(sandbox, Device(sandbox))

    def assumed(since=0):
        """The roles in the order in which they were assumed, ours first."""
        calls = [call for call in sandbox.calls()[since:] if call["action"] == "AssumeRole"]
        assert all(call["allowed"] and call["mfa"] for call in calls)
        return [(call["role_arn"], "Terraform" in call["user_agent"]) for call in calls]

    await plan(run.driver, gate)
    assert run.status == "planned"
    assert [hop["arn"] for role in run.roles for hop in role["hops"]] == [AUDIT]
    assert any(note.endswith(f"aws.it assumes in the apply: {DEPLOY}.") for note in run.notes)
    assert assumed()[0] == (AUDIT, False)
    assert set(assumed()[1:]) == {(AUDIT, True)}
    before = len(sandbox.calls())
    await apply(run.driver, gate)
    assert run.status == "applied"
    assert any(note.endswith(f"aws.it assumes in the plan: {AUDIT}.") for note in run.notes)
    record = run.driver.store.load()
    recorded = [
        [hop.role_arn for chain in chains for hop in chain.hops] for chains in (record.chains, record.other_phase)
    ]
    assert recorded == [[DEPLOY], [AUDIT]]
    assert assumed(before)[0] == (DEPLOY, False)
    assert set(assumed(before)[1:]) == {(DEPLOY, True)}
