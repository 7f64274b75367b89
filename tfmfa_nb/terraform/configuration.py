"""A configuration as a tree of modules: local ones by their paths, fetched ones where `init` put them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.hcl import Block, parse
from tfmfa_nb.terraform.json_syntax import parse_json
from tfmfa_nb.terraform.override_files import is_override, merge
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tfmfa_nb.terraform.expressions import Expression

# OpenTofu's own files first: they stand in for Terraform's of the same name.
_SUFFIXES = {"tofu": (".tofu", ".tofu.json", ".tf", ".tf.json"), "terraform": (".tf", ".tf.json")}
_DEEPEST = 20  # modules in modules


@dataclass(frozen=True, eq=False)
class Module:
    """One module, as it is called.

    Attributes:
        name: the names of the calls that lead to it; empty for the root.
        path: what `path.module` is in it: ".", "modules/net".
        call: the block that calls it; None for the root.
        parent: the module of that block.
    """

    name: tuple[str, ...]
    path: str
    blocks: tuple[Block, ...]
    call: Block | None = None
    parent: Module | None = None
    children: dict[str, Module] = field(default_factory=dict)

    def __post_init__(self) -> None:
        of: dict[str, dict[str, Block]] = {"variable": {}, "output": {}}
        local: dict[str, Expression] = {}
        for block in self.blocks:
            if block.type == "locals":
                local |= block.attributes
            elif block.type in of and block.labels:
                of[block.type][block.labels[0]] = block
        object.__setattr__(self, "locals", local)
        object.__setattr__(self, "variables", of["variable"])
        object.__setattr__(self, "outputs", of["output"])

    locals: Mapping[str, Expression] = field(init=False, repr=False)
    variables: Mapping[str, Block] = field(init=False, repr=False)
    outputs: Mapping[str, Block] = field(init=False, repr=False)

    @property
    def address(self) -> str:
        """How the names of what is in it begin: "", "module.net."."""
        return "".join(f"module.{name}." for name in self.name)

    @property
    def repeated(self) -> bool:
        """Whether it, or one that it is in, is called with `count` or `for_each`."""
        called = self.call is not None and bool(self.call.attributes.keys() & {"count", "for_each"})
        return called or (self.parent is not None and self.parent.repeated)

    def tree(self) -> Iterator[Module]:
        """It and all that are below it."""
        yield self
        for child in self.children.values():
            yield from child.tree()


class _Loader:
    def __init__(self, folder: Path, product: str, environ: Mapping[str, str]) -> None:
        self._folder, self._suffixes = folder, _SUFFIXES.get(product, _SUFFIXES["terraform"])
        self._fetched = _fetched(data_folder(folder, environ) / "modules" / "modules.json")
        self._read: dict[str, tuple[Block, ...]] = {}
        self.problems: list[Problem] = []

    def load(
        self, path: str, name: tuple[str, ...] = (), call: Block | None = None, parent: Module | None = None
    ) -> Module:
        module = Module(name, path, self.blocks(path), call, parent)
        for block in module.blocks:
            if block.type == "module" and block.labels:
                self._load_child(module, block)
        return module

    def _load_child(self, module: Module, call: Block) -> None:
        name = (*module.name, call.labels[0])
        path = self.path_of(call, name, module.path)
        if not path:
            what = f"The module {call.labels[0]} is not here yet: its roles are not known before `init`."
            self.problems.append(Problem(what, place=call.place))
        elif len(name) > _DEEPEST or not self.has(path):
            self.problems.append(Problem(f"The module {call.labels[0]} cannot be read.", place=call.place))
        else:
            module.children[call.labels[0]] = self.load(path, name, call, module)

    def path_of(self, call: Block, name: tuple[str, ...], path: str) -> str:
        """Where the module `name` is that a block of the module in `path` calls; "" where that is not known."""
        source = call.attributes["source"].literal if "source" in call.attributes else None
        if source is not None and source.startswith(("./", "../", ".\\", "..\\")):
            return os.path.normpath(os.path.join(path, source.replace("\\", "/")))  # noqa: PTH118 - lexically
        return self._fetched.get(".".join(name), "")

    def has(self, path: str) -> bool:
        """Whether there is such a folder, whatever `path` may hold: `Path.is_dir` raises for one that is too long."""
        return os.path.isdir(self._folder / path)  # noqa: PTH112

    def blocks(self, path: str) -> tuple[Block, ...]:
        if path not in self._read:
            self._read[path] = self._folder_blocks(path)
        return self._read[path]

    def _folder_blocks(self, path: str) -> tuple[Block, ...]:
        """All blocks of one folder's files, in the order of their names, the overriding ones last."""
        blocks: list[Block] = []
        overrides: list[Block] = []
        for file, stem in self._files(self._folder / path):
            shown = file.name if path == "." else f"{Path(path).as_posix()}/{file.name}"
            (overrides if is_override(stem) else blocks).extend(self._file_blocks(file, shown))
        return merge(blocks, overrides)

    def _files(self, folder: Path) -> list[tuple[Path, str]]:
        try:
            names = sorted(file.name for file in folder.iterdir())
        except OSError as error:
            self.problems.append(Problem(f"{folder.name} cannot be read: {error.strerror}."))
            return []
        chosen: dict[str, tuple[str, str]] = {}
        for suffix in self._suffixes:
            for name in names:
                stem = name.removesuffix(suffix)
                if stem != name and not name.startswith((".", "#")):
                    # a.tofu stands in for a.tf, a.tofu.json for a.tf.json.
                    chosen.setdefault(stem + suffix.replace("tofu", "tf"), (name, stem))
        return [(folder / name, stem) for name, stem in sorted(chosen.values()) if not (folder / name).is_dir()]

    def _file_blocks(self, file: Path, shown: str) -> Sequence[Block]:
        if not file.is_file():  # a link to nowhere; a pipe, which would be read for ever
            self.problems.append(Problem(f"{shown} cannot be read: it is no file.", place=shown))
            return ()
        try:
            source = file.read_bytes()
            if file.suffix == ".json":
                return parse_json(source, shown)
        except OSError as error:
            self.problems.append(Problem(f"{shown} cannot be read: {error.strerror}.", place=shown))
            return ()
        except ValueError:
            self.problems.append(Problem(f"{shown} is not JSON.", place=shown))
            return ()
        blocks, line = parse(source, shown)
        if line is not None:
            self.problems.append(
                Problem(f"{shown} is not understood from line {line} on: a role there may be missing here.",
                        place=f"{shown}:{line}")
            )  # fmt: skip
        return blocks


def load(folder: Path, product: str, environ: Mapping[str, str]) -> tuple[Module, list[Problem]]:
    """The configuration in `folder`, and what of it could not be read; it never fails.

    Args:
        folder: the root module.
        product: "terraform" or "tofu", for which files it reads.
        environ: for `TF_DATA_DIR`.
    """
    loader = _Loader(folder, product, environ)
    return loader.load("."), loader.problems


def called(folder: Path, product: str, environ: Mapping[str, str], call: Block) -> Module | None:
    """The module that a block of the root module calls, without those that it calls; None where it is not here.

    Args:
        folder: the root module.
        product: "terraform" or "tofu", for which files it reads.
        environ: for `TF_DATA_DIR`.
        call: the block.
    """
    loader = _Loader(folder, product, environ)
    name = call.labels[:1]
    path = loader.path_of(call, name, ".")
    return Module(name, path, loader.blocks(path), call) if path and loader.has(path) else None


def read_blocks(folder: Path, product: str = "terraform") -> tuple[list[Block], list[Problem]]:
    """The top-level blocks of one module, as its override files leave them, and what could not be read."""
    loader = _Loader(folder, product, {})
    return list(loader.blocks(".")), loader.problems


def _fetched(manifest: Path) -> dict[str, str]:
    """Where `init` has put each module, from the root's folder."""
    try:
        modules = json.loads(manifest.read_bytes())["Modules"]
        return {str(module["Key"]): str(module["Dir"]) for module in modules}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
