"""How an execution of a runbook ended: an exit code, a result in a word or two, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.model import errors


class ExitCode(IntEnum):
    """The exit codes of `jupyter tfmfa run`; 2 is the code of a command that could not start."""

    SUCCESS = 0
    FAILED = 1
    NOT_AUTHENTICATED = 3
    ASSERTION_FAILED = 4
    INTERRUPTED = 130


_RESULTS = {
    ExitCode.FAILED: "failed",
    ExitCode.NOT_AUTHENTICATED: "not authenticated",
    ExitCode.ASSERTION_FAILED: "assertion failed",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution ended.

    Attributes:
        exit_code: of the process.
        result: applied, planned, finished, failed, not authenticated, assertion failed, or interrupted.
        sentence: why the runbook stopped; empty if it did not.
    """

    exit_code: ExitCode
    result: str
    sentence: str = ""


def stopped(exit_code: ExitCode, sentence: str) -> Outcome:
    """The outcome of a runbook that stopped before its end."""
    return Outcome(exit_code, _RESULTS[exit_code], sentence)


def outcome_of_error(name: str, text: str, *, cell: str) -> Outcome:
    """The outcome of a runbook that an exception in a cell stopped.

    Args:
        name: the exception's class, as the kernel names it.
        text: the exception's text.
        cell: the cell, as the sentence names it.
    """
    kind = Refused if name == Refused.__name__ else getattr(errors, name, None)
    if name == "AssertionError":
        return stopped(ExitCode.ASSERTION_FAILED, _sentence(f"{cell}: assertion failed", text))
    sentence = _sentence(f"{cell}: {name}", text)
    if name in {"KeyboardInterrupt", "CancelledError", "RunCanceled"}:
        return stopped(ExitCode.INTERRUPTED, sentence)
    if isinstance(kind, type) and issubclass(kind, errors.AuthenticationError):
        return stopped(ExitCode.NOT_AUTHENTICATED, sentence)
    return stopped(ExitCode.FAILED, sentence)


def _sentence(start: str, text: str) -> str:
    sentence = f"{start}: {text}" if text else start
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
