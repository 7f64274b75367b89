"""A new environment while MFA is switched on, and a role that is none: judged by what the sandbox was asked."""

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

HCL = 'resource "terraform_data" "one" {}\n'
NO_ROLE = 'provider "aws" {\n  region = "eu-west-1"\n  assume_role {\n    role_arn = "deploy"\n  }\n}\n'


@pytest.fixture
def gate(sandbox, gate_of):
    made = gate_of(sandbox, Device(sandbox))
    made.policy = read_policy(made.environ)
    return made


def run_of(tmp_path, name, hcl, level=Level.NEVER):
    return Run(Environment.named(name, tmp_path), Options(configuration=hcl, level=level), tmp_path)


def codes(sandbox):
    return [call["action"] for call in sandbox.calls()].count("GetSessionToken")


async def test_a_typing_error_makes_no_environment_without_a_code(tmp_path, sandbox, gate):
    Environment.named("staging", tmp_path).set_level(Level.PLANS_AND_APPLIES)
    run = run_of(tmp_path, "stagin", HCL)
    await plan(run.driver, gate)
    assert (run.level, codes(sandbox)) == ("applies only", 0)
    assert run.notes[0] == '"stagin" is a new environment. Did you mean "staging"?'
    assert 'the default holds: "applies only"' in run.notes[1]
    assert all(note in run.log_text() for note in run.notes)
    await apply(run.driver, gate)
    assert (run.status, run.authenticated_by, codes(sandbox)) == ("applied", "alice", 1)
    again = run_of(tmp_path, "stagin", HCL)
    await plan(again.driver, gate)
    assert (again.level, again.notes) == ("applies only", [])


async def test_never_that_somebody_has_set_stays(tmp_path, sandbox, gate):
    Environment.named("dev", tmp_path).set_level(Level.NEVER)
    run = run_of(tmp_path, "dev", HCL)
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    assert (run.status, run.level, run.notes, codes(sandbox)) == ("applied", "never", [], 0)


@pytest.mark.parametrize("level", [Level.APPLIES_ONLY, Level.PLANS_AND_APPLIES])
async def test_what_is_no_role_is_refused_with_its_place_before_a_code(tmp_path, sandbox, gate, level):
    run = run_of(tmp_path, "staging", NO_ROLE, level)
    with pytest.raises(RoleRefused) as raised:
        await plan(run.driver, gate)
    assert raised.value.problem == "main.tf:4: 'deploy' is not a role ARN."
    assert not [
        call for call in sandbox.calls() if call["service"] == "sts"
    ]  # nobody was asked for another cause, and no code was spent
    assert not run.driver.environment.files.configuration.exists()
