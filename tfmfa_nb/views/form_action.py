"""What a person pressed on a form, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.redaction import Secret


@dataclass(frozen=True, slots=True)
class Result:
    """How an action ended.

    Attributes:
        text: one line.
        good: whether it was done.
        fields: what is wrong, by the field that it stands beside.
        more: what the front end does with it besides.
    """

    text: str
    good: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a person sent.

    Attributes:
        texts: what stands in the plain fields.
        secret: what stands in the secret one, taken out of the message.
    """

    texts: Mapping[str, str]
    secret: Secret
