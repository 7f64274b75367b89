"""The policies that `%tfmfa trust-policy` prints, with the real provider: the check before Terraform, and Terraform."""

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.trust_policies import trust_policies
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

ALICE = "arn:aws:iam::123456789012:user/alice"
HCL = """
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/mine"
    ARGUMENT
  }
}
data "aws_caller_identity" "me" {}
output "arn" {
  value = data.aws_caller_identity.me.arn
}
"""


async def planned(tmp_path, sandbox, gate, argument):
    environment = Environment.named("mine", tmp_path)
    environment.write_configuration(HCL.replace("ARGUMENT", argument))
    run = Run(environment, Options(level=Level.PLANS_AND_APPLIES), tmp_path)
    try:
        await plan(run.driver, gate)
    finally:
        calls = [call for call in sandbox.calls() if call.get("role_arn", "").endswith(":role/mine")]
    return run, calls


def role(sandbox, trust, permission):
    iam = sandbox.client("iam")
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=trust)
    iam.put_user_policy(UserName="alice", PolicyName="mine", PolicyDocument=permission)


def sessions(sandbox):
    """The names of the role's sessions whose identity Terraform asked for."""
    arns = {call["identity"] for call in sandbox.calls() if call["action"] == "GetCallerIdentity"}
    return {arn.rpartition("/")[2] for arn in arns if ":assumed-role/mine/" in arn}


@pytest.mark.thorough
async def test_the_default_works_with_an_ordinary_provider_block(tmp_path, sandbox, gate_of):
    found = trust_policies("mine", ALICE, 3600)
    role(sandbox, found.trust, found.permission)
    run, calls = await planned(tmp_path, sandbox, gate_of(sandbox, Device(sandbox)), "")
    assert run.status == "planned"
    assert len(calls) > 1
    assert all(call["allowed"] and call["mfa"] for call in calls)
    assert all(name.startswith("aws-go-sdk-") for name in sessions(sandbox))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.thorough
async def test_an_option_works_with_the_argument_that_it_names_and_is_refused_early_without(
    tmp_path, sandbox, gate_of, number
):
    option = trust_policies("mine", ALICE, 3600).stricter[number]
    role(sandbox, option.trust, option.permission)
    gate = gate_of(sandbox, Device(sandbox))
    with pytest.raises(RoleRefused, match=r"role/mine"):
        await planned(tmp_path, sandbox, gate, "")
    assert sessions(sandbox) == set()  # the check found it, before Terraform started
    run, calls = await planned(tmp_path, sandbox, gate, option.argument)
    assert run.status == "planned"
    assert [call["allowed"] for call in calls] == [False, *([True] * (len(calls) - 1))]
    assert len(calls) > 2
    assert sessions(sandbox) == {"alice"} or number == 1
