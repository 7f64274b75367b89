"""Builds one index of schemas, in its own process: `python -m tfmfa_nb.editing.schema_indexer`.

Terraform runs in an empty folder with links to the environment's providers: in the environment's own folder it would
read the backend, which needs credentials.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.working_directory import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOCKED = re.compile(r'^provider "([^"\\]+)"', re.MULTILINE)
_SECONDS = 300
_KEPT = 16  # indexes
_KINDS = {
    "resource_schemas": "resource",
    "data_source_schemas": "data",
    "ephemeral_resource_schemas": "ephemeral",
}


def index(target: Path, environment: Path, data: Path, command: Sequence[str]) -> None:
    """Build the index.

    Args:
        target: the file, which appears once it is complete.
        environment: the folder of the configuration, for its lock file.
        data: the data directory, `.terraform`, of that folder.
        command: the first words of Terraform's command line.

    Raises:
        OSError: the index cannot be written.
        ValueError: Terraform failed; the providers may not be installed yet.
    """
    with tempfile.TemporaryDirectory(prefix="tfmfa-") as name:
        folder = Path(name)
        _link_providers(folder, environment, data)
        schemas = _ask(folder, command, "providers", "schema", "-json")
        with suppress(ValueError):  # Terraform before 1.4 has no such command
            schemas["functions"] = _ask(folder, command, "metadata", "functions", "-json")["function_signatures"]
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        _write(Path(temporary), schemas)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    _delete_oldest(target.parent)


def _link_providers(folder: Path, environment: Path, data: Path) -> None:
    """Write a configuration that requires only the providers in the lock file."""
    lines = ["terraform {", "  required_providers {"]
    with suppress(FileNotFoundError):
        lock = (environment / LOCK_FILE).read_text(encoding="utf-8")
        (folder / LOCK_FILE).write_text(lock, encoding="utf-8")
        lines += [f'    p{n} = {{ source = "{source}" }}' for n, source in enumerate(_LOCKED.findall(lock))]
    # Terraform lists its built-in provider only if it is used.
    lines += ["  }", "}", 'resource "terraform_data" "any" {}', ""]
    (folder / "main.tf").write_text("\n".join(lines), encoding="utf-8")
    if (data / "providers").is_dir():
        (folder / ".terraform").mkdir()
        (folder / ".terraform" / "providers").symlink_to((data / "providers").absolute())


def _ask(folder: Path, command: Sequence[str], *words: str) -> dict[str, Any]:
    environ = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    for name in ("TF_DATA_DIR", "TF_WORKSPACE"):
        environ.pop(name, None)
    answer = subprocess.run(
        [*command, *words], cwd=folder, env=environ, capture_output=True, check=False, timeout=_SECONDS
    )
    found = json.loads(answer.stdout)
    if answer.returncode or not isinstance(found, dict):
        raise ValueError(f"terraform {' '.join(words)} failed")
    return found


def _write(path: Path, schemas: dict[str, Any]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE entry (kind TEXT, name TEXT, content BLOB, PRIMARY KEY (kind, name)) WITHOUT ROWID"
        )
        connection.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", _entries(schemas))


def _entries(schemas: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    for source, provider in schemas.get("provider_schemas", {}).items():
        local = source.rsplit("/", 1)[-1]
        if "block" in provider.get("provider", {}):
            yield "provider", local, _packed({**provider["provider"]["block"], "provider": source})
        for part, kind in _KINDS.items():
            for name, schema in provider.get(part, {}).items():
                yield kind, name, _packed({**schema.get("block", {}), "provider": source})
        for name, signature in provider.get("functions", {}).items():
            yield "function", f"provider::{local}::{name}", _packed(signature)
    for name, signature in schemas.get("functions", {}).items():
        yield "function", name, _packed(signature)


def _packed(content: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode())


def _delete_oldest(folder: Path) -> None:
    found = sorted(folder.glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[_KEPT:]:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    os.nice(10)  # somebody is typing meanwhile
    _, _target, _environment, _data, *_command = sys.argv
    try:
        index(Path(_target), Path(_environment), Path(_data), _command)
    except (OSError, ValueError, sqlite3.Error, subprocess.SubprocessError) as error:
        sys.exit(str(error))
