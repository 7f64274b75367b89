"""An environment: a folder with a configuration, settings, and runs."""

from __future__ import annotations

import hashlib
import json
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import one_at_a_time, private_folder, usable, write_whole
from tfmfa_nb.environments.environment_names import check_name
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.json_objects import DoubledKeyError, parse_json
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.protocol import formats
from tfmfa_nb.protocol.layout import PRIVATE, SETTINGS, EnvironmentFiles

if TYPE_CHECKING:
    from collections.abc import Callable

_LEVEL_KEY = "aws_multi_factor_authentication"
_STATE_IGNORE = ".terraform/\n*.tfstate\n*.tfstate.*\n"
_KEYS = (_LEVEL_KEY, formats.KEY)
# Files that look like a configuration, and what they are.
_OTHERS = {
    "terragrunt*.hcl": "is a configuration of Terragrunt",
    "*.tfstack.hcl": "belongs to a Stack of HCP Terraform",
    "*.tfcomponent.hcl": "belongs to a Stack of HCP Terraform",
    "*.tfdeploy.hcl": "belongs to a Stack of HCP Terraform",
    "*.tftest.hcl": "has tests for terraform test",
    "*.tfquery.hcl": "has queries for terraform query",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder with a Terraform configuration, settings, and a lock.

    Attributes:
        name: name of the folder, or the argument of `-C`.
        folder: absolute path.
        owned: True if cells write the configuration (`-e`), False if it is maintained by hand (`-C`).
    """

    name: str
    folder: Path
    owned: bool

    @classmethod
    def named(cls, name: str, base: Path) -> Environment:
        """The environment `name` beside the notebook, whose folder may not exist yet.

        Raises:
            ConfigurationError: the name is not valid, or the folder exists and is not an environment.
        """
        folder = base.absolute() / check_name(name, base)
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise ConfigurationError(
                f"{folder} is not a regular folder.", "Choose another name with -e, or move it away."
            )
        with usable(folder):
            unrelated = folder.is_dir() and not (folder / PRIVATE).exists() and _has_other_files(folder)
        if unrelated:
            raise ConfigurationError(
                f"The folder {folder} contains files, but is not an environment.",
                f"To use a Terraform configuration in it, use -C {name}. Otherwise, choose another name with -e.",
            )
        return cls(name, folder, owned=True)

    @classmethod
    def at(cls, directory: str, base: Path) -> Environment:
        """The configuration in an existing folder.

        Raises:
            ConfigurationError: the folder has no name, does not exist, or contains no configuration.
        """
        if not directory:
            raise ConfigurationError("The folder's name is empty.", "Use -C with an existing folder.")
        folder = (base / Path(directory).expanduser()).resolve()
        if not folder.is_dir():
            raise ConfigurationError(f"The folder {folder} does not exist.", "Use -C with an existing folder.")
        environment = cls(directory, folder, owned=False)
        if not environment.has_configuration:
            raise ConfigurationError(
                f"The folder {folder} contains no Terraform configuration{_other_files(folder)}.",
                "Use -C with a folder that has *.tf files, or write the configuration in the cell and use -e NAME.",
            )
        return environment

    @property
    def option(self) -> str:
        """The option of a magic that selects this environment: `-e staging`, `-C live/network`."""
        return f"{'-e' if self.owned else '-C'} {shlex.quote(self.name)}"

    @property
    def has_configuration(self) -> bool:
        """True if the folder has a file that Terraform or OpenTofu reads as its configuration."""
        return any(any(self.folder.glob(f"*.{ending}")) for ending in ("tf", "tf.json", "tofu", "tofu.json"))

    @property
    def similar(self) -> str:
        """The question whether another environment beside this one is meant; "" if no name is close.

        None is asked about a folder that the person has named by its path (`-C`).
        """
        if not self.owned:
            return ""
        files = (path for name in (PRIVATE, SETTINGS) for path in self.folder.parent.glob(f"*/{name}"))
        return did_you_mean(self.name, {file.parent.name for file in files} - {self.name})

    @property
    def files(self) -> EnvironmentFiles:
        """The paths of the environment's files. Creates nothing."""
        return EnvironmentFiles(self.folder)

    def ensure(self) -> Callable[[], None]:
        """Create the folder and its private folder if they do not exist, whatever the umask for their owner only.

        What Terraform keeps in a folder that cells write stays out of version control: state may hold secrets.

        Returns:
            A function that removes what was created, unless something has been kept there since.

        Raises:
            ConfigurationError: a folder cannot be created.
        """
        files = self.files
        new = [path for path in (self.folder, files.private, files.state_ignore) if not path.exists()]
        if not self.folder.exists():
            _create(self.folder)
        private_folder(self.files.private)
        if not self.files.ignore.exists():
            write_whole(self.files.ignore, "*\n")
        if self.owned and not self.files.state_ignore.exists():
            write_whole(self.files.state_ignore, _STATE_IGNORE, mode=0o644)

        def remove() -> None:
            own = {files.ignore, files.lock}
            with suppress(OSError):
                if files.private in new and set(files.private.iterdir()) <= own:
                    for file in own | ({files.state_ignore} & set(new)):
                        file.unlink(missing_ok=True)
                    for folder in (path for path in (files.private, self.folder) if path in new):
                        folder.rmdir()

        return remove

    @property
    def level(self) -> Level | None:
        """The setting "AWS Multi-Factor Authentication"; None if nobody has set it.

        Raises:
            ConfigurationError: the settings file is not valid. An invalid file never counts as one without a level.
        """
        settings = self._settings()
        try:
            return Level(settings[_LEVEL_KEY]) if _LEVEL_KEY in settings else None
        except ValueError:
            raise _unreadable(self.files.settings) from None

    def set_level(self, level: Level) -> None:
        """Save `level`, which takes effect with the next run.

        Raises:
            ConfigurationError: the settings cannot be read or written.
        """
        path = self.files.settings
        self.ensure()
        with one_at_a_time(self.files.settings_lock):
            if path.is_symlink():
                raise ConfigurationError(f"{path} is a symbolic link.", "Replace it with a regular file.")
            _ = self.level  # an invalid file is reported, not overwritten
            settings = formats.SETTINGS.stamp({**self._settings(), _LEVEL_KEY: str(level)})
            write_whole(path, json.dumps(settings, indent=2) + "\n", mode=0o644)

    def _settings(self) -> dict[str, Any]:
        path = self.files.settings
        try:
            settings = parse_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except DoubledKeyError as error:
            raise ConfigurationError(f'{path}: the key "{error.key}" is there twice.', "Keep one of them.") from None
        except (OSError, ValueError, RecursionError):
            settings = None
        if not isinstance(settings, dict):
            raise _unreadable(path)
        formats.SETTINGS.check(settings, path)
        for key in settings:
            if key not in _KEYS:
                hint = did_you_mean(key, _KEYS) or f"Supported keys: {', '.join(_KEYS)}."
                raise ConfigurationError(f'{path}: the key "{key}" is unknown.', hint)
        return settings

    def write_configuration(self, hcl: str, *, overwrite: bool = False) -> Callable[[], None]:
        """Write `hcl` to the environment's `main.tf`. An unchanged file keeps its modification time.

        Returns:
            A function that restores what was there before, unless somebody has edited the file since.

        Raises:
            ConfigurationError: the file's content is not what the last run wrote, and `overwrite` is false.
        """
        self.ensure()
        path, digest_file = self.files.configuration, self.files.configuration_digest
        before = {file: _content(file) for file in (path, digest_file)}
        text = hcl if hcl.endswith("\n") else hcl + "\n"
        if path.is_symlink():
            raise ConfigurationError(f"{path} is a symbolic link.", f"Use -C {self.name}, or remove it.")
        if path.exists():
            with usable(path):
                content = path.read_bytes()
            if content == text.encode():
                write_whole(digest_file, _digest(content))
                return lambda: None
            if not overwrite and not _contains(digest_file, _digest(content)):
                edited = digest_file.exists()  # which a run writes with the configuration
                raise ConfigurationError(
                    f"{path} was {'edited by hand after the last run wrote it' if edited else 'not written by a run'}.",
                    f"To keep that file, use -C {self.name} without a cell body. To replace it with this cell, use "
                    "--overwrite.",
                )
        write_whole(path, text, mode=0o644)
        write_whole(digest_file, _digest(text.encode()))

        def restore() -> None:
            if _content(path) == text.encode():
                for file, content in before.items():
                    if content is None:
                        file.unlink(missing_ok=True)
                    else:
                        write_whole(file, content, mode=0o644)

        return restore


def _other_files(folder: Path) -> str:
    """What a folder without a configuration has in its place; "" for nothing known."""
    found = ((path.name, words) for pattern, words in _OTHERS.items() for path in sorted(folder.glob(pattern))[:1])
    return next((f": {name} {words}, and is not run" for name, words in found), "")


def _unreadable(path: Path) -> ConfigurationError:
    choices = ", ".join(f'"{level}"' for level in Level)
    return ConfigurationError(
        f"{path} is not a valid settings file.",
        f'Fix it. Example: {{"{_LEVEL_KEY}": "{Level.APPLIES_ONLY}"}}. Levels: {choices}.',
    )


def _create(folder: Path) -> None:
    try:
        folder.mkdir()
        folder.chmod(0o700)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be created: {error.strerror or error}.",
            "Check that you can write to its parent folder, and that the disk has free space.",
        ) from None


def _has_other_files(folder: Path) -> bool:
    """True if the folder has files but no settings file. A checkout has the settings, but not `.tfmfa`."""
    return not (folder / SETTINGS).exists() and any(folder.iterdir())


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _contains(digest_file: Path, digest: str) -> bool:
    """True if the file contains `digest`; False if it cannot be read."""
    try:
        return digest_file.read_bytes() == digest.encode()
    except OSError:
        return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
