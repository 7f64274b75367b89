"""Signatures of the trail's lines by an SSH key, made and checked by `ssh-keygen -Y`.

A line's signature is its last member, and what is signed is the SHA-256, in hexadecimal, of the line without that
member. The line contains the hash of the one before, so the signature of a line covers all lines up to it.
https://man.openbsd.org/ssh-keygen#Y, and https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.audit.child import run_program
from tfmfa_nb.runs.audit.witness import digest

if TYPE_CHECKING:
    from tfmfa_nb.organization.policy_audit import AuditRules

NAMESPACE = "tfmfa_nb"
_BEFORE = b', "signature": "'
_PROGRAM = "ssh-keygen"
_SECONDS = 30.0  # a key on a hardware token may wait for a touch


def signed(line: str, rules: AuditRules) -> str:
    """The line, a JSON object, with its signature as the last member.

    Raises:
        ConfigurationError: there is no key, it cannot sign, or it is not one of the allowed signers.
    """
    key, signers = rules.signing_key, rules.signers
    if key is None:
        raise ConfigurationError(
            "The organization policy demands that the audit trail is signed, and names no key that signs it.",
            'Add "signing_key" to [audit] in a policy file.',
        )
    argv = (_PROGRAM, "-Y", "sign", "-n", NAMESPACE, "-f", str(key))
    code, signature, reason = _run(argv, digest(line.encode()).encode())
    if code:
        raise _unsigned(key, reason)
    whole = line[:-1] + _member(signature.decode("ascii", "replace").strip()).decode()
    if signers is not None and not signer_of(whole.encode(), signers):
        raise ConfigurationError(
            f"The audit trail cannot be signed with the key {key}: it is not one of the allowed signers in {signers}.",
            "Ask the owner of the policy to add your public key there.",
        )
    return whole


def signature_of(line: bytes) -> str:
    """The signature of a line; "" if it has none."""
    before, _, rest = line.rpartition(_BEFORE)
    try:
        signature = json.loads(b'"' + rest.removesuffix(b"}"))
    except (ValueError, RecursionError):
        return ""
    # Nothing may stand behind the signature: it would not be signed.
    return signature if isinstance(signature, str) and line == before + _member(signature) else ""


def signer_of(line: bytes, signers: Path) -> str:
    """Who signed a line; "" if none of the signers did.

    A key counts as it did at the time in the line, as for commits of Git: a signer may have left since.

    Args:
        line: a line with a signature.
        signers: file with the allowed signers.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    try:
        signers.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The file of allowed signers, {signers}, cannot be read: {error.strerror}.",
            'Correct "signers" of [audit] in the organization policy.',
        ) from None
    content = line.rpartition(_BEFORE)[0] + b"}"
    at = f"-Overify-time={_time_of(line)}"
    with tempfile.TemporaryDirectory(prefix="tfmfa-") as folder:
        file = Path(folder, "signature")
        file.write_text(signature_of(line) + "\n", encoding="utf-8")
        found = (_PROGRAM, "-Y", "find-principals", "-s", str(file), "-f", str(signers), at)
        code, output, _ = _run(found, b"")
        principals = output.decode("utf-8", "replace").splitlines() if code == 0 else []
        for principal in principals:
            check = ("-n", NAMESPACE, "-I", principal, "-f", str(signers), "-s", str(file), at)
            if _run((_PROGRAM, "-Y", "verify", *check), digest(content).encode())[0] == 0:
                return principal
    return ""


def _member(signature: str) -> bytes:
    """The end of a line with this signature."""
    return _BEFORE + json.dumps(signature)[1:].encode() + b"}"


def _run(argv: tuple[str, ...], content: bytes) -> tuple[int, bytes, str]:
    try:
        return run_program(argv, content, _SECONDS)
    except OSError as error:  # a TimeoutError too
        raise ConfigurationError(
            f"{_PROGRAM}, which signs the audit trail, cannot be used: {error.strerror or error}.",
            "Install OpenSSH 8.2 or later. If the key is on a hardware token, touch it when it blinks.",
        ) from None


def _time_of(line: bytes) -> str:
    """The time of a line as ssh-keygen reads it."""
    try:
        time = datetime.fromisoformat(json.loads(line)["time"])
        return f"{time.astimezone(UTC):%Y%m%d%H%M%S}Z"
    except (ValueError, KeyError, TypeError, OverflowError):
        return "19700101000000Z"  # when no key counted


def _unsigned(key: Path, reason: str) -> ConfigurationError:
    if "passphrase" in reason:
        return ConfigurationError(
            f"The audit trail cannot be signed: the key {key} has a passphrase, and no ssh-agent holds the key.",
            "Start Jupyter where SSH_AUTH_SOCK leads to an ssh-agent, run ssh-add with the private key, and name its "
            'public key as "signing_key" of [audit] in the organization policy.',
        )
    return ConfigurationError(
        f"The audit trail cannot be signed with the key {key}: {reason.rstrip('.') or 'ssh-keygen failed'}.",
        'Correct "signing_key" of [audit] in the organization policy, or add the key to your ssh-agent: ssh-add.',
    )
