"""A configuration on its way to another machine: what Terraform reads, without states, runs, and providers."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.layout import PRIVATE, SETTINGS
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.terraform.configuration import Configuration

LARGEST = 64 << 20
"""Bytes of a configuration that can be sent, before compression."""
_MEGABYTE = 1 << 20
_LEFT_OUT = {PRIVATE, SETTINGS, ".terraform", ".git", ".ipynb_checkpoints", "crash.log"}
# What `init` has kept: the backend as it is configured, the selected workspace, the modules.
_KEPT = ("terraform.tfstate", "environment", "modules")


def pack(configuration: Configuration, environ: Mapping[str, str]) -> tuple[bytes, str]:
    """An archive of a configuration's folder, and of modules and files outside of it that it uses.

    Args:
        configuration: as it is now, initialized.
        environ: for `TF_DATA_DIR`.

    Returns:
        The archive (tar, compressed), and where the root module is in it.

    Raises:
        ConfigurationError: it is too large, or cannot be read.
    """
    folder, data = configuration.folder, data_folder(configuration.folder, environ)
    outside = [path for path in _outside(configuration) if not path.is_relative_to(data)]
    top = Path(os.path.commonpath([folder, *(path if path.is_dir() else path.parent for path in outside)]))
    inside = folder.relative_to(top)
    files = {path: path.relative_to(top) for root in (folder, *outside) for path in _files(root, data)}
    files |= {
        path: inside / ".terraform" / path.relative_to(data)
        for name in _KEPT
        for path in (_files(data / name) if (data / name).exists() else ())
    }
    try:
        size = sum(path.stat().st_size for path in files)
        if size > LARGEST:
            raise ConfigurationError(
                f"{folder} has {size // _MEGABYTE:,} MB of files besides providers and states, and a configuration of "
                f"at most {LARGEST // _MEGABYTE} MB can be sent to a worker.",
                "Move what Terraform does not read out of the folder.",
            )
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
            for path, name in sorted(files.items()):
                archive.add(path, str(name), recursive=False, filter=_anonymous)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be sent to a worker: {error}.", "Correct that.") from None
    return packed.getvalue(), str(inside)


def unpack(archive: bytes, folder: Path) -> None:
    """Write the files of an archive; none lands outside of the folder."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        opened.extractall(folder, filter="data")


def _outside(configuration: Configuration) -> set[Path]:
    """Modules and files that are used and do not lie in the root module's folder."""
    folder = configuration.folder
    used = [folder / module.path for module in configuration.modules if module.path != "."]
    paths = (Path(os.path.normpath(path)) for path in (*used, *configuration.data_files))
    return {path for path in paths if path.exists() and not path.is_relative_to(folder)}


def _files(root: Path, besides: Path | None = None) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if name not in _LEFT_OUT and here / name != besides]
        yield from (here / name for name in (*names, *_links(here, folders)) if not _is_left_out(name))


def _links(here: Path, folders: list[str]) -> list[str]:
    """Folders that are symbolic links, into which a walk does not go."""
    return [name for name in folders if (here / name).is_symlink()]


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or ".tfstate" in name


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
