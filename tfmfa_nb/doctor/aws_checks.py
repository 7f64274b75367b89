"""Checks that call AWS: the keys' owner, the clock, the MFA device, and actions that succeed without MFA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.authentication.account_queries import aws_clock_offset, calls_allowed_without_mfa, mfa_devices
from tfmfa_nb.authentication.mfa_session import identify
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.authentication.roles_without_mfa import RoleTrial, TrialOutcome, try_roles_without_mfa
from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.organization.trust_policies import role_arn_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tfmfa_nb.model.identity import Identity
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.variables import OrganizationVariables

_CLOCK_ERROR, _CLOCK_WARNING = 60, 20  # seconds; a device shows each code for 30


async def check_account(
    variables: OrganizationVariables, policy: Policy | None, chains: Sequence[RoleChain]
) -> AsyncIterator[Finding]:
    """Call AWS with the long-term keys, without using a code.

    Args:
        variables: organization variables to check.
        policy: organization policy; None if it cannot be read.
        chains: role chains whose first roles are tried without MFA, which they should refuse.
    """
    keys = (variables.access_key_id, variables.secret_access_key)
    try:
        identity = await identify(*keys, variables.endpoint)
    except Refused as error:
        yield Finding("keys", Severity.ERROR, error.problem, error.remedy)
        return
    yield Finding("keys", Severity.OK, f"{identity.user} in account {identity.account}.")
    if policy is not None and not policy.allows_account(identity.account):
        yield Finding(
            "account", Severity.ERROR, f"the organization policy does not allow runs in account {identity.account}."
        )
    yield _clock(await aws_clock_offset(*keys, endpoint=variables.endpoint))
    yield await _device(variables, identity.user)
    allowed = await calls_allowed_without_mfa(*keys, endpoint=variables.endpoint)
    if allowed:
        yield Finding(
            "without MFA",
            Severity.WARNING,
            f"these keys work without MFA: {', '.join(allowed)} succeeded.",
            "Allow the user only sts:AssumeRole, and require aws:MultiFactorAuthPresent for everything else.",
        )
    else:
        yield Finding("without MFA", Severity.OK, "AWS denied every action tried with these keys.")
    for trial in await try_roles_without_mfa(*keys, identity, chains, variables.endpoint):
        if trial.outcome is not TrialOutcome.REFUSED:
            yield _role(trial, identity)


def _role(trial: RoleTrial, identity: Identity) -> Finding:
    """The finding about a role that does not refuse these keys, or may not."""
    if trial.outcome in {TrialOutcome.ASSUMED, TrialOutcome.ONLY_EXTERNAL_ID_MISSING}:
        text = f"{trial.role} can be assumed without MFA."
        if trial.outcome is TrialOutcome.ONLY_EXTERNAL_ID_MISSING:
            text = f"{trial.role} requires an external ID, which the configuration does not set, but not MFA."
        role_arn = role_arn_of(trial.role, identity.arn)
        remedy = f"Require MFA in the role's trust policy: %tfmfa trust-policy {role_arn}"
        return Finding("without MFA", Severity.ERROR, text, remedy)
    outcome = "was not tried" if trial.outcome is TrialOutcome.NOT_TRIED else "was tried, but the outcome is unknown"
    return Finding(
        "without MFA",
        Severity.WARNING,
        f"{trial.role} {outcome}: {trial.reason.rstrip('.')}.",
        "Check that its trust policy requires aws:MultiFactorAuthPresent.",
    )


def _clock(offset: float) -> Finding:
    """The finding about this machine's clock, given the seconds by which AWS's is ahead."""
    difference = abs(offset)
    text = f"{difference:.0f} s {'behind' if offset > 0 else 'ahead of'} AWS's clock."
    if difference >= _CLOCK_ERROR:
        return Finding("clock", Severity.ERROR, text, "Set it: timedatectl set-ntp true")
    if difference >= _CLOCK_WARNING:
        return Finding("clock", Severity.WARNING, text, "AWS may reject codes. Set it: timedatectl set-ntp true")
    return Finding("clock", Severity.OK, "matches AWS's clock.")


async def _device(variables: OrganizationVariables, user: str) -> Finding:
    try:
        devices = await mfa_devices(
            variables.access_key_id, variables.secret_access_key, user, endpoint=variables.endpoint
        )
    except Refused:
        return Finding(
            "MFA device",
            Severity.WARNING,
            f"{variables.serial_number} has a valid format, but only a code can prove that it is yours.",
            "Permission for iam:ListMFADevices on your own user allows this check.",
        )
    if variables.serial_number in devices:
        return Finding("MFA device", Severity.OK, f"{variables.serial_number} is yours.")
    remedy = f"Set AWS_MFA_SERIAL_NUMBER to one of yours: {', '.join(devices)}." if devices else "Add one in IAM."
    return Finding("MFA device", Severity.ERROR, f"{variables.serial_number} is not one of your devices.", remedy)
