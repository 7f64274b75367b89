"""After a phase nothing holds the session, the key, or the code that it had, whatever became of the phase."""

import asyncio
import gc
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pexpect
import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import AsyncKernelManager
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


SLOW = """%%tfplan -e head --wait --level 'plans and applies'
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "touch ../begun; while [ ! -e ../go ]; do sleep 0.1; done"
  }
}"""
# What a kernel still has of the digest's text: the text itself would be in this cell's own source.
STRINGS = """
import gc, hashlib
gc.collect()
texts = (each for held in gc.get_objects() for each in gc.get_referents(held) if isinstance(each, str))
found = sum(len(each) == 6 and hashlib.sha256(each.encode()).hexdigest() == {digest!r} for each in texts)
print(f"strings found: {{found}}.")  # one word of output: a busy kernel sends what `print` writes piece by piece
"""


@pytest.fixture
async def agents_kernel(tmp_path, sandbox, policy, provider, sockets):
    """A kernel whose cells accept no input, all of whose messages are kept, and whose notices go to a file."""
    told = f"command:{shlex.join(['/bin/sh', '-c', f'cat >>{tmp_path}/told.json'])}"
    kept = {name: value for name, value in os.environ.items() if name != "TFMFA_TOKEN_COMMAND"}
    home = dict.fromkeys(("HOME", "IPYTHONDIR", "TMPDIR", "JUPYTER_RUNTIME_DIR"), str(tmp_path))
    environ = {**kept, **sandbox.environ(), **provider, **policy, **home}
    manager = AsyncKernelManager(**sockets)
    with (tmp_path / "kernel.out").open("wb") as printed:
        await manager.start_kernel(cwd=str(tmp_path), env=environ, stdout=printed, stderr=subprocess.STDOUT)
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready()
    messages = []

    async def execute(code):
        seen = len(messages)
        reply = await client.execute_interactive(code, allow_stdin=False, output_hook=messages.append, timeout=120)
        messages.append(reply)
        return json.dumps(messages[seen:], default=str)

    await execute(f"%load_ext tfmfa_nb\n%config TfmfaMagics.notify = [{told!r}]")
    yield SimpleNamespace(execute=execute, messages=messages, environ=environ, pid=manager.provisioner.pid)
    client.stop_channels()
    await manager.shutdown_kernel(now=True)


def typed_in_a_terminal(folder, environ, code):
    """Give `code` in `jupyter tfmfa approve latest`, as a person types it; returns what the terminal has shown."""
    child = pexpect.spawn(
        sys.executable, ["-m", "tfmfa_nb.app", "approve", "latest"], cwd=str(folder), env=environ, encoding="utf-8",
        dimensions=(40, 140), timeout=60,
    )  # fmt: skip
    shown = io.StringIO()
    child.logfile_read = shown
    child.expect(r"MFA code of alice in account \d+ .*: ")
    arguments = arguments_of_all()  # while it is asked for
    child.sendline(code)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, shown.getvalue()
    assert "Authenticated with MFA by alice." in shown.getvalue()
    return shown.getvalue(), arguments


def arguments_of_all():
    """The arguments and variables of every process that this user may look at, but of this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()):
            with suppress(OSError):
                found += [(process / name).read_bytes() for name in ("cmdline", "environ")]
    return b"\0".join(found)


def memory_of(pid):
    """All that a process has written into its memory."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                with suppress(OSError, OverflowError):
                    memory.seek(begin)
                    found.append(memory.read(end - begin))
    return b"".join(found)


def has(content, code):
    """Whether a code stands there as a word of its own: by chance, longer numbers have the same digits."""
    return re.search(rb"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])" % code.encode(), content) is not None


async def until(path):
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.05)


async def test_a_code_that_goes_through_the_private_socket_is_nowhere_afterwards(tmp_path, agents_kernel, sandbox):
    kernel, shown, codes = agents_kernel, [], []

    def give():
        codes.append(sandbox.code(wait=False))
        text, arguments = typed_in_a_terminal(tmp_path, kernel.environ, codes[-1])
        shown.extend([text.encode(), arguments])

    assert "is waiting for a code" in await kernel.execute(SLOW)
    run_id = re.search(r"run-\d{8}-\d{6}-[0-9a-f]+", await kernel.execute("run = _\nprint(run.id)"))[0]
    await asyncio.to_thread(give)
    assert "planned" in await kernel.execute("await run.wait()\nprint(run.status)")
    assert "is waiting for a code" in await kernel.execute("%tfapply --wait")
    await asyncio.to_thread(give)
    await until(tmp_path / "begun")
    record = json.loads((tmp_path / "head/.tfmfa/runs" / run_id / "run.json").read_text())
    supervisor = memory_of(record["process"]["pid"])
    assert b"tfmfa_nb" in supervisor  # it was read
    shown += [supervisor, arguments_of_all()]
    (tmp_path / "go").touch()
    assert "applied" in await kernel.execute("await run.wait()\nprint(run.status)")
    for code in codes:
        left = await kernel.execute(STRINGS.format(digest=hashlib.sha256(code.encode()).hexdigest()))
        assert "strings found: 0." in left  # the kernel holds no object that is the code
    await until(tmp_path / "told.json")
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"audit.jsonl", "run.json", "told.json", "history.sqlite"} <= {path.name for path in files}
    messages = json.dumps(kernel.messages, default=str).encode()
    for code in codes:
        assert [path for path, content in files.items() if has(content, code)] == []
        assert [number for number, content in enumerate([*shown, messages]) if has(content, code)] == []
