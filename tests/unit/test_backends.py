"""Where the state lies and with which credentials: backends, what `init` keeps of them, executions elsewhere, keys."""

import json

import pytest
from reader import NO_CONSOLE, found, names, write

KEPT = ".terraform/terraform.tfstate"
ROLE = "arn:aws:iam::123456789012:role/state"
BLOCK = 'terraform {\n  backend "s3" {\n    bucket = "b"\n  }\n}\n'


def kept(config, kind="s3"):
    return json.dumps({"version": 3, "backend": {"type": kind, "config": config, "hash": 1}})


def roles(findings):
    return [(chain.provider, chain.place, [hop.role_arn for hop in chain.hops]) for chain in findings.chains]


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"profile": "ops"}, "profile"),
        ({"access_key": "k"}, "access_key"),
        ({"secret_key": "${x}"}, "secret_key"),
        ({"token": "t"}, "token"),
        ({"shared_credentials_files": ["x"]}, "shared_credentials_files"),
        ({"shared_config_files": ["x"]}, "shared_config_files"),
        (
            {"assume_role_with_web_identity": {"role_arn": "x", "web_identity_token": None}},
            "assume_role_with_web_identity",
        ),
    ],
)
def test_what_init_has_kept_of_the_backend_is_examined(tmp_path, config, name):
    findings = found(tmp_path, {"main.tf": BLOCK, KEPT: kept({"bucket": "b", "key": None, **config})})
    (problem,) = findings.bypasses
    assert (problem.place, problem.name) == (KEPT, name)
    assert "Plan with -reconfigure" in problem.remedy
    assert not findings.unreadable


@pytest.mark.parametrize("config", [{}, {"profile": None}, {"profile": ""}, {"assume_role_with_web_identity": None}])
def test_what_is_null_there_is_none(tmp_path, config):
    findings = found(tmp_path, {"main.tf": BLOCK, KEPT: kept({"bucket": "b", **config})})
    assert findings.bypasses == findings.unreadable == ()
    assert roles(findings) == [('backend "s3"', "main.tf:2", [])]


NESTED = {"role_arn": ROLE, "external_id": 'a"b${c}', "tags": {"a.b": "c"}, "policy_arns": ["p"], "duration": None}


@pytest.mark.parametrize("config", [{"role_arn": ROLE}, {"assume_role": NESTED}], ids=["older", "newer"])
def test_a_role_there_joins_the_chains(tmp_path, config):
    findings = found(tmp_path, {"main.tf": BLOCK, KEPT: kept(config)})
    assert roles(findings)[-1] == ('backend "s3"', KEPT, [ROLE])
    if "assume_role" in config:
        (hop,) = findings.chains[-1].hops
        assert (hop.external_id, hop.tags, hop.policy_arns) == ('a"b${c}', (("a.b", "c"),), ("p",))


def test_a_role_that_the_block_has_too_is_checked_once(tmp_path):
    block = f'terraform {{\n  backend "s3" {{\n    assume_role = {{\n      role_arn = "{ROLE}"\n    }}\n  }}\n}}\n'
    findings = found(tmp_path, {"main.tf": block, KEPT: kept({"assume_role": {"role_arn": ROLE, "tags": None}})})
    assert roles(findings) == [('backend "s3"', "main.tf:2", [ROLE])]


def test_a_profile_that_the_block_has_too_is_told_once(tmp_path):
    block = BLOCK.replace('bucket = "b"', 'profile = "ops"')
    findings = found(tmp_path, {"main.tf": block, KEPT: kept({"profile": "ops"})})
    assert names(findings.bypasses) == [("main.tf:3", "profile")]


def test_it_lies_where_tf_data_dir_says(tmp_path):
    write(tmp_path, {"data/terraform.tfstate": kept({"profile": "ops"})})
    assert not found(tmp_path, BLOCK).bypasses
    assert names(found(tmp_path, environ={"TF_DATA_DIR": "data"}).bypasses) == [("data/terraform.tfstate", "profile")]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"backend": 1}',
        '{"backend": {"type": 1}}',
        '{"backend": {"type": "s3", "config": [1]}}',
        '{"Backend": {"type": "s3", "config": {"profile": "ops"}}}',
        '{"backend": {"type": "local"}, "backend": {"type": "s3"}}',
        '{"a":' * 100_000,
    ],
    ids=range(8),
)
def test_what_cannot_be_understood_there_is_refused(tmp_path, text):
    findings = found(tmp_path, {"main.tf": BLOCK, KEPT: text}, executable=NO_CONSOLE)
    assert names(findings.unreadable) == [(KEPT, "unreadable")]


@pytest.mark.parametrize("text", ["", "{}", '{"version": 3}', '{"backend": null}', kept({"path": "x"}, "local")])
def test_what_says_nothing_there_is_none(tmp_path, text):
    findings = found(tmp_path, {"main.tf": BLOCK, KEPT: text}, executable=NO_CONSOLE)
    assert findings.bypasses == findings.unreadable == ()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("terraform {\n  cloud {\n  }\n}\n", ("main.tf:2", "cloud")),
        ('terraform {\n  backend "remote" {\n  }\n}\n', ("main.tf:2", "remote")),
        ({"main.tf.json": '{"terraform": {"cloud": {"organization": "x"}}}'}, ("main.tf.json:1", "cloud")),
        ({"main.tf": BLOCK, "override.tf": "terraform {\n  cloud {\n  }\n}\n"}, ("override.tf:2", "cloud")),
        ({KEPT: kept({"organization": "x"}, "remote")}, (KEPT, "remote")),
    ],
)
def test_an_execution_elsewhere_is_a_bypass(tmp_path, files, expected):
    findings = found(tmp_path, files, executable=NO_CONSOLE)
    assert names(findings.bypasses) == [expected]
    assert "the workspace's credentials" in findings.bypasses[0].what


def test_a_state_that_is_only_read_from_elsewhere_is_none(tmp_path):
    hcl = 'data "terraform_remote_state" "x" {\n  backend = "remote"\n  config = {\n    token = "t"\n  }\n}\n'
    assert not found(tmp_path, hcl).bypasses


@pytest.mark.parametrize("kind", ["azurerm", "gcs", "oss", "http", "pg", "consul", "local"])
def test_other_backends_are_let_be(tmp_path, kind):
    hcl = f'terraform {{\n  backend "{kind}" {{\n    access_key = "x"\n    profile = "y"\n  }}\n}}\n'
    findings = found(tmp_path, hcl, executable=NO_CONSOLE)
    assert (findings.bypasses, findings.backend) == ((), kind)


def test_a_plugin_of_the_kubernetes_backend_is_a_program(tmp_path):
    hcl = (
        'terraform {\n  backend "kubernetes" {\n    exec {\n      command = "aws"\n'
        '      args = ["--profile", "ops"]\n    }\n  }\n}\n'
    )
    findings = found(tmp_path, hcl, executable=NO_CONSOLE)
    assert names(findings.programs) == names(findings.bypasses) == [("main.tf:4", "exec")]


KEYS = 'key_provider "aws_kms" "k" {{\n  kms_key_id = "x"\n  {setting}\n}}\n'
SETTINGS = [
    ('profile = "ops"', "profile"),
    ('access_key = "k"', "access_key"),
    ('secret_key = "k"', "secret_key"),
    ('token = "k"', "token"),
    ('shared_credentials_files = ["x"]', "shared_credentials_files"),
    ("access_key = var.unknown", "access_key"),
    ('assume_role_with_web_identity = { role_arn = "x" }', "assume_role_with_web_identity"),
]


@pytest.mark.parametrize(("setting", "name"), SETTINGS, ids=range(len(SETTINGS)))
def test_a_key_of_opentofus_encryption_is_examined_like_a_backend(tmp_path, setting, name):
    block = f"terraform {{\nencryption {{\n{KEYS.format(setting=setting)}}}\n}}\n"
    (problem,) = found(tmp_path, block, product="tofu", version="1.9.0").bypasses
    assert (problem.place, problem.name) == ("main.tf:5", name)
    assert problem.what.startswith('key_provider "aws_kms" ')
    assert not found(tmp_path, product="terraform").bypasses
    (tmp_path / "main.tf").unlink()
    environ = {"TF_ENCRYPTION": KEYS.format(setting=setting)}
    (problem,) = found(tmp_path, product="tofu", version="1.9.0", environ=environ).bypasses
    assert (problem.place.partition(":")[0], problem.name) == ("TF_ENCRYPTION", name)
    assert not found(tmp_path, product="terraform", environ=environ).bypasses


def test_such_a_key_in_json(tmp_path):
    body = {"key_provider": {"aws_kms": {"k": {"profile": "ops", "assume_role": {"role_arn": ROLE}}}}}
    text = json.dumps({"terraform": {"encryption": body}})
    findings = found(tmp_path, {"main.tf.json": text}, product="tofu", version="1.9.0")
    assert names(findings.bypasses) == [("main.tf.json:1", "profile")]
    assert roles(findings) == [('key_provider "aws_kms"', "main.tf.json:1", [ROLE])]
    (tmp_path / "main.tf.json").unlink()
    environ = {"TF_ENCRYPTION": json.dumps(body)}
    findings = found(tmp_path, product="tofu", version="1.9.0", environ=environ)
    assert names(findings.bypasses) == [("TF_ENCRYPTION:1", "profile")]
    assert roles(findings) == [('key_provider "aws_kms"', "TF_ENCRYPTION:1", [ROLE])]


@pytest.mark.parametrize("text", ["key_provider {{{", "{", '{"key_provider": ', "} } provider {"])
def test_an_encryption_that_cannot_be_read_is_refused(tmp_path, text):
    findings = found(tmp_path, product="tofu", version="1.9.0", environ={"TF_ENCRYPTION": text})
    assert names(findings.unreadable) == [("TF_ENCRYPTION", "unreadable")]


def test_keys_by_programs_are_programs(tmp_path):
    hcl = (
        'terraform {\nencryption {\nkey_provider "external" "k" {\n  command = ["x"]\n}\n'
        'key_provider "pbkdf2" "p" {\n  passphrase = "x"\n}\n'
        'method "external" "m" {\n  encrypt_command = ["x"]\n}\n}\n}\n'
    )
    findings = found(tmp_path, hcl, product="tofu", version="1.10.0")
    assert names(findings.programs) == [("main.tf:3", "external"), ("main.tf:9", "external")]
    assert not findings.bypasses


@pytest.mark.parametrize(("backend", "prefix"), [("s3", "env:"), ("gcs", "")])
def test_the_key_of_a_workspace_has_a_prefix(tmp_path, backend, prefix):
    hcl = f'terraform {{\n  backend "{backend}" {{\n    key = "app"\n  }}\n}}\n'
    assert found(tmp_path, hcl).backend_prefix == prefix
    own = hcl.replace("key =", 'workspace_key_prefix = "prod"\n    key =')
    assert found(tmp_path, own).backend_prefix == (prefix and "prod")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ('key = "app"', "app"),
        ('key = "${"prod"}/app"', None),
        ("key = var.key", None),
        ('key = "app"\n    workspace_key_prefix = "${"prod"}"', None),
        ("", ""),
    ],
)
def test_a_key_that_is_no_literal_is_not_known(tmp_path, settings, key):
    assert found(tmp_path, f'terraform {{\n  backend "s3" {{\n    {settings}\n  }}\n}}\n').backend_key == key


def test_what_init_has_kept_of_a_key_is_known(tmp_path):
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "terraform.tfstate").write_text(
        json.dumps({"version": 3, "backend": {"type": "s3", "config": {"key": "prod/app", "profile": None}}})
    )
    assert (
        found(tmp_path, 'terraform {\n  backend "s3" {\n    key = "${"prod"}/app"\n  }\n}\n').backend_key == "prod/app"
    )


def test_a_kubernetes_backend_that_init_has_kept_is_examined(tmp_path):
    (tmp_path / ".terraform").mkdir()
    plugin = {"command": "aws", "args": ["--profile", "ops"], "api_version": "v1", "env": None}
    (tmp_path / ".terraform" / "terraform.tfstate").write_text(
        kept({"config_path": "./kube.yaml", "exec": [plugin]}, "kubernetes")
    )
    findings = found(tmp_path, 'terraform {\n  backend "kubernetes" {}\n}\n')
    assert names(findings.bypasses) == [(".terraform/terraform.tfstate", "exec")]
    assert ".terraform/terraform.tfstate" in {each.place for each in findings.programs}


def test_a_remote_state_in_kubernetes_is_examined(tmp_path):
    hcl = """
data "terraform_remote_state" "one" {
  backend = "kubernetes"
  config = {
    config_path = "./kube.yaml"
    exec        = [{ command = "aws", args = ["eks", "get-token", "--profile", "ops"] }]
  }
}
"""
    findings = found(tmp_path, hcl)
    assert [name for _, name in names(findings.bypasses)] == ["exec"]
    assert ("main.tf:5", "exec") in names(findings.programs)
