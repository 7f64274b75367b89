"""What a runbook's runner and the kernel that it started know of each other, and no other front end does.

The runner tells it to the kernel in one environment variable. The kernel takes that out of its environment, so
that what a notebook starts does not inherit it; a notebook's own question can then not pass for ours by accident.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Literal

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.codec import encode, parse
from tfmfa_nb.protocol.hello import PROTOCOL

VARIABLE = "TFMFA_RUNNER"
_PREFIX = "tfmfa_nb"
# What a reply begins with; what follows is the answer, or why there is none.
_ANSWER, _NO_ANSWER = "=", "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The program that executes the notebook, in the kernel's environment.

    Attributes:
        marker: what every question to it begins with; another one for each execution.
        environment: the only environment that runs may happen in; "" for any.
        plan_only: whether nothing may be applied.
    """

    protocol: int = PROTOCOL
    marker: str = field(default_factory=lambda: os.urandom(16).hex(), repr=False)
    environment: str = ""
    plan_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerQuestion:
    """What the kernel asks the runner, on its standard input.

    Attributes:
        text: one line for the person.
        serial_number: the MFA device's.
        refusal: what was wrong with the last code.
        attempt: 1 for the first time.
    """

    kind: Literal["code", "confirmation"]
    text: str
    serial_number: str = ""
    refusal: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The runner's reply where there is no answer. An answer may be a code, so it is a `Secret`, and no message.

    Attributes:
        reason: why there will be none, and what would help; "" where the person has left the prompt.
    """

    reason: str


_current: list[Runner] = []


def environ_of(runner: Runner) -> dict[str, str]:
    """What the kernel's environment gets."""
    return {VARIABLE: json.dumps(encode(runner))}


def current_runner() -> Runner | None:
    """The runner that started this kernel; None where it was started otherwise.

    Raises:
        ConfigurationError: the runner speaks another version of the protocol, so what it forbids cannot be known.
    """
    if (told := os.environ.get(VARIABLE)) is not None:
        runner = parse(_json(told), Runner)
        if runner is None or runner.protocol != PROTOCOL:
            raise ConfigurationError(
                "This kernel was started by another version of `jupyter tfmfa run` than the tfmfa_nb in it.",
                "Install the same version of tfmfa_nb in both.",
            )
        del os.environ[VARIABLE]
        _current[:] = [runner]
    return _current[0] if _current else None


def prompt_of(question: RunnerQuestion, marker: str) -> str:
    """A question as the text of a prompt."""
    return f"{_PREFIX} {marker} {json.dumps(encode(question))}"


def question_in(prompt: object, marker: str) -> RunnerQuestion | None:
    """The question in a prompt's text; None where it is not one of ours."""
    start = f"{_PREFIX} {marker} "
    if not isinstance(prompt, str) or not prompt.startswith(start):
        return None
    return parse(_json(prompt.removeprefix(start)), RunnerQuestion)


def reply_with(answer: str) -> str:
    """The reply that gives an answer: a code, or a "yes"."""
    return _ANSWER + answer


def reply_without(reason: str = "") -> str:
    """The reply that says why there will be no answer, and what would help; "" where the person has left the prompt."""
    return _NO_ANSWER + reason


def read_reply(reply: str) -> Secret | NoAnswer:
    """What the runner has replied."""
    if reply.startswith(_ANSWER):
        return Secret(reply[1:])
    return NoAnswer(reply[1:] if reply.startswith(_NO_ANSWER) else "")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
