"""The IAM policies that this package writes for users to paste.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

WITH_MFA: dict[str, Any] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def trust_statement(
    principal: str, *, mfa: bool = True, external_id: str | None = None, actions: Sequence[str] = ()
) -> dict[str, Any]:
    """The statement of a role's trust policy that allows `principal` to assume the role.

    Args:
        principal: ARN of a user or role rather than of the account's root, so that the trust policy names everyone who
            may assume the role.
        mfa: True to require MFA. A role that assumes another role is not required to have MFA: MFA was required to
            assume it, and AWS does not document if its session carries that on.
        external_id: external ID to require; None for none. AWS does not treat it as a secret
            (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html).
        actions: further actions that the call needs, such as sts:TagSession.
    """
    condition = {name: dict(keys) for name, keys in WITH_MFA.items()} if mfa else {}
    if external_id is not None:
        condition["StringEquals"] = {"sts:ExternalId": external_id}
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
