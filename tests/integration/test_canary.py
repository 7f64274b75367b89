"""After a phase no object of this process holds the session that it had, whatever became of the phase."""

import gc
import hashlib
import shlex
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.authentication import session as sessions

PROVIDER = """
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/ROLE"
  }
}
"""
GOOD = """
resource "aws_ssm_parameter" "one" {
  name  = "/canary/one"
  type  = "String"
  value = "1"
}
"""


def digest(text):
    return len(text), hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def planted(monkeypatch):
    """The digests of what each session holds: the values themselves would be found where the test keeps them."""
    seen = set()
    plain = sessions.MfaSession.__init__

    def spy(held, key, secret, token, *rest):
        seen.update(digest(each.reveal()) for each in (secret, token))
        plain(held, key, secret, token, *rest)

    monkeypatch.setattr(sessions.MfaSession, "__init__", spy)
    return seen


def held_by(planted):
    """Whatever holds a planted value."""
    gc.collect()
    lengths = {length for length, _ in planted}
    return [
        type(holder)
        for holder in gc.get_objects()
        for text in gc.get_referents(holder)
        if isinstance(text, str) and len(text) in lengths and digest(text) in planted
    ]


@pytest.fixture
def ipython(tmp_path, monkeypatch, sandbox, provider):
    monkeypatch.chdir(tmp_path)
    device = f"{shlex.quote(sys.executable)} -m tfmfa_nb.app sandbox code --advance"
    for name, value in {**sandbox.environment(), **provider, "TFMFA_TOKEN_COMMAND": device}.items():
        monkeypatch.setenv(name, value)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    shell.run_line_magic("xmode", "Verbose")
    return shell


async def cell(shell, source):
    return await shell.run_cell_async(source, transformed_cell=shell.transform_cell(source), store_history=True)


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("planned", PROVIDER.replace("ROLE", "deploy") + GOOD),
        ("TerraformFailed", PROVIDER.replace("ROLE", "deploy") + GOOD.replace('"1"', "nowhere.at.all")),
        ("RoleRefused", PROVIDER.replace("ROLE", "missing") + GOOD),
    ],
)
async def test_no_session_is_left_in_memory(ipython, planted, capsys, what, source):
    result = await cell(ipython, f"%%tfplan --level plans-and-applies\n{source}")
    assert what in (str(getattr(result.result, "status", "")), type(result.error_in_exec).__name__)
    assert len(planted) == 2
    assert held_by(planted) == []
    shown = "".join(capsys.readouterr())
    assert "Traceback" not in shown
    assert "frame" not in shown


async def test_none_is_left_after_an_apply(ipython, planted):
    await cell(ipython, f"%%tfplan --level plans-and-applies\n{PROVIDER.replace('ROLE', 'deploy')}{GOOD}")
    result = await cell(ipython, "%tfapply")
    assert result.result.status == "applied"
    assert len(planted) == 4
    assert held_by(planted) == []
