"""AWS as a run's gate sees it: identities, sessions, and roles. Tests pass their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.role_checks import RoleCheck
    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import HopState, RoleChain


class Aws(Protocol):
    """The calls to AWS: identities, sessions, and roles."""

    async def identify(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
        """The owner of a long-term key; see `authentication.mfa_session.identify`."""
        ...

    async def identify_default(self, environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
        """The owner of the credentials that Terraform finds; see `authentication.default_identity`."""
        ...

    async def default_credentials(self, environ: Mapping[str, str]) -> tuple[str, Secret, Secret] | None:
        """The credentials that Terraform finds, as they are now; see `authentication.default_identity`."""
        ...

    async def get_session(
        self,
        access_key_id: str,
        secret_access_key: Secret,
        serial_number: str,
        code: Secret,
        *,
        duration_seconds: int,
        endpoint: Endpoint,
        patience: Patience,
    ) -> MfaSession:
        """Exchange a code for a session; see `authentication.mfa_session.get_session`."""
        ...

    async def check_roles(
        self,
        session: MfaSession,
        chains: Sequence[RoleChain],
        on_change: Callable[[int, int, HopState, str], None],
        patience: Patience,
    ) -> Sequence[RoleCheck]:
        """Try to assume every role; see `authentication.role_checks.check_roles`."""
        ...

    async def account_alias(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> str:
        """The account's alias; empty if it cannot be read."""
        ...
