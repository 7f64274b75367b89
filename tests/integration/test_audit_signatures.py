"""Lines signed by a real ssh-keygen: which keys can sign, what a signature shows, and what a run does without one."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_audit import AuditRules
from tfmfa_nb.runbooks.trail_checks import trail_checks
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

ALICE = "alice@example.com"


def new_key(folder, name, passphrase=""):
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", folder / name]
    subprocess.run(argv, check=True)
    return folder / name


def signers_of(folder, *keys, options=""):
    """A file of allowed signers, in which each key is Alice's."""
    lines = (f"{ALICE} {options}{key.with_name(f'{key.name}.pub').read_text()}" for key in keys)
    file = folder / "allowed_signers"
    file.write_text("".join(lines))
    return file


@pytest.fixture
def key(tmp_path):
    return new_key(tmp_path, "alice")


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """An ssh-agent of the test's own, without keys."""
    place = str(tmp_path / "agent")
    monkeypatch.setenv("SSH_AUTH_SOCK", place)
    with subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # it listens
        yield place
        process.terminate()


@pytest.fixture
def trail(tmp_path, key):
    found = AuditTrail(tmp_path / "audit.jsonl", AuditRules(key, signers_of(tmp_path, key)))
    for event in "abcd":
        found.write(event)
    return found


def failed(trail, rules=None, *, each_signature=False):
    """The statements of the checks that did not pass."""
    checks = trail_checks(trail, "here", rules or trail.rules, each_signature=each_signature)
    return [check.statement for check in checks if not check.passed]


def forget(trail):
    """As someone does who can write to the user's state folder, or as where a trail has come from elsewhere."""
    trail.witness.paths[0].unlink()


def write(trail, entries):
    """Lines with an intact hash chain."""
    previous, text = "0" * 64, b""
    for entry in entries:
        line = json.dumps({**entry, "previous": previous}).encode()
        previous = hashlib.sha256(line).hexdigest()
        text += line + b"\n"
    trail.path.write_bytes(text)


def test_each_line_is_signed_and_who_signed_is_said(trail):
    assert trail.broken_at() is None
    assert all(entry["signature"].startswith("-----BEGIN SSH SIGNATURE-----\n") for entry in trail.lines())
    for each in (False, True):
        statements = [check.statement for check in trail_checks(trail, "here", trail.rules, each_signature=each)]
        assert failed(trail, each_signature=each) == []
        assert statements[-1].endswith(f"signed by {ALICE}.")


def test_anyone_with_ssh_keygen_can_check_a_line(trail, tmp_path):
    """What the documentation says: the signature is of the hash of the line without it."""
    line = trail.raw_lines()[-1]
    content = line.rpartition(b', "signature": ')[0] + b"}"
    (tmp_path / "signature").write_text(json.loads(line)["signature"] + "\n")
    argv = ["ssh-keygen", "-Y", "verify", "-n", "tfmfa_nb", "-I", ALICE, "-s", tmp_path / "signature"]
    digest = hashlib.sha256(content).hexdigest().encode()
    said = subprocess.run([*argv, "-f", trail.rules.signers], input=digest, check=True, capture_output=True)
    assert b"Good" in said.stdout


def test_a_whole_rewrite_lacks_the_signatures(trail):
    entries = [{**entry, "event": "x"} for entry in trail.lines()]
    forget(trail)
    write(trail, [{name: value for name, value in entry.items() if name != "signature"} for entry in entries])
    assert failed(trail) == ["here: the lines are signed, as the policy demands (no line is)."]
    write(trail, entries)  # with the signatures of other lines
    assert failed(trail) == ["here: line 4 is signed by an allowed signer."]


def test_a_signature_of_another_line_is_none(trail):
    """Its form is right, and it is Alice's."""
    forget(trail)
    lines = trail.path.read_bytes().splitlines(keepends=True)
    changed = lines[-1].replace(b'"event": "d"', b'"event": "mfa"')
    trail.path.write_bytes(b"".join([*lines[:-1], changed]))
    assert trail.broken_at() is None
    assert failed(trail) == ["here: line 4 is signed by an allowed signer."]


def test_an_invented_line_lacks_a_signature(trail):
    forget(trail)
    previous = hashlib.sha256(trail.raw_lines()[-1]).hexdigest()
    with trail.path.open("a") as file:
        file.write(json.dumps({"event": "mfa", "result": "authenticated", "previous": previous}) + "\n")
    assert trail.broken_at() is None
    assert failed(trail) == ["here: the lines are signed, as the policy demands (line 5 is not)."]


def test_nothing_can_stand_behind_the_signature(trail):
    """Of two members of one name, a reader takes the last one."""
    forget(trail)
    trail.path.write_bytes(trail.path.read_bytes().rstrip(b"}\n") + b', "event": "mfa"}\n')
    assert trail.lines()[-1]["event"] == "mfa"
    assert failed(trail) == ["here: the lines are signed, as the policy demands (line 4 is not)."]


def test_a_key_that_nobody_allowed_is_no_signature(trail, tmp_path):
    AuditTrail(trail.path, AuditRules(new_key(tmp_path, "mallory"))).write("mfa")
    assert failed(trail) == ["here: line 5 is signed by an allowed signer."]
    trail.write("e")  # signs what it finds: the newest signature says nothing about who wrote the others
    assert failed(trail) == []
    assert failed(trail, each_signature=True) == ["here: line 5 is signed by an allowed signer."]


def test_lines_of_before_the_demand_are_covered_by_later_signatures(tmp_path, key):
    rules = AuditRules(key, signers_of(tmp_path, key))
    AuditTrail(tmp_path / "audit.jsonl").write("a")
    trail = AuditTrail(tmp_path / "audit.jsonl", rules)
    assert failed(trail) == ["here: the lines are signed, as the policy demands (no line is)."]
    trail.write("b")
    assert failed(trail) == []
    AuditTrail(trail.path).write("c")
    assert failed(trail) == ["here: the lines are signed, as the policy demands (line 3 is not)."]


def test_without_signers_nothing_shows_who_signed(trail):
    (statement,) = failed(trail, AuditRules(trail.rules.signing_key))
    assert "who may sign" in statement
    with pytest.raises(ConfigurationError, match="allowed signers, /nonexistent, cannot be read"):
        failed(trail, AuditRules(signers=Path("/nonexistent")))


def test_a_signer_who_has_left_since_counts_for_the_lines_of_that_time(trail, tmp_path):
    signers_of(tmp_path, trail.rules.signing_key, options='valid-before="20990101" ')
    assert failed(trail) == []
    signers_of(tmp_path, trail.rules.signing_key, options='valid-before="20200101" ')
    assert failed(trail) == ["here: line 4 is signed by an allowed signer."]


def test_a_long_trail_starts_no_program_for_each_line(trail, tmp_path, monkeypatch):
    program = shutil.which("ssh-keygen")
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "ssh-keygen"
    wrapper.write_text(f'#!/bin/sh\necho >> {tmp_path}/started\nexec {program} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert failed(trail) == []
    assert (tmp_path / "started").read_text().count("\n") == 2  # who signed, and whether it is so


# Which keys can sign


def signs(tmp_path, key):
    trail = AuditTrail(tmp_path / "audit.jsonl", AuditRules(key, signers_of(tmp_path, key.with_suffix(""))))
    trail.write("a")
    return failed(trail) == []


def test_a_key_in_an_agent_signs_by_its_public_half(tmp_path, agent):
    assert agent
    private = new_key(tmp_path, "alice", "a passphrase")
    askpass = tmp_path / "askpass"
    askpass.write_text("#!/bin/sh\necho a passphrase\n")
    askpass.chmod(0o700)
    environ = {**os.environ, "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(["ssh-add", "-q", private], check=True, env=environ)
    private.unlink()
    assert signs(tmp_path, private.with_suffix(".pub"))


@pytest.mark.parametrize("suffix", ["", ".pub"])
def test_a_key_with_a_passphrase_and_no_agent_is_one_clear_error(tmp_path, monkeypatch, suffix):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = new_key(tmp_path, "alice", "a passphrase")
    with pytest.raises(ConfigurationError, match="has a passphrase, and no ssh-agent holds the key") as caught:
        signs(tmp_path, key.with_suffix(suffix))
    assert "ssh-add" in caught.value.remedy
    assert not (tmp_path / "audit.jsonl").read_bytes()


def test_a_key_that_is_not_there_is_one_clear_error(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl", AuditRules(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=r"cannot be signed with the key .*/none: .*No such file") as caught:
        trail.write("a")
    assert "signing_key" in caught.value.remedy


def test_a_key_that_is_not_allowed_signs_nothing(trail, tmp_path):
    other = AuditTrail(trail.path, AuditRules(new_key(tmp_path, "mallory"), trail.rules.signers))
    with pytest.raises(ConfigurationError, match=r"mallory: it is not one of the allowed signers in .*allowed_signers"):
        other.write("e")
    assert len(trail.raw_lines()) == 4


def test_signers_without_a_key_sign_nothing(trail):
    with pytest.raises(ConfigurationError, match="names no key that signs it") as caught:
        AuditTrail(trail.path, AuditRules(signers=trail.rules.signers)).write("e")
    assert "signing_key" in caught.value.remedy
    assert len(trail.raw_lines()) == 4


def test_no_ssh_keygen_is_one_clear_error(trail, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigurationError, match=r"ssh-keygen, which signs the audit trail, cannot be used") as caught:
        trail.write("e")
    assert "Install OpenSSH" in caught.value.remedy


# A run


def new_run(tmp_path, level):
    environment = Environment.named("signed", tmp_path)
    environment.write_configuration('resource "terraform_data" "one" {}\n')
    environment.set_level(level)
    return Run(environment, Options(), tmp_path)


def policy_of(sandbox, **says):
    endpoints = (sandbox.environ()["AWS_ENDPOINT_URL"],)
    return Policy((Layer(Path("/etc/policy.toml"), mfa=True, endpoints=endpoints, sha256="5" * 64, **says),))


async def test_every_line_of_a_run_is_signed(tmp_path, sandbox, gate_of, key):
    run, gate = new_run(tmp_path, Level.PLANS_AND_APPLIES), gate_of(sandbox, Device(sandbox))
    gate.policy = policy_of(sandbox, signing_key=str(key), signers=str(signers_of(tmp_path, key)))
    await plan(run.driver, gate)
    run.discard()
    trail = run.driver.store.trail
    assert [entry.get("status", entry["event"]) for entry in trail.lines()] == [
        *("phase", "mfa", "planning", "planned", "discarded")
    ]
    assert failed(trail, each_signature=True) == []


async def test_a_key_that_cannot_sign_stops_the_run_before_a_code(tmp_path, sandbox, gate_of, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    device = Device(sandbox)
    run, gate = new_run(tmp_path, Level.PLANS_AND_APPLIES), gate_of(sandbox, device)
    gate.policy = policy_of(sandbox, signing_key=str(new_key(tmp_path, "alice", "a passphrase")))
    with pytest.raises(ConfigurationError, match="has a passphrase, and no ssh-agent holds the key"):
        await plan(run.driver, gate)
    assert device.asked == []
    assert "GetSessionToken" not in [call["action"] for call in sandbox.calls()]
