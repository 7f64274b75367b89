"""How a card or a form begins to talk, the version of all messages, and what is never a field of any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PROTOCOL = 1
"""The version of all messages: another one where a field changes its meaning, or one is needed that was not."""

SECRET_FIELDS: Mapping[str, int] = {"code": 64, "secret": 4_096}
"""The raw fields that `Authenticate` and `FormAction` have beside their own, and how many characters they may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A card or a form has been drawn, or has heard nothing for a while: the answer is its state."""

    type: Literal["hello"] = "hello"
    protocol: int
