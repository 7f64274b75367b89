"""Options for `init`: partial backends in the sandbox's S3, and a backend that changes; its own log is the judge."""

import json
import os

import pytest
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, MfaBypass, RunCanceled, RunStateError, TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.state_copies import to_restore_state
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

PARTIAL = """
terraform {
  backend "s3" {
    use_path_style   = true
    skip_s3_checksum = true
  }
}
resource "terraform_data" "one" {
  input = 1
}
"""
SETTINGS = ("bucket=states", "region=eu-west-1")


@pytest.fixture
def states(lenient_sandbox):
    """A bucket for states, and what lies in it."""
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return lambda: [one["Key"] for one in s3.list_objects_v2(Bucket="states").get("Contents", ())]


def run_of(base, hcl, level=Level.PLANS_AND_APPLIES, **options):
    environment = Environment.named("partial", base)
    environment.write_configuration(hcl)
    environment.set_level(level)
    return Run(environment, Options(**options), base)


async def test_a_partial_backend_under_mfa(tmp_path, states, lenient_sandbox, gate_of):
    device = Device(lenient_sandbox)
    gate = gate_of(lenient_sandbox, device)
    (tmp_path / "prod.tfbackend").write_text('key = "one"\n')
    given = (*SETTINGS, "prod.tfbackend")
    before = calls_without_mfa(lenient_sandbox)
    run = run_of(tmp_path, PARTIAL, backend_config=given)
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    assert (run.status, states()) == ("applied", ["one"])
    # The next run needs nothing: what `init` has kept holds, and `init` does not run again.
    again = run_of(tmp_path, PARTIAL)
    await plan(again.driver, gate)
    assert again.status == "planned_and_finished"
    assert "Initializing" not in "\n".join(again.log_text())
    # Another setting is another backend. Terraform asks which is meant, and so do we.
    other = run_of(tmp_path, PARTIAL, backend_config=(*SETTINGS, "key=two"))
    with pytest.raises(TerraformFailed) as caught:
        await plan(other.driver, gate)
    assert caught.value.problem == "The backend has changed since the last `terraform init`."
    assert "--reconfigure" in caught.value.remedy
    assert "--migrate-state" in caught.value.remedy
    other = run_of(tmp_path, PARTIAL, backend_config=(*SETTINGS, "key=two"), reconfigure=True)
    await plan(other.driver, gate)
    assert other.plan.creates == ("terraform_data.one",)
    await apply(other.driver, gate)
    assert states() == ["one", "two"]
    moved = run_of(tmp_path, PARTIAL, backend_config=(*SETTINGS, "key=three"), migrate_state=True)
    await plan(moved.driver, gate)
    assert (moved.status, states()) == ("planned_and_finished", ["one", "three", "two"])
    assert calls_without_mfa(lenient_sandbox) == before


@pytest.mark.parametrize("in_file", [True, False])
async def test_credentials_given_to_the_backend_are_refused_before_a_code(
    tmp_path, states, lenient_sandbox, gate_of, in_file
):
    device = Device(lenient_sandbox)
    (tmp_path / "f").write_text('key = "one"\nprofile = "ops"\n')
    given = (*SETTINGS, *(["f"] if in_file else ["key=one", "profile=ops"]))
    run = run_of(tmp_path, PARTIAL, backend_config=given)
    with pytest.raises(MfaBypass, match=r'(f:2|-backend-config): backend "s3" uses an AWS profile'):
        await plan(run.driver, gate_of(lenient_sandbox, device))
    assert (device.asked, states()) == ([], [])


async def test_a_secret_on_the_line_is_refused_at_every_level(tmp_path):
    run = run_of(tmp_path, PARTIAL, Level.NEVER, backend_config=("secret_key=planted",))
    with pytest.raises(ConfigurationError, match="--backend-config secret_key=… would leave a secret") as caught:
        await plan(run.driver, Gate(Device(None), os.environ))
    assert "planted" not in str(caught.value)
    run = run_of(tmp_path, 'resource "terraform_data" "one" {}\n', Level.NEVER, backend_config=("key=x",))
    with pytest.raises(ConfigurationError, match="the configuration has no backend block"):
        await plan(run.driver, Gate(Device(None), os.environ))


async def test_a_profile_that_init_has_kept_goes_with_reconfigure(tmp_path, states, lenient_sandbox, gate_of):
    """The remedy for a kept profile: take it out, and Terraform's own question has an answer."""
    device = Device(lenient_sandbox)
    gate = gate_of(lenient_sandbox, device)
    run = run_of(tmp_path, PARTIAL)
    kept = run.driver.environment.folder / ".terraform" / "terraform.tfstate"
    kept.parent.mkdir()
    config = {"bucket": "states", "key": "one", "region": "eu-west-1", "profile": "ops"}
    kept.write_text(json.dumps({"version": 3, "backend": {"type": "s3", "config": config, "hash": 1}}))
    with pytest.raises(MfaBypass, match=r"terraform\.tfstate: .*an AWS profile.*Plan with -reconfigure"):
        await plan(run.driver, gate)
    assert device.asked == []
    run = run_of(tmp_path, PARTIAL, backend_config=(*SETTINGS, "key=one"), reconfigure=True)
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    assert (run.status, states()) == ("applied", ["one"])
    assert not json.loads(kept.read_bytes())["backend"]["config"].get("profile")


LOCAL = 'terraform {\n  backend "local" {}\n}\nresource "terraform_data" "one" {}\n'


class Person(Device):
    """Confirms, or does not."""

    def __init__(self, *, says):
        super().__init__(None)
        self.says = says

    async def confirm(self, question, **_):
        await super().confirm(question)
        return self.says


async def local(base, person, **options):
    run = run_of(base, LOCAL, Level.NEVER, **options)
    await plan(run.driver, Gate(person, os.environ))
    if run.status == "planned":
        await apply(run.driver, Gate(person, os.environ))
    return run


async def test_a_state_is_copied_without_a_code_only_after_a_yes(tmp_path):
    person = Person(says=False)
    first = await local(tmp_path, person, backend_config=("path=one.tfstate",))
    with pytest.raises(RunCanceled, match="The state was not copied"):
        await local(tmp_path, person, backend_config=("path=two.tfstate",), migrate_state=True)
    folder = first.driver.environment.folder
    assert not (folder / "two.tfstate").exists()
    person = Person(says=True)
    moved = await local(tmp_path, person, backend_config=("path=two.tfstate",), migrate_state=True)
    (question,) = person.asked
    assert question == 'Copy the state of "partial" into its new backend, over a state that may be there?'
    assert moved.status == "planned_and_finished"
    assert json.loads((folder / "two.tfstate").read_bytes())["resources"]


async def test_the_state_that_a_migration_overwrites_is_kept_and_can_be_brought_back(tmp_path):
    yes = Person(says=True)
    other = LOCAL.replace('"one"', '"other"')
    run = run_of(tmp_path, other, Level.NEVER, backend_config=("path=two.tfstate",))
    await plan(run.driver, Gate(yes, os.environ))
    await apply(run.driver, Gate(yes, os.environ))
    environment = run.driver.environment
    overwritten = (environment.folder / "two.tfstate").read_bytes()
    for data in (environment.folder / ".terraform").glob("terraform.tfstate"):
        data.unlink()
    await local(tmp_path, yes, backend_config=("path=one.tfstate",))
    moved = await local(tmp_path, yes, backend_config=("path=two.tfstate",), migrate_state=True)
    assert moved.status == "planned_and_finished"
    store = moved.driver.store
    assert json.loads(store.files.state_copy.read_bytes()) == json.loads(overwritten)  # by no look into it changed
    assert not store.files.new_backend.exists()
    assert any(f"restore-state {moved.id} --force" in note for note in moved.notes)
    assert list_runs(environment, 1).runs[0].has_state_copy
    back = Run(environment, to_restore_state(environment, moved.id, os.environ, auto_approve=True), tmp_path)
    with pytest.raises(RunStateError, match="their lineages differ"):
        await run_command(back.driver, Gate(yes, os.environ))
    back = to_restore_state(environment, moved.id, os.environ, auto_approve=True, force=True)
    await run_command(Run(environment, back, tmp_path).driver, Gate(yes, os.environ))
    resources = json.loads((environment.folder / "two.tfstate").read_bytes())["resources"]
    assert [each["name"] for each in resources] == ["other"]


async def test_a_migration_into_a_backend_that_cannot_be_opened_changes_nothing(
    tmp_path, states, lenient_sandbox, gate_of
):
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    first = run_of(tmp_path, PARTIAL, backend_config=(*SETTINGS, "key=one"))
    await plan(first.driver, gate)
    await apply(first.driver, gate)
    kept = (first.driver.environment.folder / ".terraform" / "terraform.tfstate").read_bytes()
    gone = ("bucket=gone", "region=eu-west-1", "key=two")
    run = run_of(tmp_path, PARTIAL, backend_config=gone, migrate_state=True)
    with pytest.raises(TerraformFailed, match=r"The new backend cannot be opened: .*Nothing was changed"):
        await plan(run.driver, gate)
    assert (first.driver.environment.folder / ".terraform" / "terraform.tfstate").read_bytes() == kept
    # And one that can be: the overwritten state of S3 is kept, too.
    for key in ("two", "one"):
        run = run_of(tmp_path, PARTIAL, backend_config=(*SETTINGS, f"key={key}"), migrate_state=True)
        await plan(run.driver, gate)
    assert states() == ["one", "two"]
    assert json.loads(run.driver.store.files.state_copy.read_bytes())["resources"]


async def test_a_state_on_this_machine_moves_into_a_new_backend(tmp_path):
    before = run_of(tmp_path, 'resource "terraform_data" "one" {}\n', Level.NEVER)
    await plan(before.driver, Gate(Device(None), os.environ))
    await apply(before.driver, Gate(Device(None), os.environ))
    with pytest.raises(TerraformFailed, match="The backend has changed since the last `terraform init`") as caught:
        await local(tmp_path, Device(None), backend_config=("path=one.tfstate",))
    assert "--migrate-state to copy the state into it" in caught.value.remedy
    moved = await local(tmp_path, Device(None), backend_config=("path=one.tfstate",), migrate_state=True)
    assert moved.status == "planned_and_finished"
    assert not moved.driver.store.files.state_copy.exists()  # there was none


async def test_a_look_into_a_new_backend_takes_nothing_from_the_environment_s_folder(tmp_path):
    """A state lies in the folder, one in the new backend: before the first is copied, the second is kept as it is."""
    gate = Gate(Device(None), os.environ)
    other = run_of(tmp_path, LOCAL.replace('"one"', '"other"'), Level.NEVER, backend_config=("path=new.tfstate",))
    await plan(other.driver, gate)
    await apply(other.driver, gate)
    folder = other.driver.environment.folder
    (folder / ".terraform" / "terraform.tfstate").unlink()
    first = run_of(tmp_path, 'resource "terraform_data" "one" {}\n', Level.NEVER)
    await plan(first.driver, gate)
    await apply(first.driver, gate)
    before = (folder / "new.tfstate").read_bytes()
    moved = await local(tmp_path, Device(None), backend_config=("path=new.tfstate",), migrate_state=True)
    assert json.loads(moved.driver.store.files.state_copy.read_bytes()) == json.loads(before)
    assert [each["name"] for each in json.loads((folder / "new.tfstate").read_bytes())["resources"]] == ["one"]


async def test_copying_a_state_needs_a_code_where_an_apply_does(tmp_path, lenient_sandbox, gate_of):
    device = Device(lenient_sandbox)
    gate = gate_of(lenient_sandbox, device)
    await local(tmp_path, device, backend_config=("path=one.tfstate",))
    run = run_of(tmp_path, LOCAL, Level.APPLIES_ONLY, backend_config=("path=two.tfstate",), migrate_state=True)
    await plan(run.driver, gate)
    assert [request.phase for request in device.asked] == ["plan"]
    assert run.authenticated_by == "alice"
    assert any("so it requires a code, as an apply does" in note for note in run.notes)
    # Without it, this level plans without a code.
    run = run_of(tmp_path, LOCAL, Level.APPLIES_ONLY)
    await plan(run.driver, gate)
    assert len(device.asked) == 1


async def test_settings_that_change_while_the_prompt_is_open_stop_the_run(tmp_path, lenient_sandbox, gate_of):
    file = tmp_path / "f"
    file.write_text('path = "one.tfstate"\n')

    class Meanwhile(Device):
        async def ask(self, request):
            file.write_text('path = "other.tfstate"\n')
            return await super().ask(request)

    run = run_of(tmp_path, LOCAL, backend_config=("f",))
    await plan(run.driver, gate_of(lenient_sandbox, Meanwhile(lenient_sandbox)))
    assert any("Changed while the prompt was open, and checked again" in note for note in run.notes)
    kept = json.loads((run.driver.environment.folder / ".terraform" / "terraform.tfstate").read_bytes())
    assert kept["backend"]["config"]["path"] == "other.tfstate"
