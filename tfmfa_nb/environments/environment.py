"""One environment: where its configuration, settings and runs lie."""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfmfa_nb.environments.files import one_at_a_time, private_folder, usable, write_whole
from tfmfa_nb.environments.names import check_name
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.protocol import formats
from tfmfa_nb.protocol.layout import PRIVATE, SETTINGS, EnvironmentFiles

_LEVEL_KEY = "aws_multi_factor_authentication"


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder of Terraform configuration, with its state, settings and lock.

    Attributes:
        name: the folder's name, or for `-C DIR` the folder as it was given.
        folder: absolute.
        owned: whether the configuration comes from cells (`-e`), not from a folder kept by hand (`-C`).
    """

    name: str
    folder: Path
    owned: bool

    @classmethod
    def named(cls, name: str, base: Path) -> Environment:
        """The environment `name` beside the notebook, whose folder may not exist yet.

        Raises:
            ConfigurationError: the name, or what already stands there, cannot be an environment.
        """
        folder = base.absolute() / check_name(name, base)
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise ConfigurationError(
                f"{folder} is not a folder of its own.", "Choose another name with -e, or move it away."
            )
        with usable(folder):
            foreign = folder.is_dir() and not (folder / PRIVATE).exists() and _foreign(folder)
        if foreign:
            raise ConfigurationError(
                f"The folder {folder} already holds files that no environment put there.",
                f"For a Terraform configuration use -C {name}; otherwise choose another name with -e.",
            )
        return cls(name, folder, owned=True)

    @classmethod
    def at(cls, directory: str, base: Path) -> Environment:
        """The configuration in an existing folder.

        Raises:
            ConfigurationError: there is no such folder, or no configuration in it.
        """
        folder = (base / Path(directory).expanduser()).resolve()
        if not folder.is_dir():
            raise ConfigurationError(f"There is no folder {folder}.", "Give -C a folder that exists.")
        if not any(any(folder.glob(f"*.{ending}")) for ending in ("tf", "tf.json", "tofu", "tofu.json")):
            raise ConfigurationError(
                f"There is no Terraform configuration in {folder}.",
                "Give -C a folder with *.tf files, or write the configuration in the cell and use -e NAME.",
            )
        return cls(directory, folder, owned=False)

    @property
    def option(self) -> str:
        """How a magic's line names it: `-e staging`, `-C live/network`."""
        return f"-e {self.name}" if self.owned else f"-C {shlex.quote(self.name)}"

    @property
    def files(self) -> EnvironmentFiles:
        """The paths of its files; asking for one makes nothing."""
        return EnvironmentFiles(self.folder)

    def ensure(self) -> None:
        """Make its folder and its private folder, where they are missing.

        Raises:
            ConfigurationError: they cannot be made.
        """
        if not self.folder.exists():
            _make(self.folder)
        private_folder(self.files.private)
        if not self.files.ignore.exists():
            write_whole(self.files.ignore, "*\n")

    @property
    def level(self) -> Level:
        """The setting "AWS Multi-Factor Authentication" of this environment; `never` where none is kept.

        Raises:
            ConfigurationError: the settings' file is torn, or says something unknown. It never means `never`.
        """
        try:
            return Level(self._settings().get(_LEVEL_KEY, Level.NEVER))
        except ValueError:
            raise _unreadable(self.files.settings) from None

    def set_level(self, level: Level) -> None:
        """Keep `level`; it holds from the next run on.

        Raises:
            ConfigurationError: the settings cannot be read or written.
        """
        path = self.files.settings
        self.ensure()
        with one_at_a_time(self.files.settings_lock):
            if path.is_symlink():
                raise ConfigurationError(f"{path} is a symbolic link.", "Replace it with a regular file.")
            _ = self.level  # a broken file is reported, not overwritten
            settings = formats.SETTINGS.stamp({**self._settings(), _LEVEL_KEY: str(level)})
            write_whole(path, json.dumps(settings, indent=2) + "\n", mode=0o644)

    def _settings(self) -> dict[str, Any]:
        path = self.files.settings
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            settings = None
        if not isinstance(settings, dict):
            raise _unreadable(path)
        formats.SETTINGS.check(settings, path)
        return settings

    def write_configuration(self, hcl: str, *, overwrite: bool = False) -> None:
        """Make `hcl` the environment's `main.tf`; an unchanged file is left alone, with its time.

        Raises:
            ConfigurationError: the file was changed by hand since it was last written, and not `overwrite`.
        """
        self.ensure()
        path, mark = self.files.configuration, self.files.configuration_digest
        text = hcl if hcl.endswith("\n") else hcl + "\n"
        if path.is_symlink():
            raise ConfigurationError(f"{path} is a symbolic link.", f"Use -C {self.name}, or remove it.")
        if path.exists():
            with usable(path):
                found = path.read_bytes()
            if found == text.encode():
                write_whole(mark, _digest(found))
                return
            if not overwrite and not _says(mark, _digest(found)):
                raise ConfigurationError(
                    f"{path} was changed by hand since the last run wrote it.",
                    f"Keep that file with -C {self.name} and no cell body, "
                    "or replace it by this cell with --overwrite.",
                )
        write_whole(path, text, mode=0o644)
        write_whole(mark, _digest(text.encode()))


def _unreadable(path: Path) -> ConfigurationError:
    choices = ", ".join(f'"{level}"' for level in Level)
    return ConfigurationError(
        f"{path} is not a valid settings file.",
        f'Fix it, as in {{"{_LEVEL_KEY}": "{Level.APPLIES_ONLY}"}}; the levels are {choices}.',
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise ConfigurationError(
            f"The environment's folder {folder} cannot be made: {error.strerror or error}.",
            "Give yourself write permission to its parent folder.",
        ) from None


def _foreign(folder: Path) -> bool:
    """Whether anything lies there beyond the settings, which version control brings without `.tfmfa`."""
    settled = (folder / SETTINGS).exists()
    return not settled and any(folder.iterdir())


def _says(mark: Path, digest: str) -> bool:
    """Whether `mark` holds `digest`; one that cannot be read holds nothing."""
    try:
        return mark.read_bytes() == digest.encode()
    except OSError:
        return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
