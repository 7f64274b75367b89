"""The three levels against the strict sandbox: a two-hop role chain and an alias, by the sandbox's own log."""

import json

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused, RunStateError, TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate import default_credentials
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

CHAINED = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "account" {
  default = "123456789012"
}
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::${var.account}:role/deploy"
  }
  assume_role {
    role_arn     = "arn:aws:iam::${var.account}:role/deploy-prod"
    session_name = "second-hop"
  }
}
provider "aws" {
  alias = "audit"
  assume_role {
    role_arn = "arn:aws:iam::${var.account}:role/audit"
  }
}
resource "aws_ssm_parameter" "one" {
  name  = "/levels/one"
  type  = "String"
  value = "1"
}
resource "aws_ssm_parameter" "two" {
  provider = aws.audit
  name     = "/levels/two"
  type     = "String"
  value    = "2"
}
output "one" {
  value = aws_ssm_parameter.one.name
}
"""

PLAIN = """
resource "aws_ssm_parameter" "one" {
  name  = "/levels/one"
  type  = "String"
  value = "1"
}
"""


def new_run(tmp_path, hcl, level, **options):
    environment = Environment.named("levels", tmp_path)
    environment.write_configuration(hcl)
    environment.set_level(level)
    return Run(environment, Options(**options), tmp_path)


def actions(sandbox, *names):
    return [call for call in sandbox.calls() if call["action"] in names]


async def test_plans_and_applies_asks_before_each_and_every_role_sees_mfa(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, CHAINED, Level.PLANS_AND_APPLIES)
    await plan(run.driver, gate_of(sandbox, device))
    assert [request.phase for request in device.asked] == ["plan"]
    assert run.status == "planned"
    assert run.plan.creates == ("aws_ssm_parameter.one", "aws_ssm_parameter.two")
    assert run.authenticated_by == "alice"
    await apply(run.driver, gate_of(sandbox, device))
    assert [request.phase for request in device.asked] == ["plan", "apply"]
    assert device.asked[1].identity.user == "alice"
    assert run.status == "applied"
    assert run.outputs == {"one": "/levels/one"}
    assert run.log_text().count("Authenticated with MFA by alice") == 2
    assert len(actions(sandbox, "GetSessionToken")) == 2
    roles = {call["role_arn"].rpartition("/")[2] for call in actions(sandbox, "AssumeRole") if call["allowed"]}
    assert roles == {"deploy", "deploy-prod", "audit"}
    assert all(call["allowed"] and call["mfa"] for call in actions(sandbox, "AssumeRole"))
    made = actions(sandbox, "PutParameter")
    assert sorted(call["identity"].split("/")[1] for call in made) == ["audit", "deploy-prod"]


@pytest.mark.thorough
async def test_applies_only_plans_without_a_code(tmp_path, lenient_sandbox, gate_of):
    device = Device(lenient_sandbox)
    run = new_run(tmp_path, PLAIN, Level.APPLIES_ONLY)
    await plan(run.driver, gate_of(lenient_sandbox, device))
    assert device.asked == []
    assert run.status == "planned"
    assert actions(lenient_sandbox, "GetSessionToken") == []
    await apply(run.driver, gate_of(lenient_sandbox, device))
    assert [request.phase for request in device.asked] == ["apply"]
    assert run.status == "applied"
    (put,) = actions(lenient_sandbox, "PutParameter")
    assert put["mfa"]


@pytest.mark.thorough
async def test_never_makes_no_mfa_call(tmp_path, lenient_sandbox, gate_of):
    device = Device(lenient_sandbox)
    run = new_run(tmp_path, PLAIN, Level.NEVER)
    await plan(run.driver, gate_of(lenient_sandbox, device))
    await apply(run.driver, gate_of(lenient_sandbox, device))
    assert run.status == "applied"
    assert device.asked == []
    assert actions(lenient_sandbox, "GetSessionToken", "AssumeRole") == []
    assert not any(call["mfa"] for call in lenient_sandbox.calls())


@pytest.mark.thorough
async def test_never_is_refused_by_roles_that_demand_mfa(tmp_path, sandbox, gate_of):
    run = new_run(tmp_path, CHAINED, Level.NEVER)
    with pytest.raises(
        TerraformFailed, match=r"main\.tf:\d+: Cannot assume IAM Role arn:aws:iam::123456789012:role/"
    ) as caught:
        await plan(run.driver, gate_of(sandbox, Device(sandbox)))
    assert '%tfmfa level "plans and applies" -e ' in caught.value.remedy
    assert run.status == "errored"
    assert "AccessDenied" in "\n".join(run.log_text())


@pytest.mark.thorough
async def test_a_refused_code_asks_again_and_loses_nothing(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, CHAINED, Level.PLANS_AND_APPLIES)
    locks, sentences = [], set()
    run.observe(lambda change: locks.append(change["new"]), "lock_indicator")
    run.observe(
        lambda _: sentences.add((run.lock_indicator, run.lock_indicator_text)),
        ["lock_indicator", "lock_indicator_text", "lock_indicator_remedy"],
    )
    await plan(run.driver, gate_of(sandbox, device))
    device.wrong = ["000000", "abc", device.given[-1]]
    await apply(run.driver, gate_of(sandbox, device))
    assert run.status == "applied"
    refusals = [str(request.refusal.kind) for request in device.asked[1:] if request.refusal]
    assert len(refusals) == 3
    assert locks.count("failed") == 3
    assert locks[-1] == "authenticated"
    # No view ever saw one state with another's words.
    assert {lock for lock, text in sentences if text.startswith("Authenticated with MFA")} == {"authenticated"}
    assert {text for lock, text in sentences if lock == "verifying"} == {"Asking AWS…"}


@pytest.mark.thorough
async def test_a_level_lowered_after_the_plan_does_not_weaken_the_run(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, CHAINED, Level.PLANS_AND_APPLIES)
    await plan(run.driver, gate_of(sandbox, device))
    run.driver.environment.set_level(Level.NEVER)
    await apply(run.driver, gate_of(sandbox, device))
    assert len(device.asked) == 2


@pytest.mark.thorough
async def test_a_role_that_cannot_be_assumed_stops_before_terraform(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, CHAINED.replace("role/audit", "role/missing"), Level.PLANS_AND_APPLIES)
    with pytest.raises(RoleRefused, match="role/missing"):
        await plan(run.driver, gate_of(sandbox, device))
    assert run.lock_indicator == "failed"
    states = {hop["arn"].rpartition("/")[2]: hop["state"] for role in run.roles for hop in role["hops"]}
    assert states == {"deploy": "assumed", "deploy-prod": "assumed", "missing": "refused"}
    assert not any("Terraform will perform" in line for line in run.log_text())


@pytest.mark.thorough
async def test_a_plan_that_was_changed_on_disk_is_not_applied(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, CHAINED, Level.PLANS_AND_APPLIES)
    await plan(run.driver, gate_of(sandbox, device))
    _ = run.plan
    with run.driver.store.files.plan.open("ab") as file:
        file.write(b"x")
    with pytest.raises(RunStateError, match="not the one that was shown"):
        await apply(run.driver, gate_of(sandbox, device))
    assert len(device.asked) == 1


@pytest.mark.thorough
async def test_records_and_the_saved_plan(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, CHAINED, Level.PLANS_AND_APPLIES)
    await plan(run.driver, gate_of(sandbox, device))
    folder = run.driver.store.files.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert run.driver.store.files.plan.stat().st_mode & 0o777 == 0o600
    await apply(run.driver, gate_of(sandbox, device))
    assert not run.driver.store.files.plan.exists()
    assert run.driver.store.trail.broken_at() is None
    events = [json.loads(line) for line in run.driver.store.trail.path.read_text().splitlines()]
    assert [e.get("result") or e.get("status") or e["event"] for e in events] == [
        "phase",
        "authenticated",
        "planning",
        "planned",
        "phase",
        "authenticated",
        "confirmed",
        "applying",
        "applied",
    ]
    first = next(event for event in events if event["event"] == "mfa")
    assert first["user"].endswith("user/alice")
    assert any(arn.endswith("role/deploy-prod") for arn in first["roles"])


async def test_a_person_s_own_key_is_not_held_while_they_think(tmp_path, sandbox, gate_of, monkeypatch):
    order = []
    taken = default_credentials.long_term_key

    async def spy(environ):
        order.append("key")
        return await taken(environ)

    class Thinks(Device):
        async def confirm(self, question, **_):
            order.append("asked")
            return await super().confirm(question)

    monkeypatch.setattr(default_credentials, "long_term_key", spy)
    run = new_run(tmp_path, 'resource "terraform_data" "one" {}\n', Level.NEVER)
    gate = gate_of(sandbox, Thinks(sandbox))
    await plan(run.driver, gate)
    await apply(run.driver, gate, confirm=True)
    assert (run.status, order) == ("applied", ["key", "asked", "key"])
