"""Folders of configuration that other users can change: what they put there would run with the MFA session."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = "shared-folder"
_ROOT = 0


def shared_folder(folder: Path) -> Iterator[Problem]:
    """What other users can write to, or have put, in a folder; named "shared-folder".

    A group counts as others unless the user is its only member: many systems give each user a group of their own.

    Args:
        folder: the environment's folder. Files that cannot be examined are left to Terraform, which reads them.
    """
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)):
        text = f"Other users can write to {folder}: what they put there would run with the MFA session."
        yield Problem(text, f"Check its content, then run: chmod go-w {shlex.quote(str(folder))}", name=_NAME)
    for path, owner in ((folder, status.st_uid), *_owners(entries)):
        if owner not in {_ROOT, os.geteuid()}:
            text = f"{path} belongs to another user (uid {owner}), who can change what runs with the MFA session."
            yield Problem(
                text, f"Check its content, then run: chown {os.geteuid()} {shlex.quote(str(path))}", name=_NAME
            )


def _owners(entries: list[os.DirEntry[str]]) -> Iterator[tuple[str, int]]:
    for entry in entries:
        try:
            yield entry.path, entry.stat().st_uid
        except OSError:
            continue  # a link that leads nowhere


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
