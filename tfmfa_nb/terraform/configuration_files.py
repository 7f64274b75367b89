"""The files of a configuration: which of a folder Terraform reads, and the blocks in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.hcl import parse
from tfmfa_nb.terraform.json_syntax import parse_json
from tfmfa_nb.terraform.override_files import is_override, merge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.hcl import Block

# OpenTofu's own files come first: they replace Terraform's files of the same name.
_SUFFIXES = {"tofu": (".tofu", ".tofu.json", ".tf", ".tf.json"), "terraform": (".tf", ".tf.json")}


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One file, parsed.

    Attributes:
        sha256: of its content, in hexadecimal.
        blocks: the top-level blocks.
        problem: the reason why some blocks may be missing, if any.
    """

    sha256: str
    blocks: tuple[Block, ...]
    problem: Problem | None = None


class ConfigurationFiles:
    """The files of a configuration's modules. Each file is read once, and parsed once for each content.

    Args:
        folder: the root module.
        product: "terraform" or "tofu".
        parsed: files that were parsed earlier, by their names.

    Attributes:
        parsed: every file that was read, by its name from the root module: "main.tf", "modules/net/main.tf".
        problems: files and folders that cannot be read or understood.
    """

    def __init__(self, folder: Path, product: str, parsed: Mapping[str, ParsedFile]) -> None:
        self.parsed: dict[str, ParsedFile] = {}
        self.problems: list[Problem] = []
        self._folder, self._suffixes = folder, _SUFFIXES.get(product, _SUFFIXES["terraform"])
        self._earlier = parsed
        self._blocks: dict[str, tuple[Block, ...]] = {}

    @property
    def known(self) -> Mapping[str, ParsedFile]:
        """What was parsed, now or earlier."""
        return {**self._earlier, **self.parsed}

    def blocks(self, path: str) -> tuple[Block, ...]:
        """The blocks of the module in `path`, in the order of the file names, merged with its override files."""
        if path not in self._blocks:
            self._blocks[path] = self._read_folder(path)
        return self._blocks[path]

    def _read_folder(self, path: str) -> tuple[Block, ...]:
        blocks: list[Block] = []
        overrides: list[Block] = []
        for file, stem in self._list(self._folder / path):
            name = file.name if path == "." else f"{Path(path).as_posix()}/{file.name}"
            (overrides if is_override(stem) else blocks).extend(self._read(file, name))
        return merge(blocks, overrides)

    def _list(self, folder: Path) -> list[tuple[Path, str]]:
        """The files that Terraform reads, each with its name's stem."""
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
                    # a.tofu replaces a.tf, a.tofu.json replaces a.tf.json.
                    chosen.setdefault(stem + suffix.replace("tofu", "tf"), (name, stem))
        return [(folder / name, stem) for name, stem in sorted(chosen.values()) if not (folder / name).is_dir()]

    def _read(self, file: Path, name: str) -> tuple[Block, ...]:
        if not file.is_file():  # a broken link; a pipe, which would never end
            self.problems.append(Problem(f"{name} cannot be read: not a regular file.", place=name))
            return ()
        try:
            source = file.read_bytes()
        except OSError as error:
            self.problems.append(Problem(f"{name} cannot be read: {error.strerror}.", place=name))
            return ()
        sha256 = hashlib.sha256(source).hexdigest()
        found = self._earlier.get(name)
        if found is None or found.sha256 != sha256:
            found = _parsed(source, name, sha256)
        self.parsed[name] = found
        if found.problem:
            self.problems.append(found.problem)
        return found.blocks


def _parsed(source: bytes, name: str, sha256: str) -> ParsedFile:
    if name.endswith(".json"):
        try:
            return ParsedFile(sha256, parse_json(source, name))
        except ValueError:
            return ParsedFile(sha256, (), Problem(f"{name} is not valid JSON.", place=name))
    blocks, line = parse(source, name)
    problem = None
    if line is not None:
        text = f"{name} cannot be parsed from line {line} on, so roles there may be missed."
        problem = Problem(text, place=f"{name}:{line}")
    return ParsedFile(sha256, blocks, problem)
