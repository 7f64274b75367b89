"""Shapes of real repositories through `%%tfplan`, with the real Terraform: each as an engineer has it, in a folder.

The reader's own table is tests/unit/test_corpus_shapes.py. Here, the sandbox's log says that what is refused has cost
no code, and that what is planned has cost one and was seen with MFA only.
"""

import json
import os
import re
import shutil
from dataclasses import dataclass, field

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.prompts import terminal
from tfmfa_nb.sandbox.handle import Sandbox

ACCOUNT = "123456789012"
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
DEPLOY, AUDIT = f"{ROLES}/deploy", f"{ROLES}/audit"


def block(head, *lines):
    """A block of HCL with one line for each argument."""
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def aws(*lines):
    return block('provider "aws"', *lines)


def role(value):
    return block("assume_role", f"role_arn = {value}")


def terraform(*lines):
    return block("terraform", *lines)


def s3(*lines):
    """A backend in the sandbox."""
    return terraform(block('backend "s3"', "use_path_style = true", "skip_s3_checksum = true", *lines))


def variable(name, default="null"):
    return block(f'variable "{name}"', f"default = {default}")


def require(name, source):
    return terraform(block("required_providers", f'{name} = {{ source = "{source}" }}'))


def remote(name, config, *lines):
    return block(f'data "terraform_remote_state" "{name}"', 'backend = "s3"', f"config = {config}", *lines)


def plugin(*arguments):
    words = json.dumps(["eks", "get-token", "--cluster-name", "c", *arguments])
    return block("exec", 'api_version = "client.authentication.k8s.io/v1"', 'command = "aws"', f"args = {words}")


ONE = block('resource "terraform_data" "one"', 'input = "1"')
TOFU = f'#!/bin/sh\ncase $1 in version) echo OpenTofu v1.9.0 ;; *) exec {shutil.which("terraform")} "$@" ;; esac\n'
WHO = 'data "aws_caller_identity" "me" {}\noutput "arn" {\n  value = data.aws_caller_identity.me.arn\n}\n'
STATE = 'bucket = "states", region = "eu-west-1", use_path_style = true'
KEPT = ".terraform/terraform.tfstate"


@dataclass(frozen=True)
class Shape:
    """A folder, and what is right for it.

    Attributes:
        files: by their names; one text is main.tf.
        line: options of `%%tfplan`.
        refused: what the error says, before a code is asked for; "" if it is planned.
        failed: what the error says after a code, because nobody could know it before.
        says: what the card says besides, each as a regular expression.
        roles: those on the card, checked before Terraform assumes them; one that is not known as it is written.
        assumed: those that AWS saw; by default, `roles`.
        environ: process variables; None unsets one.
        applied: whether it can be applied too, which takes another code.
    """

    files: object
    line: str = ""
    refused: str = ""
    failed: str = ""
    says: tuple = ()
    roles: tuple = ()
    assumed: tuple | None = None
    environ: dict = field(default_factory=dict)
    applied: bool = False


PROFILE = variable("profile") + aws("profile = var.profile")
WITHOUT_KEYS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER"))
NO_REGION = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"))
FILLED = "-backend-config=bucket=states -backend-config=region=eu-west-1"
OTHER_TOOLS = ("x.tftest.hcl", "x.tfquery.hcl", "x.tfcomponent.hcl", "x.tfdeploy.hcl", "terragrunt.hcl")
LOCKED = """provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.99.1"
  constraints = "~> 5.99.0"
}
"""
NEWER = terraform(block("required_providers", 'aws = { source = "hashicorp/aws", version = "~> 5.100.0" }')) + aws()
HERE = 'data "aws_partition" "here" {}\ndata "aws_caller_identity" "me" {}\n'
ARN = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.me.account_id}"
IT = block('data "aws_caller_identity" "it"', "provider = aws.it")
BY_LIST = variable("roles", f'{{ default = [], prod = ["{DEPLOY}"] }}') + aws(
    block(
        'dynamic "assume_role"',
        "for_each = var.roles[terraform.workspace]",
        block("content", "role_arn = assume_role.value"),
    )
)

# What is right for these is known, or planned, without the AWS provider.
CHEAP = {
    "1 a backend that options fill": Shape(s3() + ONE, f"{FILLED} -backend-config=key=1a"),
    "5 a merged configuration in a repeated module": Shape(
        {
            "main.tf": block(
                'module "m"',
                'source = "./m"',
                'for_each = toset(["net", "dns"])',
                "env = each.key",
                f"common = {{ {STATE} }}",
            ),
            "m/main.tf": variable("env")
            + variable("common")
            + remote("net", "merge(var.common, { key = var.env })")
            + ONE,
        }
    ),
    "12 HCP Terraform": Shape(
        terraform(block("cloud", 'organization = "x"')) + ONE, refused=r"main\.tf:2: cloud may run"
    ),
    "14 CDKTF": Shape(
        {"cdk.tf.json": json.dumps({"provider": {"aws": [{}, {"alias": "b", "profile": "ops"}]}}, indent=2)},
        refused=r'cdk\.tf\.json:7: provider "aws" uses an AWS profile',
    ),
    "15 only files of another tool": Shape(
        {"terragrunt.hcl": 'include "root" {\n  path = find_in_parent_folders()\n}\n'},
        refused=r"terragrunt\.hcl is a configuration of Terragrunt, and is not run",
    ),
    "20 a program that calls aws": Shape(
        block('resource "terraform_data" "x"', 'provisioner "local-exec" {\n    command = "aws s3 ls"\n  }'),
        says=(r"main\.tf:2: local-exec runs a program with the session's credentials",),
    ),
    "24 a profile with a source profile and a device": Shape(
        s3('bucket = "states"', 'key = "24"') + ONE,
        environ={"AWS_PROFILE": "dev", **WITHOUT_KEYS},
        says=(rf"The AWS profile names {DEPLOY}, which only an assume_role block of the provider assumes",),
    ),
    "29 a file that looks left out": Shape(
        {"main.tf": ONE, "#provider.tf": aws('profile = "ops"')}, refused=r"#provider\.tf:2: .* AWS profile"
    ),
}
MORE = {
    "1 a backend with only its key, and a role for it": Shape(
        {
            "main.tf": s3('key = "1b"') + ONE,
            "env/prod.tfbackend": f'bucket = "states"\nassume_role = {{ role_arn = "{DEPLOY}" }}\n',
        },
        "--backend-config {folder}/env/prod.tfbackend",
        roles=(DEPLOY,),
    ),
    "1 a profile among these options": Shape(
        s3('key = "1c"') + ONE, f"{FILLED} -backend-config=profile=ops", refused=r'backend "s3" uses an AWS profile'
    ),
    "1 a key among these options": Shape(
        s3('key = "1d"') + ONE, f"{FILLED} -backend-config=access_key=AKIAPLANTED", refused=r"access_key"
    ),
    "1 a profile that was given to init by hand": Shape(
        {"main.tf": s3() + ONE, KEPT: json.dumps({"backend": {"type": "s3", "config": {"profile": "ops"}}})},
        refused=r'\.terraform/terraform\.tfstate: backend "s3" uses an AWS profile .*Plan with -reconfigure',
    ),
    "3 a profile that is null in a repeated module": Shape(
        {
            "main.tf": block('module "m"', 'source = "./m"', "count = 2") + ONE,
            "m/main.tf": variable("profile") + remote("net", f'{{ {STATE}, key = "net", profile = var.profile }}'),
        }
    ),
    "4 a profile in variable files": Shape(
        {"main.tf": PROFILE + ONE, "prod.auto.tfvars": 'profile = "ops"\n'}, refused=r"main\.tf:5: .* AWS profile"
    ),
    "12 a remote backend": Shape(
        terraform(block('backend "remote"', 'organization = "x"')) + ONE,
        refused=r'main\.tf:2: backend "remote" may run',
    ),
    "13 a web identity": Shape(
        aws(block("assume_role_with_web_identity", f'role_arn = "{DEPLOY}"')) + ONE,
        refused=r"main\.tf:2: .* a web identity",
    ),
    "15 files of other tools beside it": Shape({"main.tf": ONE, **dict.fromkeys(OTHER_TOOLS, aws('profile = "ops"'))}),
    "15 only a stack": Shape(
        {"main.tfcomponent.hcl": 'component "x" {\n  source = "./x"\n}\n'},
        refused=r"main\.tfcomponent\.hcl belongs to a Stack of HCP Terraform, and is not run",
    ),
    "16 a lock file in S3, and a role that demands MFA": Shape(
        s3('bucket = "states"', 'key = "16"', "use_lockfile = true", f'assume_role = {{ role_arn = "{DEPLOY}" }}')
        + ONE,
        roles=(DEPLOY,),
        applied=True,
    ),
    "17 a workspace with a prefix": Shape(
        s3('bucket = "states"', 'key = "17"', 'workspace_key_prefix = "ws"') + ONE, "--workspace prod --or-create"
    ),
    "18 awscc": Shape(block('provider "awscc"', 'profile = "ops"'), refused=r"main\.tf:2: .* AWS profile"),
    "18 awsutils": Shape(
        require("awsutils", "cloudposse/awsutils") + block('provider "awsutils"', 'profile = "ops"'),
        refused=r"main\.tf:8: .* AWS profile",
    ),
    "18 a fork": Shape(
        require("aws", "app.terraform.io/acme/aws") + aws('profile = "ops"'), refused=r"main\.tf:8: .* AWS profile"
    ),
    "19 kubernetes with a profile": Shape(
        block('provider "kubernetes"', 'host = "https://x"', plugin("--profile", "ops")),
        refused=r"main\.tf:4: .* runs a program with other AWS credentials \(`exec`\)",
    ),
    "22 an ephemeral variable": Shape(
        {
            "main.tf": block('variable "token"', "ephemeral = true")
            + block(
                'resource "terraform_data" "x"',
                'provisioner "local-exec" {\n    command = "test ${var.token} = planted"\n  }',
            ),
            "token.tfvars": 'token = "planted"\n',
        },
        "--var-file {folder}/token.tfvars",
        says=(r"main\.tf:5: local-exec runs a program",),
        applied=True,
    ),
    "25 a profile of IAM Identity Center": Shape(
        ONE, environ={"AWS_PROFILE": "sso", **WITHOUT_KEYS}, refused=r"signs in through IAM Identity Center .*enter one"
    ),
    "25 a profile of aws login": Shape(
        ONE, environ={"AWS_PROFILE": "login", **WITHOUT_KEYS}, refused=r"signs in through aws login .*enter one"
    ),
    "25 a profile with a program": Shape(
        ONE, environ={"AWS_PROFILE": "process", **WITHOUT_KEYS}, refused=r"takes its credentials from a program .*enter"
    ),
    "27 a file of OpenTofu, which Terraform does not read": Shape(
        {"main.tf": ONE, "more.tofu": aws('profile = "ops"')}
    ),
    "27 the same with OpenTofu": Shape(
        {"main.tf": ONE, "more.tofu": aws('profile = "ops"')},
        environ={"TFMFA_TERRAFORM": "{world}/tofu"},
        refused=r"more\.tofu:2: .* AWS profile",
    ),
    "28 tokens of registries": Shape(
        {"main.tf": ONE, ".terraformrc": 'credentials "app.terraform.io" {\n  token = "x"\n}\n'},
        environ={"TF_CLI_CONFIG_FILE": "{world}/{folder}/.terraformrc"},
    ),
}
# These need the AWS provider, and AWS sees its calls.
PROVIDER = {
    "7 a role by the account and the partition of the caller": Shape(
        aws() + HERE + aws('alias = "it"', role(f'"{ARN}:role/deploy"')) + IT, roles=(DEPLOY,)
    ),
}
MORE_PROVIDER = {
    "21 a constraint above the lock file": Shape(
        {"main.tf": NEWER + ONE, ".terraform.lock.hcl": LOCKED},
        refused=r"locks .*hashicorp/aws 5\.99\.1, .*~> 5\.100\.0.*Plan with --upgrade",
    ),
    "23 a role session of two hours": Shape(
        aws(block("assume_role", f'role_arn = "{DEPLOY}"', 'duration = "2h"')) + ONE,
        refused=r"main\.tf:3: .*/deploy cannot be assumed: a session of 2 h is too long: .*one hour",
    ),
    "2 a profile from remote state that nobody has set": Shape(
        remote("net", f'{{ {STATE}, key = "net" }}')
        + aws("profile = try(data.terraform_remote_state.net.outputs.profile, null)")
        + WHO
    ),
    "2 a profile from remote state": Shape(
        remote("net", f'{{ {STATE}, key = "ops" }}')
        + aws("profile = data.terraform_remote_state.net.outputs.profile")
        + WHO,
        failed=r"failed to get shared config profile, ops",
    ),
    "8 a role from remote state": Shape(
        remote("net", f'{{ {STATE}, key = "ops" }}') + aws(role("data.terraform_remote_state.net.outputs.role")) + WHO,
        roles=("data.terraform_remote_state.net.outputs.role",),
        assumed=(DEPLOY,),
        says=(r"The role data\.terraform_remote_state\.net\.outputs\.role is sensitive or not known before",),
    ),
    "9 a role by the phase": Shape(
        aws(role(f'terraform.applying ? "{DEPLOY}" : "{AUDIT}"')) + WHO,
        roles=(AUDIT,),
        says=(rf"main\.tf:1: aws assumes in the apply: {DEPLOY}\.",),
    ),
    "10 a dynamic role, of which this workspace has none": Shape(BY_LIST + WHO),
    "10 a dynamic role, of which this workspace has one": Shape(
        BY_LIST + WHO, "--workspace prod --or-create", roles=(DEPLOY,)
    ),
    "11 seven aliases": Shape(
        "".join(aws(f'alias = "a{n}"', role(f'"{ROLES}/seven-{n}"')) for n in range(7)) + ONE,
        roles=tuple(f"{ROLES}/seven-{n}" for n in range(7)),
    ),
    "17 a role by the workspace": Shape(
        aws(role(f'"{ROLES}/${{terraform.workspace == "prod" ? "deploy" : "none"}}"')) + WHO,
        "--workspace prod --or-create",
        roles=(DEPLOY,),
    ),
    "21 the same with -upgrade": Shape({"main.tf": NEWER + ONE, ".terraform.lock.hcl": LOCKED}, "-upgrade"),
    "26 a Region only in the provider, which is an opt-in Region": Shape(
        aws('region = "af-south-1"') + WHO, environ=NO_REGION
    ),
}


class World:
    """One sandbox with a bucket of states, and one IPython whose terminal reads the sandbox's device."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []
        self.sandbox = Sandbox.start(folder / "sandbox", user_may_act=True)
        bucket = {"Bucket": "states", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
        self.s3 = self.sandbox.client("s3")
        self.s3.create_bucket(**bucket)
        outputs = {name: {"value": value, "type": "string"} for name, value in (("profile", "ops"), ("role", DEPLOY))}
        for key, values in (("net", {}), ("dns", {}), ("ops", outputs)):
            state = {"version": 4, "serial": 1, "lineage": "x", "outputs": values, "resources": []}
            self.s3.put_object(Bucket="states", Key=key, Body=json.dumps(state))
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        trust["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        for number in range(7):
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            self.sandbox.client("iam").create_role(RoleName=f"seven-{number}", AssumeRolePolicyDocument=document)
        (folder / "tofu").write_text(TOFU)
        (folder / "tofu").chmod(0o755)
        environ = self.sandbox.environ()
        keys = "".join(f"{name.lower()} = {environ[name]}\n" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        (folder / "credentials").write_text(f"[base]\n{keys}")
        (folder / "config").write_text(
            f"[profile dev]\nrole_arn = {DEPLOY}\nsource_profile = base\n"
            f"mfa_serial = {environ['AWS_MFA_SERIAL_NUMBER']}\n"
            "[profile sso]\nsso_session = corp\n[profile login]\nlogin_session = x\n"
            "[profile process]\ncredential_process = /usr/bin/true\n"
        )

    def answer(self, question):
        self.asked.append(question)
        self.sandbox.advance(30)
        return self.sandbox.code(wait=False)

    async def cell(self, text):
        """The value of a cell, and its error."""
        result = await self.shell.run_cell_async(text, transformed_cell=self.shell.transform_cell(text))
        return result.result, result.error_before_exec or result.error_in_exec

    async def plan(self, shape, name, patch):
        """Plan a shape in a folder of its own; the run and the error, of which one is None."""
        for file, text in ({"main.tf": shape.files} if isinstance(shape.files, str) else shape.files).items():
            path = self.folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for variable_name, value in shape.environ.items():
            if value is None:
                patch.delenv(variable_name)
            else:
                patch.setenv(variable_name, value.format(world=self.folder, folder=name))
        self.asked.clear()
        line = shape.line.format(folder=name)
        return await self.cell(f'%%tfplan -C {name} --level "plans and applies" {line}\n')


@pytest.fixture(scope="module")
def world(tmp_path_factory, provider):
    made = World(tmp_path_factory.mktemp("world"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "TFMFA_"))]:
            patch.delenv(name)
        files = {
            "AWS_CONFIG_FILE": str(made.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(made.folder / "credentials"),
        }
        for name, value in {**made.sandbox.environ(), **provider, **files}.items():
            patch.setenv(name, value)
        patch.chdir(made.folder)
        patch.setattr(terminal.getpass, "getpass", made.answer)
        made.shell = InteractiveShell()
        made.shell.run_line_magic("load_ext", "tfmfa_nb")
        yield made
    made.sandbox.stop()


def roles_of(run):
    return tuple(hop["arn"] for role in run.roles for hop in role["hops"])


async def holds(world, shape, patch):
    """That a shape is planned with one code, and seen with MFA only; or refused without one."""
    name = f"shape-{len(list(world.folder.iterdir()))}"
    start = len(world.sandbox.calls())
    run, error = await world.plan(shape, name, patch)
    calls = world.sandbox.calls()[start:]
    sessions = [call["region"] for call in calls if call["action"] == "GetSessionToken" and call["allowed"]]
    if shape.refused:
        assert error is not None
        assert re.search(shape.refused, str(error)), error
        assert (world.asked, sessions) == ([], [])
        return
    assert len(world.asked) == len(sessions) == 1
    assert {call["mfa"] for call in calls if "Terraform" in call["user_agent"]} <= {True}
    if shape.failed:
        assert re.search(shape.failed, str(error)), error
        return
    assert error is None
    assert run.status in {"planned", "planned_and_finished"}
    assert run.authenticated_by == "alice"
    notes = [note for note in run.notes if not note.startswith("Nobody has set the level")]
    assert len(notes) == len(shape.says), notes
    assert all(re.search(said, note) for said, note in zip(shape.says, notes, strict=True)), notes
    assert roles_of(run) == shape.roles
    assumed = [call for call in calls if call["action"] == "AssumeRole"]
    assert {call["role_arn"] for call in assumed} == {*(shape.roles if shape.assumed is None else shape.assumed)}
    assert all(call["allowed"] and call["mfa"] for call in assumed)
    if "--workspace prod" in shape.line:
        assert run.workspace == "prod"
    if NO_REGION.items() <= shape.environ.items():
        assert sessions == ["af-south-1"]
    if shape.applied:
        _, error = await world.cell(f"%tfapply -C {name} --level 'plans and applies'")
        assert error is None
        assert (run.status, len(world.asked)) == ("applied", 2)


# What is refused takes a tenth of a second.
@pytest.mark.parametrize(
    "name",
    [*CHEAP, *(pytest.param(name, marks=() if MORE[name].refused else pytest.mark.thorough) for name in MORE)],
)
async def test_a_shape_is_planned_under_mfa_or_refused_before_a_code(world, monkeypatch, name):
    await holds(world, {**CHEAP, **MORE}[name], monkeypatch)


@pytest.mark.parametrize(
    "name", [*PROVIDER, *(pytest.param(name, marks=pytest.mark.thorough) for name in MORE_PROVIDER)]
)
async def test_so_is_a_shape_with_the_provider(world, monkeypatch, name):
    await holds(world, {**PROVIDER, **MORE_PROVIDER}[name], monkeypatch)


async def test_a_lock_that_another_machine_has_left_is_told_and_kept(world, monkeypatch, capsys):
    """Shape 16: who has it and since when, and nobody frees it without a yes."""
    info = {"ID": "11111111-2222-3333-4444-555555555555", "Operation": "OperationTypeApply", "Info": "", "Path": "x"}
    info |= {"Who": "bob@elsewhere", "Version": "1.11.4", "Created": "2026-01-02T03:04:05Z"}
    world.s3.put_object(Bucket="states", Key="left.tflock", Body=json.dumps(info))
    shape = Shape(s3('bucket = "states"', 'key = "left"', "use_lockfile = true") + ONE)
    _, error = await world.plan(shape, "left", monkeypatch)
    assert "Error acquiring the state lock. The log shows who holds the lock." in str(error)
    assert "%tfruns -C left unlock" in str(error)
    monkeypatch.setattr(terminal.getpass, "getpass", lambda question: world.asked.append(question) or "no")
    _, error = await world.cell("%tfruns -C left unlock")
    assert "The lock was not freed" in str(error)
    assert world.asked[1:] == ["Free the state lock of \"left\"? Only 'yes' will be accepted to approve: "]
    assert "bob@elsewhere, OperationTypeApply, since 2026-01-02 03:04:05 UTC" in capsys.readouterr().out
    assert world.s3.get_object(Bucket="states", Key="left.tflock")["Body"].read()
