"""The account's alias, which people know better than its twelve digits: shown when it comes, never waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.runs.run import Run

_known: dict[tuple[str, str], str] = {}  # (account, access key id) → alias; "" where it cannot be read
_looking: set[asyncio.Task[None]] = set()  # the loop itself holds its tasks but weakly


def show_alias(run: Run, variables: OrganizationVariables) -> None:
    """Put the alias into the run's identity, now or when AWS has said it; AWS is asked once per account and key."""
    known = _known.get((run.identity["account"], variables.access_key_id))
    if known is not None:
        _show(run, run.identity["account"], known)
        return
    secret = Secret(variables.secret_access_key.reveal())  # the phase may be over, and its own forgotten, before that
    key, account = variables.access_key_id, run.identity["account"]
    task = asyncio.create_task(_look(run, account, key, secret, variables.endpoint))
    _looking.add(task)
    task.add_done_callback(_looking.discard)


async def _look(run: Run, account: str, key: str, secret: Secret, endpoint: Endpoint) -> None:
    from tfmfa_nb.authentication.account_queries import account_alias  # noqa: PLC0415 - boto3 is heavy

    try:
        alias = await account_alias(key, secret, endpoint=endpoint)
    finally:
        secret.forget()
    _known[account, key] = alias
    _show(run, account, alias)


def _show(run: Run, account: str, alias: str) -> None:
    if alias and run.identity.get("account") == account:  # another key may have been set meanwhile
        run.identity = {**run.identity, "alias": alias}
