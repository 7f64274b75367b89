"""Asks for an approval: the text that a person sends to those who may approve."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.protocol.approvals import LONGEST_LINE, MOST_LINES, ApprovalRequest, armored, sha256_of
from tfmfa_nb.protocol.decision import decision_of, decision_text
from tfmfa_nb.runs.approvals.approvable import demanded_of, planned_record
from tfmfa_nb.runs.approvals.ledger import REQUESTED
from tfmfa_nb.runs.approvals.requester import requester_of
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.aws_port import Aws

_MOST_CHARACTERS = 30_000  # of the plan's text in a request, so that it fits into a message
_LASTS = 86_400  # seconds for which a request may be answered


async def request_approval(
    environment: Environment,
    run_id: str,
    *,
    policy: Policy,
    environ: Mapping[str, str],
    profile: str,
    aws: Aws,
    now: float,
) -> str:
    """The text of a new request; it is in the run's folder too, and the audit trail has a line about it.

    Raises:
        RunStateError: the run has no pending plan, or needs no approvals.
        TfmfaError: as `requester_of` does.
    """
    record, store = planned_record(environment, run_id), RunStore(environment, run_id)
    store.under(policy)
    required = demanded_of(environment, policy, environ)
    store.check_plan(record.plan_sha256)
    identity, endpoint = await requester_of(environ, profile, policy, aws)
    lines, left_out = _shown(store, record)
    decision = decision_of(record.counts, ())
    request = ApprovalRequest(
        run=record.id,
        environment=record.environment,
        workspace=record.workspace,
        account=identity.account,
        phase=str(Phase.APPLY),
        plan_sha256=record.plan_sha256,
        decision=decision_text(decision) if decision else "",
        requester=identity.arn,
        nonce=secrets.token_hex(16),
        region=endpoint.region or "",
        role=required.role,
        requested_at=now,
        expires_at=now + _LASTS,
        plan=lines,
        left_out=left_out,
        not_by_requester=required.not_by_requester,
    )
    text = armored(request)
    names = ("nonce", "phase", "plan_sha256", "account", "requester", "region", "expires_at")
    store.audit(
        REQUESTED,
        request_sha256=sha256_of(text),
        **{name: getattr(request, name) for name in names},
        **required.facts(),
    )
    write_whole(store.files.approval_request, f"{text}\n")
    return text


def _shown(store: RunStore, record: RunRecord) -> tuple[tuple[str, ...], int]:
    """The beginning of what Terraform has printed of the plan, masked as the log is; how many lines are left out."""
    end = store.log.refresh()
    lines = [strip_colors(line)[:LONGEST_LINE] for line in store.log.lines(record.log_start, end)]
    kept, size = [], 0
    for line in lines[:MOST_LINES]:
        size += len(line)
        if size > _MOST_CHARACTERS:
            break
        kept.append(line)
    return tuple(kept), len(lines) - len(kept)
