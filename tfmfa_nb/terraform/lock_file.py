"""What the dependency lock file lacks: checksums of a provider's package for the platform of this machine.

Terraform records those of one platform where it cannot ask the registry for all, as with a mirror.
https://developer.hashicorp.com/terraform/language/files/dependency-lock#checksum-verification
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


def unlisted_package(lines: Iterable[str]) -> Unlisted | None:
    """The first package that matches no checksum, according to what Terraform says; None if it says so of none."""
    words = " ".join(strip_colors(line).replace("│", " ") for line in lines)
    found = _MISMATCH.search(" ".join(words.split()))
    return Unlisted(found[1], found[2]) if found else None


def this_platform() -> str:
    """The platform of this machine as Terraform names it: "linux_amd64"."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_PROCESSORS.get(machine, machine)}"
