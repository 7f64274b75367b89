"""Identifies the owner of the organization variables before the prompt, and checks the account against the policy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.network_route import route_to
from tfmfa_nb.authentication.refusal import ROOT_USER, Refusal, RefusalKind, Refused
from tfmfa_nb.model.errors import AccountNotAllowed, AuthenticationError, ConfigurationError
from tfmfa_nb.organization.variables import endpoint_of, read_variables
from tfmfa_nb.runs.events import IdentityKnown
from tfmfa_nb.runs.gate.alias import show_alias
from tfmfa_nb.runs.gate.allowed_route import refuse_endpoint, refuse_route
from tfmfa_nb.runs.gate.long_term_key import long_term_key
from tfmfa_nb.runs.gate.roles import turn_red

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.driver import Driver


async def identify_owner(
    driver: Driver, aws: Aws, policy: Policy, environ: Mapping[str, str], profile: str, *, chains: Sequence[RoleChain]
) -> tuple[OrganizationVariables | None, Refusal | None]:
    """The organization variables (None if they cannot be read), and what is wrong with them (None if nothing is).

    Args:
        driver: driver of the run, which reports the identity.
        aws: identifies the key.
        policy: organization policy.
        environ: process environment.
        profile: AWS profile with the variables; "" for none.
        chains: role chains of the configuration; their Region is that of the endpoint if no setting names one.

    Raises:
        AccountNotAllowed: the policy does not allow runs in the account.
        AuthenticationError: the policy does not allow the STS endpoint, or the way to it.
        Refused: AWS gives no answer, or settings have to change first, so that no code could be used.
    """
    region = next((chain.region for chain in chains if chain.region), "")
    try:
        # In a thread, because a keychain may ask the person to unlock it.
        variables = await asyncio.to_thread(read_variables, environ, profile, region=region)
    except ConfigurationError as error:
        return None, Refusal(kind=RefusalKind.VARIABLES, problem=error.problem, remedy=error.remedy)
    try:
        _refuse_endpoint(driver, policy, variables.endpoint)
        await _show_route(driver, policy, variables.endpoint)
        identity = await aws.identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
        _check_account(driver, policy, variables, identity)
        _refuse_root_user(identity, chains)
    except Refused as error:
        ends = error.refusal.requires_new_settings or error.refusal is ROOT_USER
        if not (error.refusal.transient or ends):
            return variables, error.refusal
        variables.forget()
        raise error if error.refusal.transient else turn_red(driver, error) from None
    except BaseException:
        variables.forget()
        raise
    if note := variables.note_on_roles({hop.role_arn for chain in chains for hop in chain.hops}):
        driver.note(note)
    show_alias(driver, aws, variables)
    return variables, None


async def check_default_account(driver: Driver, aws: Aws, policy: Policy, environ: Mapping[str, str]) -> str:
    """Hold the account of Terraform's own credentials against the policy, in a phase that requires no code so far.

    Returns:
        The ID of the account; "" if it cannot be determined, so that it may be any.

    Raises:
        AccountNotAllowed: the policy does not allow runs in the account, or the account cannot be determined.
        AuthenticationError: the policy does not allow the STS endpoint.
    """
    driver.default_account = ""
    endpoint = await asyncio.to_thread(endpoint_of, environ, "")
    _refuse_endpoint(driver, policy, endpoint)
    key = await long_term_key(environ)  # which Terraform is given, where there is one
    try:
        identity = await aws.identify_default({**environ, **(key.environ() if key else {})}, endpoint)
    except Refused as error:
        if not policy.limits_accounts:
            return ""
        files = ", ".join(map(str, policy.files_setting("accounts")))
        raise turn_red(
            driver,
            AccountNotAllowed(
                f"The account is not known, and only certain accounts are allowed (organization policy {files}): "
                f"{error.refusal.problem}",
                error.refusal.remedy,
            ),
        ) from None
    finally:
        if key is not None:
            key.forget()
    _refuse_account(driver, policy, identity.account)
    driver.default_account = identity.account
    return identity.account


def _refuse_endpoint(driver: Driver, policy: Policy, endpoint: Endpoint) -> None:
    try:
        refuse_endpoint(policy, endpoint)
    except AuthenticationError as error:
        raise turn_red(driver, error) from None


async def _show_route(driver: Driver, policy: Policy, endpoint: Endpoint) -> None:
    """Say what stands between the code and AWS, or refuse it."""
    route = await asyncio.to_thread(route_to, endpoint)  # botocore's first import takes long
    if not str(route):
        return
    try:
        refuse_route(policy, route)
    except AuthenticationError as error:
        raise turn_red(driver, error) from None
    driver.note(f"Codes go to AWS {route}.")


def _refuse_root_user(identity: Identity, chains: Sequence[RoleChain]) -> None:
    """AWS would give the root user a session with MFA for the code, and then no role."""
    if identity.arn.endswith(":root") and any(hop.role_arn for chain in chains for hop in chain.hops):
        raise Refused(ROOT_USER)


def _check_account(driver: Driver, policy: Policy, variables: OrganizationVariables, identity: Identity) -> None:
    driver.tell(
        IdentityKnown(
            {
                "account": identity.account,
                "alias": "",
                "user": identity.user,
                "arn": identity.arn,
                "serial_number": variables.serial_number,
                "region": variables.endpoint.region or "",
                "source": variables.source,
            }
        )
    )
    _refuse_account(driver, policy, identity.account)


def _refuse_account(driver: Driver, policy: Policy, account: str) -> None:
    if not policy.allows_account(account):
        files = ", ".join(map(str, policy.files_setting("accounts")))
        raise turn_red(
            driver,
            AccountNotAllowed(
                f"Runs in account {account} are not allowed (organization policy {files}).",
                "Use the keys of an allowed account. No code was spent.",
            ),
        )
