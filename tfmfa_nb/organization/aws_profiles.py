"""The AWS profile as a source of organization variables, in the shapes that profiles have in ~/.aws/config.

Most name a role and a source_profile: the long-term key is in the profile at the end of that chain, and the MFA device
in the first one that names it. The role is not assumed here: that is what Terraform's provider block is for. Other
profiles have no long-term key at all, and adding one would turn them into something else.
https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.aws_config import read_profiles
from tfmfa_nb.organization.variable_values import VariableValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEY = "aws_access_key_id"
# Settings by which a profile gets credentials without a long-term key, and what such a profile does.
_WITHOUT_KEY = {
    "sso_session": "signs in through IAM Identity Center (sso_session)",
    "sso_start_url": "signs in through IAM Identity Center (sso_start_url)",
    "login_session": "signs in through aws login (login_session)",
    "web_identity_token_file": "signs in with the token of a web identity (web_identity_token_file)",
    "credential_process": "takes its credentials from a program (credential_process)",
    "credential_source": "takes its credentials from the machine or the container (credential_source)",
    "role_arn": "names a role (role_arn) without a source_profile",
}
_LONG_TERM_KEY = (
    "AWS issues MFA sessions only for the long-term access key of an IAM user: enter one in the form that %tfmfa "
    "shows, or set AWS_PROFILE to a profile with one. While the level requires no code, Terraform uses this profile as "
    "it is."
)


class AwsProfile:
    """A profile in AWS's config and credentials files.

    Args:
        environ: process environment, for the paths of those files.
        profile: name of the profile.
    """

    remedy = "Complete that profile, or use the form that %tfmfa shows."

    def __init__(self, environ: Mapping[str, str], profile: str) -> None:
        self.name = f'AWS profile "{profile}"'
        self._environ, self._profile = environ, profile

    def read(self) -> VariableValues:
        """The values of the profile, or of those that it names as its source_profile.

        Raises:
            ConfigurationError: the profile does not exist, cannot be read, or has credentials of another kind.
        """
        profiles = read_profiles(self._environ)
        if profiles is None or self._profile not in profiles:
            raise ConfigurationError(
                f"The {self.name} does not exist or cannot be read.",
                "Correct AWS_PROFILE or %config TfmfaMagics.profile.",
            )
        chain = _chain(profiles, self._profile)
        last = profiles[chain[-1]]
        _refuse_without_key(chain, last)
        device = next((name for name in chain if profiles[name].get("mfa_serial")), "")
        return VariableValues(
            last.get(_KEY, ""),
            Secret(last.get("aws_secret_access_key", "")),
            profiles[device]["mfa_serial"] if device else "",
            session=bool(last.get("aws_session_token")),
            region=profiles[self._profile].get("region", ""),
            key_source=_in_words(chain, chain[-1]),
            serial_source=_in_words(chain, device) if device else "",
            roles=tuple(profiles[name]["role_arn"] for name in reversed(chain) if profiles[name].get("role_arn")),
        )


def _chain(profiles: Mapping[str, Mapping[str, str]], name: str) -> list[str]:
    """The profile, its source_profile, and so on to the one with a key.

    Raises:
        ConfigurationError: a source_profile does not exist, or the chain returns to itself.
    """
    chain = [name]
    while _looks_elsewhere(chain[-1], profiles[chain[-1]]):
        source = profiles[chain[-1]]["source_profile"]
        if source in chain:
            raise ConfigurationError(
                f"The source_profile of AWS profiles leads back to itself: {' → '.join([*chain, source])}.",
                f"Set source_profile of one of them to a profile with a long-term access key ({_KEY}).",
            )
        if source not in profiles:
            raise ConfigurationError(
                f'The AWS profile "{chain[-1]}" names the source_profile "{source}", which does not exist.',
                f'Correct source_profile in the AWS profile "{chain[-1]}".',
            )
        chain.append(source)
    return chain


def _looks_elsewhere(name: str, profile: Mapping[str, str]) -> bool:
    """True if the AWS SDK takes the credentials from the profile's source_profile. A profile may name itself."""
    source = profile.get("source_profile")
    if not source or (source == name and profile.get(_KEY)):
        return False
    return bool(profile.get("role_arn")) or not profile.get(_KEY)


def _refuse_without_key(chain: Sequence[str], profile: Mapping[str, str]) -> None:
    kind = next((words for setting, words in _WITHOUT_KEY.items() if profile.get(setting)), "")
    if profile.get(_KEY) or not kind:
        return
    source = _in_words(chain, chain[-1])
    raise ConfigurationError(f"The {source} {kind}, and has no long-term access key.", _LONG_TERM_KEY)


def _in_words(chain: Sequence[str], name: str) -> str:
    """The profile, and how the first of the chain leads to it: 'AWS profile "base", source_profile of "dev"'."""
    path = [f'source_profile of "{one}"' for one in reversed(chain[: chain.index(name)])]
    return ", ".join([f'AWS profile "{name}"', *path])
