"""IAM policies that make AWS itself require MFA: a role's trust policy, and the policy of the user who assumes it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.iam_policies import document, permission_statement, trust_statement

_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?P<name>[\w+=,.@/-]{1,576})")
_NAME = re.compile(r"[\w+=,.@/-]{1,576}")
_USER = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:iam|sts)::(?P<account>\d{12}):(?P<kind>user|root|assumed-role)\b.*"
)


@dataclass(frozen=True, slots=True)
class TrustPolicies:
    """The policies to attach to a role and to the principal that assumes it.

    Attributes:
        role_arn: ARN of the role.
        principal: ARN of the principal that may assume it with MFA.
        trust: the role's trust policy as JSON.
        permission: the principal's policy as JSON.
    """

    role_arn: str
    principal: str
    trust: str
    permission: str


def trust_policies(role: str, caller_arn: str) -> TrustPolicies:
    """The policies with which the caller assumes `role`.

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
    if role.startswith("arn:"):
        match = _ROLE.fullmatch(role)
        if match is None:
            raise ConfigurationError(
                f"{role} is not the ARN of a role.", f"Example: {_arn(partition, account, 'NAME')}"
            )
        if match["partition"] != partition:
            raise ConfigurationError(
                f"{role} is in the partition {match['partition']}, but your keys belong to {partition}.",
                "Use keys of the role's partition: AWS does not allow assuming roles across partitions.",
            )
        arn = role
    elif _NAME.fullmatch(role):
        arn = _arn(partition, account, role)
    else:
        raise ConfigurationError(f"{role!r} is not a role name.", "Pass the role's name or ARN.")
    return TrustPolicies(arn, caller_arn, document(trust_statement(caller_arn)), document(permission_statement(arn)))


def _arn(partition: str, account: str, name: str) -> str:
    return f"arn:{partition}:iam::{account}:role/{name}"
