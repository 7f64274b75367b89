"""The protocol between a runner, which executes a runbook, and the kernel that it starts.

The runner passes its data to the kernel in one environment variable. The kernel removes the variable, so that programs
started by the notebook do not inherit it. A prompt of the notebook then is not mistaken for a question of tfmfa_nb. A
notebook that reads its kernel's memory can ask the same questions, so the runner looks at more than the question; see
`runbooks.current_cell`.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.codec import encode, parse
from tfmfa_nb.protocol.hello import PROTOCOL

VARIABLE = "TFMFA_RUNNER"
_PREFIX = "tfmfa_nb"
# The first character of a reply. What follows is how the answer was obtained, a line break, and the answer; or the
# reason why there is none.
_ANSWER, _NO_ANSWER = "=", "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The program that executes the notebook, as described to the kernel.

    Attributes:
        marker: prefix of every question, different for each execution.
        environment: only environment that runs may act on; "" for any.
        plan_only: True if nothing may be applied.
        policy_checks: command lines that judge each plan before it can be applied.
    """

    protocol: int = PROTOCOL
    marker: str = field(default_factory=lambda: os.urandom(16).hex(), repr=False)
    environment: str = ""
    plan_only: bool = False
    policy_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerQuestion:
    """A question of the kernel to the runner, sent as a prompt for standard input.

    Attributes:
        text: one line for the person.
        serial_number: serial number of the MFA device.
        refusal: why the previous code was refused.
        decision: what the apply of the plan does, one line each.
        word: what the person types to confirm.
    """

    kind: Literal["code", "confirmation"]
    text: str
    serial_number: str = ""
    refusal: str = ""
    decision: tuple[str, ...] = ()
    word: str = "yes"


class RunnerAnswer(NamedTuple):
    """A reply with an answer, as it is read; no message, because a code is in it.

    Attributes:
        text: a code, or "yes".
        told: what the runner told about a code of its token command; "" for what a person typed.
    """

    text: Secret
    told: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A reply without an answer. An answer may be a code, so it is a `Secret`, not a message.

    Attributes:
        reason: why there is no answer, and the remedy; "" if the person closed the prompt.
    """

    reason: str


_current: list[Runner] = []


def environ_of(runner: Runner) -> dict[str, str]:
    """The environment variables to add to the kernel's process."""
    return {VARIABLE: json.dumps(encode(runner))}


def current_runner() -> Runner | None:
    """The runner that started this kernel; None if no runner did.

    Raises:
        ConfigurationError: the runner uses another protocol version, so its restrictions are unknown.
    """
    if (value := os.environ.get(VARIABLE)) is not None:
        runner = parse(_json(value), Runner)
        if runner is None or runner.protocol != PROTOCOL:
            raise ConfigurationError(
                "`jupyter tfmfa run` and this kernel use different versions of tfmfa_nb.",
                "Install the same version of tfmfa_nb in both Python environments.",
            )
        del os.environ[VARIABLE]
        _current[:] = [runner]
    return _current[0] if _current else None


def prompt_of(question: RunnerQuestion, marker: str) -> str:
    """The text of a prompt that contains `question`."""
    return f"{_PREFIX} {marker} {json.dumps(encode(question))}"


def question_in(prompt: object, marker: str) -> RunnerQuestion | None:
    """The question in the text of a prompt; None if the prompt belongs to the notebook."""
    start = f"{_PREFIX} {marker} "
    if not isinstance(prompt, str) or not prompt.startswith(start):
        return None
    return parse(_json(prompt.removeprefix(start)), RunnerQuestion)


def reply_with(answer: str, told: str = "") -> str:
    """A reply with an answer; see `RunnerAnswer`. `told` is one line."""
    return f"{_ANSWER}{told}\n{answer}"


def reply_without(reason: str = "") -> str:
    """A reply without an answer, with the reason and the remedy; "" if the person closed the prompt."""
    return _NO_ANSWER + reason


def read_reply(reply: str) -> RunnerAnswer | NoAnswer:
    """The answer in a reply, or the reason why there is none."""
    told, separator, answer = reply.partition("\n")
    if reply.startswith(_ANSWER) and separator:
        return RunnerAnswer(Secret(answer), told[1:])
    return NoAnswer(reply[1:] if reply.startswith(_NO_ANSWER) else "")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
