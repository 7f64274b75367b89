"""The environment variables of Terraform's process. With MFA, they have the session's credentials and no others."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.terraform.withheld_variables import withheld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.redaction import Secret


class Credentials(Protocol):
    """The credentials of one Terraform command. No caller keeps the values."""

    def environ(self) -> dict[str, str]:
        """The variables for Terraform's process."""
        ...

    def secrets(self) -> tuple[Secret, ...]:
        """The values to mask in its output."""
        ...

    def forget(self) -> None:
        """Drop the values."""
        ...


# Every variable from which the AWS SDK or the S3 backend takes credentials
# (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
_CREDENTIALS = re.compile(
    r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|DEFAULT_PROFILE|ACCESS_KEY|SECRET_KEY"
    r"|SECURITY_TOKEN|BEARER_TOKEN_.*|CREDENTIAL_FILE|SHARED_CREDENTIALS_FILE|ROLE_ARN|ROLE_SESSION_NAME"
    r"|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_.*|CONTAINER_AUTHORIZATION_TOKEN.*)"
)
# What the AWS SDK reads instead of the person's files: an empty file. Unset, it would read the files in ~/.aws.
_NO_FILES = {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_CONFIG_FILE": os.devnull}
# From DEBUG on, the provider logs a role's session token in plain text. Terraform takes an unknown level for TRACE.
_QUIET = {"", "OFF", "ERROR", "WARN", "INFO"}


def child_environ(base: Mapping[str, str], *, credentials: bool) -> tuple[dict[str, str], list[str]]:
    """The environment variables of Terraform's process.

    Args:
        base: the variables of this process.
        credentials: whether to keep the credentials in `base`, as for a run without a code.

    Returns:
        The variables, and one sentence for each that is ignored to a person's surprise.
    """
    child = dict(base)
    notes = []
    for name in sorted(base):
        if name == "AWS_MFA_SERIAL_NUMBER" or name.startswith("TFMFA_"):
            del child[name]
        elif name.startswith("TF_CLI_ARGS"):
            del child[name]
            notes.append(f"Ignored {name}: it would add hidden options to Terraform's commands.")
        elif name.startswith("TF_LOG") and "PATH" not in name and base[name].upper() not in _QUIET:
            del child[name]
            notes.append(f"Ignored {name}: Terraform would log session tokens in plain text.")
        elif not credentials and _CREDENTIALS.fullmatch(name):
            del child[name]
    config = base.get("TF_CLI_CONFIG_FILE")
    if config and not Path(config).is_file():
        del child["TF_CLI_CONFIG_FILE"]
        notes.append("Ignored TF_CLI_CONFIG_FILE: the file does not exist.")
    for name in ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"):
        if child.get(name):  # relative to this process's folder: Terraform runs in another one
            child[name] = str(Path(child[name]).absolute())
    child["TF_IN_AUTOMATION"] = "1"
    child["TF_INPUT"] = "0"
    return child, notes


def offline_environ(base: Mapping[str, str]) -> dict[str, str]:
    """The variables of a command that calls no API, such as `console`, `show` or `validate`: no secrets at all.

    Values of Terraform's variables stay, `TF_VAR_…`, because such a command may evaluate expressions.

    Args:
        base: the variables of this process.
    """
    child, _ = child_environ(base, credentials=False)
    names = withheld(child, (), "")
    return {name: value for name, value in child.items() if name not in names}


def session_environ(child: Mapping[str, str], carried: Mapping[str, str], *, files: bool) -> dict[str, str]:
    """The variables of a process that can find no AWS credentials but those of the MFA session.

    This holds whatever the configuration says: a profile that it names does not exist there.

    Args:
        child: the variables without credentials; see `child_environ`.
        carried: settings of the AWS configuration file that are no credentials, as variables: AWS_REGION, …. Those in
            `child` take precedence.
        files: whether the files of AWS profiles stay readable, because the organization policy allows profiles.
    """
    region = {"AWS_REGION", "AWS_DEFAULT_REGION"}
    kept = {name: value for name, value in carried.items() if not (name in region and region & child.keys())}
    return {**kept, **child, **({} if files else _NO_FILES), "AWS_EC2_METADATA_DISABLED": "true"}
