"""The runbook as a file: read, looked at, and saved whole as its execution goes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "tfmfa_nb"
"""The key of what is ours in the metadata of a notebook and of its cells."""

PARAMETERS, INJECTED, RECORD = "parameters", "injected-parameters", "tfmfa-record"


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


def digest(notebook: Any) -> str:
    """The SHA-256 of what a reader sees, and of the record in the notebook's metadata."""
    record = {name: value for name, value in notebook.metadata.get(KEY, {}).items() if name != "sha256"}
    cells = [(cell.cell_type, cell.source, cell.get("outputs", [])) for cell in notebook.cells]
    return hashlib.sha256(json.dumps([cells, record], sort_keys=True).encode()).hexdigest()


def source_digest(notebook: Any) -> str:
    """The SHA-256 of a runbook's own cells."""
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells if not {INJECTED, RECORD} & set(tags(cell))]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()
