"""Sources of organization variables, in order: this kernel's memory, process environment, OS keychain, AWS profile.

A key and its secret always come from the same source: the first one that has a key. The MFA device comes from this
kernel's memory, or else from the key's source, or else from the first source that has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.aws_config import selected_profile
from tfmfa_nb.organization.aws_profiles import AwsProfile
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.variable_values import KEY, SECRET, SERIAL, VariableValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Source(Protocol):
    """A source of organization variables.

    Attributes:
        name: name of the source, for messages.
        remedy: how to set a variable that the source lacks.
    """

    name: str
    remedy: str

    def read(self) -> VariableValues:
        """The values that the source has.

        Raises:
            ConfigurationError: the source cannot be read.
        """
        ...


class KernelMemory:
    """Values typed by the user, kept in this process's memory until it exits."""

    name = "this kernel only"
    remedy = "Use the form that %tfmfa shows."

    def __init__(self) -> None:
        self._values = VariableValues()

    def read(self) -> VariableValues:
        """The stored values."""
        return self._values

    def store(self, values: VariableValues) -> None:
        """Replace the stored values."""
        self._values = values

    def clear(self) -> None:
        """Drop the stored values; the secret becomes empty for every other holder too."""
        self._values.secret_access_key.forget()
        self._values = VariableValues()


class ProcessEnvironment:
    """The environment of the kernel's process."""

    name = "process environment"
    remedy = "Use the form that %tfmfa shows, or set environment variables before Jupyter starts."

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def read(self) -> VariableValues:
        """The values, without surrounding spaces."""
        return VariableValues(
            self._get(KEY), Secret(self._get(SECRET)), self._get(SERIAL), session=bool(self._get("AWS_SESSION_TOKEN"))
        )

    def _get(self, name: str) -> str:
        return self._environ.get(name, "").strip()


# One for the process: typed values apply to every run of this kernel.
KERNEL_MEMORY = KernelMemory()


def own_sources(environ: Mapping[str, str]) -> tuple[Source, ...]:
    """The sources that need no AWS profile, in order."""
    return (KERNEL_MEMORY, ProcessEnvironment(environ), Keychain())


def default_sources(environ: Mapping[str, str], profile: str = "") -> tuple[Source, ...]:
    """All sources, in order.

    Args:
        environ: process environment.
        profile: AWS profile; "" for the one that `environ` selects now, if it selects one.
    """
    name = selected_profile(environ, profile)
    return (*own_sources(environ), *((AwsProfile(environ, name),) if name else ()))


@dataclass(slots=True)
class ResolvedVariables:
    """The variables resolved from all sources.

    Attributes:
        values: the values from the source of the key.
        source: the source of the key; if no source has one, the source in which to set it.
        serial_number: ARN or serial number of the MFA device.
        serial_source: source of the MFA device, in words; "" if no source has one.
    """

    values: VariableValues
    source: Source
    serial_number: str = field(default="")
    serial_source: str = field(default="")

    @property
    def key_source(self) -> str:
        """The source of the key, in words."""
        return self.values.key_source or self.source.name

    def missing(self) -> tuple[str, ...]:
        """The names of the variables that no source has."""
        return tuple(name for name in self.values.missing() if name != SERIAL or not self.serial_number)


def resolve(sources: Sequence[Source]) -> ResolvedVariables:
    """Read sources until a key and a device are found; reading more could needlessly ask to unlock the keychain.

    Raises:
        ConfigurationError: a source that may have the key cannot be read. Later sources are not used instead.
    """
    keys: tuple[VariableValues, Source] | None = None
    devices: list[tuple[str, str]] = []
    read: list[tuple[VariableValues, Source]] = []
    for source in sources:
        try:
            values = source.read()
        except ConfigurationError:
            if keys is None:
                raise
            continue  # only its device could be used
        read.append((values, source))
        if values.serial_number:
            devices.append((values.serial_number, values.serial_source or source.name))
        if keys is None and values.access_key_id:
            keys = values, source
        if keys is not None and devices:
            break
    values, source = keys or _expected_source(read)
    typed = [device for device in devices if device[1] == KernelMemory.name]
    with_key = [(values.serial_number, values.serial_source or source.name)] if values.serial_number else []
    serial_number, serial_source = next(iter([*typed, *with_key, *devices]), ("", ""))
    return ResolvedVariables(values, source, serial_number, serial_source)


def _expected_source(read: Sequence[tuple[VariableValues, Source]]) -> tuple[VariableValues, Source]:
    """The source reported to lack a key: the AWS profile if one is set, or else the process environment."""
    named = [each for each in read if isinstance(each[1], AwsProfile)]
    process = [each for each in read if isinstance(each[1], ProcessEnvironment)]
    return (named or process or list(read))[0]


def describe_source(name: str) -> str:
    """The source's name as it follows "from": "the OS keychain", "this kernel only"."""
    return name if name == KernelMemory.name else f"the {name}"
