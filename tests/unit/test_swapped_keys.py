"""An access key ID and a secret in each other's place are told in one sentence, and the secret is shown nowhere."""

import getpass

import pytest
from front import FormFront
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.magics.forms.terminal_form import ask_variables
from tfmfa_nb.magics.forms.variables_form import VariablesForm
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.storage import validation_errors
from tfmfa_nb.organization.variable_status import variable_statuses
from tfmfa_nb.organization.variable_values import KEY, NAMES, SECRET, SERIAL, VariableValues
from tfmfa_nb.organization.variables import read_variables

pytestmark = pytest.mark.usefixtures("kernel", "chain")

ID, SERIAL_NUMBER = "AKIAIOSFODNN7EXAMPLE", "arn:aws:iam::111122223333:mfa/alice"
# One without a slash or a plus has the form of an ID, too.
SECRETS = ["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"]
SWAPPED = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY{} are swapped. Set the first to the access key ID (AKIA…), "


def swapped(secret):
    return {KEY: secret, SECRET: ID, SERIAL: SERIAL_NUMBER}


def in_environment(values, tmp_path, chain):  # noqa: ARG001
    return values, "", " in the process environment"


def in_profile(values, tmp_path, chain):  # noqa: ARG001
    file = tmp_path / "config"
    lines = [f"aws_access_key_id = {values[KEY]}", f"aws_secret_access_key = {values[SECRET]}"]
    file.write_text("\n".join(["[profile me]", *lines, f"mfa_serial = {values[SERIAL]}", ""]))
    return {"AWS_CONFIG_FILE": str(file), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}, "me", ' in the AWS profile "me"'


def in_keychain(values, tmp_path, chain):  # noqa: ARG001
    Keychain().store(VariableValues(values[KEY], Secret(values[SECRET]), values[SERIAL]))
    return {}, "", " in the OS keychain"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("source", [in_environment, in_profile, in_keychain])
def test_in_each_source(source, secret, tmp_path, chain):
    environ, profile, where = source(swapped(secret), tmp_path, chain)
    with pytest.raises(ConfigurationError) as raised:
        read_variables(environ, profile)
    assert str(raised.value).startswith(SWAPPED.format(where))
    statuses, problem = variable_statuses(environ, profile)
    assert problem == str(raised.value)
    shown = [str(raised.value), repr(raised.value), *(status.text for status in statuses)]
    assert not any(secret[-4:] in text or secret[:4] in text for text in shown)


def test_an_id_in_both_places_is_told_apart(tmp_path, chain):
    environ, _, _ = in_environment({KEY: ID, SECRET: ID, SERIAL: SERIAL_NUMBER}, tmp_path, chain)
    with pytest.raises(ConfigurationError) as raised:
        read_variables(environ)
    assert str(raised.value).startswith(
        "AWS_SECRET_ACCESS_KEY in the process environment is an access key ID (AKIA…), not a secret access key."
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_in_the_order_that_is_right_nothing_is_said(secret):
    values = VariableValues(ID, Secret(secret), SERIAL_NUMBER)
    assert validation_errors(values) == {}
    assert "MPLE" in repr(values)
    assert read_variables({KEY: ID, SECRET: secret, SERIAL: SERIAL_NUMBER}).access_key_id == ID


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("action", ["save", "test", "find"])
async def test_in_the_form(secret, action, kernel):
    form = VariablesForm({}, "")
    front = FormFront(form)
    result = await front.press(action, secret=ID, **{KEY: secret, SERIAL: ""})
    form.close()
    assert not result["good"]
    assert result["fields"][KEY].startswith(SWAPPED.format(""))
    assert secret[-4:] not in str(result)
    assert kernel.read().missing() == NAMES  # nothing was stored


@pytest.mark.parametrize("secret", SECRETS)
async def test_at_the_terminal(secret, kernel, monkeypatch, capsys):
    answers = iter([secret, ID, SERIAL_NUMBER])
    monkeypatch.setattr(getpass, "getpass", lambda _: next(answers))
    with pytest.raises(ConfigurationError) as raised:
        await ask_variables({}, "")
    assert str(raised.value).startswith(SWAPPED.format(""))
    assert secret not in "".join(capsys.readouterr()) + str(raised.value)
    assert kernel.read().missing() == NAMES
    assert list(answers) == [SERIAL_NUMBER]  # nothing more was asked


@pytest.mark.parametrize("secret", SECRETS)
async def test_by_the_magic(secret, monkeypatch, capsys, tmp_path):
    for name, value in swapped(secret).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    shell.extension_manager.load_extension("tfmfa_nb")
    for line in ("%tfmfa", "%tfmfa variables"):
        await shell.run_cell_async(line, transformed_cell=shell.transform_cell(line), store_history=False)
    said = "".join(capsys.readouterr())
    assert SWAPPED.format(" in the process environment") in said
    assert secret[-4:] not in said
    shell.extension_manager.unload_extension("tfmfa_nb")
    InteractiveShell.clear_instance()
