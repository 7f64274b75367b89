"""The gate of a fleet's runs: each run has its own, and all of them ask one person for one code.

Every check of a run's gate stays what it is. Only what asks the person, and what sends the code to AWS, is shared: it
waits until each run of the fleet has come that far, or has ended, and is then done once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from tfmfa_nb.fleet.rendezvous import Rendezvous
from tfmfa_nb.fleet.shared_roles import RoleQuestion, SharedRoles
from tfmfa_nb.model.errors import RunCanceled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.role_checks import RoleCheck
    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.prompt_kinds import PromptKind
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.prompts import CodeRequest, Prompt
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.gate.gate import Gate

S = TypeVar("S", "Secret", "MfaSession")
_Key = tuple[str, str]


class SharedGate:
    """Makes the gates of the runs of one phase.

    Args:
        gate: the gate that each run would have alone.
        names: names of the environments whose runs take part.
        canceled: tells whether the person has canceled the whole fleet.
    """

    def __init__(self, gate: Gate, names: Iterable[str], canceled: Callable[[], bool]) -> None:
        self._gate, self._names, self._canceled = gate, list(names), canceled
        self._codes: Rendezvous[CodeRequest, Secret] = Rendezvous(self._names, self._ask, _forget)
        self._exchanges: Rendezvous[_Exchange, MfaSession] = Rendezvous(self._names, self._exchange, _forget)
        self._confirmations: Rendezvous[Sequence[str], bool] = Rendezvous(self._names, self._confirm)
        self._roles = SharedRoles(self._names, gate.aws)
        self._one_at_a_time = asyncio.Lock()
        self._identities: dict[_Key, asyncio.Task[Identity]] = {}

    def of(self, name: str) -> Gate:
        """The gate of the run on the environment `name`."""
        return replace(self._gate, prompt=_MemberPrompt(self, name), aws=_MemberAws(self, name))

    def leave(self, name: str) -> None:
        """The run on `name` has ended, or has passed its gate."""
        for shared in (self._codes, self._exchanges, self._roles, self._confirmations):
            shared.leave(name)

    @property
    def prompt(self) -> Prompt:
        """The prompt of all."""
        return self._gate.prompt

    @property
    def aws(self) -> Aws:
        """AWS, as each run would call it alone."""
        return self._gate.aws

    async def code_for(self, name: str, request: CodeRequest) -> Secret:
        """A holder of the code that the person gives for all; the run on `name` forgets its own."""
        return await self._codes.together(name, request)

    async def session_for(self, name: str, exchange: _Exchange) -> MfaSession:
        """The session that the code is exchanged for, once; the run on `name` forgets its own."""
        return await self._exchanges.together(name, exchange)

    async def roles_for(self, name: str, question: RoleQuestion) -> Sequence[RoleCheck]:
        """The checks of the roles of the run on `name`, which are made for all at once."""
        return await self._roles.checked_for(name, question)

    async def confirmed_for(self, name: str, question: str, decision: Sequence[str], word: str) -> bool:
        """Whether the person confirms: for all at once, or, where a word has to be typed, for each."""
        if not word:
            return await self._confirmations.together(name, decision)
        async with self._one_at_a_time:
            return await self.prompt.confirm(question, decision=decision, word=word)

    async def identity_of(self, access_key_id: str, secret: Secret, endpoint: Endpoint) -> Identity:
        """The owner of the key, for whom AWS is asked once."""
        key = (access_key_id, endpoint.url or "")
        task = self._identities.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.ensure_future(_identify(self.aws, access_key_id, secret.duplicate(), endpoint))
            self._identities[key] = task
        return await asyncio.shield(task)

    async def _ask(self, requests: Mapping[str, CodeRequest]) -> Mapping[str, Secret]:
        first = next(iter(requests.values()))
        tell = [request.tell for request in requests.values()]

        def tell_all(sentence: str) -> None:
            for each in tell:
                each(sentence)

        request = replace(
            first,
            environment=_count(requests),
            tell=tell_all,
            canceled=lambda: self._canceled() or all(each.canceled() for each in requests.values()),
            decision=_decisions(requests),
        )
        return _for_each(requests, await self.prompt.ask(request))

    async def _exchange(self, exchanges: Mapping[str, _Exchange]) -> Mapping[str, MfaSession]:
        if self._canceled():
            raise RunCanceled("The fleet was canceled.", "The code was not used.")
        exchange = next(iter(exchanges.values()))
        longest = max(each.seconds for each in exchanges.values())
        how = {**exchange.how, "duration_seconds": longest}
        return _for_each(exchanges, await self.aws.get_session(*exchange.arguments, **how))

    async def _confirm(self, decisions: Mapping[str, Sequence[str]]) -> Mapping[str, bool]:
        lines = tuple(f"{name}: {line}" for name, decision in decisions.items() for line in decision)
        question = f"Apply these plans to {_count(decisions)}?"
        return dict.fromkeys(decisions, await self.prompt.confirm(question, decision=lines))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What AWS is given for a code: by one run, for all."""

    arguments: tuple[Any, ...]
    how: Mapping[str, Any]

    @property
    def seconds(self) -> int:
        return int(self.how["duration_seconds"])


class _MemberPrompt:
    """The prompt of one run."""

    def __init__(self, shared: SharedGate, name: str) -> None:
        self._shared, self._name = shared, name
        self.kind: PromptKind | None = shared.prompt.kind
        self.max_attempts: int | None = shared.prompt.max_attempts

    async def ask(self, request: CodeRequest) -> Secret:
        return await self._shared.code_for(self._name, request)

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        return await self._shared.confirmed_for(self._name, question, decision, word)


class _MemberAws:
    """AWS as one run sees it."""

    def __init__(self, shared: SharedGate, name: str) -> None:
        self._shared, self._name = shared, name

    async def identify(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
        return await self._shared.identity_of(access_key_id, secret_access_key, endpoint)

    async def get_session(self, *arguments: Any, **how: Any) -> MfaSession:
        return await self._shared.session_for(self._name, _Exchange(arguments, how))

    async def identify_default(self, environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
        return await self._shared.aws.identify_default(environ, endpoint)

    async def default_credentials(self, environ: Mapping[str, str]) -> tuple[str, Secret, Secret] | None:
        return await self._shared.aws.default_credentials(environ)

    async def check_roles(
        self, session: MfaSession, chains: Sequence[RoleChain], on_change: Any, patience: Patience
    ) -> Sequence[RoleCheck]:
        return await self._shared.roles_for(self._name, RoleQuestion(session, chains, on_change, patience))

    async def account_alias(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> str:
        return await self._shared.aws.account_alias(access_key_id, secret_access_key, endpoint)


async def _identify(aws: Aws, access_key_id: str, secret: Secret, endpoint: Endpoint) -> Identity:
    try:
        return await aws.identify(access_key_id, secret, endpoint)
    finally:
        secret.forget()


def _for_each(names: Iterable[str], one: S) -> dict[str, S]:
    """A holder for each, which may forget it by itself."""
    try:
        return {name: one.duplicate() for name in names}
    finally:
        one.forget()


def _forget(one: Secret | MfaSession) -> None:
    """Forget what a run would have got that has been canceled meanwhile."""
    one.forget()


def _count(members: Mapping[str, object]) -> str:
    return next(iter(members)) if len(members) == 1 else f"{len(members)} environments"


def _decisions(requests: Mapping[str, CodeRequest]) -> tuple[str, ...]:
    return tuple(f"{name}: {line}" for name, request in requests.items() for line in request.decision)
