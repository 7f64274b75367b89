"""AWS credentials of other providers: in their settings, and in the plugins that they run."""

import json

import pytest
from reader import NO_CONSOLE, found, names

CALL = '["eks", "get-token", "--cluster-name", "c"{}]'


@pytest.mark.parametrize(
    ("provider", "setting", "name"),
    [
        ("opensearch", 'aws_profile = "ops"', "aws_profile"),
        ("opensearch", 'aws_access_key = "k"', "aws_access_key"),
        ("opensearch", 'aws_secret_key = "k"', "aws_secret_key"),
        ("opensearch", 'aws_token = "k"', "aws_token"),
        ("mongodbatlas", 'aws_access_key_id = "k"', "aws_access_key_id"),
        ("mongodbatlas", 'aws_secret_access_key = "k"', "aws_secret_access_key"),
        ("datadog", 'aws_session_token = "k"', "aws_session_token"),
        ("kafka", 'sasl_aws_profile = "ops"', "sasl_aws_profile"),
        ("kafka", 'sasl_aws_shared_config_files = ["x"]', "sasl_aws_shared_config_files"),
        ("postgresql", 'aws_rds_iam_profile = "ops"', "aws_rds_iam_profile"),
        ("mysql", 'aws_config {\n    profile = "ops"\n  }', "profile"),
        ("mysql", 'aws_config {\n    access_key = "k"\n  }', "access_key"),
        ("vault", 'auth_login_aws {\n    aws_shared_credentials_file = "x"\n  }', "aws_shared_credentials_file"),
        ("vault", 'auth_login {\n    parameters = {\n      aws_access_key_id = "x"\n    }\n  }', "aws_access_key_id"),
        ("vault", 'auth_login_aws {\n    aws_web_identity_token_file = "x"\n  }', "aws_web_identity_token_file"),
        ("kafka", 'sasl_aws_container_credentials_full_uri = "http://x"', "sasl_aws_container_credentials_full_uri"),
        ("elasticsearch", 'x = [{ y = { aws_profile = "ops" } }]', "aws_profile"),
        (
            "mysql",
            'dynamic "aws_config" {\n    for_each = [1]\n    content {\n      profile = "p"\n    }\n  }',
            "profile",
        ),
        ("opensearch", "aws_access_key = var.unknown", "aws_access_key"),
    ],
)
def test_a_setting_that_holds_aws_credentials_is_a_bypass(tmp_path, provider, setting, name):
    found_here = found(tmp_path, f'provider "{provider}" {{\n  {setting}\n}}\n').bypasses
    assert [problem.name for problem in found_here] == [name]
    assert f'provider "{provider}"' in found_here[0].what


@pytest.mark.parametrize(
    ("provider", "setting"),
    [
        ("databricks", 'profile = "x"'),
        ("snowflake", 'profile = "x"'),
        ("datadog", 'api_key = "x"'),
        ("cloudflare", 'api_token = "x"'),
        ("vault", 'token = "x"'),
        ("opensearch", 'aws_region = "eu-west-1"'),
        ("opensearch", 'aws_assume_role_arn = "arn:aws:iam::123456789012:role/x"'),
        ("opensearch", "aws_profile = null"),
        ("opensearch", 'aws_access_key = ""'),
        ("opensearch", "aws_profile = var.unknown"),
        ("postgresql", "aws_rds_iam_auth = true"),
        ("kubernetes", 'token = "x"'),
        ("google", 'credentials = "x"'),
        ("azurerm", 'access_key = "x"'),
    ],
)
def test_a_setting_that_is_none_of_aws_is_none(tmp_path, provider, setting):
    assert not found(tmp_path, f'provider "{provider}" {{\n  {setting}\n}}\n').bypasses


def test_a_setting_is_followed_to_where_it_is_written(tmp_path):
    files = {
        "main.tf": 'module "m" {\n  source = "./m"\n  plugin = {\n    command = "aws"\n'
        '    args = ["--profile", "ops"]\n  }\n}\n',
        "m/main.tf": 'variable "plugin" {\n}\nlocals {\n  k = { exec = var.plugin }\n}\n'
        'provider "helm" {\n  kubernetes = local.k\n}\n',
    }
    findings = found(tmp_path, files)
    assert names(findings.bypasses) == [("main.tf:4", "exec")]
    assert names(findings.programs) == [("main.tf:4", "exec")]


PLUGINS = {
    "block": 'provider "kubernetes" {{\n  exec {{\n    api_version = "v1"\n    command = "aws"\n'
    "    args = {args}\n    env = {env}\n  }}\n}}\n",
    "nested": 'provider "helm" {{\n  kubernetes {{\n    exec {{\n      command = "aws"\n'
    "      args = {args}\n      env = {env}\n    }}\n  }}\n}}\n",
    "object": 'provider "helm" {{\n  kubernetes = {{\n    exec = {{\n      command = "aws"\n'
    "      args = {args}\n      env = {env}\n    }}\n  }}\n}}\n",
    "dynamic": 'provider "kubectl" {{\n  dynamic "exec" {{\n    for_each = [1]\n    content {{\n      command = "aws"\n'
    "      args = {args}\n      env = {env}\n    }}\n  }}\n}}\n",
    "conditional": 'provider "helm" {{\n  kubernetes = {{\n    exec = true ? {{\n      command = "aws"\n'
    "      args = {args}\n      env = {env}\n    }} : null\n  }}\n}}\n",
}
CREDENTIALS = [
    (CALL.format(', "--profile", "ops"'), "{}"),
    (CALL.format(', "--profile=ops"'), "{}"),
    ('concat(["eks"], ["--profile", "ops"])', "{}"),
    ('["-c", "AWS_PROFILE=ops aws eks get-token"]', "{}"),
    (CALL.format(""), '{ AWS_PROFILE = "ops" }'),
    (CALL.format(""), '{ "AWS_CONFIG_FILE" = "x" }'),
    (CALL.format(""), '{ AWS_SHARED_CREDENTIALS_FILE = "x" }'),
    (CALL.format(""), '{ AWS_ACCESS_KEY_ID = "x" }'),
    (CALL.format(""), 'merge({ AWS_REGION = "x" }, { AWS_PROFILE = "ops" })'),
]


@pytest.mark.parametrize("shape", PLUGINS)
@pytest.mark.parametrize(("args", "env"), CREDENTIALS, ids=range(len(CREDENTIALS)))
def test_a_plugin_with_other_credentials_is_a_bypass(tmp_path, shape, args, env):
    findings = found(tmp_path, PLUGINS[shape].format(args=args, env=env))
    assert [problem.name for problem in findings.bypasses] == ["exec"]
    assert [problem.name for problem in findings.programs] == ["exec"]


@pytest.mark.parametrize(
    ("args", "env"),
    [
        ('["eks", "get-token", "--cluster-name", module.eks.name, "--profile", var.profile]', "{}"),
        ('concat(["eks", data.aws_eks_cluster.x.name], ["--profile", var.profile])', "{}"),
        (CALL.format(""), "{ AWS_PROFILE = data.x.y.z }"),
        (CALL.format(""), "data.x.y.env"),
    ],
)
def test_one_that_is_not_known_is_a_bypass_too(tmp_path, args, env):
    findings = found(tmp_path, PLUGINS["block"].format(args=args, env=env))
    assert [problem.name for problem in findings.bypasses] == ["exec"]


@pytest.mark.parametrize("shape", PLUGINS)
@pytest.mark.parametrize(
    ("args", "env"),
    [
        (CALL.format(""), "{}"),
        (CALL.format(', "--role-arn", "arn:x"'), "null"),
        ('["eks", "get-token", "--cluster-name", module.eks.name]', "{}"),
        (CALL.format(""), '{ AWS_REGION = "eu-west-1" }'),
        (CALL.format(""), "{ AWS_PROFILE = null }"),
    ],
)
def test_a_plugin_that_goes_by_the_session_is_a_program_only(tmp_path, shape, args, env):
    findings = found(tmp_path, PLUGINS[shape].format(args=args, env=env))
    assert not findings.bypasses
    (problem,) = findings.programs
    assert problem.name == "exec"
    assert problem.what.endswith("runs a program with the session's credentials.")


@pytest.mark.parametrize("setting", ["exec = null", "kubernetes = { exec = null }"])
def test_no_plugin_is_none(tmp_path, setting):
    findings = found(tmp_path, f'provider "helm" {{\n  {setting}\n}}\n')
    assert findings.bypasses == findings.programs == ()


def test_a_kubeconfig_may_run_a_plugin(tmp_path):
    hcl = 'provider "kubernetes" {\n  config_path = "~/.kube/config"\n}\nprovider "helm" {\n  config_path = null\n}\n'
    (problem,) = found(tmp_path, hcl, executable=NO_CONSOLE).programs
    assert (problem.place, problem.name) == ("main.tf:2", "exec")
    assert problem.what == 'A kubeconfig of provider "kubernetes" runs a program with the session\'s credentials.'


@pytest.mark.parametrize("path", [("kubernetes", "exec"), ("helm", "kubernetes", "exec"), ("kubectl", "exec")])
def test_a_plugin_in_json(tmp_path, path):
    body = {"command": "aws", "args": ["eks", "--profile", "ops"]}
    for name in reversed(path):
        body = {name: body}
    findings = found(tmp_path, {"main.tf.json": json.dumps({"provider": body})})
    assert names(findings.bypasses) == names(findings.programs) == [("main.tf.json:1", "exec")]
