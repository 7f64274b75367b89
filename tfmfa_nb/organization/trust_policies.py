"""IAM policies that make AWS itself require MFA: a role's trust policy, and the policy of the user who assumes it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.iam_policies import document, permission_statement, trust_statement

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?P<name>[\w+=,.@/-]{1,576})")
_NAME = re.compile(r"[\w+=,.@/-]{1,576}")
_USER = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:iam|sts)::(?P<account>\d{12}):(?P<kind>user|root|assumed-role)\b.*"
)


@dataclass(frozen=True, slots=True)
class StricterPolicies:
    """Policies that let a role's events in CloudTrail name the person, at a price: each provider block needs a line.

    Attributes:
        what: what the policies require, in a few words.
        trust: the role's trust policy as JSON.
        permission: the principal's policy as JSON.
        argument: what each `assume_role` block for the role has to set, as HCL.
    """

    what: str
    trust: str
    permission: str
    argument: str


@dataclass(frozen=True, slots=True)
class TrustPolicies:
    """The policies to attach to a role and to the principal that assumes it.

    Attributes:
        role_arn: ARN of the role.
        principal: ARN of the principal that may assume it with MFA.
        trust: the role's trust policy as JSON.
        permission: the principal's policy as JSON.
        stricter: policies that an ordinary provider block does not satisfy; none for the root user, who has no name.
    """

    role_arn: str
    principal: str
    trust: str
    permission: str
    stricter: tuple[StricterPolicies, ...] = ()


def role_arn_of(role: str, caller_arn: str) -> str:
    """The ARN of a role.

    Args:
        role: ARN of a role, or the name of a role in the caller's account and partition.
        caller_arn: ARN of the IAM user, as STS returns it.

    Raises:
        ConfigurationError: `role` is neither, or the caller is not an IAM user.
    """
    caller = _USER.fullmatch(caller_arn)
    if caller is None or caller["kind"] == "assumed-role":
        raise ConfigurationError(
            f"{caller_arn or 'The caller'} is not an IAM user, and only IAM users have MFA devices.",
            "Use the long-term access key of an IAM user.",
        )
    partition, account = caller["partition"], caller["account"]
    if not role.startswith("arn:"):
        if not _NAME.fullmatch(role):
            raise ConfigurationError(f"{role!r} is not a role name.", "Pass the role's name or ARN.")
        return _arn(partition, account, role)
    match = _ROLE.fullmatch(role)
    if match is None:
        raise ConfigurationError(f"{role} is not the ARN of a role.", f"Example: {_arn(partition, account, 'NAME')}")
    if match["partition"] != partition:
        raise ConfigurationError(
            f"{role} is in the partition {match['partition']}, but your keys belong to {partition}.",
            "Use keys of the role's partition: AWS does not allow assuming roles across partitions.",
        )
    return role


def trust_policies(role: str, caller_arn: str, longest_age: int) -> TrustPolicies:
    """The policies with which the caller assumes `role`.

    A provider block without `session_name` leaves it to the SDK, which makes up a name
    (https://pkg.go.dev/github.com/aws/aws-sdk-go-v2/credentials/stscreds#AssumeRoleOptions), and it sets no source
    identity on its own: to require one of them is an option, because it locks out each block that does not set it.

    Args:
        role: ARN of a role, or the name of a role in the caller's account and partition.
        caller_arn: ARN of the IAM user, as STS returns it.
        longest_age: seconds since the authentication from which on the role is refused: a session's duration, in which
            the provider assumes the role again and again.

    Raises:
        ConfigurationError: `role` is neither, or the caller is not an IAM user.
    """
    arn = role_arn_of(role, caller_arn)
    trust = document(trust_statement(caller_arn, longest_age=longest_age))
    stricter = () if caller_arn.endswith(":root") else tuple(_stricter(arn, caller_arn, longest_age))
    return TrustPolicies(arn, caller_arn, trust, document(permission_statement(arn)), stricter)


def _stricter(role_arn: str, caller_arn: str, longest_age: int) -> Iterator[StricterPolicies]:
    user = caller_arn.rpartition("/")[2]
    ways = (
        ("the user's name as the name of the session", "sts:RoleSessionName", "session_name", ()),
        ("the user's name as the source identity", "sts:SourceIdentity", "source_identity", ("sts:SetSourceIdentity",)),
    )
    for what, key, argument, actions in ways:
        yield StricterPolicies(
            what,
            document(trust_statement(caller_arn, longest_age=longest_age, own_name=key, actions=actions)),
            document(permission_statement(role_arn, actions=actions)),
            f'{argument} = "{user}"',
        )


def _arn(partition: str, account: str, name: str) -> str:
    return f"arn:{partition}:iam::{account}:role/{name}"
