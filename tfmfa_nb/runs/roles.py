"""The roles that a run is going to assume: shown, compared with the policy, and tried before Terraform starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.errors import AuthenticationError, RoleRefused
from tfmfa_nb.words import HopState, LockState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.words import RoleChain


def turn_red(run: Run, error: AuthenticationError) -> AuthenticationError:
    """`error`, after the lock has turned red for it."""
    run._show_lock(LockState.FAILED, error.problem, error.remedy)
    return error


def shown_roles(chains: Sequence[RoleChain]) -> list[dict[str, Any]]:
    """`Run.roles` before anything was checked."""
    return [
        {
            "provider": chain.provider,
            "place": chain.place,
            "hops": [
                {
                    "arn": hop.role_arn or hop.expression,
                    "state": str(HopState.UNCHECKED),
                    "message": "" if hop.role_arn else "Not known before Terraform runs.",
                }
                for hop in chain.hops
            ],
        }
        for chain in chains
    ]


def refuse_other_roles(run: Run, chains: Sequence[RoleChain], policy: Policy) -> None:
    """Refuse roles that the policy does not allow; one that is not known might be one of them.

    Raises:
        RoleRefused: there is one.
    """
    files = ", ".join(map(str, policy.said_by("roles")))
    for chain in chains:
        for hop in chain.hops:
            if hop.role_arn is None and policy.limits_roles:
                raise turn_red(
                    run,
                    RoleRefused(
                        f"{chain.place}: the role {hop.expression} is not known before Terraform runs, and the "
                        f"organization allows certain roles only (says {files}).",
                        "Write the role's ARN out, or as a variable that has a value.",
                    ),
                )
            if hop.role_arn is not None and not policy.allows_role(hop.role_arn):
                raise turn_red(
                    run,
                    RoleRefused(
                        f"{chain.place}: the organization does not allow the role {hop.role_arn} (says {files}).",
                        "Use an allowed role; no code was spent.",
                    ),
                )


async def check_run_roles(run: Run, session: MfaSession, chains: Sequence[RoleChain]) -> None:
    """Check that every role can be assumed, and show each as it is checked.

    Raises:
        RoleRefused: one cannot.
    """
    from tfmfa_nb.authentication.roles import check_roles  # noqa: PLC0415 - boto3 is heavy

    def show(chain: int, hop: int, state: HopState, message: str) -> None:
        roles = [{**role, "hops": [*role["hops"]]} for role in run.roles]
        roles[chain]["hops"][hop] = {**roles[chain]["hops"][hop], "state": str(state), "message": message}
        run.roles = roles

    checks = await check_roles(session, chains, on_change=show)
    for check in checks:
        if check.refusal is not None:
            run._audit.write(
                "role refused",
                run=run.id,
                provider=chains[check.chain_index].provider,
                result=str(check.refusal.kind),
                user=session.identity.arn,
            )
            raise turn_red(run, RoleRefused(check.refusal.problem, check.refusal.remedy))
