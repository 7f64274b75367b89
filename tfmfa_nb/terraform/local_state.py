"""The state of the local backend, which can be read without credentials.

https://developer.hashicorp.com/terraform/language/backend/local
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from tfmfa_nb.terraform.addresses import Address, instance_key, parse_address
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")


def state_file(folder: Path, workspace: str, environ: Mapping[str, str]) -> Path | None:
    """The file with the state; None if `init` has kept another backend.

    Args:
        folder: the root module.
        workspace: the selected workspace.
        environ: for `TF_DATA_DIR`.

    Raises:
        OSError, ValueError, AttributeError: what `init` has kept cannot be read.
    """
    kept = data_folder(folder, environ) / "terraform.tfstate"
    backend = json.loads(kept.read_bytes()).get("backend") or {} if kept.is_file() else {}
    if backend.get("type", "local") != "local":
        return None
    settings = backend.get("config") or {}
    if workspace == "default":
        return folder / (settings.get("path") or "terraform.tfstate")
    return folder / (settings.get("workspace_dir") or "terraform.tfstate.d") / workspace / "terraform.tfstate"


def local_instances(folder: Path, workspace: str, environ: Mapping[str, str]) -> list[Address] | None:
    """The instances of resources in the state; None if they are not known, as in an encrypted state.

    Args:
        folder: the root module, whose backend is a local one.
        workspace: the selected workspace.
        environ: for `TF_DATA_DIR`.
    """
    return _read(folder, workspace, environ, lambda state: [*_instances(state)])


def local_outputs(folder: Path, workspace: str, environ: Mapping[str, str]) -> list[str] | None:
    """The names of the outputs in the state; None if they are not known.

    Args:
        folder: the root module, whose backend is a local one.
        workspace: the selected workspace.
        environ: for `TF_DATA_DIR`.
    """
    return _read(folder, workspace, environ, lambda state: [*state["outputs"].keys()])


def _read(
    folder: Path, workspace: str, environ: Mapping[str, str], found: Callable[[Mapping[str, Any]], list[T]]
) -> list[T] | None:
    try:
        file = state_file(folder, workspace, environ)
        if file is None:
            return None
        return found(json.loads(file.read_bytes())) if file.exists() else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _instances(state: Mapping[str, Any]) -> Iterator[Address]:
    for resource in state["resources"]:
        steps = [
            resource.get("module"),
            "data" if resource["mode"] == "data" else "",
            resource["type"],
            resource["name"],
        ]
        address = ".".join(filter(None, steps))
        for instance in resource["instances"]:
            key = instance.get("index_key")
            yield parse_address(address + ("" if key is None else instance_key(key)))
