"""How a runbook ended, in a word, a sentence and an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tfmfa_nb.model import errors


class ExitCode(IntEnum):
    """The exit codes of `jupyter tfmfa run`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_AUTHENTICATED = 3
    GATE = 4
    INTERRUPTED = 130


WORDS = {
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "not started",
    ExitCode.NOT_AUTHENTICATED: "not authenticated",
    ExitCode.GATE: "stopped by a gate",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    Attributes:
        code: the exit code.
        result: a word or two: applied, planned, finished, failed, …
        sentence: what stopped it; empty where nothing did.
    """

    code: ExitCode
    result: str
    sentence: str = ""


def failed(code: ExitCode, sentence: str) -> Outcome:
    """The outcome of a runbook that stopped before its end."""
    return Outcome(code, WORDS[code], sentence)


def outcome_of_error(name: str, text: str, *, where: str) -> Outcome:
    """The outcome of a cell that raised.

    Args:
        name: the exception's class, as the kernel named it.
        text: what it says.
        where: the cell, for the sentence.
    """
    kind = getattr(errors, name, None)
    is_ours = isinstance(kind, type) and issubclass(kind, errors.TfmfaError)
    said = text if is_ours and kind is errors.RunbookFailed else f"{name}: {text}" if text else name
    if name in {"KeyboardInterrupt", "CancelledError", "RunCanceled"}:
        return failed(ExitCode.INTERRUPTED, f"{where}: {said}")
    if name == "AssertionError":
        return failed(ExitCode.GATE, f"{where}: the gate failed{': ' + text if text else '.'}")
    if isinstance(kind, type) and issubclass(kind, errors.AuthenticationError):
        return failed(ExitCode.NOT_AUTHENTICATED, f"{where}: {said}")
    return failed(ExitCode.FAILED, f"{where}: {said}")
