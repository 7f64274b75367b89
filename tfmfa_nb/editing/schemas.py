"""The schemas of the installed providers: an index on disk, read row by row. The AWS provider's schema has 13 MB.

There is one index for each lock file and version of Terraform, so a new provider version gets a new one.
`schema_indexer` builds it in its own process on first use; until then, another environment's newest one stands in.
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

from tfmfa_nb.terraform.credentials import offline_environ
from tfmfa_nb.terraform.garbage_collection import fewer_collections
from tfmfa_nb.terraform.python_command import python_command
from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.executable import Executable

FORMAT = "1"  # the version of the index, part of its key
_ENDING = ".sqlite"


@dataclass(frozen=True, slots=True)
class Schemas:
    """One index.

    Attributes:
        path: the file; None for an empty index.
    """

    path: Path | None

    def names(self, kind: str) -> list[str]:
        """The names of a kind: "resource", "data", "ephemeral", "provider", "function"."""
        return [name for (name,) in self._ask("SELECT name FROM entry WHERE kind = ? ORDER BY name", kind)]

    def entry(self, kind: str, name: str) -> dict[str, Any] | None:
        """The schema of a block, or the signature of a function, in Terraform's JSON form; None if there is none."""
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
            return []  # the file is gone
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)  # corrupt: the next question rebuilds the index
            return []


@dataclass(slots=True)
class SchemaStore:
    """The indexes in the user's cache, and the process that builds a new one. Thread-safe.

    Attributes:
        folder: the folder of the indexes.
    """

    folder: Path = field(default_factory=lambda: Path(user_cache_dir("tfmfa_nb")) / "schemas")
    _builder: subprocess.Popen[bytes] | None = None
    _failed: set[tuple[str, int]] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def find(self, environment: Path, executable: Executable, environ: Mapping[str, str]) -> Schemas:
        """The index for the environment in a folder; starts to build it if it does not exist."""
        try:
            content = (environment / LOCK_FILE).read_bytes()
        except OSError:
            content = b""
        index = self.folder / f"{_key(content, executable)}{_ENDING}"
        if index.is_file():
            return Schemas(index)
        self._build(index, environment, executable, environ)
        return Schemas(self._newest())

    @property
    def building(self) -> bool:
        """Whether an index is being built."""
        with self._lock:
            return self._builder is not None and self._builder.poll() is None

    def close(self) -> None:
        """Stop building."""
        with self._lock:
            if self._builder is not None and self._builder.poll() is None:
                self._builder.kill()
                self._builder.wait()
            self._builder = None

    def _newest(self) -> Path | None:
        found = []
        for path in self.folder.glob(f"*{_ENDING}"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        return max(found)[1] if found else None

    def _build(self, target: Path, environment: Path, executable: Executable, environ: Mapping[str, str]) -> None:
        data = data_folder(environment, environ)
        try:
            attempt = (target.name, (data / "providers").stat().st_mtime_ns)
        except OSError:
            attempt = (target.name, 0)
        with self._lock:
            if self._builder is not None and self._builder.poll() == 0:
                self._failed.clear()  # built, and deleted since
                self._builder = None
            if attempt in self._failed:
                return  # until `init` installs providers
            if self._builder is not None and self._builder.poll() is None:
                return
            self._failed.add(attempt)  # once built, the index is found before this is looked at
            child = offline_environ(environ)
            with suppress(OSError):
                self._builder = subprocess.Popen(
                    [
                        *python_command("-P", "-m", "tfmfa_nb.editing.schema_indexer"),
                        *(str(target), str(environment), str(data), *executable.command),
                    ],
                    env={**child, **fewer_collections(child)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )


def _key(lock_file: bytes, executable: Executable) -> str:
    versions = f"{FORMAT}\n{executable.product} {executable.version}\n".encode()
    return hashlib.sha256(versions + lock_file).hexdigest()
