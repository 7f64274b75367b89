"""What `-backend-config` gives is judged like the backend's block, and takes precedence over it."""

import json
from pathlib import Path

import pytest
from reader import NO_CONSOLE, found, names, write

from tfmfa_nb.terraform.backend_arguments import BackendArguments, backend_arguments

EMPTY = 'terraform {\n  backend "s3" {}\n}\n'
ROLE = "arn:aws:iam::123456789012:role/state"
KEPT = {"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", "key": "old", "profile": "ops"}, "hash": 1}}


def given(tmp_path, *words, **more):
    return backend_arguments(words, tmp_path, **more)


def look(tmp_path, *words, hcl=EMPTY, **more):
    return found(tmp_path, hcl, backend=given(tmp_path, *words, **more), executable=NO_CONSOLE)


@pytest.mark.parametrize(
    "word",
    ["profile=ops", "access_key=AKIA", "secret_key=s", "token=t", "shared_credentials_file=x"]
    + ['shared_credentials_files=["x"]', 'shared_config_files=["x"]']
    + ['assume_role_with_web_identity={role_arn="x",web_identity_token_file="f"}'],
)
def test_credentials_on_the_line_bypass(tmp_path, word):
    name, _, value = word.partition("=")
    assert names(look(tmp_path, word).bypasses) == [("-backend-config", name)]
    (tmp_path / "s3.tfbackend").write_text(
        f'bucket = "b"\n{name} = {value if value[0] in "[{" else json.dumps(value)}\n'
    )
    assert names(look(tmp_path, "s3.tfbackend").bypasses) == [("s3.tfbackend:2", name)]


def test_credentials_in_a_file_of_json_bypass(tmp_path):
    (tmp_path / "s3.json").write_text('{"bucket": "b",\n"profile": "ops"}')
    assert names(look(tmp_path, "s3.json").bypasses) == [("s3.json:2", "profile")]


@pytest.mark.parametrize("word", ["profile=", "bucket=b", "key=a=b", "region=eu-west-1"])
def test_what_brings_no_credentials(tmp_path, word):
    findings = look(tmp_path, word)
    assert findings.bypasses == findings.unreadable == ()


def test_a_block_of_web_identity_in_a_file(tmp_path):
    (tmp_path / "f").write_text('assume_role_with_web_identity {\n  role_arn = "x"\n}\n')
    assert [name for _, name in names(look(tmp_path, "f").bypasses)] == ["assume_role_with_web_identity"]


@pytest.mark.parametrize("text", ["}\n}\n", "profile = {", '{"profile":'])
def test_a_file_that_cannot_be_read_is_not_let_through(tmp_path, text):
    for name in ("f.hcl", "f.json"):
        (tmp_path / name).write_text(text)
        findings = look(tmp_path, name)
        assert [each.name for each in (*findings.unreadable, *findings.bypasses)] != []


def test_roles_on_the_line_are_known(tmp_path):
    for word in (f"role_arn={ROLE}", f'assume_role={{role_arn="{ROLE}"}}'):
        (chain,) = look(tmp_path, word).chains
        assert [hop.role_arn for hop in chain.hops] == [ROLE]
    hcl = EMPTY.replace("{}", '{\n    assume_role {\n      role_arn = "other"\n    }\n  }')
    (chain,) = look(tmp_path, f'assume_role={{role_arn="{ROLE}"}}', hcl=hcl).chains
    assert [hop.role_arn for hop in chain.hops] == [ROLE]


def test_the_last_one_counts(tmp_path):
    (tmp_path / "f").write_text('profile = "ops"\nkey = "from-file"\n')
    findings = look(tmp_path, "f", "profile=", "key=line")
    assert (findings.bypasses, findings.backend_key) == ((), "line")
    findings = look(tmp_path, "key=line", "f", hcl=EMPTY.replace("{}", '{\n    key = "block"\n  }'))
    assert (len(findings.bypasses), findings.backend_key) == (1, "from-file")


def test_what_init_has_kept_counts_unless_it_is_to_be_forgotten(tmp_path):
    write(tmp_path, {".terraform/terraform.tfstate": json.dumps(KEPT)})
    findings = look(tmp_path)
    assert (len(findings.bypasses), findings.backend_key) == (1, "old")
    assert "Plan with -reconfigure" in findings.bypasses[0].remedy
    findings = look(tmp_path, "key=new")  # which `init` refuses, or copies the state
    assert (len(findings.bypasses), findings.backend_key) == (1, "new")
    findings = look(tmp_path, "key=new", reconfigure=True)
    assert (findings.bypasses, findings.backend_key) == ((), "new")


@pytest.mark.parametrize(
    ("word", "secret"),
    [
        ("secret_key=x", True),
        ("access_key=x", True),
        (" token =x", True),
        ("password=x", True),
        ("sas_token=x", True),
        ("client_secret=x", True),
        ("conn_str=postgres://u:p@db/x", True),
        ("conn_str=host=db user=u password=x", True),
        ("address=https://u:p@host", True),
        ("conn_str=postgres://db/x", False),
        ("key=secret_key", False),
        ("bucket=b", False),
        ("profile=ops", False),  # no secret, but a bypass where a level asks for codes
        ("dynamodb_table=tokens", False),
    ],
)
def test_secrets_on_the_line(word, secret):
    assert (BackendArguments((word,)).secrets != []) is secret


def test_files_are_relative_to_the_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/user")
    words = given(tmp_path, "a.tfbackend", "~/b", "/c", "key=~/x")
    assert words.arguments == [
        f"-backend-config={word}" for word in (f"{tmp_path}/a.tfbackend", "/home/user/b", "/c", "key=~/x")
    ]
    assert words.files == [tmp_path / "a.tfbackend", Path("/home/user/b"), Path("/c")]
    assert "key" not in repr(words)
