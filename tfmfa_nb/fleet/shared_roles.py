"""The roles of a fleet, assumed together: with one client, whose connections all use, and each chain of roles once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tfmfa_nb.fleet.rendezvous import Rendezvous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.role_checks import RoleCheck
    from tfmfa_nb.model.roles import HopState, RoleChain, RoleHop
    from tfmfa_nb.runs.aws_port import Aws


@dataclass(frozen=True, slots=True)
class RoleQuestion:
    """The roles that one run asks about; see `authentication.role_checks.check_roles`."""

    session: MfaSession
    chains: Sequence[RoleChain]
    on_change: Callable[[int, int, HopState, str], None]
    patience: Patience


class SharedRoles:
    """Asks AWS for all runs at once.

    Args:
        names: names of the environments whose runs take part.
        aws: assumes the roles.
    """

    def __init__(self, names: Iterable[str], aws: Aws) -> None:
        self._aws = aws
        self._together: Rendezvous[RoleQuestion, Sequence[RoleCheck]] = Rendezvous(names, self._check)

    async def checked_for(self, name: str, question: RoleQuestion) -> Sequence[RoleCheck]:
        """The checks of the roles of the run on `name`."""
        return await self._together.together(name, question)

    def leave(self, name: str) -> None:
        """The run on `name` asks no more."""
        self._together.leave(name)

    async def _check(self, questions: Mapping[str, RoleQuestion]) -> Mapping[str, Sequence[RoleCheck]]:
        askers: dict[tuple[RoleHop, ...], list[tuple[str, int]]] = {}
        chains: list[RoleChain] = []
        for name, question in questions.items():
            for index, chain in enumerate(question.chains):
                if chain.hops not in askers:
                    chains.append(chain)
                askers.setdefault(chain.hops, []).append((name, index))

        def show(chain: int, hop: int, state: HopState, message: str) -> None:
            for name, index in askers[chains[chain].hops]:
                questions[name].on_change(index, hop, state, message)

        first = next(iter(questions.values()))
        session = first.session.duplicate()  # a run that is canceled forgets its own
        try:
            checks = await self._aws.check_roles(session, chains, show, first.patience)
        finally:
            session.forget()
        found: dict[str, list[RoleCheck]] = {name: [] for name in questions}
        for check in checks:
            for name, index in askers[chains[check.chain_index].hops]:
                found[name].append(replace(check, chain_index=index))
        return {name: sorted(of, key=lambda each: (each.chain_index, each.hop_index)) for name, of in found.items()}
