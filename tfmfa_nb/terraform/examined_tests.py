"""What Terraform's tests bring along that the inspection of a configuration does not see.

https://developer.hashicorp.com/terraform/language/tests
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.hcl import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfmfa_nb.terraform.configuration import Configuration

_IN_A_FILE = {"run", "variables", "test", "mock_provider", "override_resource", "override_data", "override_module"}
_PATTERNS = ("*.tftest.*", "*.tofutest.*", "tests/*.tftest.*", "tests/*.tofutest.*")
# Wherever in the file: "module.one.id" is a reference, not a module to test.
_OF_ITS_OWN = re.compile(r"\b(?:module(?!\s*\.)|backend)\b")
# Tests in this folder get these variables, though no file of tests says so.
_VALUES = tuple(f"tests/{name}{end}" for name in ("terraform", "*.auto") for end in (".tfvars", ".tfvars.json"))
_VARIABLES, _OVERRIDES = re.compile(r"\bvariables\b"), re.compile(r"\boverride_\w+\b")
_MADE = r"local|module|data|[a-z][a-z0-9]*_\w+\s*\.\s*[A-Za-z_]\w*"  # what may be made of others, and overridden
_READS, _READS_MADE = re.compile(rf"\b(?:var|{_MADE})\b"), re.compile(rf"\b(?:{_MADE})\b")
_REMEDY = "Test without it, or at the level never: its credentials would not be those of the MFA session."
_NAME = "unreadable"


def unexamined_tests(configuration: Configuration) -> Iterator[Problem]:
    """What in the tests of a configuration may use other credentials than those that were examined.

    Words are enough: what only looks like a module of its own is refused too.

    Raises:
        OSError: a file of tests cannot be read.
    """
    folder = configuration.folder
    providers = [block for module in configuration.modules for block in module.blocks if block.type == "provider"]
    reads, reads_made = (
        next((block.place for block in providers if not block.text or pattern.search(block.text)), "")
        for pattern in (_READS, _READS_MADE)
    )
    for file in files_of_tests(folder):
        name = str(file.relative_to(folder))
        if not any(map(file.relative_to(folder).match, _VALUES)):
            yield from _unexamined(file.read_bytes(), name, reads, reads_made)
        elif reads:
            yield Problem(
                f"tests get variables from here, and the provider in {reads} reads some", _REMEDY, name, _NAME
            )


def files_of_tests(folder: Path) -> list[Path]:
    """The files that Terraform's tests in `folder` are made of."""
    return sorted(chain.from_iterable(map(folder.glob, (*_PATTERNS, *_VALUES))))


def _unexamined(source: bytes, name: str, reads: str, reads_made: str) -> Iterator[Problem]:
    """What in one file is not examined.

    Args:
        source: its content.
        name: its path, relative to the configuration.
        reads: place of a provider that reads variables, itself or by way of something else; "" for none.
        reads_made: place of a provider that reads something which a test can override; "" for none.
    """
    blocks, bad_line = parse(source, name) if name.endswith(".hcl") else ((), 1)
    if bad_line is not None:
        yield Problem("this file of tests cannot be read", _REMEDY, f"{name}:{bad_line}", _NAME)
        return
    own = [block.line for block in blocks if block.type not in _IN_A_FILE]
    for number, line in enumerate(source.decode("utf-8", "replace").splitlines(), start=1):
        if number in own or _OF_ITS_OWN.search(line):
            what = "a test has a provider, a module, or a backend of its own, which is not examined"
            yield Problem(what, _REMEDY, f"{name}:{number}", _NAME)
        elif reads and _VARIABLES.search(line):
            what = f"a test sets variables, and the provider in {reads} reads some"
            yield Problem(what, _REMEDY, f"{name}:{number}", _NAME)
        elif reads_made and _OVERRIDES.search(line):
            what = f"a test overrides values, and the provider in {reads_made} reads some"
            yield Problem(what, _REMEDY, f"{name}:{number}", _NAME)
