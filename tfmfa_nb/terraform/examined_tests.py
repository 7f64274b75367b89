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

    from tfmfa_nb.terraform.configuration import Configuration

_IN_A_FILE = {"run", "variables", "test", "mock_provider", "override_resource", "override_data", "override_module"}
_PATTERNS = ("*.tftest.*", "*.tofutest.*", "tests/*.tftest.*", "tests/*.tofutest.*")
# Wherever in the file: "module.one.id" is a reference, not a module to test.
_OF_ITS_OWN = re.compile(r"\b(?:module(?!\s*\.)|backend)\b")
_VARIABLES, _READS = re.compile(r"\bvariables\b"), re.compile(r"\b(?:var|local)\b")
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
    reads = next((block.place for block in providers if not block.text or _READS.search(block.text)), "")
    for file in sorted(chain.from_iterable(map(folder.glob, _PATTERNS))):
        yield from _unexamined(file.read_bytes(), str(file.relative_to(folder)), reads)


def _unexamined(source: bytes, name: str, reads: str) -> Iterator[Problem]:
    """What in one file is not examined.

    Args:
        source: its content.
        name: its path, relative to the configuration.
        reads: place of a provider that reads variables; "" for none.
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
