"""The IAM policies that this package writes for users to paste.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN_NAME = "${aws:username}"
"""The policy variable for the name of the IAM user who calls; a user's session has it too, and a role's does not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
"""
WITH_MFA: dict[str, Any] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def trust_statement(
    principal: str,
    *,
    mfa: bool = True,
    longest_age: int | None = None,
    external_id: str | None = None,
    own_name: str = "",
    actions: Sequence[str] = (),
) -> dict[str, Any]:
    """The statement of a role's trust policy that allows `principal` to assume the role.

    Args:
        principal: ARN of a user or role rather than of the account's root, so that the trust policy names everyone who
            may assume the role.
        mfa: True to require MFA. A role that assumes another role is not required to have MFA: MFA was required to
            assume it, and AWS does not document if its session carries that on.
        longest_age: seconds since the authentication with MFA from which on the role is refused; None for no limit.
        external_id: external ID to require; None for none. AWS does not treat it as a secret
            (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html).
        own_name: condition key that must be the calling user's name: "sts:RoleSessionName", "sts:SourceIdentity"; ""
            for none.
        actions: further actions that the call needs, such as sts:TagSession.
    """
    condition = {name: dict(keys) for name, keys in WITH_MFA.items()} if mfa else {}
    if longest_age is not None:
        condition["NumericLessThan"] = {"aws:MultiFactorAuthAge": str(longest_age)}
    equal = {"sts:ExternalId": external_id} if external_id is not None else {}
    if own_name:
        equal[own_name] = OWN_NAME
    if equal:
        condition["StringEquals"] = equal
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": _actions(actions)}
    return {**statement, "Condition": condition} if condition else statement


def permission_statement(role_arn: str, *, actions: Sequence[str] = ()) -> dict[str, Any]:
    """The statement of the caller's policy that allows it to assume `role_arn`."""
    return {"Effect": "Allow", "Action": _actions(actions), "Resource": role_arn}


def document(*statements: dict[str, Any]) -> str:
    """A policy with these statements as JSON, ready to paste."""
    return as_text({"Version": "2012-10-17", "Statement": list(statements)})


def as_text(policy: Any) -> str:
    """A policy as JSON text; characters of all scripts stay readable."""
    return json.dumps(policy, indent=2, ensure_ascii=False)


def _actions(more: Sequence[str]) -> str | list[str]:
    others = [action for action in more if action != "sts:AssumeRole"]
    return ["sts:AssumeRole", *others] if others else "sts:AssumeRole"
