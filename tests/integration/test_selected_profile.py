"""A person's usual profile, selected in a cell after the extension was loaded, with the real provider."""

import pytest
from runbooks import DEVICE

from tfmfa_nb.model.errors import TfmfaError

DEPLOY, AUDIT = (f"arn:aws:iam::123456789012:role/{name}" for name in ("deploy", "audit"))
CELL = """%%tfplan --level "plans and applies"
provider "aws" {
  assume_role {
    role_arn = "ROLE"
  }
}
data "aws_caller_identity" "me" {}
output "arn" {
  value = data.aws_caller_identity.me.arn
}
"""


@pytest.fixture
def shell(tmp_path, sandbox, provider, policy, ipython_with):
    """An IPython whose keys are only in the files of the AWS SDK."""
    environ = sandbox.environ()
    (tmp_path / "config").write_text(
        f"[profile dev]\nrole_arn = {DEPLOY}\nsource_profile = base\n"
        f"mfa_serial = {environ.pop('AWS_MFA_SERIAL_NUMBER')}\n[profile sso]\nsso_session = corp\n"
    )
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id = {environ.pop('AWS_ACCESS_KEY_ID')}\n"
        f"aws_secret_access_key = {environ.pop('AWS_SECRET_ACCESS_KEY')}\n"
    )
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "TFMFA_TOKEN_COMMAND": DEVICE,
    }
    return ipython_with(**{**environ, **provider, **policy, **files})


async def planned(shell, role=DEPLOY):
    cell = CELL.replace("ROLE", role)
    result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
    result.raise_error()
    return result.result


@pytest.mark.thorough
async def test_its_key_and_its_device_count_and_its_role_is_the_provider_s(shell, sandbox, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "dev")  # as %env in a cell does
    run = await planned(shell)
    assert run.identity["source"] == 'AWS profile "base", source_profile of "dev"'
    assert not [note for note in run.notes if "AWS profile" in note]
    calls = sandbox.calls()
    assert [call["allowed"] for call in calls if call["action"] == "GetSessionToken"] == [True]
    roles = [call for call in calls if call["action"] == "AssumeRole"]
    assert {call["role_arn"] for call in roles} == {DEPLOY}
    assert all(call["mfa"] and call["identity"].endswith(":user/alice") for call in roles)


@pytest.mark.thorough
async def test_its_role_is_not_assumed_where_the_provider_names_another(shell, sandbox, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "dev")
    run = await planned(shell, AUDIT)
    (note,) = [note for note in run.notes if "AWS profile" in note]
    assert note.startswith(f"The AWS profile names {DEPLOY}, which only an assume_role block of the provider assumes")
    assert {call["role_arn"] for call in sandbox.calls() if call["action"] == "AssumeRole"} == {AUDIT}


@pytest.mark.thorough
async def test_a_profile_of_identity_center_is_told_before_a_code_is_sent(shell, sandbox, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "sso")
    with pytest.raises(TfmfaError, match=r'"sso" signs in through IAM Identity Center .*enter one in the form'):
        await planned(shell)
    assert {call["service"] for call in sandbox.calls()} == {"iam"}  # which made the sandbox
