"""How long a role's session may be, by the real provider: what is let through works, and AWS refuses the rest too."""

import subprocess

import pytest
from device import Device
from variants import first_of

from tfmfa_nb.authentication.mfa_session import get_session
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.executable import find_executable

DEPLOY = "arn:aws:iam::123456789012:role/deploy"
PROD = f"{DEPLOY}-prod"
HCL = """provider "aws" {
  ROLES
}
data "aws_caller_identity" "me" {}
"""


def block(role, duration):
    lines = [f'role_arn = "{role}"', *([f'duration = "{duration}"'] if duration else [])]
    return "assume_role {\n" + "".join(f"    {line}\n" for line in lines) + "  }"


def hcl(*hops):
    return HCL.replace("ROLES", "\n  ".join(block(*hop) for hop in hops))


@pytest.fixture
def long_roles(sandbox):
    """The sandbox, whose roles allow sessions of twelve hours."""
    iam = sandbox.client("iam")
    for role in ("deploy", "deploy-prod"):
        iam.update_role(RoleName=role, MaxSessionDuration=43_200)
    return sandbox


def new_run(tmp_path, text):
    environment = Environment.named("it", tmp_path)
    environment.write_configuration(text)
    return Run(environment, Options(level=Level.PLANS_AND_APPLIES), tmp_path)


@pytest.mark.thorough
async def test_an_hour_works_at_every_hop(tmp_path, long_roles, gate_of):
    run = new_run(tmp_path, hcl((DEPLOY, "60m"), (PROD, "3600s")))
    await plan(run.driver, gate_of(long_roles, Device(long_roles)))
    assert run.status == "planned_and_finished"
    calls = [call for call in long_roles.calls() if call["action"] == "AssumeRole"]
    assert {call["role_arn"] for call in calls} == {DEPLOY, PROD}
    assert all(call["allowed"] for call in calls)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("hops", "line"), first_of([([(DEPLOY, "2h")], 3), ([(DEPLOY, "3601s")], 3), ([(DEPLOY, ""), (PROD, "61m")], 6)])
)
async def test_more_than_an_hour_is_refused_before_a_code_as_aws_refuses_it(tmp_path, long_roles, gate_of, hops, line):
    device = Device(long_roles)
    gate = gate_of(long_roles, device)
    run = new_run(tmp_path, hcl(*hops))
    with pytest.raises(RoleRefused, match=rf"main\.tf:{line}: .* is too long") as caught:
        await plan(run.driver, gate)
    assert 'Set duration = "3600s"' in caught.value.remedy
    assert device.asked == []
    assert not {"AssumeRole", "GetSessionToken"} & {call["action"] for call in long_roles.calls()}
    assert refused_by_aws(run.driver.environment.folder, await session_environ(gate, device))


async def session_environ(gate, device):
    """Terraform's environment with an MFA session that lasts longer than any of the roles."""
    keys = [gate.environ[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "MFA_SERIAL_NUMBER")]
    session = await get_session(
        keys[0],
        Secret(keys[1]),
        keys[2],
        await device.ask(None),
        duration_seconds=43_200,
        endpoint=Endpoint("eu-west-1", gate.environ["AWS_ENDPOINT_URL"]),
    )
    return {**gate.environ, **session.environ()}


def refused_by_aws(folder, environ):
    """Whether the provider is refused the role for the duration of its session."""
    terraform = find_executable(environ).command
    subprocess.run([*terraform, "init", "-no-color"], cwd=folder, env=environ, check=True, capture_output=True)
    command = [*terraform, "plan", "-no-color", "-input=false"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    text = " ".join(done.stderr.replace("│", " ").split())
    return done.returncode == 1 and "exceeds the 1 hour session limit for roles assumed by role chaining" in text
