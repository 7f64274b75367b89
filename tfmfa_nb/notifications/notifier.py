"""Watches a run, and sends notices about it in the background; a failure is a note."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.notifications.notice import notice_of
from tfmfa_nb.notifications.senders import notification_sender
from tfmfa_nb.organization.policy_notifications import (
    NotificationRule,
    NotifiedEvent,
    is_secret_name,
    is_target,
    target_name,
)
from tfmfa_nb.runs.audit.sinks import deliver
from tfmfa_nb.runs.gate.levels import protected_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tfmfa_nb.notifications.notice import Notice
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.audit.sinks import Send
    from tfmfa_nb.runs.run import Run

_SECONDS = 10.0  # for one notice
_OLDEST = 30.0  # seconds; a later one would only keep a program from its end
_EVENTS = {
    ("lock_indicator", LockIndicator.REQUIRED): NotifiedEvent.WAITING,
    ("lock_indicator", LockIndicator.FAILED): NotifiedEvent.REFUSED,
    ("status", Status.APPLIED): NotifiedEvent.APPLIED,
    ("status", Status.ERRORED): NotifiedEvent.ERRORED,
}
# One after the other, so that a code is not given before it is awaited. A program's end waits for those under way.
_sending = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tfmfa-notify")


@contextmanager
def notifying(run: Run, policy: Policy, to: Sequence[str] = (), key: str = "") -> Iterator[None]:
    """Send notices about what happens to `run` meanwhile; neither it nor the caller waits for them.

    Args:
        run: the run; its traits change on any thread.
        policy: organization policy, which says who is told of what.
        to: whom `%config` adds; see `NotificationRule.to`.
        key: name of the key that signs what these get.
    """
    rules = [*policy.notifications_of(protected_of(run.driver.environment)), *_own(run, to, key)]

    def changed(change: Any) -> None:
        event = _EVENTS.get((change["name"], change["new"]))
        if change["name"] == "authenticated_at" and change["new"]:
            event = NotifiedEvent.APPROVED
        told = [rule for rule in rules if event in rule.events]
        if event is not None and told:
            _sending.submit(_send, run, notice_of(run, event), told, time.monotonic())

    names = ["lock_indicator", "status", "authenticated_at"]
    if rules:
        run.observe(changed, names=names)
    try:
        yield
    finally:
        if rules:
            run.unobserve(changed, names=names)


def _own(run: Run, to: Sequence[str], key: str) -> list[NotificationRule]:
    """The rule of `%config`; what is not valid in it is a note, and nobody's obstacle."""
    valid = tuple(target for target in to if is_target(target))
    if len(valid) < len(to):
        run.driver.note("A target in TfmfaMagics.notify is not valid; %config TfmfaMagics.notify says what it may be.")
    return [NotificationRule(valid, key if is_secret_name(key) else "")] if valid else []


def _send(run: Run, notice: Notice, rules: Sequence[NotificationRule], since: float) -> None:
    for rule in rules:
        failed = dict.fromkeys(rule.to, (0, "earlier ones took too long"))
        if time.monotonic() - since < _OLDEST:
            failed = deliver({target: [notice.body()] for target in rule.to}, {}, _SECONDS, _sender_of(rule))
        for target, (_, reason) in failed.items():
            with suppress(TfmfaError, OSError):  # its folder may be gone
                run.driver.note(f"{target_name(target)} was not notified: {reason}.")


def _sender_of(rule: NotificationRule) -> Callable[[str, Path | None], Send]:
    def sender(target: str, _: Path | None) -> Send:
        return notification_sender(target, rule.key, rule.authorities)

    return sender
