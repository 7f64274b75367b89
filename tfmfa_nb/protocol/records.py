"""The run record: the durable truth of a run, kept as `run.json`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from tfmfa_nb.model.check_results import CheckResult
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.formats import RUN_RECORD

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """The process of a run's Terraform supervisor, as another kernel finds it.

    Attributes:
        pid: its process id.
        started: start time, in seconds since the epoch.
    """

    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that another kernel needs to continue with a run. It contains no secret.

    Attributes:
        id: the run's id.
        environment: the name of its environment.
        status: its status.
        phase: the phase under way, or the last one.
        command: another command of Terraform's than `plan` and `apply`, which the run is for: "state mv"; else empty.
        arguments: what follows that command.
        level: the effective level.
        product: the program with its version: "terraform 1.11.4".
        program: its file: path and sha256.
        policy: the files of the organization policy in force, each with its SHA-256.
        authenticated_by: the IAM user of the last phase; empty for none.
        authenticated_at: seconds since the epoch; 0 for never.
        identity: account, alias, user, arn, serial_number, region, source, endpoint.
        started_at: when the phase started, in seconds since the epoch.
        ended_at: when it ended; 0 while it runs.
        waited: seconds of the phase in which it waited for a person.
        log_start: the first line of the phase in the log.
        plan_sha256: the hash of the saved plan; empty before there is one.
        configuration_sha256: the hash of everything that the plan was made from; see `terraform.inspected_files`.
        workspace: Terraform's workspace; empty before it is known.
        backend_key: bucket and key of an S3 backend, whatever the workspace; empty before it is known, or for others.
        workspace_chosen: whether the run chose it (`--workspace`), whatever is selected in its folder.
        given: the options that set variables, without values: "--var NAME", "--var-file PATH".
        ephemeral: variables with a value that the saved plan does not contain, so that its apply needs it again.
        counts: add, change, destroy, imported; None before the plan.
        lock_timeout: Terraform's `-lock-timeout`.
        error: what stopped the last phase; empty for nothing.
        error_remedy: what to do about it.
        chains: the roles that the configuration assumes in this phase.
        other_phase: those of the other phase, of plan and apply, as far as they are others (`terraform.applying`).
        bypasses: the settings of the configuration that bypass the MFA session.
        policy_checks: the results of the policy checks of the plan.
        approvals: the ARNs of those who have approved the apply.
        process: Terraform's supervisor while it runs.
        requested_by: who asked for it, if that is an agent, by its own word: "agent NAME VERSION"; else empty.
        fleet: ID of the fleet that the run is part of; empty for none.
    """

    id: str
    environment: str
    status: Status = Status.PENDING
    phase: Phase = Phase.PLAN
    command: str = ""
    arguments: tuple[str, ...] = ()
    level: Level = Level.NEVER
    product: str = ""
    program: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)
    authenticated_by: str = ""
    authenticated_at: float = 0.0
    identity: Mapping[str, str] = field(default_factory=dict)
    started_at: float = 0.0
    ended_at: float = 0.0
    waited: float = 0.0
    log_start: int = 0
    plan_sha256: str = ""
    configuration_sha256: str = ""
    workspace: str = ""
    backend_key: str = ""
    workspace_chosen: bool = False
    given: tuple[str, ...] = ()
    ephemeral: tuple[str, ...] = ()
    counts: Mapping[str, int] | None = None
    lock_timeout: str = "0s"
    error: str = ""
    error_remedy: str = ""
    chains: tuple[RoleChain, ...] = ()
    other_phase: tuple[RoleChain, ...] = ()
    bypasses: tuple[Problem, ...] = ()
    policy_checks: tuple[CheckResult, ...] = ()
    approvals: tuple[str, ...] = ()
    process: ProcessMark | None = None
    requested_by: str = ""
    fleet: str = ""

    def after(self, changes: Mapping[str, Any]) -> Self:
        """The record after `changes`; names that are not fields are ignored."""
        return replace(self, **{name: value for name, value in changes.items() if name in FIELDS})

    @property
    def purpose(self) -> str:
        """What the phase is for, after "to": "plan", "run state mv"."""
        return f"run {self.command}" if self.command else str(self.phase)

    def audited(self) -> dict[str, str]:
        """The facts that the audit trail records with each status, to check the record against."""
        identity = {name: text for name, text in self.identity.items() if name != "alias"}  # which is known later
        return {
            "level": str(self.level),
            "plan_sha256": self.plan_sha256,
            "configuration_sha256": self.configuration_sha256,
            "workspace": self.workspace,
            "backend_key": self.backend_key,
            "command": " ".join([self.command, *self.arguments]),
            "gate_sha256": _digest([list(map(asdict, self.chains)), list(map(asdict, self.bypasses))]),
            "approvals": ", ".join(self.approvals),
            "checks_sha256": _digest([_audited_check(result) for result in self.policy_checks]),
            "shown_sha256": _digest([self.environment, self.counts, self.authenticated_by, identity]),
        }

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON document."""
        return RUN_RECORD.stamp(asdict(self))

    @classmethod
    def from_json(cls, document: Any, place: object) -> Self:
        """The record in a JSON document.

        Args:
            document: the parsed document.
            place: path of the file, for errors.

        Raises:
            FormatError: the format version is not supported.
            ValueError: the document is not a run record.
        """
        if not isinstance(document, dict):
            raise ValueError("not an object")  # noqa: TRY004 - JSON of another kind, like text that is not JSON
        RUN_RECORD.check(document, place)
        try:
            return cls(
                **{name: _READ[name](document[name]) for name in FIELDS if name in document or name in _REQUIRED}
            )
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a run record: {type(error).__name__}") from None


_COUNTED = {"add", "change", "destroy", "imported"}
_LATEST = 1e11  # seconds since the epoch; a clock says less for three thousand years
_LARGEST = 2**53  # what every reader of JSON understands
FIELDS = tuple(each.name for each in fields(RunRecord))
# Without these fields, another kernel cannot tell what the run was and what it must require.
_REQUIRED = {
    *("id", "environment", "status", "phase", "level", "authenticated_by", "authenticated_at", "identity"),
    *("product", "started_at", "plan_sha256", "counts", "chains", "bypasses"),
}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _audited_check(result: CheckResult) -> dict[str, Any]:
    """What is checked of a result; what a record of an earlier version does not have is not part of its digest."""
    return {name: value for name, value in asdict(result).items() if value or name != "command"}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LATEST:
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value if isinstance(value, list | tuple) else [None]))


def _texts(value: Any) -> Mapping[str, str]:
    return {_text(name): _text(text) for name, text in value.items()}


def _counts(value: Any) -> Mapping[str, int] | None:
    if value is None:
        return None
    if value.keys() != _COUNTED:
        raise TypeError
    return {name: _whole(number) for name, number in value.items()}


def _chain(value: Any) -> RoleChain:
    hops = tuple(
        RoleHop(
            **{
                **hop,
                "policy_arns": tuple(hop["policy_arns"]),
                "tags": tuple((str(key), str(text)) for key, text in hop["tags"]),
                "transitive_tag_keys": tuple(hop["transitive_tag_keys"]),
                "unknown": tuple(hop["unknown"]),
            }
        )
        for hop in value["hops"]
    )
    return RoleChain(**{**value, "hops": hops})


def _check_result(value: Any) -> CheckResult:
    if not isinstance(value, dict):
        raise TypeError
    texts = {name: _text(value[name]) for name in value if name not in {"exit_code", "seconds"}}
    exit_code = value["exit_code"]
    if exit_code is not None and (not isinstance(exit_code, int) or isinstance(exit_code, bool)):
        raise TypeError
    return CheckResult(**texts, exit_code=exit_code, seconds=_number(value["seconds"]))


def _process(value: Any) -> ProcessMark | None:
    if value is None:
        return None
    mark = ProcessMark(_whole(value["pid"]), _number(value["started"]))
    if mark.pid <= 0:
        raise TypeError
    return mark


_READ: dict[str, Any] = {
    **dict.fromkeys(
        ("id", "environment", "product", "authenticated_by", "plan_sha256", "lock_timeout", "requested_by"), _text
    ),
    **dict.fromkeys(("configuration_sha256", "workspace", "backend_key", "command", "fleet"), _text),
    **dict.fromkeys(("error", "error_remedy"), _text),
    **dict.fromkeys(("authenticated_at", "started_at", "ended_at", "waited"), _number),
    **dict.fromkeys(("given", "ephemeral", "arguments", "approvals"), _words),
    "workspace_chosen": _flag,
    "status": Status,
    "phase": Phase,
    "level": Level,
    "identity": _texts,
    "program": _texts,
    "policy": _texts,
    "log_start": _whole,
    "counts": _counts,
    **dict.fromkeys(("chains", "other_phase"), lambda chains: tuple(map(_chain, chains))),
    "bypasses": lambda bypasses: tuple(Problem(**each) for each in bypasses),
    "policy_checks": lambda results: tuple(map(_check_result, results)),
    "process": _process,
}
