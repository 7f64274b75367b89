"""A configuration as a tree of modules: each where `init` installed it, local ones by their paths before that."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.configuration_files import ConfigurationFiles, suffixes, unreadable
from tfmfa_nb.terraform.data_files import data_file
from tfmfa_nb.terraform.module_manifest import ModuleManifest, is_local
from tfmfa_nb.terraform.modules import Module
from tfmfa_nb.terraform.working_directory import data_folder_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.terraform.configuration_files import BrokenFile, ParsedFile
    from tfmfa_nb.terraform.hcl import Block

# Terraform's own limit is the length of a file's name, 255, in which the names of all calls stand with dots between.
_DEEPEST = 200  # modules in modules
_MAX_CALLS = 2_000


class Configuration:
    """A configuration that is handed on, so that each file is parsed once, and not before its blocks are needed.

    Broken files do not raise: see `unreadable` and `broken`.

    Args:
        folder: the root module.
        product: "terraform" or "tofu"; they read different files.
        environ: for `TF_DATA_DIR`.
        parsed: the files that an earlier `Configuration` of the folder has parsed; unchanged ones are not parsed again.
        version: of the product, "1.11.4"; "" for any recent one.
    """

    def __init__(
        self,
        folder: Path,
        product: str,
        environ: Mapping[str, str],
        parsed: Mapping[str, ParsedFile] | None = None,
        version: str = "",
    ) -> None:
        self.folder, self.product = folder, product
        self._environ = {name: environ[name] for name in ("TF_DATA_DIR",) if name in environ}
        self._files = ConfigurationFiles(folder, suffixes(product, version), parsed or {})
        self._problems: list[Problem] = []
        self._unreadable: list[Problem] = []
        self._calls = 0

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The top-level blocks of the root module, merged with its override files; reads no other module."""
        return self._files.blocks(".")

    @cached_property
    def root(self) -> Module:
        """The root module, with the tree of modules that it calls; reads all of them."""
        root = Module((), ".", self._files.blocks("."))
        waiting = [root]
        while waiting:
            module = waiting.pop()
            for block in module.blocks:
                if block.type == "module" and block.labels and (child := self._child(module, block)) is not None:
                    module.children[block.labels[0]] = child
                    waiting.append(child)
        return root

    @property
    def modules(self) -> tuple[Module, ...]:
        """Every module of the tree, the root first."""
        return tuple(self.root.tree())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Modules that are not installed yet: roles and bypasses there are not known before `init`."""
        _ = self.root
        return tuple(self._problems)

    @property
    def unreadable(self) -> tuple[Problem, ...]:
        """Files and modules that cannot be read, though Terraform may read them; "unreadable" is their name."""
        _ = self.root
        return (*self._files.unreadable, *self._unreadable)

    @property
    def broken(self) -> tuple[BrokenFile, ...]:
        """Files with HCL that cannot be parsed here; Terraform may be able to."""
        _ = self.root
        return tuple(file.broken for file in self._files.parsed.values() if file.broken)

    @property
    def files(self) -> Mapping[str, str]:
        """The SHA-256, in hexadecimal, of each file of each module, by the file's name from the root module."""
        _ = self.root
        return {name: file.sha256 for name, file in self._files.parsed.items()}

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The files that functions read, where their paths are plain; they may not exist."""
        _ = self.root
        files = self._files.parsed.items()
        return tuple(dict.fromkeys(data_file(path, name, self.folder) for name, file in files for path in file.data))

    @property
    def parsed(self) -> Mapping[str, ParsedFile]:
        """The files that were parsed so far, by their names; for a later `Configuration` of the same folder."""
        return self._files.known

    def called(self, call: Block) -> Module | None:
        """The module that a block of the root module calls, without its own calls; None if it is not installed."""
        name = call.labels[:1]
        path = self._path_of(call, name, ".")
        return Module(name, path, self._files.blocks(path), call) if path and self._has(path) else None

    def _child(self, module: Module, call: Block) -> Module | None:
        """The module that a block of `module` calls; None if it is not known, which is noted."""
        label = call.labels[0]
        # As HCL, which follows UAX #31 with a dash (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md).
        if not label.replace("-", "_").isidentifier() or label.startswith("-"):
            text = f"The module {label} cannot be read: its name is not an identifier."
            self._unreadable.append(unreadable(text, call.place))
            return None
        name = (*module.name, label)
        path = self._path_of(call, name, module.path)
        self._calls += 1
        if path and self._has(path):
            reason = self._too_much(module, path)
            if not reason:
                return Module(name, path, self._files.blocks(path), call, module)
            self._unreadable.append(unreadable(f"The module {label} cannot be read: {reason}.", call.place))
        elif self._is_local(call):
            self._unreadable.append(unreadable(f"The module {label} cannot be read: no such folder.", call.place))
        else:
            text = f"The module {label} is not installed yet: its roles are not known before `init`."
            self._problems.append(Problem(text, place=call.place))
        return None

    def _too_much(self, module: Module, path: str) -> str:
        """Why the module in `path`, which `module` calls, is not read; "" if it is."""
        if path in module.paths:
            return "it calls itself"
        if len(module.name) >= _DEEPEST:
            return f"it is nested more than {_DEEPEST} deep"
        return f"there are more than {_MAX_CALLS} modules" if self._calls > _MAX_CALLS else ""

    def _path_of(self, call: Block, name: tuple[str, ...], path: str) -> str:
        """The folder, from the root module, of the module that a block in `path` calls; "" if it is not known."""
        return self._manifest.path(name, _source(call), path)

    def _is_local(self, call: Block) -> bool:
        source = _source(call)
        return source is not None and is_local(source)

    def _has(self, path: str) -> bool:
        """Whether the folder exists, whatever `path` holds: `Path.is_dir` raises for a path that is too long."""
        return os.path.isdir(self.folder / path)  # noqa: PTH112

    @cached_property
    def _manifest(self) -> ModuleManifest:
        try:
            return ModuleManifest(self.folder, self._environ)
        except (OSError, ValueError) as error:
            text = f"The folders of the modules are not known: {error}."
            self._unreadable.append(unreadable(text, f"{data_folder_name(self._environ)}/modules/modules.json"))
            return ModuleManifest(self.folder / os.devnull, {})


def _source(call: Block) -> str | None:
    return call.attributes["source"].literal if "source" in call.attributes else None
