"""Where organization variables come from, in order: this kernel only, process environment, OS keychain, AWS profile.

A key and its secret always come from one source: the first that has a key. The MFA device is the one that was
typed for this kernel, else the one that stands beside the key, else the first that any source names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.variable_values import KEY, SECRET, SERIAL, VariableValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Source(Protocol):
    """One of them.

    Attributes:
        name: for the screen.
        remedy: how to set a variable that it lacks.
    """

    name: str
    remedy: str

    def read(self) -> VariableValues:
        """What it has.

        Raises:
            ConfigurationError: it cannot be read.
        """
        ...


class KernelMemory:
    """What a person typed, kept in this process's memory until it ends."""

    name = "this kernel only"
    remedy = "Type it in the form that %tfmfa shows."

    def __init__(self) -> None:
        self._given = VariableValues()

    def read(self) -> VariableValues:
        """What was typed."""
        return self._given

    def store(self, given: VariableValues) -> None:
        """Keep `given` instead."""
        self._given = given

    def clear(self) -> None:
        """Forget it; whoever still holds the secret finds it empty."""
        self._given.secret_access_key.forget()
        self._given = VariableValues()


class ProcessEnvironment:
    """The environment that the kernel was started in."""

    name = "process environment"
    remedy = "Type it in the form that %tfmfa shows, or set it in the environment that Jupyter starts in."

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def read(self) -> VariableValues:
        """What it has; blanks around a value do not count."""
        return VariableValues(
            self._get(KEY), Secret(self._get(SECRET)), self._get(SERIAL), session=bool(self._get("AWS_SESSION_TOKEN"))
        )

    def _get(self, name: str) -> str:
        return self._environ.get(name, "").strip()


class AwsProfile:
    """A profile of AWS's own two files.

    Args:
        environ: for the variables that say where they are.
        profile: its name.
    """

    remedy = "Add it to that profile."

    def __init__(self, environ: Mapping[str, str], profile: str) -> None:
        self.name = f'AWS profile "{profile}"'
        self._environ, self._profile = environ, profile

    def read(self) -> VariableValues:
        """What the profile has.

        Raises:
            ConfigurationError: it is not there, or cannot be read.
        """
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - heavy, and seldom needed
        from botocore.session import Session  # noqa: PLC0415

        session = Session(profile=self._profile)
        for variable, name in (("AWS_CONFIG_FILE", "config_file"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials_file")):
            if self._environ.get(variable):
                session.set_config_variable(name, self._environ[variable])
        try:
            config = session.get_scoped_config()
        except (BotoCoreError, UnicodeDecodeError):
            raise ConfigurationError(
                f'There is no readable AWS profile "{self._profile}".',
                "Correct AWS_PROFILE, or %config TfmfaMagics.profile.",
            ) from None

        def get(key: str) -> str:
            return str(config.get(key, "")).strip()

        return VariableValues(
            get("aws_access_key_id"),
            Secret(get("aws_secret_access_key")),
            get("mfa_serial"),
            session=bool(get("aws_session_token")),
            region=get("region"),
        )


# Process-wide: what a person types counts for every run of this kernel.
KERNEL_MEMORY = KernelMemory()


def default_sources(environ: Mapping[str, str], profile: str = "") -> tuple[Source, ...]:
    """All of them, in order."""
    profiles = (AwsProfile(environ, profile),) if profile else ()
    return (KERNEL_MEMORY, ProcessEnvironment(environ), Keychain(), *profiles)


@dataclass(slots=True)
class Resolved:
    """What the sources give together.

    Attributes:
        given: the key and what stands beside it.
        source: who gives the key; where nobody does, who would be expected to.
        serial_number: the MFA device.
        serial_source: who names it; "" where nobody does.
    """

    given: VariableValues
    source: Source
    serial_number: str = field(default="")
    serial_source: str = field(default="")

    def missing(self) -> tuple[str, ...]:
        """The names of the variables that nobody gives."""
        return tuple(name for name in self.given.missing() if name != SERIAL or not self.serial_number)


def resolve(sources: Sequence[Source]) -> Resolved:
    """Look until there is a key, and a device; what is not needed is not asked: a keychain may have to be unlocked.

    Raises:
        ConfigurationError: a source that could have the key cannot be read. Another one's is not taken instead.
    """
    keys: tuple[VariableValues, Source] | None = None
    devices: list[tuple[str, str]] = []
    read: list[tuple[VariableValues, Source]] = []
    for source in sources:
        try:
            given = source.read()
        except ConfigurationError:
            if keys is None:
                raise
            continue  # it could only have named a device
        read.append((given, source))
        if given.serial_number:
            devices.append((given.serial_number, source.name))
        if keys is None and given.access_key_id:
            keys = given, source
        if keys is not None and devices:
            break
    given, source = keys or _expected(read)
    typed = [device for device in devices if device[1] == KernelMemory.name]
    beside = [(given.serial_number, source.name)] if given.serial_number else []
    serial_number, serial_source = next(iter([*typed, *beside, *devices]), ("", ""))
    return Resolved(given, source, serial_number, serial_source)


def _expected(read: Sequence[tuple[VariableValues, Source]]) -> tuple[VariableValues, Source]:
    """Who is told to be lacking a key: the profile where one is named, else the process environment."""
    named = [each for each in read if isinstance(each[1], AwsProfile)]
    process = [each for each in read if isinstance(each[1], ProcessEnvironment)]
    return (named or process or list(read))[0]


def describe_source(name: str) -> str:
    """A source's name, as it stands behind "from"."""
    return name if name == KernelMemory.name else f"the {name}"
