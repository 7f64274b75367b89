"""The policies that make AWS itself demand MFA: a role's trust policy, and what lets its user assume it.

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
    """What has to be attached where.

    Attributes:
        role_arn: the role.
        principal: who may assume it with MFA.
        trust: the role's trust policy, as JSON.
        permission: the policy for the principal, as JSON.
    """

    role_arn: str
    principal: str
    trust: str
    permission: str


def trust_policies(role: str, caller_arn: str) -> TrustPolicies:
    """The policies for `role`, assumed by whoever `caller_arn` is.

    Args:
        role: an ARN, or the name of a role in the caller's own account and partition.
        caller_arn: the IAM user, as STS names it.

    Raises:
        ConfigurationError: `role` is neither, or the caller is no IAM user.
    """
    caller = _USER.fullmatch(caller_arn)
    if caller is None or caller["kind"] == "assumed-role":
        raise ConfigurationError(
            f"{caller_arn or 'Nobody'} is no IAM user, and only an IAM user has an MFA device of its own.",
            "Use the long-term access key of an IAM user.",
        )
    partition, account = caller["partition"], caller["account"]
    if role.startswith("arn:"):
        match = _ROLE.fullmatch(role)
        if match is None:
            raise ConfigurationError(f"{role} is no role's ARN.", f"It looks like {_arn(partition, account, 'NAME')}.")
        if match["partition"] != partition:
            raise ConfigurationError(
                f"{role} is in the partition {match['partition']}, and your keys are in {partition}.",
                "No role can be assumed across partitions: use keys of the other one.",
            )
        arn = role
    elif _NAME.fullmatch(role):
        arn = _arn(partition, account, role)
    else:
        raise ConfigurationError(f"{role!r} is no role's name.", "Give its name or its ARN.")
    return TrustPolicies(arn, caller_arn, document(trust_statement(caller_arn)), document(permission_statement(arn)))


def _arn(partition: str, account: str, name: str) -> str:
    return f"arn:{partition}:iam::{account}:role/{name}"
