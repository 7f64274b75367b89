"""A fleet: many environments whose runs are planned and applied together, each phase under one authentication."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tfmfa_nb.fleet.joint_phase import JointPhase
from tfmfa_nb.fleet.known_fleets import cancellation_requested, forget, know, remember, request_cancellation
from tfmfa_nb.fleet.member import lock_file_of, strictest_level
from tfmfa_nb.fleet.shared_terraform import SharedTerraform
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.model.data_frames import data_frame
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from pathlib import Path

    from tfmfa_nb.fleet.member import Member
    from tfmfa_nb.model.errors import TfmfaError
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate


@dataclass(frozen=True, slots=True)
class PhaseEnd:
    """How a phase of a run ended.

    Attributes:
        status: status of the run.
        started_at, ended_at: since when it had its turn, and until when, in seconds since the epoch; 0 for no turn.
        error: what stopped it, in a sentence; "" if nothing did.
    """

    status: str
    started_at: float
    ended_at: float
    error: str


class Fleet(Mapping[str, Run]):
    """The runs of a fleet, by the names of their environments.

    Args:
        members: N environments, in the order in which they get their turns.
        base: folder of the notebook.
        fleet_id: ID of an earlier fleet; "" for a new one.

    Attributes:
        id: ID of the fleet, which each run's record and audit trail has.
        members: the environments, by their names.
        base: `base`.
        pace: how the fleet goes on in its last phase.
        started_at: when that began, in seconds since the epoch; 0 before the first one.
        ends: how phases of the runs ended, by the name of the environment and the phase.
        errors: what stopped a run in its last phase, by the name of its environment.
        bundle: what a notebook shows of the fleet.
        around: what each run's phase happens in.
    """

    def __init__(self, members: Sequence[Member], base: Path, fleet_id: str = "") -> None:
        self.id = fleet_id or f"fleet-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self.errors: dict[str, TfmfaError] = {}
        self.bundle: Callable[[], Mapping[str, str]] = lambda: {"text/plain": repr(self)}
        self.around: Callable[[Run], AbstractContextManager[None]] = lambda _: nullcontext()
        self.members, self.base = {each.name: each for each in members}, base
        self.pace, self.started_at = Pace(), 0.0
        self.ends: dict[tuple[str, Phase], PhaseEnd] = {}
        self._runs: dict[str, Run] = {}
        self._phase: JointPhase | None = None
        self._stops = False
        self._terraform = SharedTerraform()
        know(self)

    def __getitem__(self, name: str) -> Run:
        return self._runs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the environments, those without a run included."""
        return tuple(self.members)

    async def plan(self, gate: Gate, pace: Pace, terraform: SharedTerraform | None = None) -> None:
        """Plan each environment. What stops one is in `errors`; the others go on.

        Args:
            gate: the gate that each run would have alone.
            pace: how many plans run at once.
            terraform: where Terraform runs; None for this machine.

        Raises:
            ConfigurationError: an environment's state would be copied.
            TfmfaError: a level, or the policy, cannot be read.
            asyncio.CancelledError: the kernel was interrupted; each Terraform has stopped gracefully.
        """
        if any(each.options.migrate_state for each in self.members.values()):
            raise ConfigurationError(
                "A fleet copies no states: --migrate-state asks about each of them.",
                "Plan each environment alone with %%tfplan --migrate-state.",
            )
        terraform = self._terraform = terraform or SharedTerraform()
        level = Level.strictest(strictest_level(self.members.values(), gate.policy), terraform.least_level)
        async with terraform.in_use(gate.policy) as most:
            for name, member in self.members.items():
                options = replace(member.options, level=level, fleet=self.id)
                ports = terraform.ports(**self._parts(name))
                self._runs[name] = Run(member.environment, options, self.base, ports=ports)
            remember(self)
            try:
                await self._perform(self.names, gate, pace.at_most(most), Phase.PLAN, plan)
                await self.wait_for_changes()
            finally:
                if all(run.driver.refused for run in self._runs.values()):
                    forget(self.id, self.base)

    async def apply(
        self,
        gate: Gate,
        pace: Pace,
        names: Iterable[str] | None = None,
        *,
        confirm: bool = False,
        terraform: SharedTerraform | None = None,
    ) -> None:
        """Apply exactly the plans that were shown. What stops one is in `errors`; the others go on.

        Args:
            gate: the gate that each run would have alone.
            pace: how many applies run at once, and which go first.
            names: names of the environments; None for all that have a plan with changes.
            confirm: ask for a confirmation where the level requires no code.
            terraform: where Terraform runs; None for where the plans were made.

        Raises:
            RunStateError: a name is not of this fleet, or has no plan to apply; or no environment has one.
            asyncio.CancelledError: the kernel was interrupted; each Terraform has stopped gracefully.
        """
        if names is None:
            self._check_applicable()
        chosen = self.applicable if names is None else tuple(dict.fromkeys(names))
        for name in chosen:
            if name not in self.applicable:
                status = f"is {self._runs[name].status}" if name in self._runs else "is not in this fleet"
                raise RunStateError(f'"{name}" {status}: it has no plan to apply.', "Plan the fleet again.")
        level = Level.strictest(*(self._runs[name].driver.record.level for name in chosen)) if chosen else Level.NEVER
        terraform = self._terraform = terraform or self._terraform
        level = Level.strictest(level, terraform.least_level)
        for name in chosen:
            self._runs[name].driver.ports = terraform.ports(**self._parts(name))
            self._runs[name].driver.adjust(Options(level=level, lock_timeout=self.members[name].options.lock_timeout))

        async def apply_one(driver: Driver, own: Gate) -> None:
            await apply(driver, own, confirm=confirm)

        async with terraform.in_use(gate.policy) as most:
            await self._perform(chosen, gate, pace.at_most(most), Phase.APPLY, apply_one)

    def _check_applicable(self) -> None:
        """Make sure that there is something to apply, or that no plan has changes.

        Raises:
            RunStateError: there is no plan to apply.
        """
        statuses = Counter(
            str(self._runs[name].status) if name in self._runs else "without a run" for name in self.names
        )
        if not self.applicable and statuses.keys() != {str(Status.PLANNED_AND_FINISHED)}:
            how = ", ".join(f"{number:,} {status.replace('_', ' ')}" for status, number in statuses.items())
            raise RunStateError(f"No environment has a plan to apply: {how}.", "Plan the fleet again.")

    async def wait_for_changes(self) -> None:
        """Wait until the changes of the plans that can be applied are known, or cannot be: the fleet names them."""
        await asyncio.gather(*(self._runs[name].wait_for_changes() for name in self.applicable))

    def adopt(self, name: str, run: Run) -> None:
        """Take the run of an environment from its record: a kernel that did not start it follows it."""
        run.driver.ports = replace(run.driver.ports, turn=partial(self._turn_of, name))
        self._runs[name] = run
        if self._stops and run.status in UNDER_WAY:
            run.cancel()

    @property
    def stopped(self) -> Mapping[str, TfmfaError]:
        """What stopped runs in the fleet's last phase, by the names of their environments."""
        return self._phase.errors if self._phase is not None else self.errors

    @property
    def applicable(self) -> tuple[str, ...]:
        """The names of the environments that have a plan with changes, which waits for its apply."""
        return tuple(name for name, run in self._runs.items() if run.status == Status.PLANNED)

    @property
    def paused(self) -> bool:
        """True if no other run starts for now; those that run go on."""
        return self._phase is not None and self._phase.turns.paused

    def pause(self) -> None:
        """Start no other run until `resume()`."""
        if self._phase is not None:
            self._phase.pause(paused=True)

    def resume(self) -> None:
        """Let the runs that wait start."""
        if self._phase is not None:
            self._phase.pause(paused=False)

    def cancel(self) -> None:
        """Stop gracefully: each Terraform gets one interrupt, and what waits does not start, in whichever kernel.

        Raises:
            ConfigurationError: the kernel that drives the fleet cannot be told.
        """
        if self._phase is not None:
            self._phase.canceling = True
        else:
            self._stops = True  # what is found later stops, too
        for name, run in self._runs.items():
            taking_part = name in self._phase.names if self._phase is not None else run.status in UNDER_WAY
            if taking_part and not run.ended_at and not Status(run.status).final:
                run.cancel()
        self.resume()
        if self._phase is None:
            request_cancellation(self.id, self.base)

    @property
    def ended(self) -> bool:
        """True if nothing goes on: the last phase has ended, or, of followed runs, each has."""
        if self._phase is not None:
            return self._phase.ended
        found = all(name in self._runs or name in self.errors for name in self.names)
        return found and not any(run.status in UNDER_WAY for run in self._runs.values())

    @property
    def canceled_elsewhere(self) -> bool:
        """Whether another kernel has had this one cancel the fleet since this was last asked."""
        return self._phase is not None and cancellation_requested(self.id, self.base)

    @property
    def canceling(self) -> bool:
        """True after a person has canceled the phase."""
        if self._phase is not None:
            return self._phase.canceling
        return any(run.canceling for run in self._runs.values() if not Status(run.status).final)

    @property
    def phase(self) -> Phase:
        """The last phase; the plan before the first one."""
        return self._phase.phase if self._phase is not None else Phase.PLAN

    @property
    def at_once(self) -> int:
        """How many runs use Terraform at once in the last phase; 0 before the first one."""
        return self._phase.turns.at_once if self._phase is not None else 0

    @property
    def taking_part(self) -> tuple[str, ...]:
        """The names of the environments that take part in the last phase; all before the first one."""
        return tuple(self._phase.names) if self._phase is not None else self.names

    @property
    def waiting(self) -> tuple[str, ...]:
        """The names of the environments that wait for their turns."""
        phase = self._phase
        return tuple(name for name in phase.names if name not in {*phase.begun, *phase.errors}) if phase else ()

    def begun_at(self, name: str) -> float:
        """When the run of an environment got its turn in its last phase, in seconds since the epoch; 0 before it."""
        if self._phase is None:
            return self._runs[name].started_at
        planned = self.ends.get((name, Phase.PLAN)) if name not in self._phase.names else None
        return planned.started_at if planned is not None else self._phase.begun.get(name, 0.0)

    def discard(self) -> None:
        """Discard the plans that wait for their apply, and delete them."""
        for name in self.applicable:
            with suppress(RunStateError):  # another kernel has gone on with it
                self._runs[name].discard()

    def to_dataframe(self, library: str = "") -> Any:
        """One row for each environment, in the order of the fleet.

        Args:
            library: "pandas" or "polars"; "" for the one that is imported already, or else the one that is installed.

        Returns:
            A data frame of N rows: environment, run, status, level (texts), add, change, destroy (numbers, None before
            a plan), seconds, error.

        Raises:
            ConfigurationError: there is no such library.
        """
        return data_frame(self.table(), library)

    def table(self) -> dict[str, list[Any]]:
        """The columns of `to_dataframe`."""
        runs = [self._runs.get(name) for name in self.names]
        counts = [(run.counts or {}) if run else {} for run in runs]
        return {
            "environment": list(self.names),
            "run": [run.id if run else "" for run in runs],
            "status": [str(run.status) if run else "" for run in runs],
            "level": [str(run.level) if run else "" for run in runs],
            **{name: [each.get(name) for each in counts] for name in ("add", "change", "destroy")},
            "seconds": [run.seconds if run else 0.0 for run in runs],
            "error": [str(self.errors.get(name, "")) for name in self.names],
        }

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        """What a notebook shows of it."""
        return self.bundle()

    def _ipython_display_(self) -> None:
        """Show it, except where it is shown already: a mimebundle could not leave out the text."""
        from IPython.display import display  # noqa: PLC0415 - IPython calls this

        if bundle := self.bundle():
            display(dict(bundle), raw=True)

    def __repr__(self) -> str:
        return f"<Fleet {self.id}: {len(self.members)} environments, {len(self.errors)} failed>"

    def _parts(self, name: str) -> dict[str, Any]:
        """What the ports of the run on the environment `name` have of this fleet."""
        driver = lambda: self._runs[name].driver  # noqa: E731 - there is none before its ports
        turn = partial(self._turn_of, name)
        return {
            "driver": driver,
            "turn": turn,
            "room": self._room,
            "lock_file": partial(lock_file_of, self.members.values()),
        }

    async def _turn_of(self, name: str) -> None:
        if self._phase is None:
            return
        await self._phase.turn(name)
        if self.canceled_elsewhere:
            self.cancel()
        self._phase.check_not_canceled()

    def _room(self) -> AbstractAsyncContextManager[None]:
        return self._phase.room if self._phase is not None else nullcontext()

    async def _perform(
        self,
        names: Sequence[str],
        gate: Gate,
        pace: Pace,
        phase: Phase,
        perform: Callable[[Driver, Gate], Awaitable[None]],
    ) -> None:
        for name in names:
            self.errors.pop(name, None)
        self.pace, self.started_at = pace, time.time()
        cancellation_requested(self.id, self.base)  # of an earlier phase
        self._phase = JointPhase(names, gate, pace, phase)

        async def one(name: str, own: Gate) -> None:
            with self.around(self._runs[name]):
                await perform(self._runs[name].driver, own)

        try:
            await self._phase.run(one)
        finally:
            self.errors.update(self._phase.errors)
            for name in names:
                run, error = self._runs[name], str(self._phase.errors.get(name, ""))
                self.ends[name, phase] = PhaseEnd(str(run.status), self.begun_at(name), run.ended_at, error)
