"""A runbook as a notebook file: its cells, their tags, its metadata, and its digests."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.formats import EXECUTED_RUNBOOK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METADATA_KEY = "tfmfa_nb"
"""The key of this package's metadata in a notebook and in its cells."""

PARAMETERS_TAG, INJECTED_TAG, RECORD_TAG = "parameters", "injected-parameters", "tfmfa-record"


def read_runbook(path: Path) -> Any:
    """Read a notebook.

    Raises:
        ConfigurationError: there is no notebook at `path`.
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise ConfigurationError(f"There is no notebook {path}.", "Name an .ipynb file.") from None
    except (OSError, ValueError, nbformat.ValidationError, AttributeError, KeyError):
        raise ConfigurationError(f"{path} is not a Jupyter notebook.", "Name an .ipynb file.") from None


def tags(cell: Any) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def code_cells(notebook: Any) -> Iterator[tuple[int, Any]]:
    """The index (from 0) and the cell of each code cell that is not empty."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            yield index, cell


def title(cell: Any) -> str:
    """The first line of a cell that is not a comment, or else its first line."""
    lines = [line.strip() for line in cell.source.strip().splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")


def execution_metadata(notebook: Any, path: Path) -> dict[str, Any]:
    """The metadata that an execution left in the notebook that was read from `path`; empty if there is none.

    Raises:
        FormatError: a version of this package with another format executed the notebook.
    """
    found = notebook.metadata.get(METADATA_KEY)
    if not isinstance(found, dict):
        return {}
    EXECUTED_RUNBOOK.check(found, path)
    return found


def digest(notebook: Any) -> str:
    """The SHA-256 of everything a reader sees, and of the record in the notebook's metadata."""
    record = {name: value for name, value in notebook.metadata.get(METADATA_KEY, {}).items() if name != "sha256"}
    cells = [(cell.cell_type, cell.source, cell.get("outputs", [])) for cell in notebook.cells]
    return hashlib.sha256(json.dumps([cells, record], sort_keys=True).encode()).hexdigest()


def source_digest(notebook: Any) -> str:
    """The SHA-256 of the runbook's own cells, without those that an execution adds."""
    cells = [
        (cell.cell_type, cell.source) for cell in notebook.cells if not {INJECTED_TAG, RECORD_TAG} & set(tags(cell))
    ]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()
