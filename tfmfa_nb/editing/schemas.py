"""The schemas of the installed providers, as an index on disk: 13 MB for the AWS provider, read a row at a time.

An index belongs to one lock file's content and one Terraform: a new provider version makes a new one. It is made by
a process of its own (`indexing`), once it is asked for; until then the newest one of another environment stands in.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir

from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.python_command import python_command
from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.executable import Executable

FORMAT = "1"  # of the index; part of its key
_ENDING = ".sqlite"


@dataclass(frozen=True, slots=True)
class Schemas:
    """One index.

    Attributes:
        path: the file; None for one that knows nothing.
    """

    path: Path | None

    def names(self, kind: str) -> list[str]:
        """What there is of a kind: "resource", "data", "ephemeral", "provider", "function"."""
        return [name for (name,) in self._ask("SELECT name FROM entry WHERE kind = ? ORDER BY name", kind)]

    def entry(self, kind: str, name: str) -> dict[str, Any] | None:
        """A block's schema, or a function's signature, as Terraform's JSON has it; None where there is none."""
        for (packed,) in self._ask("SELECT content FROM entry WHERE kind = ? AND name = ?", kind, name):
            with suppress(ValueError, zlib.error):
                found = json.loads(zlib.decompress(packed))
                return found if isinstance(found, dict) else None
        return None

    def _ask(self, query: str, *arguments: str) -> list[tuple[Any, ...]]:
        if self.path is None:
            return []
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as connection:
                return connection.execute(query, arguments).fetchall()
        except sqlite3.OperationalError:
            return []  # it is gone
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)  # garbled: the next question has it made anew
            return []


@dataclass(slots=True)
class SchemaStore:
    """The indexes of this person, and the process that makes a new one; its methods may be called on any thread.

    Attributes:
        folder: where the indexes are kept: the user's cache.
    """

    folder: Path = field(default_factory=lambda: Path(user_cache_dir("tfmfa_nb")) / "schemas")
    _making: subprocess.Popen[bytes] | None = None
    _failed: set[tuple[str, int]] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def find(self, environment: Path, executable: Executable, environ: Mapping[str, str]) -> Schemas:
        """The index for the environment in this folder; where it is not there yet, it is begun to be made."""
        try:
            content = (environment / LOCK_FILE).read_bytes()
        except OSError:
            content = b""
        made = self.folder / f"{_key(content, executable)}{_ENDING}"
        if made.is_file():
            return Schemas(made)
        self._make(made, environment, executable, environ)
        return Schemas(self._newest())

    @property
    def making(self) -> bool:
        """Whether an index is being made."""
        with self._lock:
            return self._making is not None and self._making.poll() is None

    def close(self) -> None:
        """Give up what is being made."""
        with self._lock:
            if self._making is not None and self._making.poll() is None:
                self._making.kill()
                self._making.wait()
            self._making = None

    def _newest(self) -> Path | None:
        found = []
        for path in self.folder.glob(f"*{_ENDING}"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        return max(found)[1] if found else None

    def _make(self, target: Path, environment: Path, executable: Executable, environ: Mapping[str, str]) -> None:
        data = data_folder(environment, environ)
        try:
            attempt = (target.name, (data / "providers").stat().st_mtime_ns)
        except OSError:
            attempt = (target.name, 0)
        with self._lock:
            if self._making is not None and self._making.poll() == 0:
                self._failed.clear()  # made, and gone since
                self._making = None
            if attempt in self._failed:
                return  # until `init` has brought the providers, or others
            if self._making is not None and self._making.poll() is None:
                return
            self._failed.add(attempt)  # made, it is found before anybody looks here
            child, _ = child_environ(environ, credentials=False)
            with suppress(OSError):
                self._making = subprocess.Popen(
                    [
                        *python_command("-P", "-m", "tfmfa_nb.editing.schema_indexer"),
                        *(str(target), str(environment), str(data), *executable.command),
                    ],
                    env=child,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )


def _key(lock_file: bytes, executable: Executable) -> str:
    said = f"{FORMAT}\n{executable.product} {executable.version}\n".encode()
    return hashlib.sha256(said + lock_file).hexdigest()
