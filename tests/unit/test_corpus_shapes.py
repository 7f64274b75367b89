"""Shapes of real configurations, and what is right for each: what must be refused, by its name, and what must not.

The HCL is written for this table, after the shapes that public repositories have. The line of a table says all of it: a
configuration in which anything else is refused fails too, so this is also the proof that no legitimate shape is.
"""

import json

import pytest
from reader import found

from tfmfa_nb.authentication.session_durations import duration_refusal
from tfmfa_nb.terraform.session_data import KnownSession

ACCOUNT = "arn:aws:iam::123456789012:role"


def block(head, *lines):
    """A block of HCL with one line for each argument."""
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def aws(*lines):
    return block('provider "aws"', *lines)


def role(value):
    return block("assume_role", f"role_arn = {value}")


def backend(kind, *lines):
    return block("terraform", block(f'backend "{kind}"', *lines))


def require(name, source):
    return block("terraform", block("required_providers", f'{name} = {{ source = "{source}" }}'))


def remote_state(*lines):
    return block('data "terraform_remote_state" "net"', 'backend = "s3"', *lines)


def variable(name, default="null"):
    return block(f'variable "{name}"', f"default = {default}")


def call(name, *lines):
    return block(f'module "{name}"', f'source = "./{name}"', *lines)


def plugin(*arguments, env="{}"):
    words = json.dumps(["eks", "get-token", "--cluster-name", "c", *arguments])
    return block(
        "exec",
        'api_version = "client.authentication.k8s.io/v1beta1"',
        'command = "aws"',
        f"args = {words}",
        f"env = {env}",
    )


PROFILE = variable("profile") + aws('region = "eu-west-1"', "profile = var.profile")
STATE = variable("common") + variable("env") + remote_state("config = merge(var.common, { key = var.env })")
COMMON = 'common = { bucket = "b", region = "eu-west-1" }'
KEPT = ".terraform/terraform.tfstate"

# Nothing of these is refused.
FINE = {
    "an empty folder": "",
    "a provider with a region": aws('region = "eu-west-1"'),
    "a backend that is filled by options": backend("s3") + aws(),
    "a backend with only its key": backend("s3", 'key = "k"'),
    "a backend with a role": backend("s3", 'bucket = "b"', f'assume_role = {{ role_arn = "{ACCOUNT}/state" }}'),
    "what init keeps of a plain backend": {
        "main.tf": backend("s3"),
        KEPT: json.dumps({"backend": {"type": "s3", "config": {"bucket": "b", "profile": None, "token": None}}}),
    },
    "a lock file in S3": backend("s3", 'bucket = "b"', "use_lockfile = true", 'workspace_key_prefix = "w"'),
    "a local backend": backend("local", 'path = "x"'),
    "an azurerm backend with an access key": backend("azurerm", 'access_key = "x"'),
    "a profile that is null": PROFILE,
    "a profile that is empty": variable("profile", '""') + aws("profile = var.profile"),
    "a profile from a module that is not fetched": block('module "iam"', 'source = "acme/iam/aws"')
    + aws("profile = module.iam.profile_name"),
    "a profile from remote state": remote_state('config = {\n bucket = "b"\n }')
    + aws("profile = data.terraform_remote_state.net.outputs.profile"),
    "a profile that nobody has set": block('variable "profile"', "type = string") + aws("profile = var.profile"),
    "a profile by a condition": block('variable "ci"', "default = true") + aws('profile = var.ci ? null : "ops"'),
    "keys that are null": aws("access_key = null", "secret_key = null", "token = null"),
    "a profile that is null in a repeated module": {"main.tf": call("m", "count = 2"), "m/main.tf": PROFILE},
    "the same with for_each": {"main.tf": call("m", 'for_each = toset(["a", "b"])'), "m/main.tf": PROFILE},
    "a profile of each instance, in a repeated module": {
        "main.tf": call("m", "for_each = { a = { profile = null } }", "profile = each.value.profile"),
        "m/main.tf": PROFILE,
    },
    "a merged configuration in a repeated module": {
        "main.tf": call("state", 'for_each = toset(["a", "b"])', "env = each.key", COMMON),
        "state/main.tf": STATE,
    },
    "a merged configuration that is partly unknown": {
        "main.tf": call("state", "env = terraform_data.x.output", COMMON) + block('resource "terraform_data" "x"'),
        "state/main.tf": STATE,
    },
    "a role by the data of the partition": block('data "aws_partition" "current"')
    + aws(role('"arn:${data.aws_partition.current.partition}:iam::123456789012:role/x"')),
    "a role by the data of the caller": block('data "aws_caller_identity" "current"')
    + aws('alias = "x"', role('"arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/x"')),
    "a role from a secret": aws(role("data.aws_secretsmanager_secret_version.x.secret_string")),
    "a role by the phase": aws(role(f'terraform.applying ? "{ACCOUNT}/apply" : "{ACCOUNT}/plan"')),
    "a role by the workspace": aws(role(f'"{ACCOUNT}/${{terraform.workspace}}"')),
    "a dynamic role over an empty list": variable("roles", "[]")
    + aws('dynamic "assume_role" {\n    for_each = var.roles\n    content {\n      role_arn = "x"\n    }\n  }'),
    "seven aliases": "".join(aws(f'alias = "a{n}"', role(f'"{ACCOUNT}/r{n}"')) for n in range(7)),
    "a duration": aws(block("assume_role", f'role_arn = "{ACCOUNT}/x"', 'duration = "1h"')),
    "default tags that say profile": aws('default_tags {\n    tags = { profile = "x", token = "y" }\n  }'),
    "a resource that says profile": block('resource "aws_x" "y"', 'profile = "x"', 'access_key = "y"'),
    "awscc with a role": block('provider "awscc"', f'assume_role = {{ role_arn = "{ACCOUNT}/x" }}'),
    "CDKTF without a profile": {"cdk.tf.json": json.dumps({"provider": {"aws": [{"region": "x"}, {"alias": "b"}]}})},
    "files of tests, queries and stacks": {
        "main.tf": aws(),
        "x.tftest.hcl": aws('profile = "x"'),
        "x.tfquery.hcl": aws('profile = "x"'),
        "x.tfcomponent.hcl": aws('profile = "x"'),
        "x.tfdeploy.hcl": aws('profile = "x"'),
        "terragrunt.hcl": aws('profile = "x"'),
    },
    "an editor's backup": {"main.tf": aws(), "main.tf~": aws('profile = "x"'), ".main.tf": aws('profile = "x"')},
    "files of OpenTofu beside Terraform's": {"main.tf": aws(), "main.tofu": aws('profile = "x"')},
    "encryption, which Terraform does not have": block("terraform", "encryption {\n  }"),
    "kubernetes by a data source": require("kubernetes", "hashicorp/kubernetes")
    + block(
        'provider "kubernetes"', "host = data.aws_eks_cluster.x.endpoint", "token = data.aws_eks_cluster_auth.x.token"
    ),
    "kubernetes by a plugin": block('provider "kubernetes"', 'host = "x"', plugin()),
    "a plugin with a role and a region": block(
        'provider "kubernetes"', plugin("--role-arn", "x", env='{ AWS_REGION = "x" }')
    ),
    "helm by a plugin": block('provider "helm"', block("kubernetes", plugin())),
    "a local program": block(
        'resource "null_resource" "x"', 'provisioner "local-exec" {\n    command = "aws s3 ls --profile x"\n  }'
    ),
    "external data": block('data "external" "x"', 'program = ["aws", "sts"]'),
    "databricks with a profile of its own": require("databricks", "databricks/databricks")
    + block('provider "databricks"', 'profile = "x"', 'token = "y"'),
    "datadog, cloudflare and github with keys of their own": require("datadog", "DataDog/datadog")
    + require("cloudflare", "cloudflare/cloudflare")
    + require("github", "integrations/github")
    + block('provider "datadog"', 'api_key = "x"', 'app_key = "y"')
    + block('provider "cloudflare"', 'api_token = "x"')
    + block('provider "github"', 'token = "x"'),
    "opensearch with the environment's credentials": require("opensearch", "opensearch-project/opensearch")
    + block('provider "opensearch"', 'url = "x"', 'aws_region = "x"'),
    "postgresql with tokens of IAM": require("postgresql", "cyrilgdn/postgresql")
    + block('provider "postgresql"', "aws_rds_iam_auth = true", 'password = "x"'),
    "sops and vault": require("sops", "carlpett/sops") + block('provider "vault"', 'token = "x"'),
    "a module that is not fetched": block('module "vpc"', 'source = "terraform-aws-modules/vpc/aws"'),
    "a version, as Terraform 0.12 has it": block("terraform", block("required_providers", 'aws = "~> 5.0"')),
    "a syntax error, which Terraform tells": "provider {{{",
}

# What is refused of these, by the names that the policy can allow.
REFUSED = {
    "a profile": (aws('profile = "ops"'), ["profile"]),
    "a profile by a variable": (variable("profile", '"ops"') + aws("profile = var.profile"), ["profile"]),
    "a profile in variable files": (
        {"main.tf": PROFILE, "x.auto.tfvars": 'profile = "ops"\n'},
        ["profile"],
    ),
    "a profile in a repeated module": (
        {"main.tf": call("m", "count = 2", 'profile = "ops"'), "m/main.tf": PROFILE},
        ["profile"],
    ),
    "one alias of CDKTF": (
        {"cdk.tf.json": json.dumps({"provider": {"aws": [{"region": "x"}, {"alias": "b", "profile": "ops"}]}})},
        ["profile"],
    ),
    "keys": (aws('access_key = "x"', 'secret_key = "y"'), ["access_key", "secret_key"]),
    "keys that are not known": (block('variable "k"', "type = string") + aws("access_key = var.k"), ["access_key"]),
    "a web identity": (
        aws(block("assume_role_with_web_identity", 'role_arn = "x"')),
        ["assume_role_with_web_identity"],
    ),
    "files": (aws('shared_credentials_files = ["x"]'), ["shared_credentials_files"]),
    "a backend's profile": (backend("s3", 'profile = "ops"'), ["profile"]),
    "a backend's profile that was given to init": (
        {"main.tf": backend("s3"), KEPT: json.dumps({"backend": {"type": "s3", "config": {"profile": "ops"}}})},
        ["profile"],
    ),
    "a remote state's profile": (remote_state('config = {\n    profile = "ops"\n  }'), ["profile"]),
    "HCP Terraform": (block("terraform", block("cloud", 'organization = "x"')), ["cloud"]),
    "a remote backend": (backend("remote", 'organization = "x"'), ["remote"]),
    "awscc": (block('provider "awscc"', 'profile = "ops"'), ["profile"]),
    "awsutils": (
        require("awsutils", "cloudposse/awsutils") + block('provider "awsutils"', 'profile = "ops"'),
        ["profile"],
    ),
    "a fork": (
        require("aws", "app.terraform.io/acme/aws") + aws('profile = "ops"'),
        ["profile", "app.terraform.io/acme/aws"],
    ),
    "an unknown provider": (require("shell", "acme/shell"), ["registry.terraform.io/acme/shell"]),
    "kubernetes with a profile": (block('provider "kubernetes"', plugin("--profile", "ops")), ["exec"]),
    "helm with a profile in the environment": (
        block('provider "helm"', block("kubernetes", plugin(env='{ AWS_PROFILE = "ops" }'))),
        ["exec"],
    ),
    "opensearch with a profile": (
        require("opensearch", "opensearch-project/opensearch") + block('provider "opensearch"', 'aws_profile = "x"'),
        ["aws_profile"],
    ),
    "a file that Terraform reads though it looks left out": ({"#provider.tf": aws('profile = "ops"')}, ["profile"]),
    "a file that is not JSON": ({"main.tf.json": "{"}, ["unreadable"]),
    "a folder that is not there": (call("gone"), ["unreadable"]),
}


def refused(findings):
    return [problem.name for problem in (*findings.unreadable, *findings.bypasses, *findings.unknown_providers)]


@pytest.mark.parametrize("shape", FINE)
def test_a_legitimate_shape_is_not_refused(tmp_path, shape):
    assert refused(found(tmp_path, FINE[shape])) == []


@pytest.mark.parametrize("shape", REFUSED)
def test_a_shape_with_other_credentials_is_refused_by_its_name(tmp_path, shape):
    files, expected = REFUSED[shape]
    findings = found(tmp_path, files)
    assert refused(findings) == expected
    assert all(problem.place and problem.remedy for problem in findings.bypasses)


@pytest.mark.parametrize("before", ["", role(f'"{ACCOUNT}/a"')])
def test_a_role_session_of_more_than_an_hour_is_refused_with_its_place_at_every_hop(tmp_path, before):
    long = block("assume_role", f'role_arn = "{ACCOUNT}/x"', 'duration = "2h"')
    (chain,) = found(tmp_path, aws(before, long)).chains
    refusals = [duration_refusal(hop) for hop in chain.hops]
    assert refusals[:-1] == [None] * bool(before)
    assert refusals[-1].problem.startswith(f"{chain.hops[-1].place}: {ACCOUNT}/x cannot be assumed")


def test_how_many_hops_of_these_shapes_are_known_before_terraform_runs(tmp_path):
    """Without and with what the session and the phase tell; the one that remains comes from a secret."""

    def known(session):
        folder = tmp_path / (session.account or "nothing")
        chains = [chain for shape in FINE for chain in found(folder / shape, FINE[shape], session=session).chains]
        hops = [hop for chain in chains for hop in chain.hops]
        return sum(hop.role_arn is not None for hop in hops), len(hops)

    assert (known(KnownSession()), known(KnownSession("123456789012", "aws", applying=False))) == ((11, 15), (14, 15))
