"""What is known of the MFA session of a phase before a code is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.variables import account_of_device
from tfmfa_nb.terraform.session_data import KnownSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.runs.driver import Driver


async def known_session(driver: Driver, environ: Mapping[str, str], profile: str) -> KnownSession:
    """What is known of the credentials and the phase that Terraform will run with, before a code is asked for.

    Only with a code is it known which credentials those are: the MFA session of the device's owner.
    """
    phase = driver.record.phase
    account, partition = "", ""
    if driver.record.level.asks_before(phase):
        # In a thread, because a keychain may ask the person to unlock it.
        account, partition = await asyncio.to_thread(account_of_device, environ, profile)
    call = driver.options.call
    applies = None if call is not None and call.kind.applies else phase is Phase.APPLY
    return KnownSession(account, partition, applying=applies)
