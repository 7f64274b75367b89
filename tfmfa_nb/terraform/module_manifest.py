"""Where the modules lie: `init` keeps the folder of each in `.terraform/modules/modules.json`, which Terraform follows.

That holds for local modules too (measured): as long as the source is the one of the manifest, its folder counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.terraform_json import read_terraform_json
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAMES = ("Modules", "Key", "Source", "Version", "Dir")
_LOCAL = ("./", "../", ".\\", "..\\")


class ModuleManifest:
    """The folders of the modules that `init` installed.

    Args:
        folder: the root module.
        environ: for `TF_DATA_DIR`.

    Raises:
        OSError: the manifest cannot be read.
        ValueError: the manifest cannot be understood.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        document = read_terraform_json(data_folder(folder, environ) / "modules" / "modules.json", _NAMES)
        self._installed: dict[str, tuple[str, str]] = {}
        if document is None:
            return
        modules = document.get("Modules") or [] if isinstance(document, dict) else None
        if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
            raise ValueError("no list of modules")
        for module in modules:
            key, source, path = (module.get(name, "") for name in ("Key", "Source", "Dir"))
            if not isinstance(key, str) or not isinstance(source, str) or not isinstance(path, str):
                raise ValueError("a module is not described by strings")  # noqa: TRY004 - what is wrong is the file
            if key in self._installed:
                raise ValueError(f"two modules have the key {key}")
            self._installed[key] = source, path

    def path(self, name: tuple[str, ...], source: str | None, parent: str) -> str:
        """The folder of a module, from the root module; "" if it is not known.

        Args:
            name: the names of the calls that lead to it.
            source: the source in the configuration; None if it is not a literal.
            parent: the folder of the calling module.
        """
        known, path = self._installed.get(".".join(name), ("", ""))
        if source is None or not is_local(source):
            return path
        if path and is_local(known) and _normal(known) == _normal(source):
            return path
        return os.path.normpath(os.path.join(parent, _slashes(source)))  # noqa: PTH118 - lexically


def is_local(source: str) -> bool:
    """Whether a module's source is a folder of the configuration."""
    return source.startswith(_LOCAL)


def _normal(source: str) -> str:
    return os.path.normpath(_slashes(source))


def _slashes(source: str) -> str:
    return source.replace("\\", "/")
