"""The account's alias, which people know better than its twelve digits: shown when it is known, never waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.events import IdentityKnown

if TYPE_CHECKING:
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate

_known: dict[tuple[str, str], str] = {}  # (account, access key id) → alias; "" where it cannot be read
_looking: set[asyncio.Task[None]] = set()  # the loop itself holds its tasks but weakly


def show_alias(driver: Driver, gate: Gate, variables: OrganizationVariables) -> None:
    """Put the alias into the run's identity, now or when AWS has said it; AWS is asked once per account and key."""
    account, key = driver.record.identity["account"], variables.access_key_id
    known = _known.get((account, key))
    if known is not None:
        _show(driver, account, known)
        return
    secret = Secret(variables.secret_access_key.reveal())  # the phase may be over, and its own forgotten, before that
    task = asyncio.create_task(_look(driver, gate, (account, key), secret, variables.endpoint))
    _looking.add(task)
    task.add_done_callback(_looking.discard)


async def _look(driver: Driver, gate: Gate, whose: tuple[str, str], secret: Secret, endpoint: Endpoint) -> None:
    account, key = whose
    try:
        alias = await gate.aws.account_alias(key, secret, endpoint=endpoint)
    finally:
        secret.forget()
    _known[whose] = alias
    _show(driver, account, alias)


def _show(driver: Driver, account: str, alias: str) -> None:
    identity = driver.record.identity
    if alias and identity.get("account") == account:  # another key may have been set meanwhile
        driver.tell(IdentityKnown({**identity, "alias": alias}))
