"""Identifies the owner of the organization variables before the prompt, and checks the account against the policy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused
from tfmfa_nb.model.errors import AccountNotAllowed, ConfigurationError
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.events import IdentityKnown
from tfmfa_nb.runs.gate.alias import show_alias
from tfmfa_nb.runs.gate.roles import turn_red

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.identity import Identity
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.ports import Aws


async def identify_owner(
    driver: Driver, aws: Aws, policy: Policy, environ: Mapping[str, str], profile: str
) -> tuple[OrganizationVariables | None, Refusal | None]:
    """The organization variables (None if they cannot be read), and what is wrong with them (None if nothing is).

    Args:
        driver: driver of the run, which reports the identity.
        aws: identifies the key.
        policy: organization policy.
        environ: process environment.
        profile: AWS profile with the variables; "" for none.

    Raises:
        AccountNotAllowed: the policy does not allow runs in the account.
    """
    try:
        # In a thread, because a keychain may ask the person to unlock it.
        variables = await asyncio.to_thread(read_variables, environ, profile)
    except ConfigurationError as error:
        return None, Refusal(kind=RefusalKind.VARIABLES, problem=error.problem, remedy=error.remedy)
    try:
        identity = await aws.identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
        _check_account(driver, policy, variables, identity)
    except Refused as error:
        return variables, error.refusal
    except BaseException:
        variables.forget()
        raise
    show_alias(driver, aws, variables)
    return variables, None


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
    if not policy.allows_account(identity.account):
        files = ", ".join(map(str, policy.files_setting("accounts")))
        raise turn_red(
            driver,
            AccountNotAllowed(
                f"Runs in account {identity.account} are not allowed (organization policy {files}).",
                "Use the keys of an allowed account. No code was spent.",
            ),
        )
