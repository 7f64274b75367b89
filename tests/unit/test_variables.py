import copy
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variables import read_variables

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SERIAL = "arn:aws:iam::123456789012:mfa/alice"
ENVIRON = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_MFA_SERIAL_NUMBER": SERIAL,
}


@pytest.fixture
def profiles(tmp_path):
    """Writes AWS's two files; the environment that names them."""

    def write(config="", credentials=""):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)
        return {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }

    return write


KEYS = f"aws_access_key_id = AKIAPROFILE123456789\naws_secret_access_key = {SECRET}\n"


def failure(environ, profile=""):
    with pytest.raises(ConfigurationError) as caught:
        read_variables(environ, profile)
    error = caught.value
    assert error.remedy
    assert SECRET not in str(error)
    assert error.__context__ is None
    frame = error.__traceback__
    while frame := frame.tb_next:
        assert SECRET not in repr(frame.tb_frame.f_locals)
    return error.problem


def test_the_process_environment():
    variables = read_variables(ENVIRON)
    assert variables.access_key_id == ENVIRON["AWS_ACCESS_KEY_ID"]
    assert variables.secret_access_key.reveal() == SECRET
    assert variables.serial_number == SERIAL
    assert variables.source == "process environment"
    assert (variables.endpoint.region, variables.endpoint.url) == ("us-east-1", None)


def test_blanks_around_a_value_do_not_count():
    padded = {name: f" {value}\n" for name, value in ENVIRON.items()}
    variables = read_variables(padded | {"AWS_REGION": " eu-west-1 ", "AWS_ENDPOINT_URL": " http://127.0.0.1:1 "})
    assert variables.secret_access_key.reveal() == SECRET
    assert variables.serial_number == SERIAL
    assert (variables.endpoint.region, variables.endpoint.url) == ("eu-west-1", "http://127.0.0.1:1")


@pytest.mark.parametrize("empty", ["", " \n"])
def test_every_missing_one_is_named(empty):
    for name in ENVIRON:
        assert failure(ENVIRON | {name: empty}) == f"{name} is missing from the process environment."
    problem = failure({})
    assert all(name in problem for name in ENVIRON)


def test_a_profile(profiles):
    files = profiles(f"[profile work]\nregion = eu-north-1\nmfa_serial = {SERIAL}\n", f"[work]\n{KEYS}")
    variables = read_variables(files, "work")
    assert variables.access_key_id == "AKIAPROFILE123456789"
    assert variables.secret_access_key.reveal() == SECRET
    assert variables.serial_number == SERIAL
    assert variables.source == 'AWS profile "work"'
    assert variables.endpoint.region == "eu-north-1"
    assert read_variables(files | {"AWS_REGION": "eu-west-1"}, "work").endpoint.region == "eu-west-1"


def test_a_key_in_the_environment_goes_before_the_profile(profiles):
    files = profiles(credentials=f"[work]\n{KEYS}")
    assert read_variables(ENVIRON | files, "work").source == "process environment"
    blank = files | ENVIRON | {"AWS_ACCESS_KEY_ID": "  "}
    assert read_variables(blank, "work").access_key_id == "AKIAPROFILE123456789"


def test_a_profile_with_temporary_keys_is_named_as_such_whatever_it_lacks(profiles):
    files = profiles(credentials=f"[work]\n{KEYS}aws_session_token = x\n")
    assert 'AWS profile "work" has a session token' in failure(files, "work")


def test_the_device_may_come_from_another_source_than_the_profile(profiles):
    files = profiles(credentials=f"[work]\n{KEYS}")
    assert failure(files, "work") == 'mfa_serial is missing from the AWS profile "work".'
    assert read_variables(files | {"AWS_MFA_SERIAL_NUMBER": SERIAL}, "work").serial_number == SERIAL


@pytest.mark.parametrize(
    "config", ["", "[profile other]\nregion = x\n", "[profile work\n", "no section\n", "[work]\nx"]
)
def test_a_missing_or_unreadable_profile_is_one_error(profiles, config):
    assert failure(profiles(config), "work") == 'The AWS profile "work" does not exist or cannot be read.'


def test_binary_profile_files_are_one_error(profiles):
    files = profiles()
    for name in files:
        Path(files[name]).write_bytes(b"[work]\n\xff\xfe\x00")
    assert failure(files, "work") == 'The AWS profile "work" does not exist or cannot be read.'


def test_a_sessions_credentials_are_refused(profiles):
    assert "session" in failure(ENVIRON | {"AWS_SESSION_TOKEN": "x"})
    assert "temporary key" in failure(ENVIRON | {"AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE"})
    files = profiles(credentials=f"[work]\nmfa_serial = {SERIAL}\n{KEYS}aws_session_token = x\n")
    assert "session" in failure(files, "work")


@pytest.mark.parametrize(
    "key", [SECRET, '"AKIAIOSFODNN7EXAMPLE"', "AKIA7", "AKIAIOSFODNN7\nEXAMPLE", "ÄKIAIOSFODNN7EXAMPLE"]
)
def test_an_invalid_access_key_id_is_rejected_and_not_repeated(key):
    problem = failure(ENVIRON | {"AWS_ACCESS_KEY_ID": key})
    assert "not a valid access key ID" in problem
    assert key not in problem


@pytest.mark.parametrize(
    "serial",
    [
        "arn:aws:iam::123456789012:u2f/user/alice/key",
        "arn:aws:iam::123456789012:fido/user/alice/key",
        "arn:aws-cn:iam::123456789012:passkey/user/alice/key",
    ],
)
def test_passkeys_and_security_keys_show_no_codes(serial):
    assert "shows no codes" in failure(ENVIRON | {"AWS_MFA_SERIAL_NUMBER": serial})


@pytest.mark.parametrize(
    "serial",
    [
        "alice",
        "arn:aws:iam::123456789012:user/alice",
        "arn:aws:iam::12345678901:mfa/alice",
        "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:mfa/alice",
        "arn:aws:iam::123456789012:mfa/",
        "arn:aws:iam::123456789012:sms-mfa/alice",
        "arn:aws:iam::123456789012:mfa/al ice",
        "arn:aws:iam::123456789012:mfa/alice\nx",
    ],
)
def test_an_invalid_serial_number_is_rejected(serial):
    problem = failure(ENVIRON | {"AWS_MFA_SERIAL_NUMBER": serial})
    assert "is neither" in problem
    assert (repr(serial) in problem) is serial.startswith("arn:")


def test_a_secret_in_the_serial_numbers_place_is_not_repeated():
    failure(ENVIRON | {"AWS_MFA_SERIAL_NUMBER": SECRET})


@pytest.mark.parametrize(
    "serial", [f"{SERIAL}@example.com", "arn:aws:iam::123456789012:mfa/path/alice", "GAHT12345678"]
)
def test_serial_numbers_that_sts_takes(serial):
    assert read_variables(ENVIRON | {"AWS_MFA_SERIAL_NUMBER": serial}).serial_number == serial


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1"), ("aws-iso", "us-iso-east-1")],
)
def test_without_a_region_the_partition_comes_from_the_device(partition, region):
    environ = ENVIRON | {"AWS_MFA_SERIAL_NUMBER": SERIAL.replace("arn:aws:", f"arn:{partition}:")}
    assert read_variables(environ).endpoint.region == region
    assert read_variables(environ | {"AWS_DEFAULT_REGION": "x-1"}).endpoint.region == "x-1"
    assert read_variables(environ | {"AWS_DEFAULT_REGION": "x-1", "AWS_REGION": "x-2"}).endpoint.region == "x-2"


def test_the_region_is_the_configuration_files_or_else_the_providers(profiles):
    files = profiles("[default]\nregion = eu-north-1\n[profile work]\nregion = eu-south-1\n", "")
    assert read_variables(ENVIRON | files).endpoint.region == "eu-north-1"
    assert read_variables(ENVIRON | files, region="eu-west-3").endpoint.region == "eu-north-1"
    assert read_variables(ENVIRON | files | {"AWS_PROFILE": "work"}).endpoint.region == "eu-south-1"
    assert read_variables(ENVIRON, region="eu-west-3").endpoint.region == "eu-west-3"


def test_an_endpoint_of_the_configuration_file_is_told_and_not_used_unseen(profiles):
    files = profiles("[default]\nservices = ours\n[services ours]\nsts =\n  endpoint_url = http://stranger\n", "")
    assert read_variables(ENVIRON | files).endpoint.url == "http://stranger"
    files = profiles("[default]\nendpoint_url = http://stranger\n", "")
    assert read_variables(ENVIRON | files).endpoint.url == "http://stranger"
    assert read_variables(ENVIRON | files | {"AWS_ENDPOINT_URL_STS": "http://b"}).endpoint.url == "http://b"


def test_endpoints():
    both = ENVIRON | {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_STS": "http://b"}
    assert read_variables(both).endpoint.url == "http://b"
    assert read_variables(both | {"AWS_ENDPOINT_URL_STS": ""}).endpoint.url == "http://a"
    assert read_variables(both | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}).endpoint.url is None


def test_nothing_shows_or_copies_the_secret():
    variables = read_variables(ENVIRON)
    assert SECRET not in repr(variables)
    for leak in (lambda: pickle.dumps(variables), lambda: copy.deepcopy(variables), lambda: copy.copy(variables)):
        with pytest.raises(TypeError):
            leak()
    with pytest.raises(TypeError):
        vars(variables)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(ENVIRON, st.text(max_size=60))))
def test_any_environment_is_read_or_rejected(environ):
    try:
        assert read_variables(environ).access_key_id
    except ConfigurationError as error:
        assert error.remedy
