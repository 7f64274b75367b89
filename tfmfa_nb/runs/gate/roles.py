"""The roles that a run will assume: shows them, checks them against the policy, and tries to assume them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import AuthenticationError, RoleRefused
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.roles import HopState
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy_minimums import account_of_role
from tfmfa_nb.runs.events import RolesChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.model.roles import RoleChain, RoleHop
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.driver import Driver

_MAX_DOCUMENTS = 6


def turn_red(driver: Driver, error: AuthenticationError) -> AuthenticationError:
    """Turn the lock indicator red with the text of `error`, and return `error`."""
    driver.show_indicator(LockIndicator.FAILED, error.problem, error.remedy)
    return error


def unchecked_roles(chains: Sequence[RoleChain]) -> list[dict[str, Any]]:
    """The roles in the form that views show, before they are checked."""
    return [
        {
            "provider": chain.provider,
            "place": chain.place,
            "hops": [
                {
                    "arn": hop.role_arn or hop.expression,
                    "state": str(HopState.UNCHECKED),
                    "message": _reason_untried(hop),
                }
                for hop in chain.hops
            ],
        }
        for chain in chains
    ]


def _reason_untried(hop: RoleHop) -> str:
    """Why a role will not be tried; empty if it will."""
    if hop.role_arn is None:
        return "Not known before Terraform runs."
    return "" if hop.can_be_tried else "Its external_id is sensitive, or not known before Terraform runs."


def refuse_what_is_no_role(driver: Driver, chains: Sequence[RoleChain]) -> None:
    """Refuse what AWS would not take for a role, before anybody looks for another cause.

    Raises:
        RoleRefused: the value of a `role_arn` is not the ARN of a role.
    """
    for chain in chains:
        for hop in chain.hops:
            if hop.role_arn is not None and not account_of_role(hop.role_arn):
                raise turn_red(
                    driver,
                    RoleRefused(
                        f"{hop.place or chain.place}: {hop.role_arn!r} is not a role ARN.",
                        "Write it whole, such as arn:aws:iam::111122223333:role/deploy. No code was spent.",
                    ),
                )


def refuse_other_roles(driver: Driver, chains: Sequence[RoleChain], policy: Policy) -> None:
    """Refuse roles that the policy does not allow, or whose accounts it does not, and unknown roles if it limits them.

    Raises:
        RoleRefused: a role or its account is not allowed, or unknown.
    """
    limits = policy.limits_roles or policy.limits_accounts
    files = ", ".join(map(str, dict.fromkeys([*policy.files_setting("roles"), *policy.files_setting("accounts")])))
    for chain in chains:
        for hop in chain.hops:
            if hop.role_arn is None and limits:
                raise turn_red(
                    driver,
                    RoleRefused(
                        f"{chain.place}: the role {hop.expression} is not known before Terraform runs, and only "
                        f"certain roles or accounts are allowed (organization policy {files}).",
                        "Write the ARN of the role as a literal, or as a variable that has a value.",
                    ),
                )
            role = hop.role_arn
            if role is not None and not (policy.allows_role(role) and policy.allows_account_of(role)):
                raise turn_red(
                    driver,
                    RoleRefused(
                        f"{chain.place}: the role {role} is not allowed (organization policy {files}).",
                        "Use an allowed role in an allowed account. No code was spent.",
                    ),
                )


def needed_seconds(phase: Phase, chains: Sequence[RoleChain]) -> int:
    """How long the MFA session of a phase should last, in seconds.

    Terraform's provider assumes its roles again during an apply, and needs the MFA session until its end.
    """
    from tfmfa_nb.authentication.session_durations import APPLY_SECONDS, SHORTEST_SECONDS  # noqa: PLC0415 - with a code

    if phase in {Phase.APPLY, Phase.CHANGE}:
        return APPLY_SECONDS  # no role session is longer
    return max([SHORTEST_SECONDS, *(hop.duration_seconds or 0 for chain in chains for hop in chain.hops)])


async def check_run_roles(
    driver: Driver, aws: Aws, session: MfaSession, chains: Sequence[RoleChain], patience: Patience
) -> list[str]:
    """Try to assume every role, and show each one's state as it changes.

    Args:
        driver: driver of the run.
        aws: assumes the roles.
        session: MFA session.
        chains: role chains of the configuration.
        patience: for each role, where AWS gives no answer.

    Returns:
        The IDs of the AssumeRole requests, by which CloudTrail records them.

    Raises:
        RoleRefused: a role cannot be assumed. The error has the documents that fix all refused roles.
    """

    def show(chain: int, hop: int, state: HopState, message: str) -> None:
        _show_hop(driver, chain, hop, state, message)

    checks = await aws.check_roles(session, chains, on_change=show, patience=patience)
    refusals = []
    for check in checks:
        if check.refusal is not None:
            refusals.append(check.refusal)
            driver.store.audit(
                "role not checked" if check.refusal.transient else "role refused",
                provider=chains[check.chain_index].provider,
                result=str(check.refusal.kind),
                cause=str(check.refusal.cause or "not known"),
                user=session.identity.arn,
            )
    if refusals:
        unanswered = all(refusal.transient for refusal in refusals)
        raise turn_red(driver, _refused(driver, refusals, "The code has been used." if unanswered else ""))
    return [check.request_id for check in checks if check.request_id]


def refuse_durations(driver: Driver, chains: Sequence[RoleChain]) -> None:
    """Refuse the session durations that AWS never accepts, before a code is spent.

    Raises:
        RoleRefused: a role has a session of more than one hour, or of less than 15 minutes.
    """
    from tfmfa_nb.authentication.session_durations import duration_refusal  # noqa: PLC0415 - only where there are roles

    for index, chain in enumerate(chains):
        for number, hop in enumerate(chain.hops):
            refusal = duration_refusal(hop)
            if refusal is not None:
                _show_hop(driver, index, number, HopState.REFUSED, refusal.reason)
                raise turn_red(driver, _refused(driver, [refusal], "No code was spent."))


def _show_hop(driver: Driver, chain: int, hop: int, state: HopState, message: str) -> None:
    roles = [{**role, "hops": [*role["hops"]]} for role in driver.roles]
    roles[chain]["hops"][hop] = {**roles[chain]["hops"][hop], "state": str(state), "message": message}
    driver.roles = roles
    driver.tell(RolesChanged(roles))


def _refused(driver: Driver, refusals: Sequence[Refusal], more: str = "") -> RoleRefused:
    """One error for all refusals: the text of the first, and the documents that fix each; the log has all of them."""
    first, *others = refusals
    documents = [document for refusal in refusals for document in refusal.documents]
    lines = [line for one in refusals for line in (one.problem, one.remedy)]
    for document in documents:
        lines += ["", f"{document.title}:", *document.text.split("\n"), ""]
    driver.log("\n".join(lines))
    if others:
        count = len(others)
        more = f"{count} other {'role was' if count == 1 else 'roles were'} also refused. {more}".strip()
    # One policy may fix several roles; show it once.
    unique = list(dict.fromkeys(documents))[:_MAX_DOCUMENTS]
    return RoleRefused(first.problem, f"{first.remedy} {more}".strip(), unique)
