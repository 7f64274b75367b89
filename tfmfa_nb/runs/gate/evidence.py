"""The evidence of an authentication, for the audit trail: enough to find AWS's own record of it in CloudTrail.

It contains no secret: an access key ID is none (https://docs.aws.amazon.com/IAM/latest/UserGuide/security-creds.html).
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.network_route import route_to_url
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.gate.levels import protected_of
from tfmfa_nb.runs.gate.os_user import os_user

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.prompt_kinds import PromptKind
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.runs.driver import Driver


def record_code(driver: Driver, result: str, /, **facts: Any) -> None:
    """Write to the audit trail what became of a code that did not authenticate a phase, and was not refused.

    The trail has a line for each code that was given, and `jupyter tfmfa verify` compares their number. What ended the
    run matters more than an error here, so there is none.
    """
    with suppress(ConfigurationError):
        driver.store.audit("mfa", **{**facts, "result": result})


def evidence(
    driver: Driver,
    session: MfaSession,
    phase: Phase,
    prompt: PromptKind | None,
    *,
    environ: Mapping[str, str],
    role_requests: Sequence[str],
) -> dict[str, Any]:
    """The facts of the line about an authentication.

    Args:
        driver: driver of the run.
        session: the session that AWS issued.
        phase: phase that required the code.
        prompt: how the code was asked for.
        environ: process environment, for the workspace.
        role_requests: IDs of the AssumeRole requests.
    """
    return {
        "result": "authenticated",
        "user": session.identity.arn,
        "account": session.identity.account,
        "serial_number": session.serial_number,
        "roles": [hop["arn"] for role in driver.roles for hop in role["hops"]],
        **session.evidence(),
        **route_to_url(session.endpoint_url).facts(),
        "role_request_ids": list(role_requests),
        **circumstances(driver, phase, prompt, environ),
    }


def circumstances(
    driver: Driver, phase: Phase, prompt: PromptKind | None, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The facts of the line about any code, accepted or refused: what it was for, and who was asked for it, and where.

    Args:
        driver: driver of the run.
        phase: phase that required the code.
        prompt: how the code was asked for.
        environ: process environment, for the workspace.
    """
    record = driver.record
    return {
        "phase": str(phase),
        **({"command": record.command} if record.command else {}),
        "prompt": str(prompt or ""),
        "os_user": os_user(),
        "host": socket.gethostname(),
        "program": {"version": record.product, **record.program},
        "policy_files": dict(record.policy),
        "workspace": protected_of(driver.environment, environ).workspace,
    }
