"""What AWS says: who the keys are, whether the clock is right, which device is theirs, and what they can do alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.authentication.account_queries import aws_clock_offset, calls_allowed_without_mfa, mfa_devices
from tfmfa_nb.authentication.mfa_session import identify
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.authentication.roles_without_mfa import RoleTrial, TrialOutcome, try_roles_without_mfa
from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.organization.trust_policies import trust_policies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tfmfa_nb.model.identity import Identity
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.variables import OrganizationVariables

_BAD_CLOCK, _DOUBTFUL_CLOCK = 60, 20  # seconds: two windows of a code, and most of one


async def check_account(
    variables: OrganizationVariables, policy: Policy | None, chains: Sequence[RoleChain]
) -> AsyncIterator[Finding]:
    """Ask AWS with the long-term keys, without spending a code.

    Args:
        variables: the organization variables.
        policy: the organization's; None where it cannot be read.
        chains: whose first roles are tried without MFA, which they should refuse.
    """
    keys = (variables.access_key_id, variables.secret_access_key)
    try:
        identity = await identify(*keys, variables.endpoint)
    except Refused as error:
        yield Finding("keys", Severity.ERROR, error.problem, error.remedy)
        return
    yield Finding("keys", Severity.OK, f"{identity.user} in account {identity.account}.")
    if policy is not None and not policy.allows_account(identity.account):
        yield Finding("account", Severity.ERROR, f"the policy does not allow runs in account {identity.account}.")
    yield _clock(await aws_clock_offset(*keys, endpoint=variables.endpoint))
    yield await _device(variables, identity.user)
    alone = await calls_allowed_without_mfa(*keys, endpoint=variables.endpoint)
    if alone:
        yield Finding(
            "without MFA",
            Severity.WARNING,
            f"these keys can act without MFA: {', '.join(alone)} succeeded.",
            "Give the user no permission but sts:AssumeRole, and demand aws:MultiFactorAuthPresent for the rest.",
        )
    else:
        yield Finding("without MFA", Severity.OK, "these keys could do nothing that was tried without MFA.")
    for tried in await try_roles_without_mfa(*keys, identity, chains, variables.endpoint):
        if tried.outcome is not TrialOutcome.REFUSED:
            yield _role(tried, identity)


def _role(tried: RoleTrial, identity: Identity) -> Finding:
    """A role that did not refuse these keys, or of which it is not known whether it would."""
    if tried.outcome in {TrialOutcome.ASSUMED, TrialOutcome.EXTERNAL_ID_ALONE}:
        text = f"{tried.role} can be assumed without MFA."
        if tried.outcome is TrialOutcome.EXTERNAL_ID_ALONE:
            text = f"{tried.role} demands an external id, which the configuration does not give, but no MFA."
        role_arn = trust_policies(tried.role, identity.arn).role_arn
        remedy = f"Demand it in the role's trust policy: %tfmfa trust-policy {role_arn}"
        return Finding("without MFA", Severity.ERROR, text, remedy)
    said = "was not tried" if tried.outcome is TrialOutcome.NOT_TRIED else "could be tried, but the answer is not known"
    return Finding(
        "without MFA",
        Severity.WARNING,
        f"{tried.role} {said}: {tried.why.rstrip('.')}.",
        "Look whether its trust policy demands aws:MultiFactorAuthPresent.",
    )


def _clock(ahead: float) -> Finding:
    """AWS's clock against this machine's; `ahead` in seconds."""
    off = abs(ahead)
    text = f"{off:.0f} s {'behind' if ahead > 0 else 'ahead of'} AWS's."
    if off >= _BAD_CLOCK:
        return Finding("clock", Severity.ERROR, text, "Set it: timedatectl set-ntp true")
    if off >= _DOUBTFUL_CLOCK:
        return Finding("clock", Severity.WARNING, text, "Codes may be refused; set it: timedatectl set-ntp true")
    return Finding("clock", Severity.OK, "agrees with AWS's.")


async def _device(variables: OrganizationVariables, user: str) -> Finding:
    try:
        devices = await mfa_devices(
            variables.access_key_id, variables.secret_access_key, user, endpoint=variables.endpoint
        )
    except Refused:
        return Finding(
            "MFA device",
            Severity.WARNING,
            f"{variables.serial_number} has the right form; whether it is yours shows only with a code.",
            "With iam:ListMFADevices on your own user it could be looked up.",
        )
    if variables.serial_number in devices:
        return Finding("MFA device", Severity.OK, f"{variables.serial_number} is yours.")
    yours = f"Set AWS_MFA_SERIAL_NUMBER to one of yours: {', '.join(devices)}." if devices else "Add one in IAM."
    return Finding("MFA device", Severity.ERROR, f"{variables.serial_number} is none of your devices.", yours)
