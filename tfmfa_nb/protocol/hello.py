"""The first message of a card or a form, the protocol version, and the secret fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PROTOCOL = 3
"""The version of all messages; it changes if a field changes its meaning or a new field is required."""

SECRET_FIELDS: Mapping[str, int] = {"code": 64, "secret": 4_096}
"""The secret fields, with their maximum length in characters.

They are sealed (`protocol.sealing`). Unsealed, they are raw fields beside `UnsealedCode` and `UnsealedAction`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A card or a form was displayed, or has received nothing for a while; the kernel answers with the state.

    Attributes:
        seals: False if the page cannot encrypt: browsers offer that on HTTPS and on localhost only.
    """

    type: Literal["hello"] = "hello"
    protocol: int
    seals: bool = True
