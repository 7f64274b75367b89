"""Shows the account's alias, which people recognize more easily than twelve digits, without waiting for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.events import IdentityKnown

if TYPE_CHECKING:
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.driver import Driver

_aliases: dict[tuple[str, str], str] = {}  # (account, access key ID) → alias; "" if it cannot be read
_lookups: set[asyncio.Task[None]] = set()  # the event loop keeps only weak references to its tasks


def show_alias(driver: Driver, aws: Aws, variables: OrganizationVariables) -> None:
    """Add the alias to the run's identity, now or when AWS returns it. AWS is asked once per account and key."""
    account, key = driver.record.identity["account"], variables.access_key_id
    alias = _aliases.get((account, key))
    if alias is not None:
        _show(driver, account, alias)
        return
    secret = Secret(variables.secret_access_key.reveal())  # a copy: the phase may forget its own first
    task = asyncio.create_task(_look_up(driver, aws, (account, key), secret, variables.endpoint))
    _lookups.add(task)
    task.add_done_callback(_lookups.discard)


async def _look_up(
    driver: Driver, aws: Aws, account_and_key: tuple[str, str], secret: Secret, endpoint: Endpoint
) -> None:
    account, key = account_and_key
    try:
        alias = await aws.account_alias(key, secret, endpoint=endpoint)
    finally:
        secret.forget()
    _aliases[account_and_key] = alias
    _show(driver, account, alias)


def _show(driver: Driver, account: str, alias: str) -> None:
    identity = driver.record.identity
    if alias and identity.get("account") == account:  # the person may have set another key meanwhile
        driver.tell(IdentityKnown({**identity, "alias": alias}))
