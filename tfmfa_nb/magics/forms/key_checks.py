"""Calls AWS for the variables form: identifies keys, tests them without MFA, and lists MFA devices.

No code is used and nothing is stored: typed values apply to the one call only.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_sources import KernelMemory, default_sources, resolve
from tfmfa_nb.organization.variable_values import KEY, SECRET, SERIAL, VariableValues, is_passkey, refuse_swapped
from tfmfa_nb.organization.variables import endpoint_of
from tfmfa_nb.views.form_action import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.organization.variable_sources import ResolvedVariables

_NO_CODES = "passkey or security key: shows no codes"
_ENTER_ARN = "Enter the device's ARN from the IAM console (your user, Security credentials)."
_ADD_DEVICE = "Add an authenticator app in the IAM console (your user, Security credentials, Assign MFA device)."


async def identify_keys(typed: VariableValues, environ: Mapping[str, str], profile: str) -> Result:
    """Identify the keys' owner and account, and test if the keys work without MFA.

    Args:
        typed: values that take precedence over all sources.
        environ: process environment.
        profile: AWS profile that holds organization variables; "" for none.
    """
    from tfmfa_nb.authentication.account_queries import (  # noqa: PLC0415 - boto3 is slow to import
        account_alias,
        calls_allowed_without_mfa,
    )

    identified = await _identify(typed, environ, profile)
    if isinstance(identified, Result):
        return identified
    resolved, endpoint, identity = identified
    keys = resolved.values.access_key_id, resolved.values.secret_access_key
    alias, allowed, devices = await asyncio.gather(
        account_alias(*keys, endpoint=endpoint),
        calls_allowed_without_mfa(*keys, endpoint=endpoint),
        _devices(resolved.values, identity.user, endpoint),
    )
    account = f"{identity.account} ({alias})" if alias else identity.account
    without_mfa = (
        f"They work WITHOUT MFA: {', '.join(allowed)} succeeded."
        if allowed
        else "AWS denied every action tried with them without MFA."
    )
    fields = {}
    if devices is not None and resolved.serial_number and resolved.serial_number not in devices:
        fields[SERIAL] = f"{resolved.serial_number} is not an MFA device of {identity.user}."
    return Result(
        f"These keys belong to {identity.user} in account {account}. {without_mfa}",
        fields=fields,
        more={"warning": bool(allowed)},
    )


async def find_devices(typed: VariableValues, environ: Mapping[str, str], profile: str) -> Result:
    """List the user's MFA devices: a single usable one is selected, and among several the user selects one."""
    identified = await _identify(typed, environ, profile)
    if isinstance(identified, Result):
        return identified
    resolved, endpoint, identity = identified
    devices = await _devices(resolved.values, identity.user, endpoint)
    if devices is None:
        text = f"{identity.user} is not allowed to list MFA devices (iam:ListMFADevices). {_ENTER_ARN}"
        return _field_error(SERIAL, text)
    usable = [device for device in devices if not is_passkey(device)]
    if not usable:
        owned = f"{identity.user} has only a {_NO_CODES}." if devices else f"{identity.user} has no MFA device."
        return _field_error(SERIAL, f"{owned} {_ADD_DEVICE}")
    listed = [{"serial": device, "reason": _NO_CODES if is_passkey(device) else ""} for device in devices]
    if len(usable) == 1:
        return Result("Found your device. Save to store it.", more={"chosen": usable[0], "devices": []})
    return Result(f"{identity.user} has {len(usable)} devices. Select one.", more={"devices": listed})


async def _identify(
    typed: VariableValues, environ: Mapping[str, str], profile: str
) -> tuple[ResolvedVariables, Endpoint, Identity] | Result:
    from tfmfa_nb.authentication.mfa_session import identify  # noqa: PLC0415 - boto3 is slow to import
    from tfmfa_nb.authentication.refusal import RefusalKind, Refused  # noqa: PLC0415

    first = KernelMemory()
    first.store(typed)
    resolved = await asyncio.to_thread(resolve, (first, *default_sources(environ, profile)))
    missing = [name for name in resolved.missing() if name != SERIAL]
    if missing:
        return Result(
            "AWS can be called only with a key.", good=False, fields=dict.fromkeys(missing, "This variable is missing.")
        )
    refuse_swapped(resolved.values, resolved.source.name)
    endpoint = endpoint_of(environ, resolved.serial_number, region=resolved.values.region, profile=profile)
    try:
        identity = await identify(resolved.values.access_key_id, resolved.values.secret_access_key, endpoint)
    except Refused as error:
        fields = {RefusalKind.WRONG_SECRET: SECRET, RefusalKind.UNKNOWN_KEY: KEY, RefusalKind.VARIABLES: KEY}
        field = fields.get(error.refusal.kind)
        if field is None:
            raise ConfigurationError(error.problem, error.remedy) from None
        return _field_error(field, str(error))
    return resolved, endpoint, identity


async def _devices(values: VariableValues, user: str, endpoint: Endpoint) -> tuple[str, ...] | None:
    """The user's MFA devices; None if the user is not allowed to list them."""
    from tfmfa_nb.authentication.account_queries import mfa_devices  # noqa: PLC0415 - boto3 is slow to import
    from tfmfa_nb.authentication.refusal import Refused  # noqa: PLC0415

    try:
        return await mfa_devices(values.access_key_id, values.secret_access_key, user, endpoint=endpoint)
    except Refused:
        return None


def _field_error(field: str, text: str) -> Result:
    return Result("Fix the marked field, then try again.", good=False, fields={field: text})
