"""Everything that an inspection of a configuration rests on, as one hash: whether it still holds can be told later."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.backend_arguments import NO_BACKEND_ARGUMENTS
from tfmfa_nb.terraform.foreign_programs import cli_configurations
from tfmfa_nb.terraform.secret_variables import ephemeral_variables, holds_secret
from tfmfa_nb.terraform.variable_files import automatic_files
from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder, selected_workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.terraform.backend_arguments import BackendArguments
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_KEPT_BY_INIT = ("terraform.tfstate", "modules/modules.json")


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an inspection rests on.

    Attributes:
        parts: a digest, or a value that is no secret, for each file and variable: "main.tf", "TF_VAR_x", "--var x".
        around: the same of the CLI configuration and `-backend-config`, which another kernel may have otherwise.
        data: a digest of each file that a function reads, where its path is plain; a plan may write them itself.
        stamps: inode, size, and times of each file: a file that was changed, and then changed back, has others.
    """

    parts: Mapping[str, str] = field(default_factory=dict, repr=False)
    around: Mapping[str, str] = field(default_factory=dict, repr=False)
    stamps: Mapping[Path, tuple[int, ...]] = field(default_factory=dict, repr=False)
    data: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def sha256(self) -> str:
        """One SHA-256 for all `parts` and `data`, in hexadecimal: what a plan is made from."""
        data = ((f"data {name}", sha256) for name, sha256 in self.data.items())
        return hashlib.sha256(json.dumps(sorted([*self.parts.items(), *data])).encode()).hexdigest()

    def differences(self, later: Inspected) -> list[str]:
        """The names of the files and variables that have changed, come, or gone."""
        before, after = ({**each.data, **each.parts, **each.around} for each in (self, later))
        return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))

    def touched(self, later: Inspected, besides: Collection[Path] = ()) -> list[Path]:
        """The files that were written, replaced, created, or removed, whatever is in them by now.

        Args:
            later: the same configuration, inspected later.
            besides: files and folders that may have changed.
        """
        files = self.stamps.keys() | later.stamps.keys()
        changed = (file for file in files if self.stamps.get(file) != later.stamps.get(file))
        return sorted(file for file in changed if not any(file.is_relative_to(each) for each in besides))


def data_digests(configuration: Configuration) -> dict[str, str]:
    """The SHA-256 of each file that a function reads, where its path is plain, by its name from the root module."""
    return dict(_digests(configuration.data_files, configuration.folder))


def inspected(
    configuration: Configuration,
    environ: Mapping[str, str],
    arguments: VariableArguments,
    backend: BackendArguments = NO_BACKEND_ARGUMENTS,
    more: Collection[Path] = (),
) -> Inspected:
    """What an inspection rests on now: the configuration with its modules and variables, and what `init` has kept.

    Files that functions read are covered where their paths are plain. Roles that depend on them count as unknown.

    Args:
        configuration: as it is now.
        environ: for `TF_DATA_DIR`, `TF_VAR_…` and `TF_WORKSPACE`.
        arguments: values of `--var` and `--var-file`.
        backend: what the next `init` gets about the backend.
        more: files of the command's own.
    """
    folder = configuration.folder
    data = data_folder(folder, environ)
    files = [
        *automatic_files(folder),
        *more,
        *arguments.files,
        folder / LOCK_FILE,
        *(data / name for name in _KEPT_BY_INIT),
    ]
    files_around = [*cli_configurations(environ), *backend.files]
    # Before the contents: what changes between the two readings has another stamp later.
    stamps = _stamps([*files, *files_around, *(folder / name for name in configuration.files)])
    # A variable that is not declared has no effect.
    names = [f"TF_VAR_{name}" for name in configuration.root.variables]
    variables = {name: _stated(configuration, name, environ[name]) for name in names if name in environ}
    # An ephemeral variable may have another value in the apply than in the plan.
    ephemeral = ephemeral_variables(configuration.root)
    values = {name: value for name, value in arguments.values.items() if name not in ephemeral}
    given = {f"--var {name}": _stated(configuration, name, value) for name, value in values.items()}
    # What `init` is given lies in what it keeps, by which another kernel knows it.
    around = dict(_digests(files_around, folder))
    if backend.words:
        around["--backend-config"] = json.dumps(backend.words)
    with suppress(OSError):  # Terraform cannot read its name either
        given["workspace"] = selected_workspace(folder, environ)
    parts = {**dict(_digests(files, folder)), **configuration.files, **variables, **given}
    return Inspected(parts, around, stamps, data_digests(configuration))


def _stated(configuration: Configuration, name: str, value: str) -> str:
    """A value in the hash. That of a secret is slow to guess, because the hash is recorded and may be sent on."""
    if not holds_secret(configuration.root, name.removeprefix("TF_VAR_")):
        return value
    return hashlib.scrypt(value.encode("utf-8", "surrogateescape"), salt=name.encode(), n=1 << 14, r=8, p=1).hex()


def _digests(files: Sequence[Path], folder: Path) -> Iterator[tuple[str, str]]:
    for file in files:
        # A copy of the folder has the same names, and the same files outside of it.
        name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
        with suppress(OSError):  # it is not there, or Terraform cannot read it either
            if file.is_file():  # a pipe might never end
                with file.open("rb") as opened:
                    yield name, hashlib.file_digest(opened, "sha256").hexdigest()


def _stamps(files: Sequence[Path]) -> dict[Path, tuple[int, ...]]:
    stamps: dict[Path, tuple[int, ...]] = {}
    for file in files:
        with suppress(OSError):
            status = file.stat()
            stamps[file] = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return stamps
