"""What can be known without credentials costs no code: the sandbox's log says whether one was used."""

import asyncio
import json
import os
import re
import shutil

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import AuthenticationError, ConfigurationError, RunStateError, TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

ROLE = '  assume_role {\n    role_arn = "arn:aws:iam::123456789012:role/deploy"\n  }\n'
S3 = 'terraform {\n  backend "s3" {\n    bucket = "states"\n    key    = "one"\n  }\n}\n'
STATE = {
    "version": 4,
    "serial": 1,
    "lineage": "one",
    "resources": [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": "gone",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"schema_version": 0, "attributes": {"id": "1"}}],
        }
    ],
}
ONE = 'resource "terraform_data" "one" {\n  input = "one"\n}\n'


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    from tfmfa_nb.sandbox.handle import Sandbox  # noqa: PLC0415 - as the fixture of each test does it

    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"), user_may_act=True)
    yield running
    running.stop()


@pytest.fixture
def environ(aws):
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **aws.environ()}


@pytest.fixture
def attempt(tmp_path, aws, environ):
    """A function that plans HCL at a level that asks: the run, and the phases for which a code was asked."""

    def prepare(hcl, *, more=(), **options):
        folder = tmp_path / "live"
        folder.mkdir(exist_ok=True)
        (folder / "main.tf").write_text(hcl)
        environment = Environment.at("live", tmp_path)
        environment.set_level(Level.PLANS_AND_APPLIES)
        device = Device(aws)
        return Run(environment, Options(**options), tmp_path), Gate(device, {**environ, **dict(more)}), device

    return prepare


@pytest.mark.parametrize(
    ("hcl", "options", "said"),
    [
        ('resource "terraform_data" "one" {\n  input = \n}\n', {}, r"main\.tf:2: Invalid expression"),
        ("output {\n}\n", {}, r"main\.tf:1: Missing name for output"),
        (f'{ONE}output "x" {{\n  value = var.nowhere\n}}\n', {}, r"main\.tf:5: Reference to undeclared input variable"),
        (
            f'{ONE}output "x" {{\n  value = terraform_data.two\n}}\n',
            {},
            r"main\.tf:5: Reference to undeclared resource",
        ),
        (ONE.replace("input", "inptu"), {}, r"main\.tf:2: Unsupported argument"),
        (f'{ONE}variable "name" {{}}\n', {}, r"This variable has no value: name \(main\.tf:4\)\. Pass --var name=…"),
        (f'{ONE}variable "name" {{}}\n', {"variables": (("var", "nmae=x"),)}, r"--var nmae=… .*Did you mean name\?"),
        (ONE, {"variables": (("var_file", "prod.tfvars"),)}, r"The variable file .*prod\.tfvars does not exist"),
        (
            f'{ONE}provider "aws" {{\n  region = "eu-centrl-1"\n{ROLE}}}\n',
            {},
            r'main\.tf:\d+: "eu-centrl-1" is not an AWS Region\. Did you mean eu-central-1\?',
        ),
        (
            'module "a" {\n  source = "./nowhere"\n}\n',
            {},
            r"main\.tf:1: The module a cannot be read: no such folder",
        ),
        (
            f"{ONE}moved {{\n  from = terraform_data.one\n  to   = terraform_data.two\n}}\n",
            {},
            r"main\.tf:4: Moved object still exists\. .*is still declared at main\.tf:1",
        ),
        (f"{ONE}removed {{\n  from = terraform_data.one\n}}\n", {}, r"main\.tf:1: Removed resource still exists"),
        (
            f'{ONE}import {{\n  to = terraform_data.two\n  id = "x"\n}}\n',
            {},
            r"main\.tf:5: Configuration for import target does not exist",
        ),
        (
            ONE.replace("{\n", "{\n  count = var.size\n")
            + 'variable "size" {\n  type = number\n}\nimport {\n  to = terraform_data.one[2]\n  id = "x"\n}\n',
            {"variables": (("var", "size=2"),)},
            r"main\.tf:9: Configuration for import target does not exist\. There is no such instance as terraform_data",
        ),
        (ONE, {"target": ("terraform_data.one.id",)}, r"--target terraform_data\.one\.id is not the address of a res"),
        (ONE, {"replace": ("data.a.b",)}, r"--replace data\.a\.b is not a managed resource"),
        (
            f'{ONE}variable "size" {{\n  type = number\n}}\n',
            {"variables": (("var", "size=abc"),)},
            r"main\.tf:4: Invalid value for input variable size\. .*a number is required",
        ),
        (S3.replace("key ", "# ") + ONE, {}, r"main\.tf:2: the backend has no key\. .*--backend-config key=…"),
        (S3.replace('"one"', "var.x") + ONE, {}, r"main\.tf:4: Variables not allowed\. Variables may not be used here"),
        (S3.replace("key ", "color = 1\n key ") + ONE, {}, r"main\.tf:4: Unsupported argument"),
        (S3.replace("s3", "s4") + ONE, {}, r'main\.tf:2: Unsupported backend type\. .* type named "s4"'),
        (S3 + ONE, {"backend_config": ("bukcet=b",)}, r'Invalid backend configuration argument\. .*"bukcet"'),
        (ONE, {"generate_config_out": "nowhere/new.tf"}, r"The folder .*/live/nowhere of --generate-config-out does"),
        (
            S3.replace("key ", 'custom_ca_bundle = "/nowhere.pem"\n key ') + ONE,
            {},
            r"main\.tf:4: custom_ca_bundle is /nowhere\.pem, and there is no such file",
        ),
        (
            f'{ONE}provider "aws" {{\n  custom_ca_bundle = "nowhere.pem"\n{ROLE}}}\n',
            {},
            r"main\.tf:5: custom_ca_bundle is nowhere\.pem, and there is no such file",
        ),
    ],
)
async def test_a_plan_that_cannot_work_costs_no_code(attempt, aws, hcl, options, said):
    run, gate, device = attempt(hcl, **options)
    before = len(aws.calls())
    with pytest.raises((TerraformFailed, ConfigurationError, AuthenticationError), match=said):
        await plan(run.driver, gate)
    assert device.asked == []
    assert len(aws.calls()) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"AWS_CA_BUNDLE": "/nowhere/ca.pem"}, r"AWS_CA_BUNDLE is /nowhere/ca\.pem, and there is no such file"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, r"main\.tf:2: Missing region value\. .*AWS_REGION"),
        ({"AWS_REGION": "eu-centrl-1"}, r'"eu-centrl-1" is not an AWS Region\. Did you mean eu-central-1\?'),
    ],
)
async def test_what_the_environment_lacks_costs_no_code(attempt, aws, more, said):
    more = {**more, **({"AWS_ENDPOINT_URL": ""} if "centrl" in str(more) else {})}
    run, gate, device = attempt(S3 + ONE, more=more.items())
    before = len(aws.calls())
    with pytest.raises((TerraformFailed, ConfigurationError), match=said):
        await plan(run.driver, gate)
    assert device.asked == []
    assert len(aws.calls()) == before


async def test_the_root_user_is_asked_for_no_code(attempt, aws):
    """Its session could assume no role."""
    keys = json.loads(aws.path.read_text())
    more = {"AWS_ACCESS_KEY_ID": keys["admin"], "AWS_SECRET_ACCESS_KEY": keys["admin_secret"]}
    run, gate, device = attempt(
        S3.replace("key ", ROLE.replace("role {", "role = {") + " key ") + ONE, more=more.items()
    )
    before = [call["action"] for call in aws.calls()].count("GetSessionToken")
    with pytest.raises(
        AuthenticationError, match=r"belongs to the account's root user.*Create an IAM user with an MFA"
    ):
        await plan(run.driver, gate)
    assert device.asked == []
    assert [call["action"] for call in aws.calls()].count("GetSessionToken") == before


async def test_an_address_that_is_not_declared_is_told_before_the_code(attempt, tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "terraform.tfstate").write_text(json.dumps(STATE))
    run, gate, device = attempt(
        ONE, target=("terraform_data.onne", "terraform_data.one"), replace=("terraform_data.gone",)
    )
    told = []
    device.ask = _telling(device.ask, lambda: told.extend(run.notes))
    await plan(run.driver, gate)
    effect = "it has an effect only if it is still in the state. Did you mean terraform_data.one?"
    assert told == [
        f"The configuration does not declare terraform_data.onne (--target): {effect}",
        f"The configuration does not declare terraform_data.gone (--replace): {effect}",
    ]


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("terraform_data.onne", r"Did you mean terraform_data\.one\?"),
        ("module.a.b.c", "%tfstate list shows what the state has"),
    ],
)
async def test_what_is_nowhere_is_not_replaced_and_no_code_is_asked_for(attempt, address, remedy):
    run, gate, device = attempt(ONE, replace=(address,))
    problem = f"Neither the configuration nor the state has {address} "
    with pytest.raises(ConfigurationError, match=rf"{re.escape(problem)}\(--replace\)\. {remedy}"):
        await plan(run.driver, gate)
    assert device.asked == []


def _telling(ask, tell):
    async def told(request):
        tell()
        return await ask(request)

    return told


@pytest.mark.parametrize("backend", ["", S3])
async def test_the_modules_of_a_new_clone_are_installed_before_the_code(attempt, aws, tmp_path, backend):
    """From a folder and from git: their errors cost no code, and Terraform itself names the place."""
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C")
    remote = tmp_path / "remote"
    remote.mkdir()
    (remote / "main.tf").write_text('output "x" {\n  value = var.nowhere\n}\n')
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        process = await asyncio.create_subprocess_exec(*git, str(remote), *words)
        assert await process.wait() == 0
    (tmp_path / "live" / "here").mkdir(parents=True)
    (tmp_path / "live" / "here" / "main.tf").write_text('output "x" {\n  value = var.nowhere\n}\n')
    before = len(aws.calls())
    for source, said in (
        ("./here", r"here/main\.tf:2: Reference to undeclared input variable"),
        (f"git::file://{remote}", r"modules/new/main\.tf:2: Reference to undeclared input variable"),
        (f"git::file://{remote}?ref=gone", r"init failed: .*download module"),
    ):
        run, gate, device = attempt(f'{backend}module "new" {{\n  source = "{source}"\n}}\n')
        with pytest.raises(TerraformFailed, match=said):
            await plan(run.driver, gate)
        assert device.asked == []
    assert len(aws.calls()) == before


async def test_every_error_is_in_the_log_and_the_first_on_the_card(attempt):
    run, gate, _ = attempt('output "x" {\n  value = var.a\n}\noutput "y" {\n  value = var.b\n}\n')
    with pytest.raises(TerraformFailed, match=r"The log has 1 more error\."):
        await plan(run.driver, gate)
    log = "\n".join(run.log_text())
    assert "main.tf:2: Reference to undeclared input variable" in log
    assert "main.tf:5: Reference to undeclared input variable" in log


@pytest.mark.parametrize("more", [{}, {"TF_DATA_DIR": "elsewhere"}])
async def test_a_configuration_is_initialized_and_validated_once(attempt, more):
    """Also where `init` has nothing to install, and makes no folder."""
    run, gate, device = attempt(ONE, more=more.items())
    await plan(run.driver, gate)
    assert any("Initializing" in line for line in run.log_text())
    (mark,) = (run.driver.environment.files.validated,)
    written = mark.stat().st_mtime_ns
    again, gate, device = attempt(ONE, more=more.items())
    await plan(again.driver, gate)
    assert not any("Initializing" in line for line in again.log_text())
    assert [request.phase for request in device.asked] == ["plan"]
    assert mark.stat().st_mtime_ns == written
    assert again.status == "planned"


async def test_nothing_before_the_code_finds_credentials(attempt, tmp_path):
    """A module that prints what it finds: `init` and `validate` get no key, whatever the process has."""
    seen = tmp_path / "seen"
    program = tmp_path / "terraform"
    program.write_text(
        f'#!/bin/sh\n{{ echo "$1"; env | grep -E "^AWS_" ; }} >> {seen}\nexec {shutil.which("terraform")} "$@"\n'
    )
    program.chmod(0o755)
    run, gate, device = attempt(ONE, more={"TFMFA_TERRAFORM": str(program)}.items())
    await plan(run.driver, gate)
    text = seen.read_text()
    before, _, after = text.rpartition("\nplan\n")
    assert "plan" in before  # of nothing but the variables
    assert "init" in before
    assert "validate" in before
    assert "AWS_SECRET_ACCESS_KEY" not in before
    assert "AWS_ACCESS_KEY_ID" not in before
    assert "AWS_SESSION_TOKEN" in after
    assert len(device.asked) == 1


async def test_a_stale_plan_costs_no_code(attempt, tmp_path, aws):
    first, gate, _ = attempt(ONE)
    await plan(first.driver, gate)
    await apply(first.driver, gate)
    state = json.loads((tmp_path / "live" / "terraform.tfstate").read_text())
    run, gate, device = attempt(ONE.replace('"one"\n', '"two"\n'))
    await plan(run.driver, gate)
    state["serial"] += 1  # as another Terraform does that applies meanwhile
    (tmp_path / "live" / "terraform.tfstate").write_text(json.dumps(state))
    before = [call["action"] for call in aws.calls()].count("GetSessionToken")
    with pytest.raises(RunStateError, match=r"The plan is stale: the state has changed since\. Plan again"):
        await apply(run.driver, gate)
    assert [request.phase for request in device.asked] == ["plan"]
    assert [call["action"] for call in aws.calls()].count("GetSessionToken") == before


async def test_a_backend_waits_for_the_session(attempt, aws, tmp_path):
    """`init` without its backend precedes the code, and the backend is opened with the session only."""
    aws.client("s3").create_bucket(
        Bucket="states", CreateBucketConfiguration={"LocationConstraint": aws.environ()["AWS_REGION"]}
    )
    backend = (
        'terraform {\n  backend "s3" {\n    bucket = "states"\n    key = "one"\n    region = "us-east-1"\n'
        "    use_path_style = true\n    skip_region_validation = true\n  }\n}\n"
    )
    run, gate, device = attempt(backend + ONE)
    await plan(run.driver, gate)
    assert run.status == "planned"
    assert len(device.asked) == 1
    of_state = [call for call in aws.calls() if call.get("service") == "s3" and "states" in json.dumps(call)]
    assert all(call["mfa"] for call in of_state if call["action"] != "CreateBucket")
    # What `init` has kept, and the configuration does not say any more, is told before the next code.
    before = len(aws.calls())
    for changed in (backend.replace('"one"', '"two"') + ONE, ONE):
        run, gate, device = attempt(changed)
        with pytest.raises(TerraformFailed, match=r"The backend has changed since the last .*--reconfigure"):
            await plan(run.driver, gate)
        assert device.asked == []
    run, gate, device = attempt(backend + ONE, backend_config=("key=two",))
    with pytest.raises(TerraformFailed, match=r"The backend has changed since the last"):
        await plan(run.driver, gate)
    assert device.asked == []
    assert len(aws.calls()) == before
    moved = backend.replace('"one"', '"two"') + ONE
    run, gate, device = attempt(moved, reconfigure=True)
    await plan(run.driver, gate)
    assert (run.status, len(device.asked)) == ("planned", 1)
    # A module that came since is installed before the code, though the backend is not opened.
    (tmp_path / "live" / "new").mkdir()
    (tmp_path / "live" / "new" / "main.tf").write_text('output "x" {\n  value = var.nowhere\n}\n')
    before = len(aws.calls())
    for hcl, said in (
        ('module "new" {\n  source = "./new"\n}\n', r"new/main\.tf:2: Reference to undeclared input variable"),
        ('module "new" {\n  source = "git::file:///nowhere/modules.git"\n}\n', r"get failed: .*download module"),
    ):
        run, gate, device = attempt(moved + hcl)
        with pytest.raises(TerraformFailed, match=said):
            await plan(run.driver, gate)
        assert device.asked == []
    assert len(aws.calls()) == before
    (tmp_path / "live" / "new" / "main.tf").write_text('resource "terraform_data" "in" {\n}\n')
    run, gate, device = attempt(moved + 'module "new" {\n  source = "./new"\n}\n')
    await plan(run.driver, gate)
    assert (run.status, len(device.asked)) == ("planned", 1)


@pytest.mark.thorough
async def test_a_lock_file_of_another_platform_costs_no_code(attempt, tmp_path, aws, environ, provider):
    aws.client("s3").create_bucket(
        Bucket="locked", CreateBucketConfiguration={"LocationConstraint": aws.environ()["AWS_REGION"]}
    )
    used = f'{ONE}provider "aws" {{\n{ROLE}}}\n'
    backend = S3.replace("states", "locked").replace("key ", "use_path_style = true\n skip_s3_checksum = true\n key ")
    live = tmp_path / "live"
    live.mkdir()
    (live / "main.tf").write_text(backend + used)
    command = (shutil.which("terraform"), "init", "-input=false")
    init = await asyncio.create_subprocess_exec(*command, cwd=live, env={**environ, **provider})
    assert await init.wait() == 0
    lock = live / ".terraform.lock.hcl"
    lock.write_text(re.sub(r'"(?:h1|zh):[^"]*"', f'"h1:{"A" * 43}="', lock.read_text()))
    before = len(aws.calls())
    for hcl in (backend + used, used):  # as after a pull, and in a new clone
        run, gate, device = attempt(hcl, more=provider.items())
        with pytest.raises(
            TerraformFailed, match=r"has no checksum of registry\.terraform\.io/hashicorp/aws 5.*providers "
        ):
            await plan(run.driver, gate)
        assert device.asked == []
        shutil.rmtree(live / ".terraform", ignore_errors=True)
    assert len(aws.calls()) == before
