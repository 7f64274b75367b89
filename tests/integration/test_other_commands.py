"""Terraform's other commands under the gate: who is asked for a code, what AWS saw, and what of the state is kept."""

import asyncio
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from device import Device
from variants import first_of
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import (
    ApprovalsMissing,
    ConfigurationError,
    MfaBypass,
    RoleRefused,
    RunCanceled,
    RunStateError,
    TerraformFailed,
)
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_approvals import ApprovalRule
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.listing import find_run, list_runs
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.runs.history.state_copies import to_restore_state
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.command_table import read_call, read_expression
from tfmfa_nb.views.run_list import listing_text
from tfmfa_nb.views.summary import summary_text

HCL = """
resource "terraform_data" "one" {
  input = "planted-in-the-state"
}
"""
IN_S3 = """
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


class Person(Device):
    """Confirms, or does not."""

    answer = True

    async def confirm(self, question, **_):
        await super().confirm(question)
        return self.answer


def gate(person=None):
    return Gate(person or Person(None), os.environ)


async def applied(environment, mfa):
    run = Run(environment, Options(), environment.folder.parent)
    await plan(run.driver, mfa)
    await apply(run.driver, mfa)


async def command(environment, mfa, *words, options=None):
    run = Run(environment, options or Options(call=read_call(words)), environment.folder.parent)
    await run_command(run.driver, mfa)
    return run


def trail(run, event):
    return [line for line in run.driver.store.trail.lines() if (line.get("run"), line["event"]) == (run.id, event)]


def log_of(run):
    return "\n".join(run.log_text(run.log_start))


def state_of(environment):
    return json.loads((environment.folder / "terraform.tfstate").read_bytes())


async def test_the_state_is_changed_and_brought_back(environment, tmp_path):
    person = Person(None)
    mfa = gate(person)
    await applied(environment, mfa)
    person.asked.clear()
    moved = await command(environment, mfa, "state", "mv", "terraform_data.one", "terraform_data.two")
    assert (moved.status, moved.phase) == ("finished", "change")
    assert person.asked == ['Run terraform state mv terraform_data.one terraform_data.two on "head"?']
    assert [one["name"] for one in state_of(environment)["resources"]] == ["two"]
    copy = moved.driver.store.files.state_copy
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert json.loads(copy.read_bytes())["resources"][0]["name"] == "one"
    assert f"%tfruns -e head restore-state {moved.id}" in log_of(moved)
    assert "planted-in-the-state" not in log_of(moved)
    assert [line["status"] for line in trail(moved, "status")] == ["running", "finished"]
    words = "state mv terraform_data.one terraform_data.two"
    assert {line["command"] for event in ("phase", "status") for line in trail(moved, event)} == {words}
    # A later kernel knows what it was, and its list says so.
    assert restore(environment, moved.id, tmp_path, {}, Policy()).command == "state mv"
    assert f"Command: terraform {words}" in summary_text(moved)
    assert f"head: Finished ({words})" in summary_text(moved)
    assert "Changes or command" in listing_text(list_runs(environment, 5))
    chosen = find_run(environment, "latest", lambda run: run.has_state_copy)
    assert chosen == moved.id
    before = state_of(environment)
    back = await command(environment, mfa, options=to_restore_state(environment, moved.id, {}))
    assert person.asked[1:] == [
        f'Bring back the state of "head" as it was before {moved.id}? What changed since is then not in it.'
    ]
    assert back.driver.record.arguments == (moved.id,)
    now = state_of(environment)
    assert (now["resources"], now["lineage"]) == (json.loads(copy.read_bytes())["resources"], before["lineage"])
    assert now["serial"] > before["serial"]
    assert not back.driver.store.files.values.exists()
    # It keeps a copy too, so that it can be taken back itself.
    assert json.loads(back.driver.store.files.state_copy.read_bytes())["resources"][0]["name"] == "two"


async def test_what_is_not_confirmed_or_not_the_same_does_not_run(environment, tmp_path):
    person = Person(None)
    mfa = gate(person)
    await applied(environment, mfa)
    before = state_of(environment)
    person.answer = False
    with pytest.raises(RunCanceled, match="The state rm was not run"):
        await command(environment, mfa, "state", "rm", "terraform_data.one")
    assert state_of(environment) == before
    assert len(list_runs(environment, 5).runs) == 1  # a start that was refused is no run
    approved = Options(call=read_call(["state", "rm", "terraform_data.one"]), auto_approve=True)
    removed = await command(environment, mfa, options=approved)
    assert state_of(environment)["resources"] == []
    copy = removed.driver.store.files.state_copy
    copy.write_bytes(copy.read_bytes().replace(b"planted", b"changed"))
    with pytest.raises(RunStateError, match="is not the one that was kept"):
        to_restore_state(environment, removed.id, {})
    with pytest.raises(RunStateError, match="has kept no copy of the state"):
        to_restore_state(environment, list_runs(environment, 5).runs[-1].id, {})
    # An edited record does not hide what the run did.
    record = removed.driver.store.files.record
    record.write_text(record.read_text().replace('"state rm"', '"state list"'))
    with pytest.raises(RunStateError, match=r'its command is "state list terraform_data\.one"'):
        restore(environment, removed.id, tmp_path, {}, Policy())


async def test_a_copy_of_another_state_is_not_brought_back(environment):
    mfa = gate()
    await applied(environment, mfa)
    approved = Options(call=read_call(["state", "rm", "terraform_data.one"]), auto_approve=True)
    removed = await command(environment, mfa, options=approved)
    (environment.folder / "terraform.tfstate").unlink()
    await applied(environment, mfa)
    with pytest.raises(RunStateError, match="their lineages differ"):
        await command(environment, mfa, options=to_restore_state(environment, removed.id, {}, auto_approve=True))
    assert len(state_of(environment)["resources"]) == 1
    # After a `state push -force` that was a mistake, it is what a person wants.
    person = Person(None)
    what_is_lost = "It replaces a state of another lineage too (--force): what only that one has is then in no state."
    forced = to_restore_state(environment, removed.id, {}, force=True)
    back = await command(environment, gate(person), options=forced)
    assert person.asked == [f'Bring back the state of "head" as it was before {removed.id}? {what_is_lost}']
    copy = json.loads(removed.driver.store.files.state_copy.read_bytes())
    assert (state_of(environment)["lineage"], back.status) == (copy["lineage"], "finished")
    assert back.driver.record.arguments == ("-force", removed.id)
    assert what_is_lost in back.notes  # before a code, where one is asked for
    # The same lineage needs no force, and the state that was replaced can be brought back too.
    assert (await command(environment, gate(), options=forced)).status == "finished"


async def test_reading_leaves_a_pending_plan_alone_and_the_state_in_a_file(environment, tmp_path):
    mfa = gate()
    await applied(environment, mfa)
    environment.write_configuration(HCL.replace("planted", "other"))
    pending = Run(environment, Options(), tmp_path)
    await plan(pending.driver, mfa)
    listed = await command(environment, mfa, "state", "list")
    assert (listed.status, listed.phase, "terraform_data.one" in log_of(listed)) == ("finished", "read", True)
    file = tmp_path / "state.json"
    call = read_call(["state", "pull"], own="state pull")
    to_file = Options(call=type(call)(call.command, call.arguments, call.kind, output=file))
    pulled = await command(environment, mfa, options=to_file)
    assert (stat.S_IMODE(file.stat().st_mode), b"planted-in-the-state" in file.read_bytes()) == (0o600, True)
    assert "planted-in-the-state" not in log_of(pulled)
    with pytest.raises(ConfigurationError, match="exists already"):
        await command(environment, mfa, options=to_file)
    assert pending.driver.store.has_plan
    await apply(pending.driver, mfa)
    assert pending.status == "applied"
    with pytest.raises(TerraformFailed, match="terraform state show ended with exit code 1"):
        await command(environment, mfa, "state", "show", "terraform_data.none")
    assert list_runs(environment, 1).runs[0].status == "errored"


async def test_no_command_changes_what_needs_approvals(environment):
    await applied(environment, gate())
    before, person = state_of(environment), Person(None)
    for rule, refused in ((ApprovalRule("*"), True), (ApprovalRule("*", other_changes=True), False)):
        asking = replace(gate(person), policy=Policy((Layer(Path("/etc/policy.toml"), approvals=(rule,)),)))
        assert (await command(environment, asking, "state", "list")).status == "finished"
        if refused:
            with pytest.raises(ApprovalsMissing, match="terraform state rm has no plan that a person could approve"):
                await command(environment, asking, "state", "rm", "terraform_data.one")
            assert (person.asked, state_of(environment)) == ([], before)
            for options in (Options(migrate_state=True), Options(workspace="new", or_create=True)):
                with pytest.raises(ApprovalsMissing, match="what --migrate-state and --or-create do is in no plan"):
                    await plan(Run(environment, options, environment.folder.parent).driver, asking)
        else:
            await command(environment, asking, "state", "rm", "terraform_data.one")
            assert state_of(environment) != before


async def test_a_command_is_listed_while_it_runs(environment, tmp_path):
    run = Run(environment, Options(call=read_call(["state", "list"])), tmp_path)
    going = asyncio.ensure_future(run_command(run.driver, gate()))
    while run.status == "pending":  # noqa: ASYNC110 - the status changes once
        await asyncio.sleep(0.01)
    assert find_run(environment, "latest", lambda one: one.running) == run.id
    await asyncio.wait({going})
    assert list_runs(environment, 1).runs[0].command == "state list"


@pytest.mark.parametrize(
    ("level", "words", "codes"),
    [
        (Level.PLANS_AND_APPLIES, ("state", "list"), 1),
        (Level.PLANS_AND_APPLIES, ("state", "rm", "terraform_data.one"), 1),
        pytest.param(Level.PLANS_AND_APPLIES, ("version",), 0, marks=pytest.mark.thorough),
        (Level.APPLIES_ONLY, ("state", "list"), 0),
        pytest.param(Level.APPLIES_ONLY, ("state", "rm", "terraform_data.one"), 1, marks=pytest.mark.thorough),
    ],
)
async def test_aws_sees_mfa_where_the_class_of_a_command_asks_for_it(  # noqa: PLR0917 - parameters
    environment, lenient_sandbox, gate_of, level, words, codes
):
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    environment.write_configuration(IN_S3 + HCL)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    await applied(environment, mfa)
    environment.set_level(level)
    before, calls = calls_without_mfa(lenient_sandbox), len(lenient_sandbox.calls())
    run = await command(environment, mfa, *words)
    made = [call for call in lenient_sandbox.calls()[calls:] if run.id in call["user_agent"]]
    assert run.status == "finished"
    assert len(device.given) == codes
    assert run.authenticated_by == ("alice" if codes else "")
    if codes:
        assert (calls_without_mfa(lenient_sandbox), {call["mfa"] for call in made}) == (before, {True})
        assert device.asked[-1].text().endswith(f'to run {" ".join(words[:2])} on "head": ')
        (line,) = trail(run, "mfa")
        assert (line["result"], line["phase"]) == ("authenticated", run.phase)
    elif words == ("version",):  # it gets no credentials at all
        assert made == []


async def test_a_state_in_s3_is_brought_back_with_a_code_of_its_own(environment, lenient_sandbox, gate_of):
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    environment.write_configuration(IN_S3 + HCL)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    await applied(environment, mfa)
    environment.set_level(Level.APPLIES_ONLY)
    removed = await command(environment, mfa, "state", "rm", "terraform_data.one")
    back = await command(environment, mfa, options=to_restore_state(environment, removed.id, mfa.environ))
    assert (back.status, len(device.given)) == ("finished", 2)
    state = json.loads(s3.get_object(Bucket="states", Key="k")["Body"].read())
    assert state["resources"] == json.loads(removed.driver.store.files.state_copy.read_bytes())["resources"]
    written = [call for call in lenient_sandbox.calls() if back.id in call["user_agent"]]
    assert {call["mfa"] for call in written} == {True}
    assert "PUT" in {call["action"] for call in written}


async def test_a_bypass_and_a_change_meanwhile_are_refused_as_for_a_plan(environment, lenient_sandbox, gate_of):
    class Edits(Device):
        async def ask(self, request):
            (environment.folder / "more.tf").write_text('provider "aws" {\n  profile = "sneaky"\n}\n')
            return await super().ask(request)

    environment.set_level(Level.PLANS_AND_APPLIES)
    device = Edits(lenient_sandbox)
    with pytest.raises(MfaBypass, match=r"more\.tf:2"):
        await command(environment, gate_of(lenient_sandbox, device), "state", "list")
    with pytest.raises(MfaBypass, match=r"more\.tf:2"):
        await command(environment, gate_of(lenient_sandbox, Device(lenient_sandbox)), "state", "rm", "x.y")
    assert [call for call in lenient_sandbox.calls() if call["action"] == "GetSessionToken"] == []


async def test_tests_and_files_that_bring_credentials_of_their_own(environment, lenient_sandbox, gate_of):
    file = environment.folder / "one.tftest.hcl"
    file.write_text('run "one" {\n  command = plan\n}\n')
    environment.set_level(Level.APPLIES_ONLY)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    run = await command(environment, mfa, "test")
    assert (run.status, run.authenticated_by, "1 passed" in log_of(run)) == ("finished", "alice", True)
    assert not run.driver.store.files.state_copy.exists()

    class Edits(Device):
        async def ask(self, request):
            file.write_text(file.read_text() + 'provider "aws" {\n  profile = "sneaky"\n}\n')
            return await super().ask(request)

    with pytest.raises(MfaBypass, match=r"one\.tftest\.hcl:4"):
        await command(environment, gate_of(lenient_sandbox, Edits(lenient_sandbox)), "test")
    with pytest.raises(MfaBypass, match=r"one\.tftest\.hcl:4"):
        await command(environment, mfa, "test")
    assert len(device.given) == 1


@pytest.mark.parametrize("way", ["a file of variables", "an override"])
async def test_tests_cannot_hand_a_key_to_a_provider(environment, lenient_sandbox, gate_of, way):
    name, text = "one.tftest.hcl", 'run "one" {\n  command = plan\n}\n'
    key = 'key    = "AKIAPLANTED"\nsecret = "planted"\n'
    given = "var" if way == "a file of variables" else "module.keys"
    environment.write_configuration(
        "".join(f'variable "{each}" {{\n  default = null\n}}\n' for each in ("key", "secret"))
        + f'provider "aws" {{\n  access_key = {given}.key\n  secret_key = {given}.secret\n}}\n'
        + 'data "aws_caller_identity" "me" {}\nmodule "keys" {\n  source = "./keys"\n}\n'
    )
    tests, keys = environment.folder / "tests", environment.folder / "keys"
    tests.mkdir()
    keys.mkdir()
    (keys / "main.tf").write_text("".join(f'output "{each}" {{\n  value = null\n}}\n' for each in ("key", "secret")))
    if given == "var":
        (tests / "terraform.tfvars").write_text(key)
        refused = r"tests/terraform\.tfvars: tests get variables from here, and the provider in main\.tf:7 reads some"
    else:
        text += f"override_module {{\n  target  = module.keys\n  outputs = {{\n{key}  }}\n}}\n"
        refused = r"tests/one\.tftest\.hcl:4: a test overrides values, and the provider in main\.tf:7 reads some"
    (tests / name).write_text(text)
    environment.set_level(Level.APPLIES_ONLY)
    device = Device(lenient_sandbox)
    with pytest.raises(MfaBypass, match=refused):
        await command(environment, gate_of(lenient_sandbox, device), "test")
    assert device.asked == []


async def test_tests_that_change_while_terraform_runs(environment, lenient_sandbox, gate_of):
    """Also those that are as before when somebody looks."""
    file = environment.folder / "one.tftest.hcl"
    file.write_text('run "one" {\n  command = plan\n}\n')
    environment.set_level(Level.APPLIES_ONLY)
    run = Run(environment, Options(call=read_call(["test"])), environment.folder.parent)
    going = asyncio.ensure_future(run_command(run.driver, gate_of(lenient_sandbox, Device(lenient_sandbox))))
    while run.status != "running":  # noqa: ASYNC110 - the status changes once
        await asyncio.sleep(0.01)
    file.write_bytes(file.read_bytes())
    with pytest.raises(MfaBypass, match=r"one\.tftest\.hcl changed while Terraform ran"):
        await going
    assert run.authenticated_by == ""


async def test_no_code_is_spent_on_a_configuration_that_cannot_be_initialized(environment, lenient_sandbox, gate_of):
    environment.set_level(Level.PLANS_AND_APPLIES)
    (environment.folder / "more.tf").write_text('terraform {\n  required_version = ">= 99"\n}\n')
    device = Device(lenient_sandbox)
    with pytest.raises(TerraformFailed, match="init failed"):
        await command(environment, gate_of(lenient_sandbox, device), "state", "list")
    assert device.asked == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("terraform_data.onne", "x"), r"does not declare terraform_data\.onne, .*Did you mean terraform_data\.one\?"),
        (("terraform_data.one",), "An import takes the address of a resource and its ID"),
        (("data.terraform_data.one", "x"), r"data\.terraform_data\.one is not the address of a managed resource"),
    ],
)
async def test_no_code_is_spent_on_an_import_into_nothing(environment, lenient_sandbox, gate_of, words, said):
    environment.set_level(Level.APPLIES_ONLY)
    device = Device(lenient_sandbox)
    with pytest.raises(ConfigurationError, match=said):
        await command(environment, gate_of(lenient_sandbox, device), "import", *words)
    assert device.asked == []


async def test_no_code_is_spent_on_an_address_that_the_state_does_not_have(environment, lenient_sandbox, gate_of):
    """A state on this machine can be read before; one in S3 only with the session."""
    await applied(environment, gate())
    environment.set_level(Level.PLANS_AND_APPLIES)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    missing = r"The state has no terraform_data\.onne\. Did you mean terraform_data\.one\?"
    for words, said in (
        (("state", "show", "terraform_data.onne"), missing),
        (("state", "rm", "terraform_data.onne"), missing),
        (("state", "mv", "terraform_data.onne", "terraform_data.x"), missing),
        (("taint", "terraform_data.onne"), missing),
        (("state", "list", "terraform_data.onne"), missing),
        (("state", "list", "nope"), "nope is not an address"),
        (("state", "list", "-idd=x"), r'`terraform state list` has no option -idd\. Did you mean "-id"\?'),
        (("state", "rm", "-speed", "terraform_data.one"), "`terraform state rm` has no option -speed"),
        (("state", "rm", "terraform_data.one[a]"), r"terraform_data\.one\[a\] is not an address"),
        (("import", "terraform_data.one", "x"), r"The state already has terraform_data\.one\."),
        (("import", "terraform_data.one[1]", "x"), r"There is no such instance as terraform_data\.one\[1\]"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            await command(environment, mfa, *words)
    outputs = replace(read_call(["output", "-json"], own="output"), values=True, wanted="nope")
    with pytest.raises(ConfigurationError, match=r'There is no output "nope"\.'):
        await run_command(Run(environment, Options(call=outputs), environment.folder).driver, mfa)
    assert device.asked == []
    assert (await command(environment, mfa, "taint", "terraform_data.one")).status == "finished"
    environment.write_configuration(IN_S3 + HCL)
    with pytest.raises(ConfigurationError, match=r"terraform_data\.one\[a\] is not an address"):
        await command(environment, mfa, "state", "rm", "terraform_data.one[a]")
    assert len(device.asked) == 1


async def test_no_code_is_spent_on_an_expression_that_a_console_cannot_evaluate(environment, lenient_sandbox, gate_of):
    environment.write_configuration(HCL + 'variable "names" {\n  default = ["a"]\n}\nlocals {\n  one = 1\n}\n')
    environment.set_level(Level.PLANS_AND_APPLIES)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    for expression, said in (
        ("1 +", "The expression is not complete, or not valid"),
        ("length(var.name)", r'does not declare var\.name\. Did you mean "names"'),
        ("local.two", r"does not declare local\.two"),
        ("[for each in var.names : module.net.id]", r"does not declare module\.net"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            await command(environment, mfa, options=Options(call=read_expression(expression)))
    assert device.asked == []
    run = await command(
        environment, mfa, options=Options(call=read_expression("[for v in var.names : [v, local.one]]"))
    )
    assert (run.status, len(device.asked)) == ("finished", 1)


@pytest.mark.parametrize("words", first_of([("state", "list"), (("show",),)]))
async def test_reading_creates_no_workspace(environment, lenient_sandbox, gate_of, words):
    """Terraform itself begins a new state in a workspace that only TF_WORKSPACE names."""
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    environment.write_configuration(IN_S3 + HCL)
    mfa = gate_of(lenient_sandbox, Device(lenient_sandbox))
    await applied(environment, mfa)
    environment.set_level(Level.APPLIES_ONLY)
    with pytest.raises(ConfigurationError, match=r'"ghost" does not exist\. Create it with %tfplan --workspace ghost'):
        await command(environment, mfa.with_environ({"TF_WORKSPACE": "ghost"}), *words)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="states")["Contents"]] == ["k"]
    listed = await command(environment, mfa.with_environ({"TF_WORKSPACE": "default"}), *words)
    assert listed.status == "finished"


async def test_no_code_is_spent_on_a_workspace_that_is_known_not_to_fit(environment, lenient_sandbox, gate_of):
    environment.set_level(Level.PLANS_AND_APPLIES)
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    for words, said in (
        ("select nope", r'"nope" does not exist\. Those that exist: default'),
        ("delete nope", '"nope" does not exist'),
        ("new default", r'"default" exists already\. Use it with --workspace default'),
    ):
        with pytest.raises(ConfigurationError, match=said):
            await command(environment, mfa, "workspace", *words.split())
    assert device.asked == []
    await command(environment, mfa, "workspace", "select", "-or-create", "prod")
    await command(environment, mfa, "workspace", "select", "default")
    assert len(device.asked) == 2


async def test_a_protected_workspace_cannot_be_deleted_from_another_one(environment, lenient_sandbox, gate_of):
    await command(environment, gate(), "workspace", "new", "prod")
    await command(environment, gate(), "workspace", "select", "default")
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    mfa.policy = Policy(
        (
            Layer(
                path=environment.folder / "p",
                mfa=True,
                default_level=Level.NEVER,
                endpoints=("http://127.0.0.1:*",),
                minimums=(Minimum(Level.APPLIES_ONLY, workspaces=("prod",)),),
            ),
        )
    )
    run = await command(environment, mfa, "workspace", "delete", "prod")
    assert (len(device.given), run.level, run.workspace) == (1, "applies only", "default")


DEPLOY, AUDIT = (f"arn:aws:iam::123456789012:role/{name}" for name in ("deploy", "audit"))
PROVIDER = 'provider "aws" {{\n  assume_role {{\n    role_arn = {}\n  }}\n}}\n'
BY_PHASE = PROVIDER.format(f'terraform.applying ? "{AUDIT}" : "{DEPLOY}"')
UNKNOWN = PROVIDER.format("terraform_data.one.output")
ONLY_DEPLOY = {"endpoints": ("http://127.0.0.1:*",), "roles": (DEPLOY,)}


@pytest.mark.parametrize("level", [Level.APPLIES_ONLY, Level.NEVER])
async def test_no_command_assumes_a_role_that_nobody_could_judge(environment, lenient_sandbox, gate_of, level):
    """Terraform saves no plan of a refresh, an import, or a test, so what it assumes has to be known before."""
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    mfa.policy = Policy((Layer(path=environment.folder / "p", mfa=True, **ONLY_DEPLOY),))
    environment.set_level(level)
    (environment.folder / "one.tftest.hcl").write_text('run "one" {\n}\n')
    attacks = [
        (UNKNOWN, ("refresh",), r"terraform_data\.one\.output is not known before"),
        (UNKNOWN, ("import", "terraform_data.one", "x"), r"terraform_data\.one\.output is not known before"),
        (UNKNOWN, ("test",), r"terraform_data\.one\.output is not known before"),
        (BY_PHASE, ("test",), r"is not known before"),  # one run of a test plans, the next one applies
        (BY_PHASE, ("frobnicate",), r"is not known before"),
        (PROVIDER.format(f'"{AUDIT}"'), ("refresh",), "role/audit is not allowed"),
    ]
    for hcl, words, said in attacks:
        (environment.folder / "main.tf").write_text(hcl + HCL)
        with pytest.raises(RoleRefused, match=said):
            await command(environment, mfa, *words)
    assert device.asked == []
    assert [call for call in lenient_sandbox.calls() if call["action"] in {"AssumeRole", "GetSessionToken"}] == []


@pytest.mark.thorough
async def test_a_refresh_assumes_the_role_of_a_plan(environment, sandbox, gate_of):
    device = Device(sandbox)
    mfa = gate_of(sandbox, device)
    mfa.policy = Policy((Layer(path=environment.folder / "p", mfa=True, **ONLY_DEPLOY),))
    environment.set_level(Level.APPLIES_ONLY)
    (environment.folder / "main.tf").write_text(BY_PHASE + 'data "aws_caller_identity" "me" {}\n')
    run = await command(environment, mfa, "refresh")
    assert (run.status, len(device.given)) == ("finished", 1)
    assumed = [call for call in sandbox.calls() if call["action"] == "AssumeRole"]
    assert {(call["role_arn"], call["allowed"], call["mfa"]) for call in assumed} == {(DEPLOY, True, True)}
