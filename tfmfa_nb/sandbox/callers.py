"""The callers of AWS: users, their sessions, and the sessions of roles, as moto's IAM has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"  # moto's own default account
_PARTITION = "aws"
ROOT = f"arn:{_PARTITION}:iam::{ACCOUNT}:root"
_ALLOW_EVERYTHING = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal whose credentials signed a request.

    Attributes:
        own_arns: the principals in a trust policy that name this caller alone.
        identity: moto's user or role; None for the account's root user, who may do everything.
        mfa_at: when the caller authenticated with MFA, in seconds since the epoch by the sandbox's clock; None if not.
        session: whether the credentials are temporary.
        role: whether they are a role's.
    """

    arn: str
    user_id: str
    own_arns: tuple[str, ...]
    identity: Any = field(repr=False, default=None)
    mfa_at: float | None = None
    session: bool = False
    role: bool = False

    @property
    def principals(self) -> tuple[str, ...]:
        """Every principal in a trust policy that includes this caller."""
        return (*self.own_arns, ROOT, ACCOUNT)

    @property
    def policies(self) -> tuple[str, ...]:
        """The current identity policies of the user or the role, as JSON."""
        return (_ALLOW_EVERYTHING,) if self.identity is None else policies_of(self.identity)


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """The credentials of a session.

    Attributes:
        expires: in seconds since the epoch, by the sandbox's clock.
    """

    caller: Caller
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: float


def root_caller() -> Caller:
    """The account's root user, who provisions the sandbox."""
    return Caller(ROOT, ACCOUNT, ())


def user_caller(user: Any, mfa_at: float | None = None, *, session: bool = False) -> Caller:
    """An IAM user with its long-term key, or a session of the user."""
    return Caller(user.arn, user.id, (user.arn,), user, mfa_at, session=session)


def role_caller(role: Any, session_name: str, mfa_at: float | None) -> Caller:
    """A session of a role."""
    arn = f"arn:{_PARTITION}:sts::{ACCOUNT}:assumed-role/{role.name}/{session_name}"
    return Caller(arn, f"{role.id}:{session_name}", (arn, role.arn), role, mfa_at, session=True, role=True)


def iam() -> Any:
    """Moto's IAM backend: the users, keys, devices, and roles that IAM calls have created."""
    from moto.backends import get_backend  # noqa: PLC0415 - takes a second

    return get_backend("iam")[ACCOUNT][_PARTITION]


def policies_of(identity: Any) -> tuple[str, ...]:
    """The inline and attached policies of a user or a role, including those of the user's groups, as JSON."""
    holders = (identity, *(group for group in iam().groups.values() if identity in group.users))
    return tuple(
        document
        for holder in holders
        for document in (*holder.policies.values(), *(policy.document for policy in holder.managed_policies.values()))
    )
