"""The runbook as a file: read, looked at, and saved whole as its execution goes."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "tfmfa_nb"
"""The key of what is ours in the metadata of a notebook and of its cells."""

PARAMETERS, INJECTED, RECORD = "parameters", "injected-parameters", "tfmfa-record"
_APPLIES = re.compile(r"^\s*(?:\w+\s*=\s*)?%{1,2}tfapply\b", re.MULTILINE)
_MAGIC = re.compile(r"^\s*%{1,2}(\w+)")
# Magics that only prepare, so that a resumed runbook may do them again.
_PREPARING = {"load_ext", "reload_ext", "config", "matplotlib"}
_HARMLESS = {
    *("all", "any", "bool", "dict", "display", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min"),
    *("print", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
}
_HARMLESS_METHODS = {
    *(
        "endswith",
        "format",
        "get",
        "isalnum",
        "items",
        "join",
        "keys",
        "lower",
        "replace",
        "split",
        "startswith",
        "strip",
        "upper",
        "values",
    ),
}
# A save may take this share of the time: trivial cells are not saved one by one.
_SHARE = 50


def read_runbook(path: Path) -> Any:
    """The notebook at `path`.

    Raises:
        ConfigurationError: it is not there, or is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise ConfigurationError(f"There is no notebook {path}.", "Give the path of an .ipynb file.") from None
    except (OSError, ValueError, nbformat.ValidationError, AttributeError, KeyError):
        raise ConfigurationError(f"{path} is not a Jupyter notebook.", "Give the path of an .ipynb file.") from None


def tags(cell: Any) -> list[str]:
    """The cell's tags."""
    return list(cell.metadata.get("tags", []))


def executed_cells(notebook: Any) -> Iterator[tuple[int, Any]]:
    """The code cells that have something in them, with their places."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            yield index, cell


def title(cell: Any) -> str:
    """A cell's first line that is not only a comment, else its first."""
    lines = [line.strip() for line in cell.source.strip().splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")


def applies(source: str) -> bool:
    """Whether a cell says that it applies."""
    return _APPLIES.search(source) is not None


def applies_configuration(source: str) -> bool:
    """Whether a cell plans what is in it, and applies that."""
    return source.lstrip().startswith("%%tfapply") and bool(source.strip().partition("\n")[2].strip())


def only_prepares(cell: Any) -> bool:
    """Whether doing a cell again does nothing but prepare: it imports, defines, names, asserts, or is tagged so."""
    if {PARAMETERS, INJECTED, "setup"} & set(tags(cell)):
        return True
    python = []
    for line in cell.source.splitlines():
        if (magic := _MAGIC.match(line)) is None:
            python.append(line)
        elif magic[1] not in _PREPARING:
            return False
    try:
        body = ast.parse("\n".join(python)).body
    except SyntaxError:
        return False
    return all(_prepares(statement) for statement in body)


def _prepares(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    nodes = list(ast.walk(statement))
    return not any(isinstance(node, ast.Await | ast.Delete) for node in nodes) and all(
        _harmless(node.func) for node in nodes if isinstance(node, ast.Call)
    )


def _harmless(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _HARMLESS
    return isinstance(called, ast.Attribute) and called.attr in _HARMLESS_METHODS


def digest(notebook: Any) -> str:
    """The SHA-256 of what a reader sees, and of the record in the notebook's metadata."""
    record = {name: value for name, value in notebook.metadata.get(KEY, {}).items() if name != "sha256"}
    cells = [(cell.cell_type, cell.source, cell.get("outputs", [])) for cell in notebook.cells]
    return hashlib.sha256(json.dumps([cells, record], sort_keys=True).encode()).hexdigest()


def source_digest(notebook: Any) -> str:
    """The SHA-256 of a runbook's own cells."""
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells if not {INJECTED, RECORD} & set(tags(cell))]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


class Saver:
    """Saves a notebook whole, as it goes.

    Args:
        notebook: what is saved.
        path: where to.
    """

    def __init__(self, notebook: Any, path: Path) -> None:
        self._notebook, self._path = notebook, path
        self._mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        self._cost = 0.0
        self._ended = 0.0
        self._later: asyncio.TimerHandle | None = None

    def save(self) -> None:
        """Save now.

        Raises:
            ConfigurationError: it cannot be written.
        """
        if self._later is not None:
            self._later.cancel()
            self._later = None
        began = time.monotonic()
        write_whole(self._path, nbformat.v4.writes(self._notebook) + "\n", self._mode)
        self._ended = time.monotonic()
        self._cost = self._ended - began

    def soon(self) -> None:
        """Save now, or in a moment where the last time is only just past.

        Raises:
            ConfigurationError: it cannot be written.
        """
        if self._later is not None:
            return
        rest = self._ended + _SHARE * self._cost - time.monotonic()
        if rest <= 0:
            self.save()
        else:
            self._later = asyncio.get_running_loop().call_later(rest, self.save)
