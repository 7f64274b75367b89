"""A plan belongs to its workspace: in records, in lists, for other kernels, and before a code is asked for."""

import json
import os

import pytest
from device import Device
from reader import terraform
from runbooks import jupyter_tfmfa, states, write
from variants import first_of

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.listing import find_run, list_runs
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.command_table import read_call
from tfmfa_nb.views.run_list import listing_text
from tfmfa_nb.views.summary import summary_text

HCL = 'resource "terraform_data" "one" {\n  input = terraform.workspace\n}\n'

S3 = """
terraform {
  backend "s3" {
    bucket           = "states"
    key              = "k"
    region           = "eu-west-1"
    use_path_style   = true
    skip_s3_checksum = true
  }
}
"""


@pytest.fixture
def environment(tmp_path):
    made = Environment.named("head", tmp_path)
    made.write_configuration(HCL)
    return made


def gate():
    return Gate(Device(None), os.environ)


async def planned(environment, **options):
    run = Run(environment, Options(**options), environment.folder.parent)
    await plan(run.driver, gate())
    return run


def resources(environment, workspace):
    file = environment.folder / "terraform.tfstate.d" / workspace / "terraform.tfstate"
    return [one["instances"][0]["attributes"]["input"]["value"] for one in json.loads(file.read_bytes())["resources"]]


async def test_a_run_has_a_workspace_of_its_own_and_selects_none_for_others(environment, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        await planned(environment, workspace="prod")
    assert caught.value.problem == 'The workspace "prod" does not exist.'
    assert caught.value.remedy == "Create it with --workspace prod --or-create, or use one that exists: default."
    assert not (environment.folder / "terraform.tfstate.d").exists()
    run = await planned(environment, workspace="prod", or_create=True)
    assert (run.workspace, run.driver.store.load().workspace) == ("prod", "prod")
    assert not (environment.folder / ".terraform" / "environment").exists()
    # Whatever is selected in the folder: another kernel applies it where it was planned.
    terraform(environment.folder, "workspace", "new", "other")
    again = restore(environment, run.id, tmp_path, os.environ, Policy())
    await apply(again.driver, gate())
    assert resources(environment, "prod") == ["prod"]
    assert not (environment.folder / "terraform.tfstate.d" / "other" / "terraform.tfstate").exists()
    assert "head (workspace prod): Applied +1 ~0 -0" in summary_text(again)
    assert (await planned(environment, workspace="prod")).status == "planned_and_finished"
    trail = [line for line in run.driver.store.trail.lines() if line.get("run") == run.id]
    assert {line["workspace"] for line in trail if line["event"] in {"phase", "status"}} == {"prod"}


@pytest.mark.parametrize("taken_up", first_of([True, False]))
async def test_a_workspace_switched_since_the_plan_is_told_before_a_code(
    environment, tmp_path, lenient_sandbox, gate_of, taken_up
):
    device = Device(lenient_sandbox)
    environment.set_level(Level.APPLIES_ONLY)
    mfa = gate_of(lenient_sandbox, device)
    run = Run(environment, Options(), tmp_path)
    await plan(run.driver, mfa)
    terraform(environment.folder, "workspace", "new", "prod")
    if taken_up:
        run = restore(environment, run.id, tmp_path, mfa.environ, Policy())
    with pytest.raises(ConfigurationError, match='made in the workspace "default", and "prod" is selected now'):
        await apply(run.driver, mfa)
    run.driver.adjust(Options(workspace="prod"))
    with pytest.raises(ConfigurationError, match='made in the workspace "default", and "prod" is selected now'):
        await apply(run.driver, mfa)
    assert (device.asked, run.status) == ([], "planned")
    assert run.error_remedy == (
        "Apply it there with %tfapply --workspace default, or plan again with %tfplan. The plan is still pending."
    )
    terraform(environment.folder, "workspace", "select", "default")
    run.driver.adjust(Options(workspace="default"))
    await apply(run.driver, mfa)
    assert run.status == "applied"
    assert json.loads((environment.folder / "terraform.tfstate").read_bytes())["resources"]


async def test_a_record_whose_workspace_was_edited_is_not_gone_on_with(environment, tmp_path):
    run = await planned(environment)
    file = run.driver.store.files.record
    file.write_text(file.read_text().replace('"workspace": "default"', '"workspace": "prod"'))
    with pytest.raises(
        RunStateError, match='its workspace is "prod", but the environment\'s audit trail says "default"'
    ):
        restore(environment, run.id, tmp_path, os.environ, Policy())


async def test_a_list_separates_the_workspaces(environment):
    first = await planned(environment)
    assert "Workspace" not in listing_text(list_runs(environment, 5))
    second = await planned(environment, workspace="prod", or_create=True)
    text = listing_text(list_runs(environment, 5))
    assert [line.split()[0] for line in text.splitlines() if " prod " in line] == [second.id]
    assert [run.id for run in list_runs(environment, 5, "default").runs] == [first.id]
    assert find_run(environment, "latest", workspace="default") == first.id
    with pytest.raises(RunStateError, match=r'"head" has no runs in the workspace "dev"'):
        find_run(environment, "latest", workspace="dev")


async def test_a_backend_without_that_workspace(environment, lenient_sandbox, gate_of, tmp_path):
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    environment.write_configuration(S3 + HCL)
    mfa = gate_of(lenient_sandbox, Device(lenient_sandbox))

    async def run_of(**options):
        run = Run(environment, Options(**options), tmp_path)
        await plan(run.driver, mfa)
        return run

    with pytest.raises(ConfigurationError, match='The workspace "prod" does not exist'):
        await run_of(workspace="prod")
    assert s3.list_objects_v2(Bucket="states").get("Contents", []) == []
    run = await run_of(workspace="prod", or_create=True)
    await apply(run.driver, mfa)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="states")["Contents"]] == ["env:/prod/k"]
    assert (await run_of(workspace="prod")).status == "planned_and_finished"
    assert {run.backend_key for run in list_runs(environment, 9).runs} == {"states/k", ""}
    with pytest.raises(ConfigurationError, match="cannot be the name of a workspace"):
        await run_of(workspace="a b")


@pytest.mark.parametrize("backend", ["", S3])
async def test_a_plan_creates_no_workspace_that_only_the_process_environment_names(
    environment, lenient_sandbox, gate_of, tmp_path, backend
):
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    environment.write_configuration(backend + HCL)
    environment.set_level(Level.APPLIES_ONLY if backend else Level.PLANS_AND_APPLIES)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    ghost = mfa.with_environ({"TF_WORKSPACE": "ghost"})
    with pytest.raises(ConfigurationError, match=r'"ghost" does not exist\. Create it with --workspace ghost --or-c'):
        await plan(Run(environment, Options(), tmp_path).driver, ghost)
    if not backend:
        call = read_call(["import", "terraform_data.one", "an-id"])
        with pytest.raises(ConfigurationError, match=r"Create it with %tfplan --workspace ghost --or-create"):
            await run_command(Run(environment, Options(call=call), tmp_path).driver, ghost)
    assert device.asked == []
    assert s3.list_objects_v2(Bucket="states").get("Contents", []) == []
    assert not (environment.folder / "terraform.tfstate.d").exists()
    run = Run(environment, Options(), tmp_path)
    await plan(run.driver, mfa.with_environ({"TF_WORKSPACE": "default"}))
    assert (run.workspace, run.driver.record.workspace_chosen) == ("default", False)


@pytest.mark.thorough
def test_a_resumed_runbook_applies_in_the_plan_s_workspace_or_not_at_all(tmp_path):
    cells = ["%load_ext tfmfa_nb", f"%%tfplan -e head -workspace prod -or-create\n{HCL}", "1 / 0", "%tfapply -e head"]
    write(tmp_path / "book.ipynb", *cells)
    assert jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", cwd=tmp_path).returncode == 1
    folder = tmp_path / "head"
    terraform(folder, "workspace", "new", "other")
    write(tmp_path / "book.ipynb", *cells[:2], "1 / 1", cells[3])
    executed = json.loads((tmp_path / "out.ipynb").read_bytes())
    for cell in executed["cells"]:
        if cell["source"] in ("1 / 0", ["1 / 0"]):
            cell["source"] = "1 / 1"
    (tmp_path / "out.ipynb").write_text(json.dumps(executed))
    done = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(tmp_path / "out.ipynb")[-1] == "done"
    assert resources(Environment.named("head", tmp_path), "prod") == ["prod"]
