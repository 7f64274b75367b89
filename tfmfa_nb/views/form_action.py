"""The input and the result of an action on a form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.redaction import Secret


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an action.

    Attributes:
        text: one line about the outcome.
        good: True if the action succeeded.
        fields: errors by the name of the field that shows them.
        more: further values for the front end.
    """

    text: str
    good: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormInput:
    """The input of an action: the fields of the form when a button was pressed.

    Attributes:
        texts: values of the plain fields, by name.
        secret: value of the secret field.
    """

    texts: Mapping[str, str]
    secret: Secret
