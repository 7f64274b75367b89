"""The messages of the forms of `%tfmfa`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from tfmfa_nb.protocol.codec import Longest, parse
from tfmfa_nb.protocol.hello import PROTOCOL, Hello
from tfmfa_nb.protocol.sealing import Sealed, SealingKey

Name = Annotated[str, Longest(256)]
Typed = Annotated[str, Longest(4_096)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAction:
    """A person has pressed a button of a form.

    Attributes:
        type: the button.
        number: number that the result repeats.
        texts: values of the plain fields, by name.
        sealed: value of the secret field; None if the button does not use it.
    """

    type: Literal["save", "test", "find", "clear"]
    number: Annotated[str, Longest(64)]
    texts: Mapping[Name, Typed]
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsealedAction:
    """An action from a page that cannot encrypt; the value of the secret field is in the raw field `secret`."""

    type: Literal["unsealed"] = "unsealed"
    action: FormAction


FormRequest = Hello | FormAction | UnsealedAction


def form_request(message: object) -> FormRequest | None:
    """The request in a message of a form; None if it is not valid."""
    return parse(message, *get_args(FormRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDevice:
    """One of the person's MFA devices; `reason` says why it cannot be selected."""

    serial: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormResult:
    """The result of the action `number`, which is "" before the first action.

    Attributes:
        text: one line.
        good: True if the action succeeded.
        fields: errors, by the name of the field that shows them.
        warning: True if the text is a warning.
        chosen: serial number to fill in.
        devices: MFA devices to select from.
    """

    number: str
    text: str
    good: bool
    fields: Mapping[str, str]
    warning: bool = False
    chosen: str | None = None
    devices: tuple[MfaDevice, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChoice:
    """A level, its meaning, and whether it can be selected."""

    name: str
    meaning: str
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsContent:
    """The content of the form for an environment's settings.

    Attributes:
        level: effective level; "" if it cannot be read, and `problem` says why.
        reason: why some levels cannot be selected.
        off: True if MFA is not enabled for the organization.
    """

    environment: str
    level: str
    levels: tuple[LevelChoice, ...]
    reason: str
    off: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableOrigin:
    """The source of an organization variable, in words."""

    name: str
    words: str
    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesContent:
    """The content of the form for the organization variables.

    Attributes:
        problem: what is wrong with the variables, apart from missing ones.
        keychain: name of the OS keychain; "" if there is none, and `no_keychain` says why.
    """

    variables: tuple[VariableOrigin, ...]
    problem: str
    keychain: str
    no_keychain: str


FormContent = SettingsContent | VariablesContent


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """The state of a form. Of two states, the one with the higher `seq` is newer.

    Attributes:
        busy: type of the current action; "" if there is none.
        content: None if the content has not been read again; the form then keeps its content.
        sealing_key: the key for the next value of the secret field; None for a form without one.
    """

    type: Literal["state"] = "state"
    protocol: int = PROTOCOL
    seq: int
    busy: str
    result: FormResult
    content: FormContent | None
    sealing_key: SealingKey | None = None
