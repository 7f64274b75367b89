"""What the policy demands of the audit trail: who signs its lines, who may have signed them, and where else they go."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JOURNALD, SYSLOG, COMMAND = "journald", "syslog", "command:"


@dataclass(frozen=True, slots=True)
class AuditRules:
    """The demands of all policy files together.

    Attributes:
        signing_key: path of the SSH key that signs each line: a private key, or a public one whose private half an
            ssh-agent holds; None if lines are not signed.
        signers: path of the file with the keys that may have signed a line, in the format of ALLOWED SIGNERS
            (https://man.openbsd.org/ssh-keygen#ALLOWED_SIGNERS); None for none.
        sinks: where each line goes, besides the trail: "journald", "syslog", an https URL, or "command:" and a command.
        policy: digest of those files, which each line has; see `Policy.digest`.
        authorities: by sink, the path of the file with the certificate authorities (PEM) that vouch for it; the
            system's own vouch for any other.
    """

    signing_key: Path | None = None
    signers: Path | None = None
    sinks: tuple[str, ...] = ()
    policy: str = field(default="none", compare=False)  # not a demand
    authorities: Mapping[str, Path] = field(default_factory=dict, hash=False)

    @property
    def demands_signatures(self) -> bool:
        """True if a line without a signature proves nothing."""
        return self.signing_key is not None or self.signers is not None


NO_AUDIT_RULES = AuditRules()
"""Without a policy, the trail is all there is."""


def is_sink(text: str) -> bool:
    """True if the text names a sink. A URL with a user would show a secret to all who can read the policy."""
    if text in {JOURNALD, SYSLOG}:
        return True
    if text.startswith(COMMAND):
        try:
            words = shlex.split(text.removeprefix(COMMAND))
        except ValueError:
            return False
        return bool(words) and os.path.isabs(words[0])  # noqa: PTH117 - no path is made of it
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and text.isprintable()


def is_path(text: str) -> bool:
    """True if the text is an absolute path, or one in the home folder of each person."""
    return text.startswith(("/", "~/"))
