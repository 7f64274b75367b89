"""The IAM policies that this package writes for people to paste. The ground floor: plain JSON, which asks nobody.

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
    """The statement of a role's trust policy that lets `principal` assume it.

    Args:
        principal: a user's or a role's own ARN, not the account's root: whoever may assume the role then stands
            in its trust policy.
        mfa: whether it must have given MFA. A role that assumes another one need not: it was itself given for MFA,
            and AWS does not promise that the mark is carried from role to role.
        external_id: the external id that must be sent; None for none. AWS does not treat it as a secret
            (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html).
        actions: what else than sts:AssumeRole the call does, such as sts:TagSession.
    """
    condition = {name: dict(keys) for name, keys in WITH_MFA.items()} if mfa else {}
    if external_id is not None:
        condition["StringEquals"] = {"sts:ExternalId": external_id}
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": _actions(actions)}
    return {**statement, "Condition": condition} if condition else statement


def permission_statement(role_arn: str, *, actions: Sequence[str] = ()) -> dict[str, Any]:
    """The statement of the caller's own policy that lets it assume `role_arn`."""
    return {"Effect": "Allow", "Action": _actions(actions), "Resource": role_arn}


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements, as JSON that is ready to paste."""
    return as_text({"Version": "2012-10-17", "Statement": list(statements)})


def as_text(policy: Any) -> str:
    """A policy as it is pasted; letters of any script stay readable."""
    return json.dumps(policy, indent=2, ensure_ascii=False)


def _actions(more: Sequence[str]) -> str | list[str]:
    others = [action for action in more if action != "sts:AssumeRole"]
    return ["sts:AssumeRole", *others] if others else "sts:AssumeRole"
