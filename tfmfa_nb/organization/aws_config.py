"""AWS's configuration files: their profiles, and their settings for a process that must not read the files itself.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Names in the file, and the variables with the same meaning.
_SETTINGS = {
    "region": "AWS_REGION",
    "ca_bundle": "AWS_CA_BUNDLE",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
    "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "max_attempts": "AWS_MAX_ATTEMPTS",
    "retry_mode": "AWS_RETRY_MODE",
    "sts_regional_endpoints": "AWS_STS_REGIONAL_ENDPOINTS",
}


def settings_without_credentials(environ: Mapping[str, str], profile: str = "") -> dict[str, str]:
    """The settings of an AWS profile that are no credentials, as variables: {"AWS_REGION": "eu-west-1", …}.

    Args:
        environ: process environment, for the path of the file and the name of the profile.
        profile: name of the profile; "" for the one that the AWS SDK uses.
    """
    config = _read(environ, credentials=False)
    if config is None:
        return {}  # a process that does not read the file does not fail either
    profile = selected_profile(environ, profile) or "default"
    scoped = _table(_table(config.get("profiles")).get(profile))
    found = {variable: scoped.get(name) for name, variable in _SETTINGS.items()}
    services = _table(_table(config.get("services")).get(str(scoped.get("services"))))
    for service, settings in services.items():
        name = service.upper().replace(" ", "_").replace("-", "_")
        found[f"AWS_ENDPOINT_URL_{name}"] = _table(settings).get("endpoint_url")
    return {variable: value.strip() for variable, value in found.items() if isinstance(value, str) and value.strip()}


def selected_profile(environ: Mapping[str, str], profile: str = "") -> str:
    """The name of the profile that counts: `profile`, or the one that `environ` selects; "" for none."""
    named = (profile, environ.get("AWS_PROFILE", ""), environ.get("AWS_DEFAULT_PROFILE", ""))
    return next((name.strip() for name in named if name.strip()), "")


def read_profiles(environ: Mapping[str, str]) -> dict[str, dict[str, str]] | None:
    """The profiles of AWS's config and credentials files with their settings; None if a file cannot be read.

    Args:
        environ: process environment, for the paths of the files.
    """
    config = _read(environ, credentials=True)
    if config is None:
        return None
    return {
        name: {setting: value.strip() for setting, value in _table(settings).items() if isinstance(value, str)}
        for name, settings in _table(config.get("profiles")).items()
    }


def _read(environ: Mapping[str, str], *, credentials: bool) -> dict[str, Any] | None:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - slow to import, and only needed with MFA
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    if not credentials:
        session.set_config_variable("credentials_file", os.devnull)  # no key is read
    elif environ.get("AWS_SHARED_CREDENTIALS_FILE"):
        session.set_config_variable("credentials_file", environ["AWS_SHARED_CREDENTIALS_FILE"])
    if environ.get("AWS_CONFIG_FILE"):
        session.set_config_variable("config_file", environ["AWS_CONFIG_FILE"])
    try:
        return _table(session.full_config)
    except (BotoCoreError, UnicodeDecodeError):
        return None


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
