"""Where policy files are looked for: constant folders, and those that process variables add. None takes one away."""

from __future__ import annotations

import os
import pwd
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY_VARIABLE = "TFMFA_POLICY"
"""Environment variable that names one more policy file. Like every file, it can only make the policy stricter."""
_SYSTEM_VARIABLE, _USER_VARIABLE, _HOME_VARIABLE = "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "HOME"
_FOLDER = "tfmfa_nb"


@dataclass(frozen=True, slots=True)
class PolicyFolders:
    """The folders that may contain a policy, which may not exist.

    Attributes:
        system: folders of the system.
        user: folders of the user, the one for a policy of their own last.
    """

    system: tuple[Path, ...]
    user: tuple[Path, ...]

    @property
    def own(self) -> Path:
        """The folder for a policy that the user writes.

        Raises:
            ConfigurationError: the user has none.
        """
        if not self.user:
            raise ConfigurationError(
                "There is no folder for a policy of your own: you have no home folder.", f"Set {_HOME_VARIABLE}."
            )
        return self.user[-1]


def constant_folders() -> PolicyFolders:
    """The folders that no process variable changes: the system's, and the one in the home of the password database."""
    system, user = [Path("/etc/xdg", _FOLDER), Path("/etc", _FOLDER)], []
    if sys.platform == "darwin":
        from platformdirs import site_config_dir, user_config_dir  # noqa: PLC0415 - only there

        system.append(Path(site_config_dir(_FOLDER)))
        user.append(Path(user_config_dir(_FOLDER)))
    with suppress(KeyError):  # a user without an entry, as in some containers
        user.append(Path("/", pwd.getpwuid(os.getuid()).pw_dir, ".config", _FOLDER))
    return PolicyFolders(tuple(system), tuple(user))


def policy_folders(environ: Mapping[str, str], constant: PolicyFolders | None = None) -> PolicyFolders:
    """All folders that may contain a policy: the constant ones, and those that process variables add.

    https://specifications.freedesktop.org/basedir-spec/latest/, whose relative paths are to be ignored.

    Args:
        environ: process environment, for `XDG_CONFIG_DIRS`, `XDG_CONFIG_HOME`, and `HOME`.
        constant: folders that are always searched; None for this machine's.
    """
    constant = constant or constant_folders()
    listed = [Path(entry, _FOLDER) for entry in environ.get(_SYSTEM_VARIABLE, "").split(":") if entry.startswith("/")]
    home, config = environ.get(_HOME_VARIABLE, ""), environ.get(_USER_VARIABLE, "")
    by_home = [Path(home, ".config", _FOLDER)] if home.startswith("/") else []
    by_config = [Path(config, _FOLDER)] if config.startswith("/") else []
    return PolicyFolders(
        tuple(dict.fromkeys((*constant.system, *listed))), _last_wins((*by_home, *constant.user, *by_config))
    )


def _last_wins(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths, each once: where it stands last."""
    return tuple(reversed(dict.fromkeys(reversed(paths))))


def policy_environ(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables in `environ` that say where policies are, as they are now; later changes do not matter."""
    kept = {name: environ[name] for name in (_HOME_VARIABLE, _SYSTEM_VARIABLE, _USER_VARIABLE) if environ.get(name)}
    if named := environ.get(POLICY_VARIABLE):
        kept[POLICY_VARIABLE] = str(Path(named).expanduser().absolute())
    return MappingProxyType(kept)
