"""A run and the sinks that its policy demands: before a code, and after Terraform has started."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run


def policy_of(sandbox, *sinks):
    endpoints = (sandbox.environ()["AWS_ENDPOINT_URL"],)
    return Policy((Layer(Path("/etc/policy.toml"), mfa=True, endpoints=endpoints, sinks=sinks, sha256="5" * 64),))


def new_run(tmp_path, level):
    environment = Environment.named("shipped", tmp_path)
    environment.write_configuration('resource "terraform_data" "one" {}\n')
    environment.set_level(level)
    return Run(environment, Options(), tmp_path)


@pytest.fixture
def sink(tmp_path):
    """Makes a sink that keeps the lines but those with these words, which it refuses."""

    def make(refuses="no line has these words"):
        program, kept = tmp_path / "ship.py", tmp_path / "kept"
        program.write_text(
            "import sys\nline = sys.stdin.read()\n"
            f"if {refuses!r} in line: sys.exit('out of order')\nopen({str(kept)!r}, 'a').write(line)\n"
        )
        return f"command:{shlex.join([sys.executable, str(program)])}"

    return make


def kept(tmp_path):
    return (tmp_path / "kept").read_bytes().splitlines()


async def test_every_line_of_a_run_leaves_the_machine_without_a_secret(tmp_path, sandbox, gate_of, sink):
    run, gate = new_run(tmp_path, Level.PLANS_AND_APPLIES), gate_of(sandbox, Device(sandbox))
    gate.policy = policy_of(sandbox, sink())
    await plan(run.driver, gate)
    lines = kept(tmp_path)
    assert lines == run.driver.store.trail.raw_lines()
    assert [json.loads(line)["event"] for line in lines] == ["phase", "mfa", "status", "status"]
    assert sandbox.environ()["AWS_SECRET_ACCESS_KEY"].encode() not in b"".join(lines)


@pytest.mark.parametrize("broken", ["command:/nonexistent/ship", "https://127.0.0.1:9/"])
async def test_a_sink_that_does_not_answer_stops_the_run_before_a_code(tmp_path, sandbox, gate_of, broken):
    device = Device(sandbox)
    run, gate = new_run(tmp_path, Level.PLANS_AND_APPLIES), gate_of(sandbox, device)
    gate.policy = policy_of(sandbox, broken)
    with pytest.raises(ConfigurationError, match=r"The audit trail's line was not received by"):
        await plan(run.driver, gate)
    assert device.asked == []
    assert "GetSessionToken" not in [call["action"] for call in sandbox.calls()]
    assert "was not received by" in run.error
    assert run.status == "errored"


async def test_a_plan_without_a_code_does_not_start_either(tmp_path, lenient_sandbox, gate_of):
    run, gate = new_run(tmp_path, Level.NEVER), gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.policy = policy_of(lenient_sandbox, "command:/nonexistent/ship")
    with pytest.raises(ConfigurationError, match="was not received by"):
        await plan(run.driver, gate)
    assert not (tmp_path / "shipped" / ".terraform").exists()
    assert not run.driver.store.has_plan


async def test_a_sink_that_fails_after_terraform_has_started_loses_nothing(tmp_path, lenient_sandbox, gate_of, sink):
    """The apply goes on to its end, the record is true, and the line is sent with the next one."""
    run, gate = new_run(tmp_path, Level.NEVER), gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.policy = policy_of(lenient_sandbox, sink(refuses='"status": "applied"'))
    await plan(run.driver, gate)
    with pytest.raises(ConfigurationError, match=r"was not received by .*out of order\. The run is applied neverth"):
        await apply(run.driver, gate)
    assert (run.status, run.driver.store.load().status) == ("applied", "applied")
    assert "out of order" in run.error
    assert "terraform_data" in (tmp_path / "shipped" / "terraform.tfstate").read_text()
    trail = run.driver.store.trail
    assert trail.lines()[-1]["status"] == "applied"
    assert kept(tmp_path) == trail.raw_lines()[:-1]
    sink()  # works again
    later = new_run(tmp_path, Level.NEVER)
    await plan(later.driver, gate)
    assert kept(tmp_path) == trail.raw_lines()
