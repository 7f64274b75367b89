"""The finder against reality: the AssumeRole calls of the real provider, by the sandbox's own log."""

import json
import os
import re
import subprocess
from itertools import pairwise

import pytest
from corpus import Case

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.role_chains import find_chains
from tfmfa_nb.terraform.variable_arguments import VariableArguments

ACTIONS = ["sts:AssumeRole", "sts:SetSourceIdentity"]
ANYBODY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ACTIONS}]}
)
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
# All of them are called by one root module, so that one plan runs them all.
AS_MODULES = [
    *("one-role", "two-aliases", "two-in-a-chain", "every-argument", "local-name", "role-null-by-condition"),
    *("role-empty-string", "dynamic-between-static", "dynamic-map-with-iterator", "dynamic-off", "dynamic-set"),
    *("from-functions", "json-role", "json-dynamic", "override-role", "override-dynamic"),
    *("override-values", "form-comments", "form-crlf", "form-bom", "bypass-empty"),
    *("variable-object-with-optional", "module-called-twice", "module-in-module", "module-output-of-many"),
    *("duration-fraction", "duration-milliseconds", "duration-seconds", "dynamic-list", "dynamic-literal-role"),
    *("dynamic-on", "dynamic-shadows-names", "external-id-number", "form-bare-label"),
    *("form-indexes", "form-nested-templates"),
    *("form-object-for", "locals-in-a-row"),
    "json-types",
    *("module-with-another-local-name", "module-with-providers-passed", "module-with-variable", "role-null"),
    *("variable-default", "workspace-default"),
]
PROVIDER = re.compile(r'^provider\s*(?:/\*.*?\*/)?\s*"?(\w+)"?.*?^}', re.DOTALL | re.MULTILINE)


@pytest.fixture
def world(lenient_sandbox, provider):
    """Plans a folder as alice, and says which roles were assumed by whom."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ |= {**lenient_sandbox.environ(), **provider, "CHECKPOINT_DISABLE": "1", "AWS_S3_USE_PATH_STYLE": "true"}
    executable = find_executable(environ)
    iam = lenient_sandbox.client("iam")

    def run(folder, *arguments, roles, **more):
        for role in sorted(roles):
            if role in {"deploy", "deploy-prod", "audit"}:  # the sandbox's own
                iam.update_assume_role_policy(RoleName=role, PolicyDocument=ANYBODY)
            else:
                iam.create_role(RoleName=role, AssumeRolePolicyDocument=ANYBODY)
            iam.update_role(RoleName=role, MaxSessionDuration=43_200)
            iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=EVERYTHING)
        before = len(lenient_sandbox.calls())
        for command in (["init"], ["plan", "-lock=false", *arguments]):
            done = subprocess.run(
                [*executable.command, *command, "-input=false", "-no-color"],
                cwd=folder, env={**environ, **more}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        calls = [call for call in lenient_sandbox.calls()[before:] if call["action"] == "AssumeRole"]
        assert all(call["allowed"] for call in calls)
        return {(assumer(call["identity"]), call["role_arn"].rpartition("/")[2]) for call in calls}

    def find(folder, *, environ_more=(), **options):
        environ_all = {**environ, **dict(environ_more)}
        configuration = Configuration(folder, executable.product, environ_all)
        return find_chains(configuration, executable=executable, environ=environ_all, **options)

    run.find, run.sandbox = find, lenient_sandbox
    return run


def assumer(arn):
    return arn.split("/")[1] if ":assumed-role/" in arn else ""


def steps(findings):
    """Who assumes which role, as the finder has it."""
    found = set()
    for chain in findings.chains:
        names = ["", *(hop.role_arn.rpartition("/")[2] for hop in chain.hops)]
        found |= set(pairwise(names))
    return found


def use_every_provider(folder):
    """A provider that nothing uses is not configured: a data source for each, found without the finder."""
    for place in {file.parent for file in folder.rglob("*.tf*")}:
        used = set()
        for file in place.glob("*.tf"):
            for block in PROVIDER.finditer(file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")):
                alias = re.search(r'alias\s*=\s*"(\w+)"', block[0])
                used.add(block[1] + (f".{alias[1]}" if alias else ""))
        if any("assume_role" in file.read_text() for file in place.glob("*.tf.json")):
            used.add("aws")
        text = "".join(
            f'data "aws_caller_identity" "used_{number}" {{\n  provider = {name}\n}}\n'
            for number, name in enumerate(sorted(used))
        )
        (place / "used.tf").write_text(text)


def roles_in(text):
    return set(re.findall(r":role/([\w-]+)", text))


@pytest.mark.thorough
def test_the_provider_assumes_what_was_found_in_the_corpus(tmp_path, world):
    folder, roles = tmp_path / "root", set()
    folder.mkdir()
    for number, name in enumerate(AS_MODULES):
        case = Case.copied(name, folder)
        roles |= roles_in(json.dumps(case.expected))
        use_every_provider(case.folder)
        with (folder / "main.tf").open("a") as file:
            file.write(f'module "case_{number}" {{\n  source = "./{name}"\n}}\n')
    findings = world.find(folder)
    assert findings.bypasses == findings.problems == ()
    assert len({chain.provider.partition(".aws")[0] for chain in findings.chains}) >= len(AS_MODULES)
    assert world(folder, roles=roles) == steps(findings) != set()


ROOT = """
terraform {
  backend "s3" {
    bucket         = "states"
    key            = "root"
    use_path_style = true
    assume_role = {
      role_arn = "ROLE/state"
    }
  }
}
variable "env_only" {}
variable "in_tfvars" {}
variable "in_auto" {
  default = "wrong"
}
variable "in_file" {}
variable "in_var" {}
provider "aws" {
  dynamic "assume_role" {
    for_each = [var.env_only, var.in_tfvars, var.in_auto, var.in_file, var.in_var, terraform.workspace]
    content {
      role_arn = "ROLE/${assume_role.value}"
    }
  }
}
data "aws_caller_identity" "me" {}
data "terraform_remote_state" "net" {
  count   = 1
  backend = "s3"
  config = {
    bucket         = "states"
    key            = "net"
    use_path_style = true
    assume_role    = { role_arn = "ROLE/reader-${count.index}", session_name = "reads" }
  }
}
"""


def test_backend_remote_state_workspace_and_every_way_to_set_a_variable(tmp_path, world):
    s3 = world.sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    state = {"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "x", "outputs": {}, "resources": []}
    s3.put_object(Bucket="states", Key="net", Body=json.dumps(state))
    (tmp_path / "main.tf").write_text(ROOT.replace("ROLE/", "arn:aws:iam::123456789012:role/"))
    (tmp_path / "terraform.tfvars").write_text('in_tfvars = "two"\nin_auto = "wrong"\nin_file = "wrong"\n')
    (tmp_path / "x.auto.tfvars").write_text('in_auto = "three"\nin_var = "wrong"\n')
    (tmp_path / "given.tfvars").write_text('in_file = "four"\n')
    more = {"TF_VAR_env_only": "one", "TF_VAR_in_tfvars": "wrong", "TF_WORKSPACE": "default"}
    options = ("-var=in_var=five", f"-var-file={tmp_path / 'given.tfvars'}")
    findings = world.find(tmp_path, environ_more=more, variables=VariableArguments(options))
    assert findings.bypasses == findings.problems == ()
    wanted = {"one", "two", "three", "four", "five", "default", "state", "reader-0"}
    assert world(tmp_path, *options, roles=wanted, **more) == steps(findings)
    assert {role for _, role in steps(findings)} == wanted


@pytest.mark.thorough
def test_what_is_not_known_is_not_assumed_by_the_plan_either_and_is_said(tmp_path, world):
    (tmp_path / "main.tf").write_text(
        """
resource "terraform_data" "name" {
  input = "deploy"
}
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/${terraform_data.name.output}"
  }
}
data "aws_caller_identity" "me" {}
"""
    )
    findings = world.find(tmp_path)
    assert [hop.role_arn for chain in findings.chains for hop in chain.hops] == [None]
    assert [problem.place for problem in findings.problems] == ["main.tf:7"]
    assert world(tmp_path, roles=()) == set()
