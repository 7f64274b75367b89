"""What a run's engine tells: each event names, in its fields, exactly what has changed.

A field has the name of a trait of `Run` or of a field of `RunRecord`, or of both. Whoever drives a run, follows one of
another kernel, or restores one from its record tells these events and no others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.model.indicator import LockIndicator
    from tfmfa_nb.model.levels import Level
    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.model.statuses import Phase, Status
    from tfmfa_nb.protocol.records import ProcessMark, RunRecord


@dataclass(frozen=True, slots=True)
class Event:
    """Something about a run has changed."""

    def facts(self) -> dict[str, Any]:
        """What has changed, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """The run has a folder, or was found in it; paths are relative to the notebook where they can be."""

    folder: str
    log_path: str


@dataclass(frozen=True, slots=True)
class RecordRead(Event):
    """The whole record is known, from this kernel or from another one's file."""

    record: RunRecord

    def facts(self) -> dict[str, Any]:
        """Every field of the record."""
        return {each.name: getattr(self.record, each.name) for each in fields(self.record)}


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase has started; what the one before left on the screen is gone."""

    phase: Phase
    started_at: float
    ended_at: float = 0.0
    canceling: bool = False
    error: str = ""
    error_remedy: str = ""
    error_documents: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class PhaseEnded(Event):
    """The phase has ended, however it did."""

    ended_at: float
    question: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogStarted(Event):
    """The log of the phase begins at this line."""

    log_start: int
    log_lines: int


@dataclass(frozen=True, slots=True)
class LogGrew(Event):
    """The log has this many lines."""

    log_lines: int


@dataclass(frozen=True, slots=True)
class ProgramFound(Event):
    """The program that runs, and its version."""

    product: str


@dataclass(frozen=True, slots=True)
class LevelChanged(Event):
    """The level that holds for the run."""

    level: Level


@dataclass(frozen=True, slots=True)
class LockTimeoutChanged(Event):
    """How long the run waits for locks."""

    lock_timeout: str


@dataclass(frozen=True, slots=True)
class ConfigurationInspected(Event):
    """The roles and the bypasses that the configuration holds."""

    chains: tuple[RoleChain, ...]
    bypasses: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class IndicatorChanged(Event):
    """The lock indicator, with its words: no view may see one state with another's words."""

    lock_indicator: LockIndicator
    lock_indicator_text: str
    lock_indicator_remedy: str = ""


@dataclass(frozen=True, slots=True)
class IdentityKnown(Event):
    """Who the organization variables belong to."""

    identity: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RolesChanged(Event):
    """The roles, each hop with its state: [{provider, place, hops: [{arn, state, message}]}]."""

    roles: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Authenticated(Event):
    """AWS has given a session for a code; empty for a phase without one."""

    authenticated_by: str = ""
    authenticated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class StatusChanged(Event):
    """The status, which the audit trail has already."""

    status: Status


@dataclass(frozen=True, slots=True)
class PlanSaved(Event):
    """The plan is saved: its hash, and its counts."""

    plan_sha256: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChangesKnown(Event):
    """The changes of the plan: [{address, action}]."""

    changes: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ProgressMade(Event):
    """How far an apply is: done, total, current, finished."""

    progress: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProcessChanged(Event):
    """Terraform's supervisor runs, or has ended."""

    process: ProcessMark | None


@dataclass(frozen=True, slots=True)
class QuestionChanged(Event):
    """What a person is asked now: kind, phase, text, attempt; empty for nothing."""

    question: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """All notes about the surroundings, in sentences."""

    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """A person wants the run to stop."""

    canceling: bool = True


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """What stopped the phase, and what mends it."""

    error: str
    error_remedy: str = ""
    error_documents: Sequence[Mapping[str, str]] = ()
