"""AWS as the gate calls it, through boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.role_checks import RoleCheck
    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain


class RealAws:
    """AWS through boto3, which is imported at the first call because its import is slow."""

    async def identify(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
        """STS GetCallerIdentity."""
        from tfmfa_nb.authentication.mfa_session import identify  # noqa: PLC0415

        return await identify(access_key_id, secret_access_key, endpoint)

    async def identify_default(self, environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
        """STS GetCallerIdentity with the credentials that Terraform finds."""
        from tfmfa_nb.authentication.default_identity import identify_default  # noqa: PLC0415

        return await identify_default(environ, endpoint)

    async def default_credentials(self, environ: Mapping[str, str]) -> tuple[str, Secret, Secret] | None:
        """The credentials that Terraform finds, as they are now."""
        from tfmfa_nb.authentication.default_identity import default_credentials  # noqa: PLC0415

        return await default_credentials(environ)

    async def get_session(self, *keys: Any, **how: Any) -> MfaSession:
        """STS GetSessionToken."""
        from tfmfa_nb.authentication.mfa_session import get_session  # noqa: PLC0415

        return await get_session(*keys, **how)

    async def check_roles(
        self, session: MfaSession, chains: Sequence[RoleChain], on_change: Any, patience: Patience
    ) -> Sequence[RoleCheck]:
        """STS AssumeRole, in parallel."""
        from tfmfa_nb.authentication.role_checks import check_roles  # noqa: PLC0415

        return await check_roles(session, chains, on_change=on_change, patience=patience)

    async def account_alias(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> str:
        """IAM ListAccountAliases."""
        from tfmfa_nb.authentication.account_queries import account_alias  # noqa: PLC0415

        return await account_alias(access_key_id, secret_access_key, endpoint=endpoint)
