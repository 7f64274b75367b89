"""The files of a configuration: which of a folder Terraform reads, and the blocks in them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.data_files import plain_paths
from tfmfa_nb.terraform.hcl import parse
from tfmfa_nb.terraform.json_syntax import parse_json
from tfmfa_nb.terraform.override_files import is_override, merge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.terraform.hcl import Block

# OpenTofu's own files come first: they replace Terraform's files of the same name. Older versions ignore them.
_TERRAFORM = (".tf", ".tf.json")
_TOFU = (".tofu", ".tofu.json", *_TERRAFORM)
_TOFU_FILES_SINCE = (1, 8)


def suffixes(product: str, version: str) -> tuple[str, ...]:
    """How the names of the files end that a product reads.

    Args:
        product: "terraform" or "tofu".
        version: "1.11.4"; "" for any recent one.
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    old = numbers is not None and (int(numbers[1]), int(numbers[2])) < _TOFU_FILES_SINCE
    return _TOFU if product == "tofu" and not old else _TERRAFORM


def unreadable(text: str, place: str) -> Problem:
    """What cannot be read: credentials there would not be seen."""
    return Problem(text, "Correct it, or remove it. No code was spent.", place, "unreadable")


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """HCL that cannot be parsed here.

    Attributes:
        place: main.tf:3.
        what: what is wrong, in one sentence.
        source: the content of the file.
    """

    place: str
    what: str
    source: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One file, parsed.

    Attributes:
        sha256: of its content, in hexadecimal.
        blocks: the top-level blocks.
        broken: why some blocks of HCL may be missing, if any are.
        unreadable: why JSON cannot be read.
        data: the plain paths of files that functions read; see `data_files`.
    """

    sha256: str
    blocks: tuple[Block, ...]
    broken: BrokenFile | None = None
    unreadable: Problem | None = None
    data: tuple[str, ...] = ()


class ConfigurationFiles:
    """The files of a configuration's modules. Each file is read once, and parsed once for each content.

    Args:
        folder: the root module.
        endings: how the names of the files end that count; see `suffixes`.
        parsed: files that were parsed earlier, by their names.

    Attributes:
        parsed: every file that was read, by its name from the root module: "main.tf", "modules/net/main.tf".
        unreadable: files and folders that cannot be read.
    """

    def __init__(self, folder: Path, endings: Sequence[str], parsed: Mapping[str, ParsedFile]) -> None:
        self.parsed: dict[str, ParsedFile] = {}
        self.unreadable: list[Problem] = []
        self._folder, self._suffixes = folder, endings
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
        except FileNotFoundError:
            return []  # an environment before its first plan; a module that does not exist is not called at all
        except OSError as error:
            self.unreadable.append(unreadable(f"{folder.name} cannot be read: {error.strerror}.", ""))
            return []
        chosen: dict[str, tuple[str, str]] = {}
        for suffix in self._suffixes:
            for name in names:
                stem = name.removesuffix(suffix)
                # Terraform leaves out ".x", "x~" and "#x#"; the latter two do not end like this, and "#x.tf" is read.
                if stem != name and not name.startswith("."):
                    # a.tofu replaces a.tf, a.tofu.json replaces a.tf.json.
                    chosen.setdefault(stem + suffix.replace("tofu", "tf"), (name, stem))
        return [(folder / name, stem) for name, stem in sorted(chosen.values()) if not (folder / name).is_dir()]

    def _read(self, file: Path, name: str) -> tuple[Block, ...]:
        if not file.is_file():  # a broken link; a pipe, which would never end
            self.unreadable.append(unreadable(f"{name} cannot be read: not a regular file.", name))
            return ()
        try:
            source = file.read_bytes()
        except OSError as error:
            self.unreadable.append(unreadable(f"{name} cannot be read: {error.strerror}.", name))
            return ()
        sha256 = hashlib.sha256(source).hexdigest()
        found = self._earlier.get(name)
        if found is None or found.sha256 != sha256:
            found = _parsed(source, name, sha256)
        self.parsed[name] = found
        if found.unreadable:
            self.unreadable.append(found.unreadable)
        return found.blocks


def _parsed(source: bytes, name: str, sha256: str) -> ParsedFile:
    data = plain_paths(source)
    if name.endswith(".json"):
        try:
            return ParsedFile(sha256, parse_json(source, name), data=data)
        except ValueError:
            return ParsedFile(sha256, (), unreadable=unreadable(f"{name} is not valid JSON.", name))
    blocks, line = parse(source, name)
    if line is None:
        return ParsedFile(sha256, blocks, data=data)
    what = f"{name} cannot be parsed from line {line} on, so roles there may be missed."
    return ParsedFile(sha256, blocks, BrokenFile(f"{name}:{line}", what, source), data=data)
