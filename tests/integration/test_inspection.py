"""What a configuration says is held against level and policy, also where a module comes only with `init`."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from device import Device
from reader import terraform

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, MfaBypass, RoleRefused
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.events import LevelChanged
from tfmfa_nb.runs.gate.inspection import inspect
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform import configuration_files
from tfmfa_nb.terraform.executable import find_executable

MODULE = """
provider "aws" {
  BODY
}
resource "aws_ssm_parameter" "inner" {
  name  = "/inspection/inner"
  type  = "String"
  value = "1"
}
"""
PLAIN = 'resource "terraform_data" "x" {}\n'
ROLE = 'assume_role {\n    role_arn = "arn:aws:iam::123456789012:role/NAME"\n  }'


def fetched_module(tmp_path, body):
    """A configuration whose module is not there before `init` has fetched it."""
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "main.tf").write_text(MODULE.replace("BODY", body))
    identity = ("-c", "user.name=alice", "-c", "user.email=alice@example.com")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "module")):
        subprocess.run(["git", *command], cwd=origin, check=True)
    return f'module "inner" {{\n  source = "git::file://{origin}"\n}}\n'


def new_run(tmp_path, hcl, level=Level.PLANS_AND_APPLIES):
    environment = Environment.named("inspected", tmp_path)
    environment.write_configuration(hcl)
    environment.set_level(level)
    return Run(environment, Options(), tmp_path)


async def test_a_bypass_in_a_module_that_init_fetches_is_refused_before_the_plan(tmp_path, sandbox, gate_of):
    run = new_run(tmp_path, fetched_module(tmp_path, 'profile = "other"'))
    with pytest.raises(MfaBypass, match=r"main.tf:3: .*profile"):
        await plan(run.driver, gate_of(sandbox, Device(sandbox)))
    assert run.status == "errored"
    assert run.lock_indicator == "failed"
    log = "\n".join(run.log_text())
    assert "successfully initialized" in log
    assert "Terraform will perform" not in log


@pytest.mark.thorough
async def test_a_role_in_such_a_module_is_shown_and_checked_with_the_same_code(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run = new_run(tmp_path, fetched_module(tmp_path, ROLE.replace("NAME", "audit")))
    await plan(run.driver, gate_of(sandbox, device))
    assert run.status == "planned"
    assert len(device.asked) == 1
    assert [(role["provider"], hop["state"]) for role in run.roles for hop in role["hops"]] == [
        ("module.inner.aws", "assumed")
    ]
    assert not any("not installed yet" in note for note in run.notes)


@pytest.mark.thorough
async def test_a_plan_parses_each_file_once_also_where_init_brings_more(tmp_path, sandbox, gate_of, monkeypatch):
    parsed, parse = Counter(), configuration_files.parse

    def counted(source, name):
        parsed[name] += 1
        return parse(source, name)

    monkeypatch.setattr(configuration_files, "parse", counted)
    run = new_run(tmp_path, fetched_module(tmp_path, ROLE.replace("NAME", "audit")))
    await plan(run.driver, gate_of(sandbox, Device(sandbox)))
    assert run.status == "planned"
    assert parsed == {"main.tf": 1, ".terraform/modules/inner/main.tf": 1}


@pytest.mark.thorough
async def test_a_refused_role_in_such_a_module_stops_before_the_plan(tmp_path, sandbox, gate_of):
    run = new_run(tmp_path, fetched_module(tmp_path, ROLE.replace("NAME", "missing")))
    with pytest.raises(RoleRefused, match="role/missing"):
        await plan(run.driver, gate_of(sandbox, Device(sandbox)))
    assert "Terraform will perform" not in "\n".join(run.log_text())


@pytest.mark.thorough
async def test_what_cannot_be_known_is_told(tmp_path, sandbox, gate_of):
    hcl = MODULE.replace("BODY", ROLE.replace('"arn:aws:iam::123456789012:role/NAME"', "terraform_data.x.output"))
    run = new_run(
        tmp_path, f'{hcl}\nresource "terraform_data" "x" {{\n  input = "arn:aws:iam::123456789012:role/x"\n}}\n'
    )
    await plan(run.driver, gate_of(sandbox, Device(sandbox)))
    (note,) = [note for note in run.notes if "terraform_data.x.output" in note]
    assert note.startswith("main.tf:4: The role")
    assert note in run.log_text()


@pytest.fixture
def look(tmp_path, sandbox, gate_of):
    async def make(hcl, level, **says):
        run, gate = new_run(tmp_path, hcl, level), gate_of(sandbox, None)
        run.driver.tell(LevelChanged(level))
        endpoints = (gate.environ["AWS_ENDPOINT_URL"],)
        gate.policy = Policy((Layer(Path("/etc/policy.toml"), mfa=True, endpoints=endpoints, **says),))
        await inspect(run.driver, gate, find_executable(gate.environ))
        return run

    return make


async def test_the_policy_may_allow_a_bypass_by_its_name(look):
    hcl = 'provider "aws" {\n  profile = "x"\n  shared_credentials_files = ["y"]\n}\n'
    with pytest.raises(MfaBypass):
        await look(hcl, Level.APPLIES_ONLY)
    with pytest.raises(MfaBypass, match="shared_credentials_files"):
        await look(hcl, Level.APPLIES_ONLY, bypasses=frozenset({"profile"}))
    await look(hcl, Level.APPLIES_ONLY, bypasses=frozenset({"profile", "shared_credentials_files"}))


async def test_a_credentials_helper_of_the_cli_configuration_is_no_matter_of_aws(tmp_path, sandbox, gate_of):
    """It serves registries."""
    config = tmp_path / "helper.rc"
    config.write_text('credentials_helper "vault" {}\n')
    run, gate = new_run(tmp_path, PLAIN, Level.APPLIES_ONLY), gate_of(sandbox, Device(sandbox))
    run.driver.tell(LevelChanged(Level.APPLIES_ONLY))
    gate.environ = {**gate.environ, "TF_CLI_CONFIG_FILE": str(config)}
    await inspect(run.driver, gate, find_executable(gate.environ))
    assert run.driver.findings.bypasses == ()


async def test_what_cannot_be_read_is_refused_unless_the_policy_allows_it(look):
    hcl = 'module "gone" {\n  source = "./gone"\n}\n'
    with pytest.raises(MfaBypass, match=r"main.tf:1: The module gone cannot be read"):
        await look(hcl, Level.APPLIES_ONLY)
    await look(hcl, Level.APPLIES_ONLY, bypasses=frozenset({"unreadable"}))


async def test_a_provider_that_is_not_known_is_refused_unless_the_policy_allows_it(look):
    hcl = 'terraform {\n  required_providers {\n    x = { source = "acme/x" }\n  }\n}\n'
    with pytest.raises(MfaBypass, match=r"main.tf:3: The provider registry.terraform.io/acme/x is not known"):
        await look(hcl, Level.APPLIES_ONLY)
    await look(hcl, Level.APPLIES_ONLY, providers=("acme/x",))


async def test_a_profile_given_to_init_by_hand_is_seen_and_would_have_been_used(tmp_path, lenient_sandbox, gate_of):
    """Terraform's own init, with the real backend: the sandbox sees the profile's long-term key."""
    lenient_sandbox.client("s3").create_bucket(
        Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    hcl = (
        'terraform {\n  backend "s3" {\n    bucket = "states"\n    key = "k"\n    region = "eu-west-1"\n'
        "    use_path_style = true\n  }\n}\n"
    )
    run, device = new_run(tmp_path, hcl), Device(lenient_sandbox)
    gate = gate_of(lenient_sandbox, device)
    key, secret = gate.environ["AWS_ACCESS_KEY_ID"], gate.environ["AWS_SECRET_ACCESS_KEY"]
    shared = tmp_path / "credentials"
    shared.write_text(f"[ops]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    before = len(lenient_sandbox.calls())
    terraform(
        run.driver.environment.folder,
        *("init", "-input=false", "-backend-config=profile=ops"),
        environ={"AWS_ENDPOINT_URL": gate.environ["AWS_ENDPOINT_URL"], "AWS_SHARED_CREDENTIALS_FILE": str(shared)},
    )
    calls = lenient_sandbox.calls()[before:]
    assert {(call["access_key_id"], call["mfa"]) for call in calls} == {(key, False)}
    before = len(lenient_sandbox.calls())
    with pytest.raises(MfaBypass, match=r'\.terraform/terraform\.tfstate: backend "s3" uses an AWS profile'):
        await plan(run.driver, gate)
    assert device.asked == []
    assert lenient_sandbox.calls()[before:] == []


async def test_state_on_this_machine_is_refused_where_the_policy_says_so(look):
    with pytest.raises(ConfigurationError, match=r"keeps its state on this machine.*organization policy /etc"):
        await look('provider "aws" {}\n', Level.NEVER, local_state=False)
    with pytest.raises(ConfigurationError, match="keeps its state on this machine"):
        await look('terraform {\n  backend "local" {}\n}\n', Level.APPLIES_ONLY, local_state=False)
    await look('terraform {\n  backend "s3" {}\n}\n', Level.APPLIES_ONLY, local_state=False)
    cloud = frozenset({"cloud"})
    await look("terraform {\n  cloud {}\n}\n", Level.APPLIES_ONLY, local_state=False, bypasses=cloud)


async def test_at_never_nothing_is_looked_at(look):
    assert (await look('provider "aws" {\n  profile = "x"\n}\n', Level.NEVER)).driver.findings is None
