"""A configuration on its way to another machine: what Terraform reads, without states, runs, and providers."""

from __future__ import annotations

import io
import os
import re
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.layout import SETTINGS
from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tfmfa_nb.terraform.configuration import Configuration

LARGEST = 64 << 20
"""Bytes that can be sent for one run, before compression."""
_MEGABYTE = 1 << 20
# Besides whatever begins with a dot: `.env`, `.netrc`, `.git`, `.terraform`, this package's `.tfmfa`.
_LEFT_OUT = re.compile(
    rf"\.(?!{re.escape(LOCK_FILE[1:])}$).*|{re.escape(SETTINGS)}|crash\.log|.*\.(?:tfplan|ipynb)"
    r"|.*\.tfstate(?:(?:\..*)?\.backup)?",
    re.DOTALL,
)
# What has a person's or a machine's key by convention: no worker gets it for lying beside a configuration.
_KEY = re.compile(
    r"credentials|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|.*\.(?:pem|key|p12|pfx|ppk|jks|kdbx)", re.DOTALL | re.IGNORECASE
)
# What `init` has kept: the backend as it is configured, the selected workspace, the modules.
_KEPT = ("terraform.tfstate", "environment", "modules")


@dataclass(frozen=True, slots=True)
class Contents:
    """What of a configuration is sent.

    Attributes:
        files: the name of each file, or symbolic link, in the archive.
        inside: where the root module is in it.
        keys: files that are not sent because they may have keys, by their names.
    """

    files: Mapping[Path, Path]
    inside: Path
    keys: tuple[Path, ...] = ()


def contents_of(configuration: Configuration, environ: Mapping[str, str], others: Collection[Path] = ()) -> Contents:
    """A configuration's folder, and the modules and files elsewhere that it uses.

    Args:
        configuration: as it is now.
        environ: for `TF_DATA_DIR`.
        others: files that are sent besides it.

    Raises:
        ConfigurationError: it is too large, cannot be read, or has what cannot be sent.
    """
    folder, data = configuration.folder, data_folder(configuration.folder, environ)
    modules, named = _modules(configuration), _named(configuration)
    used = [*modules, *named]
    outside = [path for path in used if not path.is_relative_to(folder) and not path.is_relative_to(data)]
    top = Path(os.path.commonpath([folder, *(path if path.is_dir() else path.parent for path in outside)]))
    inside = folder.relative_to(top)
    kept = [data / name for name in _KEPT if (data / name).exists()]
    found = {path for root in (folder, *used) for path in _files(root, data)}
    found |= {path for root in kept for path in _files(root)}
    keys = {path for path in found if _KEY.fullmatch(path.name)}.difference(named)
    found -= keys
    # What a function lists is sent as it is: on a worker, the list would be another one.
    listed = [path for path in named if not any(each.is_relative_to(path) for each in (folder, *modules))]
    found |= {path for root in listed for path in _files(root, data, whole=True)}
    try:
        links = {path for path in found if path.is_symlink()}
        paths = sorted(path for path in found if links.isdisjoint(path.parents))  # a link stands for what is below it
        for path in paths:
            _check_kind(path, paths)
        size = sum(path.lstat().st_size for path in (*paths, *others))
    except OSError as error:
        raise _unsendable(folder, error) from None
    if size > LARGEST:
        raise ConfigurationError(
            f"{folder} has {size // _MEGABYTE:,} MB of files besides providers and states, with its plan and its files "
            f"of variables, and at most {LARGEST // _MEGABYTE} MB can be sent to a worker.",
            "Move what Terraform does not read out of the folder.",
        )
    return Contents(
        {
            path: inside / ".terraform" / path.relative_to(data) if path.is_relative_to(data) else path.relative_to(top)
            for path in paths
        },
        inside,
        tuple(sorted(keys - found)),
    )


def pack(configuration: Configuration, contents: Contents) -> bytes:
    """The archive (tar, compressed).

    Raises:
        ConfigurationError: a file cannot be read.
    """
    packed = io.BytesIO()
    try:
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
            for path, name in contents.files.items():
                archive.add(path, str(name), recursive=False, filter=_anonymous)
    except OSError as error:
        raise _unsendable(configuration.folder, error) from None
    return packed.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """Write the files of an archive; none lands outside of the folder."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        opened.extractall(folder, filter="data")


def _modules(configuration: Configuration) -> list[Path]:
    """The folders of modules, wherever they lie and whatever they are called."""
    paths = (configuration.folder / module.path for module in configuration.modules if module.path != ".")
    return [path for path in map(_normal, paths) if path.exists()]


def _named(configuration: Configuration) -> list[Path]:
    """The same of files and folders that functions read, where their paths are plain."""
    return [path for path in map(_normal, configuration.data_files) if path.exists()]


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _files(root: Path, besides: Path | None = None, *, whole: bool = False) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if (whole or not _LEFT_OUT.fullmatch(name)) and here / name != besides]
        all_names = (*names, *_links(here, folders))
        yield from (here / name for name in all_names if whole or not _LEFT_OUT.fullmatch(name))


def _links(here: Path, folders: list[str]) -> list[str]:
    """Folders that are symbolic links, into which a walk does not go."""
    return [name for name in folders if (here / name).is_symlink()]


def _check_kind(path: Path, paths: Collection[Path]) -> None:
    """Make sure that a file is one on the worker, too: what is refused there has cost a code.

    Raises:
        ConfigurationError: it is not.
    """
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        link = path.readlink()
        target = Path(os.path.normpath(path.parent / link))
        if link.is_absolute() or not any(each.is_relative_to(target) for each in paths):
            raise ConfigurationError(
                f"{path} is a symbolic link to {link}, which is not sent to a worker.",
                "Put a copy there instead of the link, or plan it without --on.",
            )
    elif not stat.S_ISREG(mode):
        raise ConfigurationError(
            f"{path} is a pipe, a socket, or a device, which cannot be sent to a worker.",
            "Move it out of the folder, or plan it without --on.",
        )
    elif not os.access(path, os.R_OK):
        raise ConfigurationError(f"{path} cannot be read, and so not be sent to a worker.", "Make it readable.")


def _unsendable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{folder} cannot be sent to a worker: {error}.", "Correct that.")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
