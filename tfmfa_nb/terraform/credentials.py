"""The environment that Terraform's process gets, and the credentials in it: with MFA, the session's and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.redaction import Secret


class Credentials(Protocol):
    """What one command of Terraform's acts with. Nobody keeps what they say."""

    def environ(self) -> dict[str, str]:
        """The variables for Terraform's process."""
        ...

    def secrets(self) -> tuple[Secret, ...]:
        """What must be masked in its output."""
        ...

    def forget(self) -> None:
        """Let go of them."""
        ...


# Every way in which the AWS SDK, or the S3 backend, finds credentials
# (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
_CREDENTIALS = re.compile(
    r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|DEFAULT_PROFILE|ACCESS_KEY|SECRET_KEY"
    r"|SECURITY_TOKEN|CREDENTIAL_FILE|SHARED_CREDENTIALS_FILE|ROLE_ARN|ROLE_SESSION_NAME"
    r"|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_.*|CONTAINER_AUTHORIZATION_TOKEN.*)"
)
# At DEBUG and below the provider logs a role's session token in clear; what is no level at all means TRACE.
_QUIET = {"", "OFF", "ERROR", "WARN", "INFO"}


def child_environ(base: Mapping[str, str], *, credentials: bool) -> tuple[dict[str, str], list[str]]:
    """What Terraform's process sees.

    Args:
        base: this process's environment.
        credentials: whether those of `base` stay, where the level asks for no code and Terraform uses what it finds.

    Returns:
        The environment, and what was left out of it, in sentences.
    """
    child = dict(base)
    notes = []
    for name in sorted(base):
        if name == "AWS_MFA_SERIAL_NUMBER" or name.startswith("TFMFA_"):
            del child[name]
        elif name.startswith("TF_CLI_ARGS"):
            del child[name]
            notes.append(f"{name} would change Terraform's commands unseen: it was left out.")
        elif name.startswith("TF_LOG") and "PATH" not in name and base[name].upper() not in _QUIET:
            del child[name]
            notes.append(f"{name} would log session tokens in clear: it was left out.")
        elif not credentials and _CREDENTIALS.fullmatch(name):
            del child[name]
    config = base.get("TF_CLI_CONFIG_FILE")
    if config and not Path(config).is_file():
        del child["TF_CLI_CONFIG_FILE"]
        notes.append("TF_CLI_CONFIG_FILE names a file that does not exist: it was left out.")
    child["TF_IN_AUTOMATION"] = "1"
    child["TF_INPUT"] = "0"
    return child, notes
