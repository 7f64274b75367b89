"""An STS that is ill: no code is asked for that could not be used, and none that was accepted is lost."""

import asyncio
import os

import pytest
from device import Device
from variants import first_of

from tfmfa_nb.authentication import aws_client
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused, RunCanceled, TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate import waiting
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

# The role is checked before Terraform starts. As nothing uses the provider, no plugin is needed.
HCL = """
terraform {
  backend "s3" {
    bucket         = "states"
    key            = "ill"
    region         = "eu-west-1"
    use_path_style = true
    assume_role    = { role_arn = "arn:aws:iam::123456789012:role/deploy" }
  }
}
resource "terraform_data" "one" {}
"""
TRIES = 3  # of one call, before anybody is told


class IllAfterCode(Device):
    """A device whose code comes just before STS falls ill."""

    def __init__(self, sandbox, *ills, max_attempts=None):
        super().__init__(sandbox)
        self.ills, self.max_attempts = ills, max_attempts

    async def ask(self, request):
        code = await super().ask(request)
        for fault, times, action in self.ills:
            self.sandbox.fault(fault, times, action=action)
        return code


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(aws_client, "_RETRY_DELAYS", (0, 0))


@pytest.fixture
def run(tmp_path, lenient_sandbox):
    lenient_sandbox.client("s3").create_bucket(
        Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    environment = Environment.named("ill", tmp_path)
    environment.write_configuration(HCL)
    return Run(environment, Options(level=Level.PLANS_AND_APPLIES), tmp_path)


@pytest.fixture
def gate_of(lenient_sandbox):
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **lenient_sandbox.environ()}
    return lambda prompt: Gate(prompt, environ, pace=0.1)


def accepted(sandbox):
    return [call["allowed"] for call in sandbox.calls() if call["action"] == "GetSessionToken"]


@pytest.mark.parametrize("fault", first_of(["server-error", "throttle", "reset-before", "captive-portal"]))
async def test_no_code_is_asked_for_until_aws_answers(run, gate_of, lenient_sandbox, fault):
    lenient_sandbox.fault(fault, 2 * TRIES, action="GetCallerIdentity")
    device = Device(lenient_sandbox)
    await plan(run.driver, gate_of(device))
    assert (run.status, len(device.asked), accepted(lenient_sandbox)) == ("planned", 1, [True])
    told = run.driver.store.files.log.read_text()
    assert told.index("No code is requested until AWS answers.") < told.index("AWS answers again.")
    assert told.index("AWS answers again.") < told.index("Authenticated with MFA by alice")


async def test_a_person_can_cancel_while_aws_gives_no_answer(run, gate_of, lenient_sandbox):
    lenient_sandbox.fault("server-error", 1000, action="GetCallerIdentity")
    device = Device(lenient_sandbox)
    red = asyncio.Event()
    run.observe(lambda _: run.lock_indicator == "failed" and red.set(), "lock_indicator")
    planning = asyncio.ensure_future(plan(run.driver, gate_of(device)))
    await asyncio.wait_for(red.wait(), 60)
    assert "Trying again every 0.1 seconds" in run.lock_indicator_remedy
    run.cancel()
    with pytest.raises(RunCanceled, match="while AWS did not answer"):
        await planning
    assert (device.asked, accepted(lenient_sandbox)) == ([], [])


async def test_a_session_whose_owner_is_not_told_is_kept_and_asked_again(run, gate_of, lenient_sandbox):
    device = IllAfterCode(lenient_sandbox, ("server-error", 2 * TRIES, "GetCallerIdentity"))
    await plan(run.driver, gate_of(device))
    assert (run.status, len(device.given), accepted(lenient_sandbox)) == ("planned", 1, [True])
    assert "AWS accepted the code, and the session is kept." in run.driver.store.files.log.read_text()


@pytest.mark.parametrize("fault", first_of(["server-error", "throttle", "reset-before"]))
async def test_a_role_that_gives_no_answer_is_not_refused(run, gate_of, lenient_sandbox, fault):
    device = IllAfterCode(lenient_sandbox, (fault, 2 * TRIES, "AssumeRole"))
    await plan(run.driver, gate_of(device))
    assert (run.status, len(device.given), accepted(lenient_sandbox)) == ("planned", 1, [True])
    assert [hop["state"] for role in run.roles for hop in role["hops"]] == ["assumed"]
    assert "role refused" not in {line["event"] for line in run.driver.store.trail.lines()}


async def test_where_nobody_waits_it_ends_and_says_whether_the_code_is_gone(run, gate_of, lenient_sandbox, monkeypatch):
    monkeypatch.setattr(waiting, "_UNATTENDED", 0.3)
    device = IllAfterCode(lenient_sandbox, ("server-error", 1000, "AssumeRole"), max_attempts=1)
    with pytest.raises(RoleRefused, match=r"HTTP 503.*The code has been used\."):
        await plan(run.driver, gate_of(device))
    assert [hop["state"] for role in run.roles for hop in role["hops"]] == ["unchecked"]
    assert "role not checked" in {line["event"] for line in run.driver.store.trail.lines()}


async def test_where_nobody_waits_no_code_is_used_if_aws_gives_no_answer(run, gate_of, lenient_sandbox, monkeypatch):
    monkeypatch.setattr(waiting, "_UNATTENDED", 0.3)
    lenient_sandbox.fault("server-error", 1000, action="GetCallerIdentity")
    device = IllAfterCode(lenient_sandbox, max_attempts=1)
    with pytest.raises(TfmfaError, match="HTTP 503"):
        await plan(run.driver, gate_of(device))
    assert (device.asked, run.lock_indicator) == ([], "failed")
