"""Policy files: finding, trusting, and reading them.

An unreadable policy is an error and never counts as a missing one: otherwise, damaging the file would disable MFA.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.json_objects import DoubledKeyError, parse_json
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_parser import PolicyParser
from tfmfa_nb.organization.policy_places import POLICY_VARIABLE, policy_environ, policy_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.organization.policy_places import PolicyFolders

_FILE_NAMES = ("policy.toml", "policy.json")
_TEMPLATE = """\
# Organization policy of tfmfa_nb. Write access to this file makes a user an organization owner.
mfa = true
owners = [{owner}]

# Level of the environments for which nobody has set one:
# default_level = "applies only"

# Before an apply destroys anything, a person types the environment's name:
# confirm_destroy = true

# Minimum levels, by environment name:
# [environments]
# "prod-*" = "plans and applies"

# Approvals by other persons before an apply, whom AWS names:
# [approvals]
# "prod-*" = {{ apply = 1, by = ["arn:aws:iam::111122223333:user/*"] }}

# [session]
# longest = 3600  # seconds

# [allow]
# accounts = ["111122223333"]
# roles = ["arn:aws:iam::111122223333:role/deploy-*"]
# local_state = false

# [audit]
# signing_key = "~/.ssh/id_ed25519.pub"
# signers = "/etc/ssh/allowed_signers"
# sinks = ["journald"]
"""
_MAX_BYTES = 1_000_000
_BLOCKED = "No run can start until this is fixed."
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def read_policy(environ: Mapping[str, str], constant: PolicyFolders | None = None) -> Policy:
    """The effective policy.

    Args:
        environ: process environment, for `TFMFA_POLICY` and the variables of `policy_folders`.
        constant: folders that are always searched; None for this machine's.

    Raises:
        ConfigurationError: a file is unreadable, untrusted, or invalid, or a folder is not a folder.
    """
    found = policy_folders(environ, constant)
    folders = tuple(dict.fromkeys((*found.system, *found.user)))
    files = [file for folder in folders if (file := _file_in(folder)) is not None]
    if named := policy_environ(environ).get(POLICY_VARIABLE):
        file = Path(named)
        if not _exists(file):
            raise ConfigurationError(
                f"{POLICY_VARIABLE} points to {file}, which does not exist.", "Correct the path, or unset the variable."
            )
        files.append(file)
    search_paths = tuple(folder / _FILE_NAMES[0] for folder in folders)
    return Policy(tuple(read_policy_file(file) for file in files), search_paths)


def _file_in(folder: Path) -> Path | None:
    for place in (folder.parent, folder):
        if _exists(place) and not place.is_dir():
            what = "a broken symbolic link" if place.is_symlink() else "not a folder"
            raise ConfigurationError(
                f"{place} is {what}, so it is unknown whether a policy is in force.",
                f"Replace it with a folder, or remove it. {_BLOCKED}",
            )
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
    return PolicyParser(path).layer(_parsed(path, content), hashlib.sha256(content).hexdigest())


def _parsed(path: Path, content: bytes) -> Any:
    form = "JSON" if path.suffix == ".json" else "TOML"
    try:
        return parse_json(content) if form == "JSON" else tomllib.loads(content.decode())
    except DoubledKeyError as error:
        raise ConfigurationError(
            f'The policy {path} is invalid: the key "{error.key}" is there twice.', f"Keep one of them. {_BLOCKED}"
        ) from None
    except (ValueError, RecursionError) as error:
        where = re.search(r"line \d+", str(error))
        raise ConfigurationError(
            f"{path} is not valid {form}{f' at {where[0]}' if where else ''} (it may be truncated).",
            f"Fix it, or ask its owner to. {_BLOCKED}",
        ) from None


def _read_trusted_file(path: Path) -> bytes:
    """The file's content, if only root and the current user can change it, or replace it or a folder above it.

    The rules of sshd's StrictModes (https://man.openbsd.org/sshd_config#StrictModes), up to "/". In a folder with the
    sticky bit, others can make entries, but not replace what they do not own.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        link = " It is a symbolic link." if path.is_symlink() else ""
        raise ConfigurationError(
            f"The policy {path} cannot be read: {error.strerror}.{link}",
            f"Replace it with a regular file that everyone can read. {_BLOCKED}",
        ) from None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
        os.close(fd)
        raise ConfigurationError(
            f"The policy {path} is not a regular file of at most {_MAX_BYTES:,} bytes.",
            f"Replace it with one. {_BLOCKED}",
        )
    with os.fdopen(fd, "rb") as file:
        _require_trusted(path, status)
        _require_trusted_above(path)
        return file.read()


def _require_trusted_above(path: Path) -> None:
    for above in _all_above(path):
        _require_trusted(above, above.lstat())


def _all_above(path: Path) -> Iterator[Path]:
    """Each folder above `path`, up to "/", and each symbolic link among them with what it leads to."""
    known: set[Path] = set()
    pending = [path.absolute().parent]
    while pending:
        folder = pending.pop()
        for each in (folder, *folder.parents):
            if each in known:
                continue
            known.add(each)
            yield each
            if each.is_symlink():
                pending.append(each.parent / each.readlink())


def _require_trusted(path: Path, status: os.stat_result) -> None:
    """Make sure that only root and the current user can change `path`. Nobody can change a symbolic link in place.

    Raises:
        ConfigurationError: others can.
    """
    name = shlex.quote(str(path))
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if status.st_mode & _WRITABLE_BY_OTHERS and not sticky and not stat.S_ISLNK(status.st_mode):
        raise ConfigurationError(
            f"The policy cannot be trusted: users other than its owner can write to {path}.",
            f"Check its content, then run: chmod go-w {name}",
        )
    if status.st_uid not in {0, os.geteuid()}:
        link = "-h " if stat.S_ISLNK(status.st_mode) else ""
        raise ConfigurationError(
            f"The policy cannot be trusted: {path} belongs to another user (uid {status.st_uid}).",
            f"Check its content, then run: chown {link}root {name}",
        )


def enable_mfa(folder: Path, owner: str) -> Path:
    """Write a policy that enables MFA if `folder` has no policy yet, and return the policy's path.

    Args:
        folder: the user's folder, of `policy_folders`.
        owner: name of the owner, written into the policy.

    Raises:
        ConfigurationError: the folder has a policy that does not enable MFA, others can write to a folder above it, or
            the policy cannot be written.
    """
    existing = _file_in(folder)
    if existing is not None:
        if read_policy_file(existing).mfa:
            return existing
        raise ConfigurationError(f"The policy {existing} does not enable MFA.", 'Add "mfa = true" to it.')
    path = folder / _FILE_NAMES[0]
    try:
        for each in (*reversed(folder.parents), folder):
            each.mkdir(mode=0o755, exist_ok=True)  # also those above: `parents=True` would let the umask decide
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            _require_trusted_above(path)
            file.write(_TEMPLATE.format(owner=json.dumps(owner)))
    except ConfigurationError:
        path.unlink()  # it would stop every run
        raise
    except OSError as error:
        raise ConfigurationError(
            f"The policy {path} cannot be written: {error.strerror}.", "Ask an owner, who has write access to it."
        ) from None
    return path
