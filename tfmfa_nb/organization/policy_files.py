"""The policy's files: where they are, whether they can be trusted, and what is wrong in them.

A policy that cannot be read is an error, never an absent one: otherwise damaging it would switch MFA off.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from platformdirs import site_config_dir, user_config_dir

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import LONGEST_SESSION, SHORTEST_SESSION, Layer, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = "tfmfa_nb"
_NAMES = ("policy.toml", "policy.json")
VARIABLE = "TFMFA_POLICY"
"""Names one more file, below the user's. It can only make things stricter, as every file."""

_TEMPLATE = """\
# The policy of tfmfa_nb. Whoever may write this file is the organization's owner.
mfa = true
owners = [{owner}]

# What every environment must at least demand, by its name:
# [environments]
# "prod-*" = "plans and applies"

# [session]
# longest = 3600  # seconds

# [allow]
# accounts = ["111122223333"]
# roles = ["arn:aws:iam::111122223333:role/deploy-*"]
# local_state = false
"""
_ACCOUNT = re.compile(r"\d{12}")
_MOST_BYTES = 1_000_000
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def policy_folders() -> tuple[Path, Path]:
    """The system's and the user's configuration folder, whether they are there or not."""
    return Path(site_config_dir(_FOLDER)), Path(user_config_dir(_FOLDER))


def read_policy(environ: Mapping[str, str]) -> Policy:
    """The effective policy.

    Args:
        environ: for `TFMFA_POLICY`.

    Raises:
        ConfigurationError: a file cannot be read, cannot be trusted, or says something that is not understood.
    """
    folders = policy_folders()
    files = [file for folder in folders if (file := _file_in(folder)) is not None]
    if named := environ.get(VARIABLE):
        file = Path(named).expanduser().absolute()
        if not _stands(file):
            raise ConfigurationError(f"{VARIABLE} names {file}, which does not exist.", "Correct it, or unset it.")
        files.append(file)
    search_paths = tuple(folder / _NAMES[0] for folder in folders)
    return Policy(tuple(read_policy_file(file) for file in files), search_paths)


def _file_in(folder: Path) -> Path | None:
    found = [folder / name for name in _NAMES if _stands(folder / name)]
    if len(found) > 1:
        raise ConfigurationError(f"{folder} holds both {' and '.join(_NAMES)}.", "Keep one of them.")
    return found[0] if found else None


def _stands(path: Path) -> bool:
    """Whether something is there. Where nobody may look it could be a policy, so that is no "no"."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigurationError(
            f"Whether there is a policy {path} cannot be seen: {error.strerror}.",
            "Let everybody look into its folder. Until then no run starts.",
        ) from None
    return True


def read_policy_file(path: Path) -> Layer:
    """What the file at `path` says.

    Raises:
        ConfigurationError: it cannot be read, others may write it, or something in it is not understood.
    """
    content = _trusted_bytes(path)
    try:
        document = json.loads(content) if path.suffix == ".json" else tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        where = re.search(r"line \d+", str(error))
        raise ConfigurationError(
            f"The policy {path} is torn or no {'JSON' if path.suffix == '.json' else 'TOML'}"
            f"{f' ({where[0]})' if where else ''}.",
            "Mend it, or ask its owner to. Until then no run starts.",
        ) from None
    return _Reader(path).layer(document)


def _trusted_bytes(path: Path) -> bytes:
    """The file's content, if only its owner, who is root or the person, may write it and its folder."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        link = " It is a symbolic link." if path.is_symlink() else ""
        raise ConfigurationError(
            f"The policy {path} cannot be read: {error.strerror}.{link}",
            "Put a file of its own there, readable for everybody. Until then no run starts.",
        ) from None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        os.close(fd)
        raise ConfigurationError(f"The policy {path} is no file of at most {_MOST_BYTES:,} bytes.", "Put one there.")
    with os.fdopen(fd, "rb") as file:
        for place, status in ((path, found), (path.parent, path.parent.stat())):
            if status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
                raise ConfigurationError(
                    f"Others than its owner may write {place}, so it is no policy.",
                    f"Check what it says, then: chmod go-w {shlex.quote(str(place))}",
                )
            if status.st_uid not in {0, os.geteuid()}:
                raise ConfigurationError(
                    f"{place} belongs to another user (uid {status.st_uid}), so it is no policy.",
                    f"Check what it says, then: chown root {shlex.quote(str(place))}",
                )
        return file.read()


def enable_mfa(folder: Path, owner: str) -> Path:
    """Write a policy that switches MFA on, where `folder` has none yet; the result is its file.

    Args:
        folder: one of `policy_folders()`.
        owner: who is named as its owner.

    Raises:
        ConfigurationError: a policy is there that does not say so already, or none can be written.
    """
    found = _file_in(folder)
    if found is not None:
        if read_policy_file(found).mfa:
            return found
        raise ConfigurationError(f"The policy {found} does not switch MFA on.", 'Write "mfa = true" into it.')
    path = folder / _NAMES[0]
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(_TEMPLATE.format(owner=json.dumps(owner)))
    except OSError as error:
        raise ConfigurationError(
            f"The policy {path} cannot be written: {error.strerror}.", "Whoever may write it is the owner: ask them."
        ) from None
    return path


class _Reader:
    """Turns a document into a layer; whatever is wrong is told with the file and the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def layer(self, document: Any) -> Layer:
        top = self._table(document, "", ("mfa", "owners", "environments", "session", "allow"))
        session = self._table(top.get("session", {}), "session", ("shortest", "longest"))
        allow = self._table(top.get("allow", {}), "allow", ("accounts", "roles", "local_state", "bypasses"))
        accounts = self._texts(allow, "accounts", "allow.")
        for account in accounts or ():
            if not _ACCOUNT.fullmatch(account):
                self._wrong("allow.accounts", f"{account!r} is no account id", 'Write it as "111122223333".')
        bypasses = self._texts(allow, "bypasses", "allow.")
        return Layer(
            self._path,
            mfa=self._flag(top, "mfa", ""),
            owners=self._texts(top, "owners", ""),
            environments=tuple(self._levels(top.get("environments", {}))),
            session_seconds=(self._seconds(session, "shortest"), self._seconds(session, "longest")),
            accounts=None if accounts is None else frozenset(accounts),
            roles=self._texts(allow, "roles", "allow."),
            local_state=self._flag(allow, "local_state", "allow."),
            bypasses=None if bypasses is None else frozenset(bypasses),
        )

    def _wrong(self, key: str, what: str, remedy: str) -> NoReturn:
        raise ConfigurationError(f"The policy {self._path}: {key}: {what}.", remedy)

    def _table(self, value: Any, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(name or "the file", "must be a table", f"Its keys are {', '.join(known)}.")
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                meant = f'Did you mean "{near[0]}"?' if near else f"The keys are {', '.join(known)}."
                self._wrong(f"{name}.{key}" if name else str(key), "is not known", meant)
        return value

    def _flag(self, table: dict[str, Any], key: str, where: str) -> bool | None:
        value = table.get(key)
        if value is not None and not isinstance(value, bool):
            self._wrong(where + key, f"{value!r} is neither true nor false", "Write true or false.")
        return value

    def _texts(self, table: dict[str, Any], key: str, where: str) -> tuple[str, ...] | None:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self._wrong(where + key, "must be a list of strings", f'As in {key} = ["…"].')
        return tuple(value)

    def _seconds(self, table: dict[str, Any], key: str) -> int | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_SESSION <= value <= LONGEST_SESSION:
            bounds = f"{SHORTEST_SESSION} to {LONGEST_SESSION}"
            self._wrong(f"session.{key}", f"{value!r} is no number of seconds from {bounds}", "Those are STS's bounds.")
        return value

    def _levels(self, table: Any) -> list[tuple[str, Level]]:
        if not isinstance(table, dict):
            self._wrong("environments", "must be a table", 'As in "prod-*" = "plans and applies".')
        levels = []
        for pattern, value in table.items():
            try:
                levels.append((str(pattern), Level(value)))
            except ValueError:
                choices = ", ".join(f'"{level}"' for level in Level)
                self._wrong(f'environments."{pattern}"', f"{value!r} is no level", f"The levels are {choices}.")
        return levels
