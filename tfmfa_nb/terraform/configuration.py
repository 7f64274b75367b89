"""A configuration as a tree of modules: local modules by their paths, others where `init` installed them."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.configuration_files import ConfigurationFiles
from tfmfa_nb.terraform.modules import Module
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.terraform.configuration_files import ParsedFile
    from tfmfa_nb.terraform.hcl import Block

_DEEPEST = 20  # modules in modules


class Configuration:
    """A configuration that is handed on, so that each file is parsed once, and not before its blocks are needed.

    Broken files do not raise: see `problems`.

    Args:
        folder: the root module.
        product: "terraform" or "tofu"; they read different files.
        environ: for `TF_DATA_DIR`.
        parsed: the files that an earlier `Configuration` of the folder has parsed; unchanged ones are not parsed again.
    """

    def __init__(
        self,
        folder: Path,
        product: str,
        environ: Mapping[str, str],
        parsed: Mapping[str, ParsedFile] | None = None,
    ) -> None:
        self.folder, self.product = folder, product
        self._environ = {name: environ[name] for name in ("TF_DATA_DIR",) if name in environ}
        self._files = ConfigurationFiles(folder, product, parsed or {})

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The top-level blocks of the root module, merged with its override files; reads no other module."""
        return self._files.blocks(".")

    @cached_property
    def root(self) -> Module:
        """The root module, with the tree of modules that it calls; reads all of them."""
        return self._load(".", (), None, None)

    @property
    def modules(self) -> tuple[Module, ...]:
        """Every module of the tree, the root first."""
        return tuple(self.root.tree())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Files and modules that cannot be read or understood: roles and bypasses there are not known."""
        _ = self.root
        return tuple(self._files.problems)

    @property
    def digest(self) -> str:
        """A SHA-256, in hexadecimal, of the names and contents of all files of all modules."""
        _ = self.root
        files = sorted((name, file.sha256) for name, file in self._files.parsed.items())
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()

    @property
    def parsed(self) -> Mapping[str, ParsedFile]:
        """The files that were parsed so far, by their names; for a later `Configuration` of the same folder."""
        return self._files.known

    def called(self, call: Block) -> Module | None:
        """The module that a block of the root module calls, without its own calls; None if it is not installed."""
        name = call.labels[:1]
        path = self._path_of(call, name, ".")
        return Module(name, path, self._files.blocks(path), call) if path and self._has(path) else None

    def _load(self, path: str, name: tuple[str, ...], call: Block | None, parent: Module | None) -> Module:
        module = Module(name, path, self._files.blocks(path), call, parent)
        for block in module.blocks:
            if block.type == "module" and block.labels:
                self._load_child(module, block)
        return module

    def _load_child(self, module: Module, call: Block) -> None:
        name = (*module.name, call.labels[0])
        path = self._path_of(call, name, module.path)
        if not path:
            text = f"The module {call.labels[0]} is not installed yet: its roles are not known before `init`."
            self._files.problems.append(Problem(text, place=call.place))
        elif len(name) > _DEEPEST or not self._has(path):
            self._files.problems.append(Problem(f"The module {call.labels[0]} cannot be read.", place=call.place))
        else:
            module.children[call.labels[0]] = self._load(path, name, call, module)

    def _path_of(self, call: Block, name: tuple[str, ...], path: str) -> str:
        """The folder, from the root module, of the module that a block in `path` calls; "" if it is not known."""
        source = call.attributes["source"].literal if "source" in call.attributes else None
        if source is not None and source.startswith(("./", "../", ".\\", "..\\")):
            return os.path.normpath(os.path.join(path, source.replace("\\", "/")))  # noqa: PTH118 - lexically
        return self._installed.get(".".join(name), "")

    def _has(self, path: str) -> bool:
        """Whether the folder exists, whatever `path` holds: `Path.is_dir` raises for a path that is too long."""
        return os.path.isdir(self.folder / path)  # noqa: PTH112

    @cached_property
    def _installed(self) -> dict[str, str]:
        """The folder of each module that `init` installed, from the root module."""
        manifest = data_folder(self.folder, self._environ) / "modules" / "modules.json"
        try:
            modules = json.loads(manifest.read_bytes())["Modules"]
            return {str(module["Key"]): str(module["Dir"]) for module in modules}
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return {}
