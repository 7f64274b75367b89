"""The doctor, against the sandbox: each thing that can be wrong is one line with a remedy."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.doctor import Severity, examine, worst
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.store import RunStore

CONFIGURATION = """
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/ROLE"
  }
}
"""


@pytest.fixture
def surroundings(sandbox):
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return {**keep, **sandbox.environ()}


@pytest.fixture
def environment(tmp_path):
    made = Environment.named("staging", tmp_path)
    made.write_configuration(CONFIGURATION.replace("ROLE", "deploy"))
    return made


async def findings(environ, environment=None):
    return [finding async for finding in examine(environ, "", environment)]


def about(found, subject):
    return [finding for finding in found if finding.subject.startswith(subject)]


async def test_a_healthy_setup_passes_all_checks_and_spends_no_code(surroundings, environment, sandbox):
    environment.set_level(Level.APPLIES_ONLY)
    found = await findings(surroundings, environment)
    # Plans are kept in the memory of the machine, which may have older ones.
    assert worst([each for each in found if each.subject != "saved plans"]) is Severity.OK, "\n".join(map(str, found))
    assert {"Terraform", "provider", "kernel", "policy", "keys", "clock", "MFA device", "without MFA"} <= {
        finding.subject for finding in found
    }
    assert "GetSessionToken" not in {call["action"] for call in sandbox.calls()}


async def test_an_audit_trail_that_confirms_nothing_is_one_error(surroundings, environment):
    async def finding():
        (found,) = about(await findings(surroundings, environment), "audit trail")
        return found.severity, f"{found.text} {found.remedy}"

    assert await finding() == (Severity.OK, "the first run begins it. ")
    store = RunStore.create(environment)
    store.record_status(RunRecord(store.id, "staging", status=Status.PLANNED))
    store.save(RunRecord(store.id, "staging", status=Status.PLANNED))
    severity, text = await finding()
    assert text.startswith("1 line, each")
    assert (severity, "it agrees with the record of this trail on this machine" in text) == (Severity.OK, True)
    kept = store.trail.path.read_bytes()
    store.trail.path.unlink()
    severity, text = await finding()
    assert severity is Severity.ERROR
    assert "is gone: by this machine's record, it had 1 line." in text
    assert f"does not confirm the record of {store.id}." in text
    assert str(store.trail.witness.paths[0]) in text
    store.trail.path.write_bytes(kept)
    store.trail.witness.paths[0].unlink()
    assert "there is no record of this trail on this machine" in (await finding())[1]
    store.trail.path.write_bytes(b"")
    assert await finding() == (
        Severity.ERROR,
        f"The audit trail does not confirm the record of {store.id}. Do not rely on such a record.",
    )


async def test_each_problem_is_one_line_with_a_remedy(surroundings, environment, sandbox):
    iam = sandbox.client("iam")
    open_role = json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
        ],
    })  # fmt: skip
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=open_role)
    environment.set_level(Level.NEVER)
    environment.write_configuration(CONFIGURATION.replace("ROLE", "open").replace('aws" {', 'aws" {\n  profile = "x"'))
    surroundings["TF_LOG"] = "TRACE"
    surroundings["AWS_MFA_SERIAL_NUMBER"] = "arn:aws:iam::123456789012:mfa/bob"
    found = await findings(surroundings, environment)
    (loud,) = about(found, "process environment")
    assert "Ignored TF_LOG: Terraform would log session tokens" in loud.text
    (bypass,) = about(found, "configuration")
    assert (bypass.severity, "main.tf:3" in bypass.text, "profile" in bypass.text) == (Severity.ERROR, True, True)
    (device,) = about(found, "MFA device")
    assert device.severity is Severity.ERROR
    assert "arn:aws:iam::123456789012:mfa/alice" in device.remedy
    (open_one,) = [finding for finding in about(found, "without MFA") if finding.severity is Severity.ERROR]
    assert "role/open can be assumed without MFA" in open_one.text
    assert "%tfmfa trust-policy arn:aws:iam::123456789012:role/open" in open_one.remedy
    (level,) = about(found, "environment")
    assert "neither plans nor applies" in level.text
    assert all(finding.remedy for finding in found if finding.severity is Severity.ERROR)


async def test_each_floor_is_shown(surroundings, environment, tmp_path):
    more = {"AWS_PROFILE": "ops", "VAULT_TOKEN": "x", "AWS_CONFIG_FILE": str(tmp_path / "none")}
    found = await findings({**surroundings, **more}, environment)
    shown = {finding.subject: finding for finding in found}
    assert all(shown[name].severity is Severity.OK for name in ("credentials", "tokens of others", "STS endpoint"))
    assert "finds only those of the MFA session" in shown["credentials"].text
    assert "AWS_PROFILE" in shown["credentials"].text
    assert shown["tokens of others"].text == "withheld from Terraform: VAULT_TOKEN."
    assert shown["STS endpoint"].text == f"codes go to {surroundings['AWS_ENDPOINT_URL']}."
    assert "(SHA-256 " in shown["program"].text
    assert "saved plans" in shown


async def test_what_breaks_a_floor_is_an_error(surroundings, environment, sandbox, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('mfa = true\n[allow]\nprograms = ["/nowhere"]\nbypasses = ["profile"]\n')
    before = len(sandbox.calls())
    found = await findings({**surroundings, "TFMFA_POLICY": str(policy), "LD_AUDIT": "x.so"}, environment)
    shown = {finding.subject: finding for finding in found}
    assert "may not run as Terraform" in shown["program"].text
    assert any("LD_AUDIT is set" in one.text for one in about(found, "configuration"))
    assert shown["credentials"].severity is Severity.WARNING
    assert "is not AWS's own" in shown["STS endpoint"].text
    assert {shown[name].severity for name in ("program", "configuration", "STS endpoint")} == {Severity.ERROR}
    assert len(sandbox.calls()) == before  # nothing was signed for a stranger


async def test_keys_with_more_than_assume_role_are_reported(lenient_sandbox):
    environ = {"PATH": os.environ["PATH"], **lenient_sandbox.environ()}
    found = await findings(environ)
    (alone,) = about(found, "without MFA")
    assert alone.severity is Severity.WARNING
    assert "ssm:DescribeParameters" in alone.text


async def test_a_wrong_clock_is_reported(surroundings, sandbox):
    sandbox.skew(3600)
    (keys,) = about(await findings(surroundings), "keys")
    assert keys.severity is Severity.ERROR
    assert "clock" in keys.text


def test_the_command_s_exit_code_is_the_worst_finding_s(surroundings, tmp_path):
    def doctor(environ):
        return subprocess.run(
            [sys.executable, "-m", "tfmfa_nb.app", "doctor"],
            cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip

    good = doctor(surroundings)
    has_plans = "! saved plans" in good.stdout  # older ones, in the memory of the machine
    assert good.returncode == int(has_plans), good.stdout + good.stderr
    assert "✓ keys: alice in account 123456789012." in good.stdout
    (tmp_path / "policy.toml").write_text("mfa = nonsense")
    bad = doctor({**surroundings, "TFMFA_POLICY": str(tmp_path / "policy.toml")})
    assert bad.returncode == 2
    assert f"✗ policy: {tmp_path}/policy.toml is not valid TOML" in bad.stdout
    assert "Traceback" not in bad.stderr


def test_the_exit_codes_follow_the_severities():
    assert [severity.exit_code for severity in Severity] == [0, 0, 1, 2]
    assert asyncio.run(findings({"PATH": ""}))[0].severity is Severity.ERROR


@pytest.fixture
def ipython(tmp_path, monkeypatch, surroundings):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "TFMFA_", "TF_"))]:
        monkeypatch.delenv(name)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    return shell


async def said(shell, capsys, line):
    capsys.readouterr()
    result = await shell.run_cell_async(line, transformed_cell=shell.transform_cell(line))
    return "".join(capsys.readouterr()), result.error_in_exec


async def test_without_a_word_the_magic_shows_variables_and_level(ipython, capsys):
    for line in ("%tfmfa", "%tfmfa -e staging"):
        text, error = await said(ipython, capsys, line)
        assert error is None
        assert "MFA device arn:aws:iam::123456789012:mfa/alice, from the process environment" in text
        assert "applies only. Plans run without a code; every apply asks for one." in text
        assert "Nobody has set the level of" in text


async def test_the_magic_prints_the_findings_and_raises_on_errors(ipython, capsys, monkeypatch):
    text, error = await said(ipython, capsys, "%tfmfa doctor")
    assert "✓ keys: alice in account 123456789012." in text
    assert error is None, text
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    text, error = await said(ipython, capsys, "%tfmfa doctor")
    assert "✗ keys:" in text
    assert "The doctor found 1 error." in str(error)


async def test_the_trust_policy_is_printed_for_the_owner_of_the_keys(ipython, capsys):
    text, error = await said(ipython, capsys, "%tfmfa trust-policy deploy")
    assert error is None
    assert '"AWS": "arn:aws:iam::123456789012:user/alice"' in text
    assert '"Resource": "arn:aws:iam::123456789012:role/deploy"' in text
    assert '"aws:MultiFactorAuthPresent": "true"' in text
    assert '"aws:MultiFactorAuthAge": "3600"' in text
    assert text.count('"Statement"') == 5  # the two, and two options, one of which needs a permission of its own
    assert 'without session_name = "alice":' in text
    assert "requires the name or ARN of a role" in str((await said(ipython, capsys, "%tfmfa trust-policy"))[1])


async def test_policy_on_writes_nothing_where_another_file_enables_mfa(policy, capsys, monkeypatch, tmp_path):
    """A file of one's own would not have what the other one allows, and so forbid it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFMFA_POLICY", policy["TFMFA_POLICY"])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    ipython = InteractiveShell()
    ipython.run_line_magic("load_ext", "tfmfa_nb")
    text, error = await said(ipython, capsys, "%tfmfa policy on")
    assert error is None
    assert text.startswith(f"MFA is already enabled by {policy['TFMFA_POLICY']}. Nothing was written.\n")
    assert "Allowed endpoints: http://127.0.0.1:*" in text
    assert not (tmp_path / "config").exists()


async def test_levels_can_be_set_only_after_an_owner_enables_mfa(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFMFA_POLICY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    ipython = InteractiveShell()
    ipython.run_line_magic("load_ext", "tfmfa_nb")
    _, error = await said(ipython, capsys, "%tfmfa level 'applies only' -e staging")
    assert "MFA is not enabled for this organization" in str(error)
    assert "MFA: disabled (default)" in (await said(ipython, capsys, "%tfmfa policy"))[0]
    text, error = await said(ipython, capsys, "%tfmfa policy on")
    assert error is None
    assert f"MFA: enabled  (organization policy {tmp_path}/config/tfmfa_nb/policy.toml)" in text
    text, error = await said(ipython, capsys, "%tfmfa level -e staging")
    assert (error, 'of "staging": applies only.' in text) == (None, True)
    assert not (tmp_path / "staging").exists()
    text, error = await said(ipython, capsys, "%tfmfa level 'applies only' -e staging")
    assert "Plans run without a code; every apply asks for one." in text
    assert Environment.named("staging", tmp_path).level == "applies only"


def role_that_wants(sandbox, name, condition, *, alice_may_look=False):
    iam = sandbox.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    if alice_may_look:
        look = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [look]})
        iam.put_user_policy(UserName="alice", PolicyName="look", PolicyDocument=document)


EXTERNAL = {"StringEquals": {"sts:ExternalId": "the-external-id"}}
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


async def test_a_role_with_an_unknown_external_id_is_reported_as_not_tried(surroundings, environment, sandbox):
    role_that_wants(sandbox, "partner", EXTERNAL)
    unknown = 'variable "id" {}\n' + CONFIGURATION.replace('ROLE"', 'partner"\n    external_id = var.id')
    environment.write_configuration(unknown)
    found = about(await findings(surroundings, environment), "without MFA")
    (untried,) = [finding for finding in found if "role/partner" in finding.text]
    assert untried.severity is Severity.WARNING
    assert "not tried" in untried.text
    assert "external_id" in untried.text
    assert "aws:MultiFactorAuthPresent" in untried.remedy
    assert "AssumeRole" not in {call["action"] for call in sandbox.calls()}
    environment.write_configuration(unknown.replace("{}", '{\n  default = "the-external-id"\n}'))
    found = about(await findings(surroundings, environment), "without MFA")
    (open_one,) = [finding for finding in found if finding.severity is Severity.ERROR]
    assert "role/partner can be assumed without MFA" in open_one.text


async def test_an_unknown_role_is_reported_as_not_tried(surroundings, environment):
    unknown = CONFIGURATION.replace('"arn:aws:iam::123456789012:role/ROLE"', "var.role")
    environment.write_configuration(f'variable "role" {{}}\n{unknown}')
    found = about(await findings(surroundings, environment), "without MFA")
    (untried,) = [finding for finding in found if "var.role" in finding.text]
    assert (untried.severity, "not tried" in untried.text) == (Severity.WARNING, True)


@pytest.mark.parametrize(
    ("role", "severity"),
    [
        ({"condition": EXTERNAL, "alice_may_look": True}, Severity.ERROR),  # whoever knows the id needs no MFA
        ({"condition": EXTERNAL | WITH_MFA, "alice_may_look": True}, Severity.OK),
        ({"condition": EXTERNAL}, Severity.OK),  # nothing tells it from one that demands MFA
    ],
)
async def test_a_role_that_requires_an_unset_external_id(surroundings, environment, sandbox, role, severity):
    role_that_wants(sandbox, "partner", **role)
    environment.write_configuration(CONFIGURATION.replace("ROLE", "partner"))
    found = about(await findings(surroundings, environment), "without MFA")
    about_it = [finding for finding in found if "role/partner" in finding.text]
    assert worst(about_it) is severity
    if severity is Severity.ERROR:
        assert "but not MFA" in about_it[0].text
        assert "trust-policy" in about_it[0].remedy


async def test_a_role_whose_trial_fails_is_reported(surroundings, environment, monkeypatch):
    from tfmfa_nb.authentication import roles_without_mfa  # noqa: PLC0415 - beside the fault

    monkeypatch.setattr(roles_without_mfa, "aws_client", lambda *_: 1 / 0)
    found = about(await findings(surroundings, environment), "without MFA")
    (unknown,) = [finding for finding in found if "role/deploy" in finding.text]
    assert (unknown.severity, "unknown" in unknown.text) == (Severity.WARNING, True)
