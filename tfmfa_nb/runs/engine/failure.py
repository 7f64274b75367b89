"""The sentences about a Terraform command that did not succeed: what happened, and what to do."""

from __future__ import annotations

import json
import re
import signal
from itertools import takewhile
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.model.levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfmfa_nb.model.errors import TfmfaError
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.store import RunStore
    from tfmfa_nb.terraform.process import Outcome

_ERROR = re.compile(r"(?:^|\s)Error: (.+)")
# It stands before the errors that it is about.
_NO_ERROR_ITSELF = re.compile(r"encountered problems during initiali[sz]ation")
_PLACE = re.compile(r"^[│\s]*on (\S.*?) line (\d+)")
_LINES_TO_PLACE = 6
_ROLE_REFUSED = "Cannot assume IAM Role"
# The AWS provider's and the S3 backend's own sentence, which follows that error.
_REFUSED_ROLE = re.compile(r"\bIAM Role \((\S+?)\) cannot be assumed")
# What Terraform and OpenTofu say after SIGINT or SIGTERM.
_INTERRUPTED = re.compile(r"^\s*Interrupt received\b")
_STATE_NOT_SAVED = re.compile(r"\bstate\b.*(?:no space left on device|disk quota exceeded)", re.IGNORECASE)
# AWS's codes for a session that has expired (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
_EXPIRED = re.compile(r"\bExpiredToken(?:Exception)?\b|\bRequestExpired\b")
# Why nobody has the lock that Terraform could not acquire
# (https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required).
_NOT_LOCKED = (
    (re.compile(r"\bResourceNotFoundException\b"), "Its table does not exist: create it, or correct dynamodb_table."),
    (re.compile(r"\bNoSuchBucket\b"), "The bucket of the state does not exist: create it, or correct bucket."),
    (
        re.compile(r"\bAccessDenied(?:Exception)?\b"),
        (
            "AWS does not allow Terraform to write it: that takes s3:GetObject, s3:PutObject and s3:DeleteObject on "
            "the .tflock object, or dynamodb:GetItem, dynamodb:PutItem, and dynamodb:DeleteItem on the table."
        ),
    ),
)
SEE_LOG = "See the log for Terraform's full message."
"""The remedy of an error that Terraform explains itself."""
_SHELL = 128  # added to a signal's number by a shell that starts Terraform


LOST = "The worker {} was lost."
"""What a run's log says if another machine had it and is not there any more."""
_LOST = re.compile(re.escape(LOST.rstrip(".")).replace(r"\{\}", ".+"))


def failure(outcome: Outcome, phase: Phase, driver: Driver, product: str) -> TfmfaError:
    """The error for an unsuccessful outcome.

    Args:
        outcome: outcome of the Terraform command.
        phase: phase of the run.
        driver: driver of the run, whose log says more.
        product: "terraform" or "tofu".
    """
    store, start = driver.store, driver.record.log_start
    reason = first_error(store, start)
    full = outcome.disk_full or _says(store, start, _STATE_NOT_SAVED)
    command = driver.record.command or phase
    if was_stopped(outcome, store, start):
        changed = "Finished changes are in the state." if phase.changes else "Nothing was changed."
        if outcome.killed:
            changed = "Terraform was killed: compare the state with AWS before the next run."
        if full:
            return RunCanceled(f"The {command} was canceled while the disk was full.", _room_remedy(phase, driver))
        return RunCanceled(f"The {command} was canceled.", changed)
    if signal_text := _signal_of(outcome.exit_code):
        return TerraformFailed(f"{product} {command} was killed by {signal_text}.", _after_kill(phase))
    if full:
        lost = " and the state may not have been saved" if phase.changes else ""
        problem = f"The disk of {driver.environment.folder} was full during the {command}: the log is incomplete{lost}."
        return TerraformFailed(problem, _room_remedy(phase, driver))
    exit_text = "without an exit code" if outcome.exit_code is None else f"with exit code {outcome.exit_code}"
    return TerraformFailed(
        f"{product} {command} ended {exit_text}{': ' + reason if reason else ''}.",
        _remedy(outcome, phase, driver, reason),
    )


def was_stopped(outcome: Outcome, store: RunStore, start: int) -> bool:
    """True if a person, or a service manager, stopped Terraform: then it says that it was interrupted.

    Args:
        outcome: outcome of the Terraform command.
        store: the run's files.
        start: first line of the phase in the log.
    """
    return outcome.interrupted or outcome.killed or (outcome.exit_code == 1 and _says(store, start, _INTERRUPTED))


def says_left_alone(terraform: int) -> str:
    """A note about a Terraform, by its process ID, whose supervisor was killed."""
    return (
        f"Terraform's supervisor was killed. Terraform (process {terraform}) is still running; what it prints from "
        "here on is not in the log."
    )


def first_error(store: RunStore, start: int) -> str:
    """Terraform's first error at or after line `start` of the log, with its place; empty if there is none.

    Without the full stop at its end: "main.tf:3: Unsupported argument". A role that was refused is named.
    """
    lines = [strip_colors(line) for line in store.log.lines(start, store.log.refresh())]
    for number, line in enumerate(lines):
        match = _ERROR.search(line)
        if match is None or _NO_ERROR_ITSELF.search(match[1]):
            continue
        # Its details follow the error, before the next one.
        details = [*takewhile(lambda other: not _ERROR.search(other), lines[number + 1 :])]
        place = next(filter(None, map(_PLACE.search, details[:_LINES_TO_PLACE])), None)
        role = next(filter(None, map(_REFUSED_ROLE.search, details)), None) if _ROLE_REFUSED in match[1] else None
        error = match[1].strip().rstrip(".")
        return f"{f'{place[1]}:{place[2]}: ' if place else ''}{error}{f' {role[1]}' if role else ''}"
    return ""


def remedy_for(reason: str, driver: Driver) -> str:
    """What to do about Terraform's first error: if no session of a code was there for a role that it lacks, get one."""
    phase = driver.record.phase
    if _ROLE_REFUSED not in reason or driver.record.level.asks_before(phase):
        return SEE_LOG
    asking = next((level for level in Level if level.asks_before(phase)), None)
    level = f'%tfmfa level "{asking}" {driver.environment.option}'
    return f"If the role requires MFA, set a level that asks for a code: {level}" if asking else SEE_LOG


def _remedy(outcome: Outcome, phase: Phase, driver: Driver, reason: str) -> str:
    if outcome.exit_code is None:
        return "The outcome is unknown. Plan again to compare the state with AWS."
    if _says(driver.store, driver.record.log_start, _EXPIRED):
        done = " Finished changes are in the state." if phase.changes else ""
        return (
            f"The session expired during the {phase}.{done} Plan again. To have longer sessions, in seconds: "
            "%config TfmfaMagics.session_duration = 14400"
        )
    if "plan is stale" in reason:
        return "The state has changed since the plan. Plan again."
    if _LOST.fullmatch(reason):
        return _lost_remedy(phase, driver)
    if "acquiring the state lock" in reason:
        return _lock_remedy(driver)
    return remedy_for(reason, driver)


def _lock_remedy(driver: Driver) -> str:
    for pattern, cause in _NOT_LOCKED:
        if _says(driver.store, driver.record.log_start, pattern):
            return f"Nobody holds the lock. {cause}"
    option = driver.environment.option
    return f"The log shows who holds the lock. Wait for that run. If it is dead, use: %tfruns {option} unlock"


def _lost_remedy(phase: Phase, driver: Driver) -> str:
    may = "What it was changing may not be in the state, which" if phase.changes else "The state"
    return (
        f"{may} may still be locked. Plan again: that compares the state with AWS, and if it finds the lock, free it "
        f"with %tfruns {driver.environment.option} unlock."
    )


def _room_remedy(phase: Phase, driver: Driver) -> str:
    if not phase.changes:
        return "Free space on it, then run it again. Nothing was changed."
    folder = driver.environment.folder
    state, saved = folder / "terraform.tfstate", folder / "errored.tfstate"
    torn = f" {state} is incomplete." if state.is_file() and not _is_whole(state) else ""
    push = f" It is in {saved}: run `terraform state push errored.tfstate` there." if _is_whole(saved) else ""
    return (
        f"Free space on it, and do not apply again before the state has what exists in AWS.{torn}{push} Plan to "
        "compare them; `terraform import` takes in what the state lacks. A state in a backend such as S3 needs no room "
        "here."
    )


def _is_whole(state: Path) -> bool:
    """True if the file is a state that was written to its end."""
    try:
        return isinstance(json.loads(state.read_bytes()), dict)
    except (OSError, ValueError, RecursionError):
        return False


def _signal_of(exit_code: int | None) -> str:
    """The signal that killed Terraform, or its wrapper's Terraform: "signal 9 (SIGKILL)"; empty if none did."""
    number = 0 if exit_code is None else -exit_code if exit_code < 0 else exit_code - _SHELL
    try:
        return f"signal {number} ({signal.Signals(number).name})" if number > 0 else ""
    except ValueError:
        return ""


def _after_kill(phase: Phase) -> str:
    if phase.changes:
        return "What it was changing may not be in the state. Plan again to compare the state with AWS."
    return "The system may be out of memory. Nothing was changed: run it again."


def _says(store: RunStore, start: int, pattern: re.Pattern[str]) -> bool:
    return next(_matches(store, start, pattern), None) is not None


def _matches(store: RunStore, start: int, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    for line in store.log.lines(start, store.log.refresh()):
        if match := pattern.search(strip_colors(line)):
            yield match
