"""Exchanges a code for a session. The next prompt shows a refusal, whether by AWS or by this package."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.mfa_codes import UsedCodes, parse_code
from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.gate.evidence import record_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.driver import Driver

# For the whole process: a used code is used for every run of this kernel.
_USED_CODES = UsedCodes()


async def exchange_code(
    driver: Driver,
    aws: Aws,
    variables: OrganizationVariables,
    answer: Secret,
    seconds: int,
    *,
    patience: Patience,
    circumstances: Mapping[str, Any],
) -> tuple[MfaSession | None, Refusal | None]:
    """The session that AWS returns for the code, or the refusal.

    Args:
        driver: driver of the run; each refusal is written to its audit trail, and a code that nobody waited for.
        aws: exchanges the code.
        variables: the long-term key, and the MFA device of the code.
        answer: text that the person typed.
        seconds: duration of the session.
        patience: for the calls after AWS has accepted the code.
        circumstances: what the line about a refusal says besides; see `gate.evidence`.
    """
    serial, code = variables.serial_number, Secret("")
    try:
        code = parse_code(answer.reveal())
        _USED_CODES.refuse_if_used(serial, code)
        session = await aws.get_session(
            variables.access_key_id,
            variables.secret_access_key,
            serial,
            code,
            duration_seconds=seconds,
            endpoint=variables.endpoint,
            patience=patience,
        )
    except Refused as error:
        refusal = error.refusal
        if refusal.code_spent and refusal.kind is not RefusalKind.USED:  # a used code is remembered already
            _USED_CODES.remember(serial, code)
        owner = {"user": driver.record.identity.get("arn", ""), "account": driver.record.identity.get("account", "")}
        endpoint = variables.endpoint.url or ""
        facts = {"serial_number": serial, **owner, "endpoint": endpoint, **circumstances}
        driver.store.audit("mfa", result=str(refusal.kind), **facts)
        return None, refusal
    except asyncio.CancelledError:  # AWS may have received the code
        _USED_CODES.remember(serial, code)
        record_code(driver, "code sent, answer not awaited", serial_number=serial)
        raise
    else:
        _USED_CODES.remember(serial, code)
        return session, None
    finally:
        code.forget()
