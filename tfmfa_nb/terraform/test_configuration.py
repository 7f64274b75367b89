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
# In the text of a block, whatever stands around it: "module.one.id" is a reference, not a module to test.
_OF_ITS_OWN = re.compile(r"\b(?:module(?!\s*\.)|backend)\b")
_VARIABLES, _READS = re.compile(r"\bvariables\b"), re.compile(r"\b(?:var|local)\b")
_REMEDY = "Test without it, or at the level never: its credentials would not be those of the MFA session."
_NAME = "unreadable"


def unexamined_tests(configuration: Configuration) -> Iterator[Problem]:
    """What in the tests of a configuration may use other credentials than those that were examined.

    The words of a block are enough: what only looks like a module of its own is refused too.
    """
    folder = configuration.folder
    providers = [block for module in configuration.modules for block in module.blocks if block.type == "provider"]
    reads = next((block.place for block in providers if _READS.search(block.text)), "")
    for file in sorted(chain.from_iterable(map(folder.glob, _PATTERNS))):
        place = str(file.relative_to(folder))
        blocks, bad_line = parse(file.read_bytes(), place) if file.suffix == ".hcl" else ((), 1)
        if bad_line is not None:
            yield Problem("this file of tests cannot be read", _REMEDY, f"{place}:{bad_line}", _NAME)
        for block in blocks:
            if block.type not in _IN_A_FILE or _OF_ITS_OWN.search(block.text):
                what = "a test has a provider, a module, or a backend of its own, which is not examined"
                yield Problem(what, _REMEDY, block.place, _NAME)
            elif reads and _VARIABLES.search(block.text):
                yield Problem(
                    f"a test sets variables, and the provider in {reads} reads some", _REMEDY, block.place, _NAME
                )
