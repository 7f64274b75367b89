"""Every runbook in notebooks/, executed against the sandbox with the real provider."""

import json
import os

import pytest
from deploy_roles import add_roles
from runbooks import DEVICE, NOTEBOOKS, code_cells, jupyter_tfmfa, states, texts

from tfmfa_nb.model.errors import RunbookFailed
from tfmfa_nb.runbooks.execution import execute
from tfmfa_nb.runbooks.verify import verify

WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
ACCOUNT = "123456789012"


@pytest.fixture
def environ_of(provider, policy):
    def make(sandbox):
        return {**os.environ, **sandbox.environ(), **provider, **policy, "TFMFA_TOKEN_COMMAND": DEVICE}

    return make


async def run(name, folder, environ, *parameters, **options):
    output = folder / f"{name}.ipynb"
    pairs = tuple(zip(parameters[::2], parameters[1::2], strict=True))
    await execute(NOTEBOOKS / output.name, output, environ=environ, say=lambda _: None, parameters=pairs, **options)
    assert all(check.passed for check in verify(output)), verify(output)
    return output


def parameters_in(sandbox):
    ssm = sandbox.client("ssm")
    return {
        one["Name"]: ssm.get_parameter(Name=one["Name"], WithDecryption=True)["Parameter"]["Value"]
        for page in ssm.get_paginator("describe_parameters").paginate()
        for one in page["Parameters"]
    }


def test_outputs_are_stripped_in_version_control():
    for path in NOTEBOOKS.glob("*.ipynb"):
        for cell in code_cells(path):
            assert (cell.outputs, cell.execution_count) == ([], None), path.name
    assert len(list(NOTEBOOKS.glob("*.ipynb"))) >= 6


@pytest.mark.thorough
async def test_applies_only_requires_a_code_for_the_apply_only(tmp_path, lenient_sandbox, environ_of):
    sandbox = lenient_sandbox
    # What this level is for: reading is allowed without MFA, changing is not.
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    denied = {"Effect": "Deny", "Action": ["ssm:PutParameter"], "Resource": "*", "Condition": without}
    sandbox.client("iam").put_user_policy(
        UserName="alice",
        PolicyName="no-change-without-mfa",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denied]}),
    )
    await run("applies-only", tmp_path, environ_of(sandbox), "maintenance", "on", stop_after="applied")
    assert parameters_in(sandbox) == {"/app/maintenance": "on"}
    calls = sandbox.calls()
    assert sum(call["action"] == "GetSessionToken" for call in calls) == 1
    assert {call["mfa"] for call in calls if call["action"] == "PutParameter"} == {True}


@pytest.mark.thorough
async def test_two_accounts_use_the_chain_and_the_alias(tmp_path, sandbox, environ_of):
    output = await run("two-accounts", tmp_path, environ_of(sandbox), "release", "3.0.0")
    made = {call["identity"].split("/")[1] for call in sandbox.calls() if call["action"] == "PutParameter"}
    assert made == {"deploy-prod", "audit"}
    # The clean-up required its own codes.
    assert parameters_in(sandbox) == {}
    assert sum(call["action"] == "GetSessionToken" for call in sandbox.calls()) == 4
    assert states(output) == ["done"] * len(states(output))


@pytest.mark.thorough
async def test_a_rotated_key_is_new_and_not_in_the_notebook(tmp_path, sandbox, environ_of):
    iam = sandbox.client("iam")
    iam.create_user(UserName="ci-release")
    environ = environ_of(sandbox)
    found = []
    for _ in range(2):
        output = await run("rotate-access-key", tmp_path, environ)
        (key,) = iam.list_access_keys(UserName="ci-release")["AccessKeyMetadata"]
        kept = parameters_in(sandbox)
        assert kept["/machine-users/ci-release/access-key-id"] == key["AccessKeyId"]
        assert kept["/machine-users/ci-release/secret-access-key"] not in output.read_text()
        assert key["AccessKeyId"] in texts(code_cells(output)[-1])
        found.append(key["AccessKeyId"])
    assert found[0] != found[1]


@pytest.mark.thorough
async def test_drift_fails_the_check_and_the_environment_is_destroyed(tmp_path, sandbox, environ_of):
    environ = environ_of(sandbox)
    await run("plan-and-apply", tmp_path, environ)
    await run("drift-check", tmp_path, environ, plan_only=True, environment="demo")
    sandbox.client("ssm").put_parameter(Name="/demo/release", Value="by hand", Overwrite=True)
    with pytest.raises(RunbookFailed, match=r"assertion failed: Changed outside Terraform: aws_ssm_parameter\.rel"):
        await run("drift-check", tmp_path, environ, plan_only=True, environment="demo")
    assert parameters_in(sandbox)["/demo/release"] == "by hand"
    # Its gates, then the destruction.
    refused = jupyter_tfmfa("run", NOTEBOOKS / "destroy.ipynb", "-o", tmp_path / "destroy.ipynb", environ=environ)
    assert refused.returncode == 4
    assert "To destroy demo, set confirm to its name" in refused.stderr
    await run("destroy", tmp_path, environ, "confirm", "demo", "max_destroys", "3", environment="demo")
    assert parameters_in(sandbox) == {}
    assert sandbox.client("sns").list_topics()["Topics"] == []


@pytest.mark.thorough
async def test_break_glass_records_its_reason_and_cleans_up(tmp_path, sandbox, environ_of):
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {**WITH_MFA, "NumericLessThan": {"aws:MultiFactorAuthAge": "300"}},
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = sandbox.client("iam")
    iam.create_role(
        RoleName="break-glass",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(
        RoleName="break-glass",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    environ = environ_of(sandbox)
    with pytest.raises(RunbookFailed, match="Set ticket to the ticket's ID"):
        await run("break-glass", tmp_path, environ)
    assert not any(call["action"] == "GetSessionToken" for call in sandbox.calls())
    output = await run("break-glass", tmp_path, environ, "ticket", "OPS-7", "reason", "the queue is stuck")
    assert parameters_in(sandbox) == {}
    made = [call["identity"] for call in sandbox.calls() if call["action"] == "PutParameter"]
    assert made
    assert all("assumed-role/break-glass/break-glass-OPS-7" in identity for identity in made)
    assert "the queue is stuck" in output.read_text()


@pytest.mark.thorough
async def test_an_agent_plans_and_a_person_applies(tmp_path, sandbox, environ_of):
    output = await run("agent", tmp_path, environ_of(sandbox))
    said = texts(code_cells(output)[-1])
    assert "was planned by agent" in said
    assert "applied by alice" in said
    assert sum(call["action"] == "GetSessionToken" for call in sandbox.calls()) == 1


@pytest.mark.thorough
async def test_a_fleet_of_twelve_environments_over_six_roles_needs_one_code_for_each_phase(
    tmp_path, sandbox, environ_of
):
    add_roles(sandbox, *(f"fleet-{number}" for number in range(6)))
    output = await run("fleet", tmp_path, environ_of(sandbox), "release", "3.0.0")
    assert "12 environments in 6 roles, authenticated by alice" in texts(code_cells(output)[-1])
    assert parameters_in(sandbox) == {f"/team-{number}/release": "3.0.0" for number in range(12)}
    calls = sandbox.calls()
    assert [call["action"] for call in calls].count("GetSessionToken") == 2
    made = [call["identity"].split("/")[1] for call in calls if call["action"] == "PutParameter"]
    assert sorted(made) == sorted([f"fleet-{number}" for number in range(6)] * 2)
    assert states(output) == ["done"] * len(states(output))
