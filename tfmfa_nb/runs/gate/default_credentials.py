"""The credentials that Terraform gets in a phase without a code: where accounts count, those that AWS named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.model.errors import AccountNotAllowed, AuthenticationError
from tfmfa_nb.organization.variables import endpoint_of
from tfmfa_nb.runs.gate.long_term_key import LongTermKey, long_term_key
from tfmfa_nb.runs.gate.roles import turn_red

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate


async def default_credentials(driver: Driver, gate: Gate) -> LongTermKey | None:
    """The credentials to give to Terraform; None if it may find them by itself, because nobody asks whose they are.

    Raises:
        AccountNotAllowed: they belong to another account than those that were held against the policy.
        AuthenticationError: AWS does not say whose they are.
    """
    key = await long_term_key(gate.environ)
    if not driver.default_account:
        return key
    try:
        if key is None and (found := await gate.aws.default_credentials(gate.environ)):
            key = LongTermKey(*found)
        endpoint = await asyncio.to_thread(endpoint_of, gate.environ, "")
        account = (await gate.aws.identify_default(key.environ(), endpoint)).account if key else ""
    except Refused as error:
        if key is not None:
            key.forget()
        raise turn_red(driver, AuthenticationError(error.refusal.problem, error.refusal.remedy)) from None
    if account != driver.default_account:
        if key is not None:
            key.forget()
        text = f"The credentials for Terraform are not those of account {driver.default_account} any more."
        raise turn_red(driver, AccountNotAllowed(text, "Run the cell again, so that their account is checked."))
    return key
