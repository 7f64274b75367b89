import pytest

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.secret_variables import (
    ephemeral_variables,
    holds_secret,
    may_repeat_secrets,
    secrets_in_environ,
)

HCL = """
variable "plain" {}
variable "open" {
  sensitive = false
}
variable "marked" {
  sensitive = true
}
variable "brief" {
  ephemeral = true
}
variable "db_password" {}
variable "many" {
  type      = map(any)
  sensitive = true
}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "main.tf").write_text(HCL)
    return Configuration(tmp_path, "terraform", {}).root


@pytest.mark.parametrize(
    "name",
    ["password", "db_password", "github_token", "tokens", "DB_PASSWORD", "api_key", "private-key", "client_secret"]
    + ["dbpassword", "dbPassword", "db_pass", "pwd", "password1", "apiKey", "dsn"]
    + ["secret_access_key", "db_password_value", "tls_private_key_base64", "credentials", "datadog_api_key"]
    + ["github_pat", "connection_string", "connectionString", "database_url", "db_uri", "psk", "vpn_psk", "jwt"],
)
def test_names_that_sound_secret(root, name):
    assert holds_secret(root, name)


@pytest.mark.parametrize(
    "name",
    ["region", "secret_arn", "token_ttl", "kms_key_id", "key_name", "public_key", "password_length", "ssh_keys", "key"]
    + ["secretary", "tokenizer", "secrets_manager_name", "compass", "plain", "open", "bypass", "passed"]
    + ["path", "pattern", "url", "base_url", "webhook", "connection", "string", "database", "compat"],
)
def test_names_that_do_not(root, name):
    assert not holds_secret(root, name)


def test_what_the_configuration_marks(root):
    assert [holds_secret(root, name) for name in ("marked", "brief", "many")] == [True] * 3


def test_what_a_saved_plan_does_not_contain(root):
    assert ephemeral_variables(root) == {"brief"}


def test_the_values_in_the_environment(root):
    values = {"plain": "shown", "marked": "hidden", "db_password": "unmarked", "undeclared_token": "not used"}
    many = '{"a": ["first", {"b": "second"}], "c": 3}'
    environ = {f"TF_VAR_{name}": value for name, value in {**values, "many": many}.items()}
    found = [secret.reveal() for secret in secrets_in_environ(root, {**environ, "marked": "no"})]
    assert sorted(found) == sorted(["hidden", "unmarked", many, "first", "second"])


def test_the_texts_in_a_value_that_is_hcl(root):
    value = '{ password = "x y", "key" = ["a\\"b", "é"], "other" : 1 }'
    found = [secret.reveal() for secret in secrets_in_environ(root, {"TF_VAR_many": value})]
    assert sorted(found) == sorted([value, "x y", 'a"b', "é"])


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("1 + 1", False),
        ("upper(var.plain)", False),
        ("[for each in var.plain : each]", False),
        ("path.module", False),
        ("terraform.workspace", False),
        ("parseint(var.marked, 10)", True),
        ("var.db_password", True),
        ('"${var.plain}${var.marked}"', True),
        ("local.x", True),  # what it is made of is not followed
        ("terraform_data.one.output", True),
        ("data.a.b.c", True),
        ("module.m.x", True),
        ("output.x", True),
        ("var", True),
        ('var["marked"]', True),
        ("(var.plain", True),  # not understood
        ('file("secret.txt")', True),
    ],
)
def test_which_expression_may_repeat_a_sensitive_value_in_its_error(root, expression, may):
    assert may_repeat_secrets(expression, root) is may
