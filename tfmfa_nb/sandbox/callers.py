"""Whose credentials sign a request: users, their sessions and roles' sessions, as moto's IAM knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"  # moto's own default account
_PARTITION = "aws"
ROOT = f"arn:{_PARTITION}:iam::{ACCOUNT}:root"
_EVERYTHING = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials signed a request.

    Attributes:
        itself: the principals that are this caller and nobody else.
        identity: moto's user or role; None for the account's root, who may do everything.
        mfa_at: when MFA was given, in seconds since the epoch by the sandbox's clock; None without.
        session: whether these are temporary credentials.
        role: whether they are a role's.
    """

    arn: str
    user_id: str
    itself: tuple[str, ...]
    identity: Any = field(repr=False, default=None)
    mfa_at: float | None = None
    session: bool = False
    role: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The principals that a trust policy may call this caller by."""
        return (*self.itself, ROOT, ACCOUNT)

    @property
    def policies(self) -> tuple[str, ...]:
        """The identity policies as they are now; a session has its user's or its role's."""
        return (_EVERYTHING,) if self.identity is None else policies_of(self.identity)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials that were given out.

    Attributes:
        expires: in seconds since the epoch, by the sandbox's clock.
    """

    caller: Caller
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: float


def root_caller() -> Caller:
    """The account's root, by whose key the sandbox is provisioned."""
    return Caller(ROOT, ACCOUNT, ())


def user_caller(user: Any, mfa_at: float | None = None, *, session: bool = False) -> Caller:
    """An IAM user, by its long-term keys or by a session."""
    return Caller(user.arn, user.id, (user.arn,), user, mfa_at, session=session)


def role_caller(role: Any, session_name: str, mfa_at: float | None) -> Caller:
    """A role's session."""
    arn = f"arn:{_PARTITION}:sts::{ACCOUNT}:assumed-role/{role.name}/{session_name}"
    return Caller(arn, f"{role.id}:{session_name}", (arn, role.arn), role, mfa_at, session=True, role=True)


def iam() -> Any:
    """Moto's IAM: users, keys, devices, roles, as ordinary IAM calls have made them."""
    from moto.backends import get_backend  # noqa: PLC0415 - heavy

    return get_backend("iam")[ACCOUNT][_PARTITION]


def policies_of(identity: Any) -> tuple[str, ...]:
    """Inline and attached policies, a user's groups' among them."""
    holders = (identity, *(group for group in iam().groups.values() if identity in group.users))
    return tuple(
        document
        for holder in holders
        for document in (*holder.policies.values(), *(policy.document for policy in holder.managed_policies.values()))
    )
