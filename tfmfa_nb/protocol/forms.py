"""The messages of the forms of `%tfmfa`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from tfmfa_nb.protocol.codec import Longest, parse
from tfmfa_nb.protocol.hello import PROTOCOL, Hello

Name = Annotated[str, Longest(256)]
Typed = Annotated[str, Longest(4_096)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAction:
    """A person has pressed a button of a form; what stands in its secret field travels in the raw field `secret`.

    Attributes:
        type: which button.
        number: the result repeats it.
        texts: what stands in the plain fields, by their names.
    """

    type: Literal["save", "test", "find", "clear"]
    number: Annotated[str, Longest(64)]
    texts: Mapping[Name, Typed]


FormRequest = Hello | FormAction


def form_request(message: object) -> FormRequest | None:
    """What a form has sent; None where it is not understood."""
    return parse(message, *get_args(FormRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDevice:
    """One of the person's MFA devices; `reason` says why it cannot be chosen."""

    serial: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormResult:
    """How the action `number` ended; "" before the first.

    Attributes:
        text: one line.
        good: whether it was done.
        fields: what is wrong, by the field that it stands beside.
        warning: whether the text is worth a second look.
        chosen: the serial number that belongs into its field.
        devices: the MFA devices to choose from.
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
    """A level, what it means, and whether it may be chosen."""

    name: str
    meaning: str
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsContent:
    """What the form for an environment's setting shows.

    Attributes:
        level: the level in force; "" where it cannot be read, and `problem` says why.
        reason: why a level is not offered.
        off: whether the organization has MFA switched off.
    """

    environment: str
    level: str
    levels: tuple[LevelChoice, ...]
    reason: str
    off: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableOrigin:
    """Where an organization variable comes from, in words."""

    name: str
    words: str
    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesContent:
    """What the form for the organization variables shows.

    Attributes:
        problem: what is wrong with them, beside those that are missing.
        keychain: the OS keychain's name; "" where there is none, and `no_keychain` says why.
    """

    variables: tuple[VariableOrigin, ...]
    problem: str
    keychain: str
    no_keychain: str


FormContent = SettingsContent | VariablesContent


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """A form. Of two states the one with the greater `seq` is the newer.

    Attributes:
        busy: the type of the action that is under way; "" for none.
        content: None where it has not been read anew: what was shown stays.
    """

    type: Literal["state"] = "state"
    protocol: int = PROTOCOL
    seq: int
    busy: str
    result: FormResult
    content: FormContent | None
