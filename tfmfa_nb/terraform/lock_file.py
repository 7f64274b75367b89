"""What is wrong with the dependency lock file, according to what Terraform says.

It lacks checksums for the platform of this machine, because Terraform records those of one platform where it cannot ask
the registry for all, as with a mirror; or it locks a version that the configuration does not allow any more.
https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of `init`, and of `validate` and `plan` for a package that is installed already.
_MISMATCH = re.compile(
    r"package for (\S+/\S+/\S+) (\d\S*)(?: \(in [^)]*\))? does(?:n't| not) match any of the checksums"
)
# The first is of `init`, the second of the others.
_OUTDATED = re.compile(
    r"locked provider (?P<source>\S+/\S+/\S+) (?P<version>\d\S*) does not match configured version constraint "
    r"(?P<constraint>[^;]+);"
    r"|provider (?P<source2>\S+/\S+/\S+): locked version selection (?P<version2>\d\S*) doesn't match the updated "
    r'version constraints? "(?P<constraint2>[^"]+)"'
)
# As Go names them, https://go.dev/doc/install/source#environment.
_PROCESSORS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "i686": "386", "i386": "386"}


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A package that matches no checksum in the lock file.

    Attributes:
        source: "registry.terraform.io/hashicorp/aws".
        version: "5.100.0".
    """

    source: str
    version: str

    @property
    def problem(self) -> str:
        """What is wrong, in a sentence."""
        return (
            f".terraform.lock.hcl has no checksum of {self.source} {self.version} for this platform, {this_platform()}."
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return (
            f"Add it, and commit the file: terraform providers lock -platform={this_platform()} {self.source} "
            "(with -fs-mirror=DIR or -net-mirror=URL for a mirror). If the file has one, the package is not the one "
            "that was locked."
        )


@dataclass(frozen=True, slots=True)
class Outdated:
    """A locked version that the configuration does not allow.

    Attributes:
        source: "registry.terraform.io/hashicorp/aws".
        version: "5.99.1".
        constraint: "~> 5.100.0".
    """

    source: str
    version: str
    constraint: str

    @property
    def problem(self) -> str:
        """What is wrong, in a sentence."""
        return (
            f".terraform.lock.hcl locks {self.source} {self.version}, and the configuration asks for {self.constraint}."
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return "Plan with --upgrade, which selects new versions, and commit the file."


def lock_file_fault(lines: Iterable[str]) -> Unlisted | Outdated | None:
    """The first such fault in what Terraform says; None if there is none."""
    words = " ".join(strip_colors(line).replace("│", " ") for line in lines)
    said = " ".join(words.split())
    if found := _MISMATCH.search(said):
        return Unlisted(found[1], found[2])
    if found := _OUTDATED.search(said):
        first, second = found.groups()[:3], found.groups()[3:]
        return Outdated(*(first if found["source"] else second))
    return None


def this_platform() -> str:
    """The platform of this machine as Terraform names it: "linux_amd64"."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_PROCESSORS.get(machine, machine)}"
