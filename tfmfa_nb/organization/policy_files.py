"""Policy files: finding, trusting, and reading them.

An unreadable policy is an error and never counts as a missing one: otherwise, damaging the file would disable MFA.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import site_config_dir, user_config_dir

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_parser import PolicyParser

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = "tfmfa_nb"
_FILE_NAMES = ("policy.toml", "policy.json")
POLICY_VARIABLE = "TFMFA_POLICY"
"""Environment variable that names one more policy file. Like every file, it can only make the policy stricter."""

_TEMPLATE = """\
# Organization policy of tfmfa_nb. Write access to this file makes a user an organization owner.
mfa = true
owners = [{owner}]

# Minimum levels, by environment name:
# [environments]
# "prod-*" = "plans and applies"

# [session]
# longest = 3600  # seconds

# [allow]
# accounts = ["111122223333"]
# roles = ["arn:aws:iam::111122223333:role/deploy-*"]
# local_state = false
"""
_MAX_BYTES = 1_000_000
_BLOCKED = "No run can start until this is fixed."
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def policy_folders() -> tuple[Path, Path]:
    """The system's and the user's configuration folders, which may not exist."""
    return Path(site_config_dir(_FOLDER)), Path(user_config_dir(_FOLDER))


def read_policy(environ: Mapping[str, str]) -> Policy:
    """The effective policy.

    Args:
        environ: process environment, for `TFMFA_POLICY`.

    Raises:
        ConfigurationError: a file is unreadable, untrusted, or invalid.
    """
    folders = policy_folders()
    files = [file for folder in folders if (file := _file_in(folder)) is not None]
    if named := environ.get(POLICY_VARIABLE):
        file = Path(named).expanduser().absolute()
        if not _exists(file):
            raise ConfigurationError(
                f"{POLICY_VARIABLE} points to {file}, which does not exist.", "Correct the path, or unset the variable."
            )
        files.append(file)
    search_paths = tuple(folder / _FILE_NAMES[0] for folder in folders)
    return Policy(tuple(read_policy_file(file) for file in files), search_paths)


def _file_in(folder: Path) -> Path | None:
    found = [folder / name for name in _FILE_NAMES if _exists(folder / name)]
    if len(found) > 1:
        raise ConfigurationError(f"{folder} contains both {' and '.join(_FILE_NAMES)}.", "Keep only one of them.")
    return found[0] if found else None


def _exists(path: Path) -> bool:
    """True if the path exists. A path that cannot be examined may be a policy, so that is an error."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigurationError(
            f"The policy {path} cannot be accessed: {error.strerror}.",
            f"Grant everyone access to its folder. {_BLOCKED}",
        ) from None
    return True


def read_policy_file(path: Path) -> Layer:
    """The content of one policy file.

    Raises:
        ConfigurationError: the file is unreadable, writable by others, or invalid.
    """
    content = _read_trusted_file(path)
    try:
        document = json.loads(content) if path.suffix == ".json" else tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        where = re.search(r"line \d+", str(error))
        raise ConfigurationError(
            f"{path} is not valid {'JSON' if path.suffix == '.json' else 'TOML'}{f' at {where[0]}' if where else ''} "
            "(it may be truncated).",
            f"Fix it, or ask its owner to. {_BLOCKED}",
        ) from None
    return PolicyParser(path).layer(document)


def _read_trusted_file(path: Path) -> bytes:
    """The file's content, if root or the current user owns the file and its folder, and only the owner can write."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        link = " It is a symbolic link." if path.is_symlink() else ""
        raise ConfigurationError(
            f"The policy {path} cannot be read: {error.strerror}.{link}",
            f"Replace it with a regular file that everyone can read. {_BLOCKED}",
        ) from None
    file_status = os.fstat(fd)
    if not stat.S_ISREG(file_status.st_mode) or file_status.st_size > _MAX_BYTES:
        os.close(fd)
        raise ConfigurationError(
            f"The policy {path} is not a regular file of at most {_MAX_BYTES:,} bytes.",
            f"Replace it with one. {_BLOCKED}",
        )
    with os.fdopen(fd, "rb") as file:
        for checked, status in ((path, file_status), (path.parent, path.parent.stat())):
            if status.st_mode & _WRITABLE_BY_OTHERS and not status.st_mode & stat.S_ISVTX:
                raise ConfigurationError(
                    f"The policy cannot be trusted: users other than its owner can write to {checked}.",
                    f"Check its content, then run: chmod go-w {shlex.quote(str(checked))}",
                )
            if status.st_uid not in {0, os.geteuid()}:
                raise ConfigurationError(
                    f"The policy cannot be trusted: {checked} belongs to another user (uid {status.st_uid}).",
                    f"Check its content, then run: chown root {shlex.quote(str(checked))}",
                )
        return file.read()


def enable_mfa(folder: Path, owner: str) -> Path:
    """Write a policy that enables MFA if `folder` has no policy yet, and return the policy's path.

    Args:
        folder: one of `policy_folders()`.
        owner: name of the owner, written into the policy.

    Raises:
        ConfigurationError: the folder has a policy that does not enable MFA, or the policy cannot be written.
    """
    existing = _file_in(folder)
    if existing is not None:
        if read_policy_file(existing).mfa:
            return existing
        raise ConfigurationError(f"The policy {existing} does not enable MFA.", 'Add "mfa = true" to it.')
    path = folder / _FILE_NAMES[0]
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(_TEMPLATE.format(owner=json.dumps(owner)))
    except OSError as error:
        raise ConfigurationError(
            f"The policy {path} cannot be written: {error.strerror}.", "Ask an owner, who has write access to it."
        ) from None
    return path
