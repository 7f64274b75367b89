"""The protocol between a run that waits for a person and whoever answers from elsewhere on the same machine.

Each message is one line of JSON on the socket in the run's folder. A code is no message: it is the line that follows an
`ElsewhereAnswer` of that kind, and goes into a `Secret` as it is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from tfmfa_nb.protocol.codec import Longest, encode, parse
from tfmfa_nb.protocol.hello import PROTOCOL

LONGEST_ANSWER = 4_096
"""Bytes of a line of the one who answers: a person types less."""
LONGEST_QUESTION = 1 << 22
"""Bytes of a line of the run, which has the run's record in it."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRun:
    """What a run waits for, and what a person must know before an answer.

    Attributes:
        record: the run's record, as JSON text; it has the plan's hash, the account, and the roles.
        number: number of the question; an answer names it.
        kind: what the run waits for.
        text: the question in one line.
        word: what a person types to confirm; "" for a button, or for the word "yes".
        serial_number: serial number of the MFA device; "" if unknown.
        problem: why the previous code was refused; "" if none was.
        remedy: what to do about it.
        next_code_at: when the device shows its next code, if it has to be another one; seconds since the epoch.
        decision: what the apply of the plan does, one line each.
        user: user of the process that asks.
        host: its machine.
        notebook: path of its notebook, as Jupyter names it; "" if unknown.
    """

    type: Literal["waiting"] = "waiting"
    protocol: int = PROTOCOL
    record: str
    number: int
    kind: Literal["code", "confirmation"]
    text: str
    word: str = ""
    serial_number: str = ""
    problem: str = ""
    remedy: str = ""
    next_code_at: float = 0.0
    decision: tuple[str, ...] = ()
    user: str
    host: str
    notebook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of an answer, or of the question.

    Attributes:
        state: the answer is taken; the question is closed, because it was answered before; or the run went on.
        text: one sentence.
    """

    type: Literal["said"] = "said"
    state: Literal["taken", "closed", "ended"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewhereAnswer:
    """An answer from elsewhere.

    Attributes:
        number: number of the question.
        kind: "code" if the next line is the code.
        word: what was typed to confirm.
        where: where the person is: "a terminal".
    """

    type: Literal["answer"] = "answer"
    number: int
    kind: Literal["code", "confirm", "cancel", "discard"]
    word: str = ""
    where: Annotated[str, Longest(_LONGEST_NAME)]


def line_of(message: WaitingRun | Said | ElsewhereAnswer) -> bytes:
    """The line of a message."""
    return json.dumps(encode(message)).encode() + b"\n"


def said_in(line: bytes) -> WaitingRun | Said | None:
    """The message of a run; None if it is not one that this version reads."""
    value = _json(line)
    if (waiting := parse(value, WaitingRun)) is not None:
        return waiting if waiting.protocol == PROTOCOL else None
    return parse(value, Said)


def answer_in(line: bytes) -> ElsewhereAnswer | None:
    """The answer in a line; None if there is none, or its place has characters that nobody can see: others read it."""
    answer = parse(_json(line), ElsewhereAnswer)
    return answer if answer is not None and answer.where.isprintable() else None


def _json(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
