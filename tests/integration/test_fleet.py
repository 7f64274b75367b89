"""A fleet under one code for each phase; the sandbox's own log is the judge."""

import asyncio
import csv
import json
import os
import subprocess
import sys

import pytest
from deploy_roles import add_roles
from device import Device
from IPython.core.error import UsageError
from runbooks import DEVICE
from variants import first_of
from witness import calls_without_mfa

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.model.errors import FleetStopped, RunCanceled, RunStateError, TerraformFailed
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.terraform import plugin_cache

HCL = """
variable "role" {}
variable "word" { default = "none" }
provider "aws" {
  assume_role { role_arn = var.role }
}
resource "aws_ssm_parameter" "one" {
  name  = "/fleet/${var.word}"
  type  = "String"
  value = "1"
}
"""
BOTH = json.dumps({"format_version": 1, "aws_multi_factor_authentication": "plans and applies"})


def fleet_of(each, base, hcl):
    return Fleet(members_of(each, base, Options(configuration=hcl)), base)


LEAN = """
variable "fails" {
  type    = bool
  default = false
}
resource "terraform_data" "one" {
  lifecycle {
    precondition {
      condition     = !var.fails
      error_message = "It is to fail."
    }
  }
}
"""
LATE = """
variable "fails" { default = false }
resource "terraform_data" "one" {
  provisioner "local-exec" { command = var.fails ? "false" : "true" }
}
"""


@pytest.fixture
def rows(tmp_path):
    """Three environments; the level of the last one is the strictest."""
    (tmp_path / "c").mkdir()
    (tmp_path / "c/tfmfa.json").write_text(BOTH)
    return [{"name": name} for name in ("a", "b", "c")]


def codes(sandbox):
    return [call["action"] for call in sandbox.calls()].count("GetSessionToken")


async def test_one_code_for_all_and_what_fails_alone(tmp_path, sandbox, gate_of, rows):
    rows[1]["fails"] = True
    device, fleet = Device(sandbox, wrong=["000000"]), fleet_of(rows, tmp_path, LEAN)
    await fleet.plan(gate_of(sandbox, device), Pace())
    assert [run.status for run in fleet.values()] == ["planned", "errored", "planned"]
    assert "It is to fail." in fleet["b"].driver.store.log.path.read_text()
    assert list(fleet.errors) == ["b"]
    assert [request.environment for request in device.asked] == ["3 environments"] * 2
    assert device.asked[1].refusal is not None
    assert {run.authenticated_by for run in fleet.values()} == {"alice"}
    assert codes(sandbox) == 2
    with pytest.raises(RunStateError, match=r'"b" is errored: it has no plan to apply\.'):
        await fleet.apply(gate_of(sandbox, device), Pace(), ["a", "b"])
    await fleet.apply(gate_of(sandbox, device), Pace(), ["a"])
    assert [run.status for run in fleet.values()] == ["applied", "errored", "planned"]
    assert device.asked[-1].environment == "a"
    assert device.asked[-1].decision == ("a: Plan: 1 to add, 0 to change, 0 to destroy.",)


async def test_those_that_go_first_decide_whether_the_others_start(tmp_path, sandbox, gate_of, rows):
    rows[0]["fails"] = True
    fleet = fleet_of(rows, tmp_path, LATE)
    gate = gate_of(sandbox, Device(sandbox))
    await fleet.plan(gate, Pace())
    assert fleet.errors == {}
    await fleet.apply(gate, Pace(canary=1))
    assert [run.status for run in fleet.values()] == ["errored", "planned", "planned"]
    assert [type(error) for error in fleet.errors.values()] == [TerraformFailed, RunCanceled, RunCanceled]
    assert str(fleet.errors["c"]).startswith("The fleet has stopped, because a run failed. Nothing was changed here.")
    await fleet.apply(gate, Pace(), ["b", "c"])
    assert [run.status for run in fleet.values()] == ["errored", "applied", "applied"]


async def test_what_is_refused_stops_the_others_if_they_are_to_be(tmp_path, sandbox, gate_of, rows):
    rows[0]["fails"] = "maybe"
    fleet = fleet_of(rows, tmp_path, LEAN)
    device = Device(sandbox)
    await fleet.plan(gate_of(sandbox, device), Pace(stop_if_refused=True))
    assert [type(error) for error in fleet.errors.values()] == [TerraformFailed, RunCanceled, RunCanceled]
    assert not any(list((tmp_path / name).glob("*.tf")) for name in "abc")
    await fleet.plan(gate_of(sandbox, device), Pace())
    assert list(fleet.errors) == ["a"]
    assert [run.status for run in fleet.values()][1:] == ["planned", "planned"]


# A Terraform that only installs: it notices if another one does so meanwhile.
INSTALLS = """#!/bin/sh
case "$1" in
version) echo 'Terraform v1.11.4' ;;
init)
  mkdir "$TF_PLUGIN_CACHE_DIR/busy" || touch "$TF_PLUGIN_CACHE_DIR/two-at-once"
  echo "$TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE" >>"$TF_PLUGIN_CACHE_DIR/installed"
  sleep 0.1
  rmdir "$TF_PLUGIN_CACHE_DIR/busy" ;;
*) exit 1 ;;
esac
"""


@pytest.mark.parametrize("own", [False, True])
async def test_providers_are_installed_into_one_cache_by_one_at_a_time(tmp_path, monkeypatch, rows, own):
    monkeypatch.setattr(plugin_cache, "user_cache_dir", lambda _: str(tmp_path / "cache"))
    cache = tmp_path / ("own" if own else "cache/plugins")
    script = tmp_path / "terraform"
    script.write_text(INSTALLS)
    script.chmod(0o755)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TFMFA_TERRAFORM": str(script)}
    if own:
        cache.mkdir()
        environ["TF_PLUGIN_CACHE_DIR"] = str(cache)
    fleet = fleet_of(rows, tmp_path, LEAN)
    (tmp_path / "c/tfmfa.json").unlink()
    await fleet.plan(Gate(Device(None), environ), Pace(at_once=3))
    assert {type(error) for error in fleet.errors.values()} == {TerraformFailed}  # it does not plan
    assert (cache / "installed").read_text().splitlines() == ["" if own else "true"] * 3
    assert not (cache / "two-at-once").exists()


# A Terraform that installs a provider where none is locked; with a locked one, it waits until two do so.
LOCKS = """#!/bin/sh
case "$1" in
version) echo 'Terraform v1.11.4' ;;
init)
  if test -e .terraform.lock.hcl; then
    touch "$TF_PLUGIN_CACHE_DIR/with-lock-file-$$"
    while test "$(ls "$TF_PLUGIN_CACHE_DIR" | grep -c with-lock-file)" -lt 2; do sleep 0.05; done
  else
    sleep 0.2
    mkdir -p "$TF_PLUGIN_CACHE_DIR/example.com/one/one/1.0.$$"
    for line in 'provider "example.com/one/one" {' "  version = \\"1.0.$$\\"" '  hashes = ["h1:one"]' '}'; do
      echo "$line" >>.terraform.lock.hcl
    done
  fi ;;
*) exit 1 ;;
esac
"""


async def test_the_rows_of_a_table_have_the_providers_of_the_first_one(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(plugin_cache, "user_cache_dir", lambda _: str(tmp_path / "cache"))
    script = tmp_path / "terraform"
    script.write_text(LOCKS)
    script.chmod(0o755)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TFMFA_TERRAFORM": str(script)}
    fleet = fleet_of(rows, tmp_path, LEAN)
    (tmp_path / "c/tfmfa.json").unlink()
    async with asyncio.timeout(120):  # those that have it are not alone
        await fleet.plan(Gate(Device(None), environ), Pace(at_once=3))
    assert {type(error) for error in fleet.errors.values()} == {TerraformFailed}  # it does not plan
    files = [tmp_path / name / ".terraform.lock.hcl" for name in "abc"]
    assert len({file.read_text() for file in files}) == 1
    assert len({file.stat().st_mode for file in files}) == 1  # as if each had made it
    assert len(list((tmp_path / "cache/plugins/example.com/one/one").iterdir())) == 1


async def test_an_interrupt_at_the_prompt_leaves_no_run(tmp_path, sandbox, gate_of, rows):
    class Waits(Device):
        async def ask(self, request):
            self.asked.append(request)
            await asyncio.Event().wait()

    device, fleet = Waits(sandbox), fleet_of(rows, tmp_path, LEAN)
    task = asyncio.create_task(fleet.plan(gate_of(sandbox, device), Pace()))
    while not device.asked:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {run.status for run in fleet.values()} == {"canceled"}
    assert codes(sandbox) == 0
    assert not (tmp_path / "a/main.tf").exists()
    assert list((tmp_path / "a").rglob("run.json")) == []


@pytest.mark.provider
@pytest.mark.parametrize("size", first_of([2, 12]))
async def test_environments_over_several_roles_under_one_code_per_phase(tmp_path, sandbox, gate_of, size):
    roles = [f"fleet-{number}" for number in range((size + 1) // 2)]
    add_roles(sandbox, *roles)
    (tmp_path / "e0").mkdir()
    (tmp_path / "e0/tfmfa.json").write_text(BOTH)  # the strictest one counts for all
    with (tmp_path / "accounts.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(["name", "role", "word"])
        for number in range(size):
            role = roles[number % len(roles)]
            table.writerow([f"e{number}", f"arn:aws:iam::123456789012:role/{role}", f"w{number}"])
    device = Device(sandbox)
    fleet = fleet_of("accounts.csv", tmp_path, HCL)
    gate = gate_of(sandbox, device)
    await fleet.plan(gate, Pace())
    assert fleet.errors == {}
    assert {run.status for run in fleet.values()} == {"planned"}
    assert {run.authenticated_by for run in fleet.values()} == {"alice"}
    assert len(device.given) == 1
    assert device.asked[0].environment == f"{size} environments"
    await fleet.apply(gate, Pace(canary=1))
    assert fleet.errors == {}
    assert {run.status for run in fleet.values()} == {"applied"}
    assert len(device.given) == 2
    calls = sandbox.calls()
    assert [call["action"] for call in calls].count("GetSessionToken") == 2
    made = [call for call in calls if call["action"] == "PutParameter"]
    assert sorted(call["identity"].split("/")[1] for call in made) == sorted(roles * 2)
    assert calls_without_mfa(sandbox) == []
    for name, run in fleet.items():
        lines = [json.loads(line) for line in (tmp_path / name / ".tfmfa/audit.jsonl").read_text().splitlines()]
        assert {line["fleet"] for line in lines if line["event"] == "phase"} == {fleet.id}
        assert [line["result"] for line in lines if line["event"] == "mfa"] == ["authenticated"] * 2
        assert run.driver.record.fleet == fleet.id
    written = b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and ".terraform" not in path.parts
    )
    assert not any(code.encode() in written for code in device.given)


async def test_the_magics_plan_and_apply_a_fleet(ipython_with, sandbox, tmp_path, rows, capsys):
    ipython = ipython_with(**sandbox.environ(), TFMFA_TOKEN_COMMAND=DEVICE)
    told = tmp_path / "told"
    ipython.run_line_magic("config", f"TfmfaMagics.notify = ['command:/usr/bin/tee -a {told}']")
    ipython.user_ns["rows"] = [*rows, {"name": "d", "fails": True}]
    with pytest.raises(FleetStopped, match=r'^1 of 4 environments did not succeed\. "d": terraform plan ended with'):
        await ipython.run_cell_magic("tfplan", "--each rows --at-once 2", LEAN)
    printed = capsys.readouterr().out
    assert "3 of 4 environments change: 3 to add, 0 to change, 0 to destroy. 1 errored." in printed
    assert "a: planned" in printed.splitlines()
    fleet = await ipython.run_line_magic("tfapply", "--each rows --canary 1 --only a --only b")
    assert [run.status for run in fleet.values()] == ["applied", "applied", "planned", "errored"]
    assert codes(sandbox) == 2
    while told.read_text().count('"applied"') < 2:  # noqa: ASYNC110 - nobody waits for those who are told
        await asyncio.sleep(0.05)
    with pytest.raises(RunStateError, match=r"This kernel has no plans of --each other\."):
        await ipython.run_line_magic("tfapply", "--each other")
    for line, problem in (
        ("--each rows -e a", "cannot be used with -e or -C"),
        ("--on tls://127.0.0.1:8786 -e a", "--on runs a fleet: name its environments with --each"),
        ("--each rows --at-once 0", "--at-once '0' is not a number from 1 to 1,000"),
    ):
        with pytest.raises(UsageError, match=problem):
            await ipython.run_cell_magic("tfplan", line, LEAN)
    ipython.run_line_magic("unload_ext", "tfmfa_nb")
    assert fleet["c"].status == "discarded"


async def test_a_fleet_with_nothing_to_apply_stops_the_notebook(ipython_with, sandbox, rows, capsys):
    ipython = ipython_with(**sandbox.environ(), TFMFA_TOKEN_COMMAND=DEVICE)
    ipython.user_ns["rows"] = [{**each, "fails": True} for each in rows]
    with pytest.raises(TerraformFailed):
        await ipython.run_cell_magic("tfplan", "--each rows", LEAN)
    with pytest.raises(RunStateError, match=r"^No environment has a plan to apply: 3 errored\. Plan the fleet again\."):
        await ipython.run_line_magic("tfapply", "--each rows")
    assert "0 of 3 environments change. 3 errored.\n" in capsys.readouterr().out
    assert codes(sandbox) == 1  # none for an apply of nothing
    # What changes nothing is no failure, as with one environment.
    ipython.user_ns["rows"] = [{"name": name} for name in "ab"]
    await ipython.run_cell_magic("tfplan", "--each rows", "locals {}")
    fleet = await ipython.run_line_magic("tfapply", "--each rows")
    assert [run.status for run in fleet.values()] == ["planned_and_finished"] * 2


SCRIPT = """
import asyncio, json, sys
import tfmfa_nb
from tfmfa_nb.model.errors import ConfigurationError, PromptUnavailable

async def error_of(call):
    try:
        await call
    except (ConfigurationError, PromptUnavailable) as error:
        return error.problem

async def main():
    rows = json.loads(sys.argv[1])
    fleet = await tfmfa_nb.plan_all(rows, hcl=sys.argv[2])
    said = [repr(fleet)]
    await tfmfa_nb.apply_all(fleet, only=["a"])
    said.append([run.status for run in fleet.values()])
    said.append(await error_of(tfmfa_nb.apply_all(fleet, canarry=1)))
    said.append(await error_of(tfmfa_nb.plan_all(rows, hcl=sys.argv[2], prompt="none")))
    print(json.dumps(said))

asyncio.run(main())
"""


def test_python_plans_and_applies_a_fleet(sandbox, policy, tmp_path, rows):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(rows), LEAN],
        cwd=tmp_path,
        env={**os.environ, **sandbox.environ(), **policy, "TFMFA_TOKEN_COMMAND": DEVICE},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    fleet, statuses, unknown, unavailable = json.loads(done.stdout)
    assert fleet.endswith(": 3 environments, 0 failed>")
    assert statuses == ["applied", "planned", "planned"]
    assert unknown == "There is no option 'canarry'."
    assert "prompt is 'none'" in unavailable
    assert codes(sandbox) == 2
