"""What an agent can ask for: each answer is plain data, bounded, masked, and without hidden characters."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.calls import apply, plan
from tfmfa_nb.model.errors import AuthenticationError, ConfigurationError, PromptUnavailable, RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import UNDER_WAY, Status
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.protocol.decision import decision_of, decision_text
from tfmfa_nb.runs.history.listing import find_run, list_runs
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.views.sanitize import one_line, plain, sanitize_all, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tfmfa_nb.magics.call_options import PlanOptions
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.run import Run

# By its name: no token command, and no terminal of the agent's own.
_PROMPT_OF_PLANS, _PROMPT_OF_APPLIES = "none", "elsewhere"
LONGEST_WAIT = 300.0
"""The longest wait, in seconds."""
_MOST_RUNS, _MOST_CHANGES, _MOST_LINES = 50, 200, 400
_LONGEST_LINE, _LONGEST_NAME, _LONGEST_CHANGE = 1_000, 100, 50_000
_LOOK = 0.5  # seconds between two looks at a run of another process
_FIRST_QUESTION = 60.0  # seconds in which an apply that was asked for comes to its question, or fails
_IN_A_TERMINAL = "A person gives it in a terminal on this machine: jupyter tfmfa approve {run}{chdir}"
_HOW = {
    "code": _IN_A_TERMINAL,
    "confirmation": _IN_A_TERMINAL,
    "approval": "A person asks the others who may approve, in a notebook: %tfruns {option} request {run}",
}
_RECORDED = (
    *("id", "environment", "workspace", "status", "phase", "command", "level", "requested_by", "authenticated_by"),
    *("counts", "plan_sha256", "error", "error_remedy"),
)


class AgentRequests:
    """The requests of one agent, in the folder in which the server was started.

    Args:
        agent: the name by which the agent has introduced itself; anybody can choose any.
        base: folder of the environments; a request names one of them, or the path of a folder with a configuration.
    """

    def __init__(self, agent: str, base: Path) -> None:
        self.agent = one_line(f"agent {agent}", _LONGEST_NAME)
        self._base = base
        self._runs: dict[str, Run] = {}
        self._applies: dict[str, asyncio.Task[Run]] = {}

    async def plan(
        self, environment: str, *, destroy: bool = False, refresh_only: bool = False, target: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Plan an environment that has a configuration; returns its decision, and the first of its changes.

        Whatever the environment's level, the apply of this plan requires a code, which a person has.

        Raises:
            TfmfaError: as `tfmfa_nb.plan` does; it has no code if the level requires one for plans.
        """
        where = self._environment(environment)
        options: PlanOptions = {
            "destroy": destroy,
            "refresh_only": refresh_only,
            "target": list(target),
            "level": str(Level.APPLIES_ONLY),
            "prompt": _PROMPT_OF_PLANS,
            "show": False,
            "requested_by": self.agent,
        }
        if not where.owned:
            options["chdir"] = where.name
        try:
            run = await plan(where.name if where.owned else None, **options)
        except AuthenticationError as error:
            if not _lacks_person(error):
                raise
            raise PromptUnavailable(
                f'A plan of "{where.name}" requires an MFA code, which only a person can give.',
                f"Ask a person to plan it: %tfplan {where.option}",
            ) from None
        self._runs[run.id] = run
        return self.read_plan(environment, run.id)

    def read_plan(self, environment: str, run: str, address: str = "", start: int = 0) -> dict[str, Any]:
        """The plan of a run of this session: its changes, or all of one change, with sensitive values masked.

        Raises:
            RunStateError: it is no plan of this session, or the plan has no such change.
        """
        known = self._own(environment, run)
        if address:
            changes = known.plan.document.get("resource_changes", [])
            change = next((each for each in changes if each.get("address") == address), None)
            if change is None:
                raise RunStateError(f"The plan has no change of {one_line(address, _LONGEST_NAME)!r}.")
            text = json.dumps(sanitize_all(change))
            return {"address": one_line(address), "change": shorten(text, _LONGEST_CHANGE)}
        end = start + _MOST_CHANGES
        decision = decision_of(known.counts, known.changes)
        return {
            **self._state(known.driver.record),
            "decision": decision_text(decision) if decision else "",
            "changes": sanitize_all(known.changes[start:end]),
            "total": len(known.changes),
        }

    def list_runs(self, environment: str, limit: int = 10) -> dict[str, Any]:
        """The newest runs of an environment, of whomever, newest first."""
        where = self._environment(environment)
        listing = list_runs(where, max(1, min(limit, _MOST_RUNS)))
        runs = [
            {"id": run.id, "status": str(run.status or "not known"), "running": run.running, "counts": run.counts}
            for run in listing.runs
        ]
        return {"environment": one_line(where.name), "runs": runs, "total": listing.total}

    def read_run(self, environment: str, run: str, start: int = 0, lines: int = 100) -> dict[str, Any]:
        """The record of a run, of whomever, and lines of its log; a negative start counts from its end."""
        store = self._store(environment, run)
        end = store.log.refresh()
        first = max(0, end + start if start < 0 else min(start, end))
        log = store.log.lines(first, min(end, first + max(0, min(lines, _MOST_LINES))))
        told = [plain(shorten(line, _LONGEST_LINE)) for line in log]
        return {**self._state(store.load()), "log": told, "log_start": first, "log_lines": end}

    async def apply(self, environment: str, run: str) -> dict[str, Any]:
        """Ask for the apply of a plan of this session; answers once a person is asked. `wait` tells how it goes on.

        Raises:
            RunStateError: it is no plan of this session, or it is being applied.
            TfmfaError: what has stopped it before anybody was asked.
        """
        known = self._own(environment, run)
        if known.status != Status.PLANNED or known.id in self._applies:
            raise RunStateError(f"{known.id} is {known.status}: there is no plan to apply.", "Plan first.")
        self._applies[known.id] = asyncio.create_task(apply(known, prompt=_PROMPT_OF_APPLIES, show=False))
        state = await self.wait(environment, run, _LOOK)
        for _ in range(round(_FIRST_QUESTION / _LOOK)):
            if state["waiting_for"] or known.id not in self._applies:
                break
            state = await self.wait(environment, run, _LOOK)
        return state

    async def wait(self, environment: str, run: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until a run is not under way any more, for at most 300 seconds; returns its state.

        Raises:
            TfmfaError: what has stopped the apply that this session has asked for.
        """
        store, limit = self._store(environment, run), max(0.0, min(seconds, LONGEST_WAIT))
        if (task := self._applies.get(store.id)) is not None:
            done, _ = await asyncio.wait({task}, timeout=limit)
            if done:
                del self._applies[store.id]
                task.result()
        else:
            for _ in range(round(limit / _LOOK)):
                if store.load().status not in UNDER_WAY:
                    break
                await asyncio.sleep(_LOOK)
        return self._state(store.load())

    def _own(self, environment: str, run: str) -> Run:
        store = self._store(environment, run)
        if store.id not in self._runs:
            raise RunStateError(f"{store.id} was not planned in this session.", "Plan first.")
        return self._runs[store.id]

    def _store(self, environment: str, run: str) -> RunStore:
        where = self._environment(environment)
        return RunStore(where, find_run(where, run))

    def _environment(self, name: str) -> Environment:
        """The environment with this name, or the configuration in the folder with this path below the served one.

        Raises:
            ConfigurationError: there is none, or the path leads out of the served folder.
        """
        with suppress(ConfigurationError):  # it may be the path of a folder that people maintain
            found = Environment.named(name, self._base)
            if found.files.configuration.is_file():
                return found
        # One folder has one name, by which the policy knows it, however its path is written.
        path = _path_below(self._base.resolve(), name)
        given = Environment(path, self._base.resolve() / path, owned=False)
        if not given.has_configuration:
            remedy = "Name an environment, or the path of a folder with a configuration: accounts/dev."
            similar = did_you_mean(path, {each.parent.name for each in self._base.glob("*/*.tf")})
            raise ConfigurationError(
                f'There is no environment "{one_line(name, _LONGEST_NAME)}" here.', similar or remedy
            )
        return given

    def _state(self, record: RunRecord) -> dict[str, Any]:
        roles = {hop.role_arn for chain in record.chains for hop in chain.hops if hop.role_arn}
        facts = {name: getattr(record, name) for name in _RECORDED}
        state: dict[str, Any] = sanitize_all({**facts, "account": record.identity.get("account", "")})
        own = self._runs.get(record.id)
        waiting = own.waiting_for if own is not None else ""
        notes = sanitize_all(own.notes) if own is not None else []
        told = {"waiting_for": waiting, "how_to_answer": _how(own) if own is not None else ""}
        return {**state, **told, "notes": notes, "roles": sanitize_all(sorted(roles)[:_MOST_CHANGES])}


def _path_below(base: Path, name: str) -> str:
    """The path of the folder `name` from `base`, without links.

    Raises:
        ConfigurationError: it is not below `base`.
    """
    try:
        return (base / name).resolve().relative_to(base).as_posix()
    except (ValueError, OSError, RuntimeError):
        problem = f'"{one_line(name, _LONGEST_NAME)}" is not below the folder that this server serves.'
        raise ConfigurationError(problem, "Name an environment, or the path of a folder below it.") from None


def _how(run: Run) -> str:
    """The command by which a person answers a run that waits; "" if it does not wait."""
    where = run.driver.environment
    option = "" if where.owned else f" {where.option}"
    return _HOW.get(run.waiting_for, "").format(run=run.id, chdir=option, option=where.option)


def _lacks_person(error: BaseException | None) -> bool:
    """Whether a code is required; without keys of its own, the gate learns of that before it asks for one."""
    return type(error) in {AuthenticationError, PromptUnavailable}
