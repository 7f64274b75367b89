"""The events of a run. The fields of an event are exactly what has changed.

Each field has the name of a trait of `Run`, of a field of `RunRecord`, or of both. Driving a run, following a run that
another kernel started, and restoring a run from its record report these events and no others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.model.check_results import CheckResult
    from tfmfa_nb.model.levels import Level
    from tfmfa_nb.model.lock_indicator import LockIndicator
    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.model.statuses import Phase, Status
    from tfmfa_nb.protocol.needed_approvals import NeededApprovals
    from tfmfa_nb.protocol.records import ProcessMark, RunRecord
    from tfmfa_nb.runs.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Event:
    """A change in a run."""

    def facts(self) -> dict[str, Any]:
        """The changed values, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """The run has its folder. Paths are relative to the notebook where possible."""

    folder: str
    log_path: str


@dataclass(frozen=True, slots=True)
class RecordRead(Event):
    """The whole record is known: this kernel created it, or read it from another kernel's file."""

    record: RunRecord

    def facts(self) -> dict[str, Any]:
        """Every field of the record."""
        return {each.name: getattr(self.record, each.name) for each in fields(self.record)}


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase has started. The error and the times of the previous phase are cleared."""

    phase: Phase
    started_at: float
    ended_at: float = 0.0
    waited: float = 0.0
    canceling: bool = False
    error: str = ""
    error_remedy: str = ""
    error_documents: Sequence[Mapping[str, str]] = ()
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class WaitStarted(Event):
    """The run waits for a person: for a "code" or a "confirmation"."""

    waiting_for: str


@dataclass(frozen=True, slots=True)
class PersonAnswered(Event):
    """A person has answered; `waited` is how long the phase has waited for answers so far, in seconds."""

    waited: float
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class PhaseEnded(Event):
    """The phase has ended, successfully or not."""

    ended_at: float
    step: str = ""
    question: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """What is done now, in a few words: nothing else may be to be seen for seconds."""

    step: str


@dataclass(frozen=True, slots=True)
class LogStarted(Event):
    """The log of the phase starts at this line."""

    log_start: int
    log_lines: int


@dataclass(frozen=True, slots=True)
class LogGrew(Event):
    """The log has this many lines."""

    log_lines: int


@dataclass(frozen=True, slots=True)
class ProgramFound(Event):
    """The Terraform program with its version, and its file: {path, sha256}."""

    product: str
    program: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PolicyKnown(Event):
    """The files of the organization policy in force, each with its SHA-256."""

    policy: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LevelChanged(Event):
    """The effective level of the run."""

    level: Level


@dataclass(frozen=True, slots=True)
class LockTimeoutChanged(Event):
    """How long the run waits for locks, as a duration of Terraform."""

    lock_timeout: str


@dataclass(frozen=True, slots=True)
class WorkspaceKnown(Event):
    """Terraform's workspace of the run, and whether the run chose it (`--workspace`)."""

    workspace: str
    workspace_chosen: bool


@dataclass(frozen=True, slots=True)
class ConfigurationInspected(Event):
    """The roles and the bypasses in the configuration, and the roles that are others in the other phase."""

    chains: tuple[RoleChain, ...]
    bypasses: tuple[Problem, ...]
    other_phase: tuple[RoleChain, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorChanged(Event):
    """The lock indicator and its text, which change together so that every view shows a matching pair."""

    lock_indicator: LockIndicator
    lock_indicator_text: str
    lock_indicator_remedy: str = ""


@dataclass(frozen=True, slots=True)
class IdentityKnown(Event):
    """The owner of the organization variables."""

    identity: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RolesChanged(Event):
    """The roles, each hop with its state: [{provider, place, hops: [{arn, state, message}]}]."""

    roles: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Authenticated(Event):
    """AWS has issued a session for a code; empty for a phase without one."""

    authenticated_by: str = ""
    authenticated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class StatusChanged(Event):
    """The status, which the audit trail already contains. What was waited for before it is not any more."""

    status: Status
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class StartRefused(Event):
    """The start was refused before anything ran: it is no run, and its folder is gone."""

    status: Status
    log_path: str = ""


@dataclass(frozen=True, slots=True)
class BackendKnown(Event):
    """Bucket and key of the S3 backend that Terraform has used; empty for another backend."""

    backend_key: str


@dataclass(frozen=True, slots=True)
class PlanSaved(Event):
    """The plan is saved: its hash, its counts, the hash of what it was made from, and what its apply needs again."""

    plan_sha256: str
    counts: Mapping[str, int]
    configuration_sha256: str
    given: Sequence[str]
    ephemeral: Sequence[str]


@dataclass(frozen=True, slots=True)
class ChangesKnown(Event):
    """The plan is known as data; its changes: [{address, action, reason}]."""

    changes: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PlanCompared(Event):
    """The changes beside those of the run before; None if there are none. Nothing more is to be known of the plan."""

    comparison: Comparison | None = None
    plan_known: bool = True


@dataclass(frozen=True, slots=True)
class ChecksKnown(Event):
    """The `check` blocks that failed in the plan, or in the apply after it: [{name, place, message}]."""

    failed_checks: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PolicyChecksKnown(Event):
    """The results of the policy checks so far."""

    policy_checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class ApprovalsKnown(Event):
    """The ARNs of those who have approved the apply."""

    approvals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalsCounted(Event):
    """The approvals that the apply needs and has; the run waits for an "approval" as long as one is missing."""

    needed_approvals: NeededApprovals
    waiting_for: str


@dataclass(frozen=True, slots=True)
class ProgressMade(Event):
    """The progress of an apply: done, total, failed, version, current, slowest, ends_at."""

    progress: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProcessChanged(Event):
    """Terraform's supervisor has started, or has ended (None)."""

    process: ProcessMark | None


@dataclass(frozen=True, slots=True)
class QuestionChanged(Event):
    """The question that a person has to answer: kind, phase, text, attempt; empty if there is none."""

    question: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """All notes about the process environment and the configuration, one sentence each."""

    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """A person has canceled the run."""

    canceling: bool = True


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The error that stopped the phase, and its remedy."""

    error: str
    error_remedy: str = ""
    error_documents: Sequence[Mapping[str, str]] = ()
