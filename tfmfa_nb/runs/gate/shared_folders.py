"""Folders of configuration that other users can change: what they put there would run with the MFA session."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.protocol.layout import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME = "shared-folder"
_ROOT = 0
_UNREAD = {".git", PRIVATE}  # neither is read by Terraform, and the second is private
_PROVIDERS = "/.terraform/providers/"


def shared_folder(folder: Path, effect: str = "would run with the MFA session") -> Iterator[Problem]:
    """What other users can write to, or have put, in a folder and what is in it; named "shared-folder".

    A group counts as others unless the user is its only member: many systems give each user a group of their own. Of
    the folders above, only those count in which everybody can put another folder in this one's place.

    Args:
        folder: the environment's folder, or a program. Files that cannot be examined are left to whoever reads them.
        effect: what happens with something that others put there.
    """
    for parent, status in _examined(folder.resolve().parents):
        if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
            yield _writable(parent, "o-w", effect)
    own_group = cache(_is_own_group)
    for path, status in _examined(_tree(folder)):
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not own_group(status.st_gid)):
            yield _writable(path, "go-w", effect)
        if status.st_uid not in {_ROOT, os.geteuid()}:
            text = f"{path} belongs to another user (uid {status.st_uid}): what they put there {effect}."
            remedy = f"Check its content, then run: chown {os.geteuid()} {shlex.quote(str(path))}"
            yield Problem(text, remedy, name=_NAME)


def _writable(path: Path, mode: str, effect: str) -> Problem:
    text = f"Other users can write to {path}: what they put there {effect}."
    return Problem(text, f"Check its content, then run: chmod {mode} {shlex.quote(str(path))}", name=_NAME)


def _tree(folder: Path) -> Iterator[Path]:
    """The folder and all that Terraform may read in it, links included; no folder behind a link is entered."""
    yield folder
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _UNREAD)
        for path in (Path(place, name) for name in (*folders, *sorted(files))):
            # Terraform links to the providers of its plugin cache, and holds each against the lock file.
            if not (_PROVIDERS in str(path) and path.is_symlink()):
                yield path


def _examined(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Each path with what a link leads to."""
    for path in paths:
        with suppress(OSError):  # a link that leads nowhere, or nothing that this user may see
            yield path, path.stat()


def _is_own_group(gid: int) -> bool:
    """Whether this user is the only member of a group."""
    me = os.geteuid()
    try:
        own = pwd.getpwuid(me)
        members = set(grp.getgrgid(gid).gr_mem) - {own.pw_name}
    except KeyError:
        return False
    others = (each for each in pwd.getpwall() if each.pw_gid == gid and each.pw_uid != me)
    return own.pw_gid == gid and not members and next(others, None) is None
