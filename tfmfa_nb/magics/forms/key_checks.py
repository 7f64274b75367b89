"""What the variables' form asks AWS: who the keys are, what they can do alone, and which devices there are.

No code is spent, and nothing is stored: what was typed counts for the question only.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_sources import KernelMemory, default_sources, resolve
from tfmfa_nb.organization.variable_values import KEY, SECRET, SERIAL, VariableValues, is_passkey
from tfmfa_nb.organization.variables import endpoint_of
from tfmfa_nb.views.form_action import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.organization.variable_sources import Resolved

_NO_CODES = "passkey or security key: shows no codes"
_BY_HAND = "Type the ARN: in IAM, your user, Security credentials."
_ADD_ONE = "Add an authenticator app in IAM: your user, Security credentials, Assign MFA device."


async def who_am_i(typed: VariableValues, environ: Mapping[str, str], profile: str) -> Result:
    """One line: who, in which account, and whether these keys can act without MFA.

    Args:
        typed: what goes before all sources.
        environ: the process environment.
        profile: the AWS profile that holds variables; "" for none.
    """
    from tfmfa_nb.authentication.account_queries import account_alias, calls_allowed_without_mfa  # noqa: PLC0415 - boto3 is heavy

    asked = await _identify(typed, environ, profile)
    if isinstance(asked, Result):
        return asked
    found, endpoint, identity = asked
    keys = found.given.access_key_id, found.given.secret_access_key
    alias, alone, devices = await asyncio.gather(
        account_alias(*keys, endpoint=endpoint),
        calls_allowed_without_mfa(*keys, endpoint=endpoint),
        _devices(found.given, identity.user, endpoint),
    )
    account = f"{identity.account} ({alias})" if alias else identity.account
    can = f"can act WITHOUT MFA: {', '.join(alone)} succeeded" if alone else "can do nothing that was tried without MFA"
    fields = {}
    if devices is not None and found.serial_number and found.serial_number not in devices:
        fields[SERIAL] = f"{found.serial_number} is none of {identity.user}'s MFA devices."
    return Result(
        f"You are {identity.user} in account {account}. These keys {can}.",
        fields=fields,
        more={"warning": bool(alone)},
    )


async def find_devices(typed: VariableValues, environ: Mapping[str, str], profile: str) -> Result:
    """The person's own devices; one that can be used is chosen at once, among several the person chooses."""
    asked = await _identify(typed, environ, profile)
    if isinstance(asked, Result):
        return asked
    found, endpoint, identity = asked
    devices = await _devices(found.given, identity.user, endpoint)
    if devices is None:
        return _about(SERIAL, f"AWS does not let {identity.user} list MFA devices (iam:ListMFADevices). {_BY_HAND}")
    usable = [device for device in devices if not is_passkey(device)]
    if not usable:
        has = f"{identity.user} has only a {_NO_CODES}." if devices else f"{identity.user} has no MFA device."
        return _about(SERIAL, f"{has} {_ADD_ONE}")
    listed = [{"serial": device, "reason": _NO_CODES if is_passkey(device) else ""} for device in devices]
    if len(usable) == 1:
        return Result("Your device was found; Save keeps it.", more={"chosen": usable[0], "devices": []})
    return Result(f"{identity.user} has {len(usable)} devices: choose one.", more={"devices": listed})


async def _identify(
    typed: VariableValues, environ: Mapping[str, str], profile: str
) -> tuple[Resolved, Endpoint, Identity] | Result:
    from tfmfa_nb.authentication.mfa_session import identify  # noqa: PLC0415
    from tfmfa_nb.authentication.refusal import RefusalKind, Refused  # noqa: PLC0415 - boto3 is heavy

    first = KernelMemory()
    first.store(typed)
    found = await asyncio.to_thread(resolve, (first, *default_sources(environ, profile)))
    lacking = [name for name in found.missing() if name != SERIAL]
    if lacking:
        return Result(
            "AWS cannot be asked without a key.", good=False, fields=dict.fromkeys(lacking, "This one is missing.")
        )
    endpoint = endpoint_of(environ, found.serial_number, found.given.region)
    try:
        identity = await identify(found.given.access_key_id, found.given.secret_access_key, endpoint)
    except Refused as error:
        place = {RefusalKind.WRONG_SECRET: SECRET, RefusalKind.UNKNOWN_KEY: KEY}.get(error.refusal.kind)
        if place is None:
            raise ConfigurationError(error.problem, error.remedy) from None
        return _about(place, str(error))
    return found, endpoint, identity


async def _devices(given: VariableValues, user: str, endpoint: Endpoint) -> tuple[str, ...] | None:
    """None where the person may not look at them."""
    from tfmfa_nb.authentication.account_queries import mfa_devices  # noqa: PLC0415 - boto3 is heavy
    from tfmfa_nb.authentication.refusal import Refused  # noqa: PLC0415

    try:
        return await mfa_devices(given.access_key_id, given.secret_access_key, user, endpoint=endpoint)
    except Refused:
        return None


def _about(field: str, text: str) -> Result:
    return Result("AWS was asked, and there is something to mend.", good=False, fields={field: text})
