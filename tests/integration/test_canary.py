"""After a phase no object of this process holds the session or the key that it had, whatever became of the phase."""

import gc
import hashlib
import shlex
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from variants import first_of

from tfmfa_nb.authentication import mfa_session
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization import variable_sources
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.variable_values import NAMES, VariableValues

PROVIDER = """
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/ROLE"
  }
}
"""
# Where no code is asked for, it does not matter what Terraform does with the key.
PLAIN = """
resource "terraform_data" "one" {
  input = "1"
}
"""
GOOD = """
resource "aws_ssm_parameter" "one" {
  name  = "/canary/one"
  type  = "String"
  value = "1"
}
"""


# What only a plan finds: `terraform validate` precedes a code.
FAILS = """
output "fails" {
  value = 1
  precondition {
    condition     = RESOURCE == "other"
    error_message = "Too few."
  }
}
"""


PARAMETER_FAILS = FAILS.replace("RESOURCE", "aws_ssm_parameter.one.name")


def digest(text):
    return len(text), hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def planted(monkeypatch):
    """The digests of what each session holds: the values themselves would be found where the test keeps them."""
    seen = set()
    plain = mfa_session.MfaSession.__init__

    def spy(held, key, secret, token, *rest, **more):
        seen.update(digest(each.reveal()) for each in (secret, token))
        plain(held, key, secret, token, *rest, **more)

    monkeypatch.setattr(mfa_session.MfaSession, "__init__", spy)
    return seen


def held_by(planted):
    """Whatever holds a planted value, but for what was typed for this kernel, which is kept there on purpose."""
    gc.collect()
    lengths = {length for length, _ in planted}
    typed = variable_sources.KERNEL_MEMORY.read().secret_access_key
    return [
        (type(holder), getattr(holder, "f_code", None))
        for holder in gc.get_objects()
        for text in gc.get_referents(holder)
        if holder is not typed and isinstance(text, str) and len(text) in lengths and digest(text) in planted
    ]


@pytest.fixture
def shell_with(tmp_path, monkeypatch, provider):
    """Makes a shell with this environment, and the sandbox's device."""
    monkeypatch.chdir(tmp_path)

    def make(environ):
        device = f"{shlex.quote(sys.executable)} -m tfmfa_nb.app sandbox code --advance"
        for name, value in {**environ, **provider, "TFMFA_TOKEN_COMMAND": device}.items():
            monkeypatch.setenv(name, value)
        shell = InteractiveShell()
        shell.run_line_magic("load_ext", "tfmfa_nb")
        shell.run_line_magic("xmode", "Verbose")
        return shell

    return make


@pytest.fixture
def ipython(shell_with, sandbox):
    return shell_with(sandbox.environ())


@pytest.fixture(params=["keychain", "this kernel"])
def long_term_key(request, monkeypatch, shell_with, chain, kernel):  # noqa: ARG001 - the keychain is where it may be put
    """Makes a shell whose long-term key lies in the keychain, or was typed for this kernel, and its digest."""

    def make(sandbox, **more):
        environ = {**sandbox.environ(), **more}
        *_, serial = (environ.pop(name) for name in NAMES)
        made = sandbox.client("iam").create_access_key(UserName="alice")  # the other one is kept by the handle
        key, secret = (made["AccessKey"][name] for name in ("AccessKeyId", "SecretAccessKey"))
        place = Keychain() if request.param == "keychain" else kernel
        place.store(VariableValues(key, Secret(secret), serial))
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        Environment.named("default", Path.cwd()).set_level(Level.NEVER)  # of those that do not say otherwise
        return shell_with(environ), {digest(secret)}

    return make


def policy_for(account):
    """A policy that allows `account` only."""
    policy = Path("policy.toml").absolute()
    policy.write_text(f'mfa = true\n[allow]\nendpoints = ["http://127.0.0.1:*"]\naccounts = ["{account}"]\n')
    policy.chmod(0o644)
    return str(policy)


async def cell(shell, source):
    return await shell.run_cell_async(source, transformed_cell=shell.transform_cell(source), store_history=True)


@pytest.mark.parametrize(
    ("what", "source"),
    first_of(
        [
            ("planned", PROVIDER.replace("ROLE", "deploy") + GOOD),
            (
                "TerraformFailed",
                PROVIDER.replace("ROLE", "deploy") + GOOD + FAILS.replace("RESOURCE", "aws_ssm_parameter.one.name"),
            ),
            ("RoleRefused", PROVIDER.replace("ROLE", "missing") + GOOD),
        ]
    ),
)
async def test_no_session_is_left_in_memory(ipython, planted, capsys, what, source):
    result = await cell(ipython, f"%%tfplan --level plans-and-applies\n{source}")
    assert what in (str(getattr(result.result, "status", "")), type(result.error_in_exec).__name__)
    assert len(planted) == 2
    assert held_by(planted) == []
    shown = "".join(capsys.readouterr())
    assert "Traceback" not in shown
    assert "frame" not in shown


@pytest.mark.thorough
async def test_none_is_left_after_an_apply(ipython, planted):
    await cell(ipython, f"%%tfplan --level plans-and-applies\n{PROVIDER.replace('ROLE', 'deploy')}{GOOD}")
    result = await cell(ipython, "%tfapply")
    assert result.result.status == "applied"
    assert len(planted) == 4
    assert held_by(planted) == []


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("planned", PLAIN),
        ("TerraformFailed", PLAIN + FAILS.replace("RESOURCE", "terraform_data.one.input")),
        ("TerraformFailed", PROVIDER.replace("ROLE", "deploy") + GOOD),  # which demands MFA
    ],
    ids=["planned", "failed", "refused"],
)
@pytest.mark.thorough
async def test_no_key_is_left_where_no_code_is_asked_for(long_term_key, lenient_sandbox, capsys, what, source):
    shell, key = long_term_key(lenient_sandbox)
    result = await cell(shell, f"%%tfplan\n{source}")
    assert what in (str(getattr(result.result, "status", "")), type(result.error_in_exec).__name__), result
    assert held_by(key) == []
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.thorough
async def test_none_is_left_after_an_apply_without_a_code(long_term_key, lenient_sandbox):
    shell, key = long_term_key(lenient_sandbox)
    await cell(shell, f"%%tfplan\n{PLAIN}")
    result = await cell(shell, "%tfapply")
    assert result.result.status == "applied"
    assert held_by(key) == []


@pytest.mark.thorough
async def test_none_is_left_where_terraform_s_supervisor_cannot_begin(long_term_key, lenient_sandbox):
    shell, key = long_term_key(lenient_sandbox)
    run = (await cell(shell, f"%%tfplan\n{PLAIN}")).result
    run.driver.store.files.apply_events.mkdir()
    result = await cell(shell, "%tfapply")
    assert type(result.error_in_exec).__name__ == "TerraformNotFound"
    assert held_by(key) == []


@pytest.mark.parametrize(("what", "role"), first_of([("RoleRefused", "missing"), ("AccountNotAllowed", "deploy")]))
async def test_no_key_is_left_where_a_code_is_asked_for(long_term_key, sandbox, what, role):
    allowed = "111122223333" if what == "AccountNotAllowed" else "123456789012"
    shell, key = long_term_key(sandbox, TFMFA_POLICY=policy_for(allowed))
    # The account of a role would be refused before the key's own is known.
    source = PLAIN if what == "AccountNotAllowed" else PROVIDER.replace("ROLE", role) + GOOD
    result = await cell(shell, f"%%tfplan --level plans-and-applies\n{source}")
    assert type(result.error_in_exec).__name__ == what
    assert held_by(key) == []


@pytest.mark.thorough
async def test_no_session_is_left_where_terraform_s_supervisor_cannot_begin(ipython, planted):
    run = (
        await cell(ipython, f"%%tfplan --level plans-and-applies\n{PROVIDER.replace('ROLE', 'deploy')}{GOOD}")
    ).result
    run.driver.store.files.apply_events.mkdir()
    result = await cell(ipython, "%tfapply")
    assert type(result.error_in_exec).__name__ == "TerraformNotFound"
    assert len(planted) == 4
    assert held_by(planted) == []
