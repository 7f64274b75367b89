"""What a notification says: facts and one line of plain text, no secret, and no link."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy_notifications import NotifiedEvent
from tfmfa_nb.protocol.decision import decision_of, decision_text
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run

_LONGEST = 200  # characters of a name or a reason, which others may have chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notification; each text is one line without hidden characters.

    Attributes:
        id: unique; a receiver that has it already can drop it.
        time: when it happened, in ISO 8601.
        event: of `NotifiedEvent`.
        text: all of it in one line, for people.
        run: ID of the run.
        environment: name of the environment.
        workspace: Terraform's workspace; "" if it is not known.
        phase: "plan", "apply", or another one.
        command: Terraform's other command that the run is for; "" for a plan and its apply.
        decision: what the apply of the plan does; "" before there is a plan.
        account: ID of the AWS account; "" if it is not known.
        user: IAM user whose code is awaited or was given; "" if it is not known.
        reason: why a code, or the user's key, was refused; "" for other events.
    """

    id: str
    time: str
    event: str
    text: str
    run: str
    environment: str
    workspace: str
    phase: str
    command: str
    decision: str
    account: str
    user: str
    reason: str

    def body(self) -> bytes:
        """The notice as JSON in ASCII."""
        return json.dumps(asdict(self)).encode()


def notice_of(run: Run, event: NotifiedEvent) -> Notice:
    """What happened to `run` just now.

    The error that ended a run is left out: Terraform, or whatever it runs, has written it.
    """
    record = run.driver.record
    decision = decision_of(run.counts, run.changes) if run.phase == Phase.APPLY else None
    said = decision_text(decision) if decision else ""
    reason = _safe(run.lock_indicator_text) if event is NotifiedEvent.REFUSED else ""
    user = _safe(run.identity.get("user", ""))
    environment, purpose = _safe(run.environment), _safe(record.purpose)
    happened = {
        NotifiedEvent.WAITING: f"waits for an MFA code{user and f' of {user}'} to {purpose}",
        NotifiedEvent.APPROVED: f"authenticated with MFA by {_safe(run.authenticated_by)} to {purpose}",
        NotifiedEvent.REFUSED: f"stopped at the MFA gate: {reason}",
        NotifiedEvent.APPLIED: "applied",
        NotifiedEvent.ERRORED: f"errored: could not {purpose}",
    }[event]
    return Notice(
        id=f"msg_{secrets.token_hex(16)}",
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        event=str(event),
        text=f'Terraform, "{environment}": {happened}{said and f" ({said})"}; {run.id}',
        run=run.id,
        environment=environment,
        workspace=_safe(run.workspace),
        phase=run.phase,
        command=_safe(run.command),
        decision=said,
        account=_safe(run.identity.get("account", "")),
        user=user,
        reason=reason,
    )


def _safe(text: str) -> str:
    return one_line(text, _LONGEST)
