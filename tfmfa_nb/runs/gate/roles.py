"""The roles that a run is going to assume: shown, compared with the policy, and tried before Terraform starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import AuthenticationError, RoleRefused
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.roles import HopState
from tfmfa_nb.runs.events import RolesChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.authentication.diagnosis import Refusal
    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.model.roles import RoleChain, RoleHop
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate

_MOST_DOCUMENTS = 6


def turn_red(driver: Driver, error: AuthenticationError) -> AuthenticationError:
    """`error`, after the lock has turned red for it."""
    driver.show_indicator(LockIndicator.FAILED, error.problem, error.remedy)
    return error


def unchecked_roles(chains: Sequence[RoleChain]) -> list[dict[str, Any]]:
    """The roles before anything was checked."""
    return [
        {
            "provider": chain.provider,
            "place": chain.place,
            "hops": [
                {
                    "arn": hop.role_arn or hop.expression,
                    "state": str(HopState.UNCHECKED),
                    "message": _unknown(hop),
                }
                for hop in chain.hops
            ],
        }
        for chain in chains
    ]


def _unknown(hop: RoleHop) -> str:
    """Why a role will not be tried; empty where it will."""
    if hop.role_arn is None:
        return "Not known before Terraform runs."
    return "" if hop.can_be_tried else "Its external_id is sensitive, or not known before Terraform runs."


def refuse_other_roles(driver: Driver, chains: Sequence[RoleChain], policy: Policy) -> None:
    """Refuse roles that the policy does not allow; one that is not known might be one of them.

    Raises:
        RoleRefused: there is one.
    """
    files = ", ".join(map(str, policy.said_by("roles")))
    for chain in chains:
        for hop in chain.hops:
            if hop.role_arn is None and policy.limits_roles:
                raise turn_red(
                    driver,
                    RoleRefused(
                        f"{chain.place}: the role {hop.expression} is not known before Terraform runs, and the "
                        f"organization allows certain roles only (says {files}).",
                        "Write the role's ARN out, or as a variable that has a value.",
                    ),
                )
            if hop.role_arn is not None and not policy.allows_role(hop.role_arn):
                raise turn_red(
                    driver,
                    RoleRefused(
                        f"{chain.place}: the organization does not allow the role {hop.role_arn} (says {files}).",
                        "Use an allowed role; no code was spent.",
                    ),
                )


async def check_run_roles(driver: Driver, gate: Gate, session: MfaSession, chains: Sequence[RoleChain]) -> None:
    """Check that every role can be assumed, and show each as it is checked.

    Raises:
        RoleRefused: one cannot; it says why, and holds what mends all that were refused.
    """

    def show(chain: int, hop: int, state: HopState, message: str) -> None:
        _show_hop(driver, chain, hop, state, message)

    checks = await gate.aws.check_roles(session, chains, on_change=show)
    refusals = []
    for check in checks:
        if check.refusal is not None:
            refusals.append(check.refusal)
            driver.store.audit(
                "role refused",
                provider=chains[check.chain_index].provider,
                result=str(check.refusal.kind),
                cause=str(check.refusal.cause or "not known"),
                user=session.identity.arn,
            )
    if refusals:
        raise turn_red(driver, _refused(driver, refusals))


def refuse_long_sessions(driver: Driver, chains: Sequence[RoleChain]) -> None:
    """Refuse what AWS is known to refuse, before a code is asked for.

    Raises:
        RoleRefused: a role that is assumed from another one would be held for more than an hour.
    """
    from tfmfa_nb.authentication.durations import too_long  # noqa: PLC0415 - only where there are roles

    for index, chain in enumerate(chains):
        for number, hop in enumerate(chain.hops):
            refusal = too_long(hop, number)
            if refusal is not None:
                _show_hop(driver, index, number, HopState.REFUSED, refusal.why)
                raise turn_red(driver, _refused(driver, [refusal], "No code was spent."))


def _show_hop(driver: Driver, chain: int, hop: int, state: HopState, message: str) -> None:
    roles = [{**role, "hops": [*role["hops"]]} for role in driver.roles]
    roles[chain]["hops"][hop] = {**roles[chain]["hops"][hop], "state": str(state), "message": message}
    driver.roles = roles
    driver.tell(RolesChanged(roles))


def _refused(driver: Driver, refusals: Sequence[Refusal], more: str = "") -> RoleRefused:
    """One error for all refusals: the first one's words, and what mends each; the log has it all."""
    first, *others = refusals
    documents = [document for refusal in refusals for document in refusal.documents]
    lines = [line for one in refusals for line in (one.problem, one.remedy)]
    for document in documents:
        lines += ["", f"{document.title}:", *document.text.split("\n"), ""]
    driver.log("\n".join(lines))
    if others:
        count = len(others)
        more = f"{count} other {'role was' if count == 1 else 'roles were'} refused too. {more}".strip()
    # The same policy may mend several: it is shown once, and no more of them than a person looks through.
    shown = list(dict.fromkeys(documents))[:_MOST_DOCUMENTS]
    return RoleRefused(first.problem, f"{first.remedy} {more}".strip(), shown)
