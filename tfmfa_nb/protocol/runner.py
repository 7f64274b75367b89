"""What a runbook's runner and the kernel that it started know of each other, and no other front end does.

The runner tells it to the kernel in one environment variable. The kernel takes that out of its environment, so
that what a notebook starts does not inherit it; a notebook's own question can then not pass for ours by accident.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field

VARIABLE = "TFMFA_RUNNER"
_PREFIX = "tfmfa_nb"
# What an answer begins with; what follows is a code, a sentence, or nothing.
_ANSWER, _NOBODY, _LEFT = "=", "!", "-"


@dataclass(frozen=True, slots=True)
class Runner:
    """The runner of this kernel.

    Attributes:
        marker: what every question to it begins with; another one for each execution.
        environment: the only environment that runs may happen in; "" for any.
        plan_only: whether nothing may be applied.
    """

    marker: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    environment: str = ""
    plan_only: bool = False

    def environ(self) -> dict[str, str]:
        """What the kernel's environment gets."""
        return {VARIABLE: json.dumps(asdict(self))}


@dataclass(frozen=True, slots=True)
class Question:
    """What the kernel asks the runner.

    Attributes:
        kind: "code" or "confirmation".
        text: one line for the person.
        device: the MFA device's serial number.
        refusal: what was wrong with the last code.
        attempt: 1 for the first time.
    """

    kind: str
    text: str
    device: str = ""
    refusal: str = ""
    attempt: int = 1

    def encode(self, marker: str) -> str:
        """As the text of a prompt."""
        return f"{_PREFIX} {marker} {json.dumps(asdict(self))}"

    @classmethod
    def decode(cls, text: str, marker: str) -> Question | None:
        """The question in a prompt's text; None where it is not one of ours."""
        start = f"{_PREFIX} {marker} "
        return cls(**json.loads(text.removeprefix(start))) if text.startswith(start) else None


def answered(text: str) -> str:
    """The reply that gives an answer."""
    return _ANSWER + text


def nobody(sentence: str) -> str:
    """The reply that says why there will be no answer, and what would help."""
    return _NOBODY + sentence


def left() -> str:
    """The reply of a person who left the prompt."""
    return _LEFT


def read_reply(reply: str) -> tuple[str | None, str]:
    """A reply as (answer, why there is none); both empty for a person who left the prompt."""
    if reply.startswith(_ANSWER):
        return reply[1:], ""
    return None, reply[1:] if reply.startswith(_NOBODY) else ""


_ours: list[Runner] = []


def current_runner() -> Runner | None:
    """The runner that started this kernel; None where it was started otherwise."""
    if (told := os.environ.pop(VARIABLE, None)) is not None:
        _ours[:] = [Runner(**json.loads(told))]
    return _ours[0] if _ours else None
