"""The environment of Terraform's process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.credentials import child_environ

CREDENTIALS = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
]
KEPT = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": "http://localhost:1",
    "AWS_ENDPOINT_URL_STS": "http://localhost:1",
    "AWS_CA_BUNDLE": "/ca.pem",
    "AWS_CONFIG_FILE": "/config",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TF_VAR_x": "1",
    "TF_DATA_DIR": ".t",
    "PATH": "/bin",
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_where_others_are_given_none_are_left(name):
    child, notes = child_environ({name: "own", **KEPT}, credentials=False)
    assert name not in child
    assert child.items() >= KEPT.items()
    assert not notes


@pytest.mark.parametrize("name", CREDENTIALS)
def test_else_the_persons_own_stay(name):
    child, _ = child_environ({name: "own"}, credentials=True)
    assert child[name] == "own"


@pytest.mark.parametrize("credentials", [True, False])
def test_what_is_ours_alone_is_never_handed_on(credentials):
    base = {"AWS_MFA_SERIAL_NUMBER": "arn", "TFMFA_TOKEN_COMMAND": "cat seed"}
    assert not child_environ(base, credentials=credentials)[0].keys() & base.keys()


@pytest.mark.parametrize("name", ["TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_CLI_ARGS_plan"])
def test_arguments_that_come_unseen_are_left_out_and_said(name):
    child, notes = child_environ({name: "-destroy"}, credentials=True)
    assert name not in child
    assert len(notes) == 1
    assert name in notes[0]


@pytest.mark.parametrize("name", ["TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_CORE", "TF_LOG_PROVIDER_AWS"])
@pytest.mark.parametrize("level", ["DEBUG", "trace", "JSON", "1", "yes"])
def test_a_log_that_shows_tokens_is_left_out_and_said(name, level):
    child, notes = child_environ({name: level, "TF_LOG_PATH": "/debug"}, credentials=True)
    assert name not in child
    assert child["TF_LOG_PATH"] == "/debug"
    assert len(notes) == 1
    assert name in notes[0]


@pytest.mark.parametrize("level", ["", "off", "ERROR", "warn", "INFO"])
def test_a_quiet_log_stays(level):
    child, notes = child_environ({"TF_LOG": level}, credentials=True)
    assert child["TF_LOG"] == level
    assert not notes


def test_a_missing_cli_configuration_is_left_out_and_a_real_one_stays(tmp_path):
    config = tmp_path / "terraform.rc"
    child, notes = child_environ({"TF_CLI_CONFIG_FILE": str(config)}, credentials=True)
    assert "TF_CLI_CONFIG_FILE" not in child
    assert "does not exist" in notes[0]
    config.touch()
    child, notes = child_environ({"TF_CLI_CONFIG_FILE": str(config)}, credentials=True)
    assert child["TF_CLI_CONFIG_FILE"] == str(config)
    assert not notes


def test_terraform_asks_nobody():
    child, _ = child_environ({"TF_INPUT": "1"}, credentials=True)
    assert (child["TF_INPUT"], child["TF_IN_AUTOMATION"]) == ("0", "1")


@given(st.dictionaries(st.sampled_from([*CREDENTIALS, *KEPT, "TF_LOG"]), st.text(max_size=5)))
def test_the_base_is_never_changed(base):
    before = dict(base)
    child, _ = child_environ(base, credentials=False)
    assert base == before
    assert not child.keys() & set(CREDENTIALS)
