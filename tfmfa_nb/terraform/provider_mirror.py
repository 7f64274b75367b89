"""A filesystem mirror of the AWS provider, for machines without access to the registry.

Terraform looks for it under the name of its registry, and OpenTofu under that of its own; both use the same program.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation,
https://opentofu.org/docs/cli/config/config-file/#provider-installation
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.foreign_programs import cli_configurations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HOSTS = ("registry.terraform.io", "registry.opentofu.org")
_NAME = Path("hashicorp", "aws")
_LINKS = "mirror"
# Folders to search, each with a depth: only 1 for those that a distribution fills with thousands of folders.
_BASES = {"/opt": 2, "/srv": 2, "/usr/local/share": 2, "/usr/local/lib": 2, "/var/lib": 1, "/usr/share": 1}
_HOME_DEPTH = 2
_MOST = 2_000  # folders to search below one base
_OTHERS_WRITE = 0o002
_INSTALLATION = re.compile(r"^\s*\"?provider_installation\b", re.MULTILINE)
_MIRROR = re.compile(r"^\s*\"?path\"?\s*[=:]\s*\"([^\"]+)\"", re.MULTILINE)


def find_mirror(environ: Mapping[str, str]) -> Path | None:
    """The folder of a mirror of hashicorp/aws: TFMFA_PROVIDER_MIRROR, or one in the usual folders.

    Providers are programs, so a folder that everybody can write to is used only if TFMFA_PROVIDER_MIRROR names it.

    Raises:
        ConfigurationError: TFMFA_PROVIDER_MIRROR is not a mirror of that provider.
    """
    if named := environ.get("TFMFA_PROVIDER_MIRROR"):
        mirror = Path(named).expanduser().absolute()
        if not _has_provider(mirror):
            raise ConfigurationError(
                f"TFMFA_PROVIDER_MIRROR is {mirror}, which does not contain {Path(_HOSTS[0]) / _NAME}.",
                f"Set it to the parent folder of {' or '.join(_HOSTS)}, or unset it.",
            )
        return mirror
    return next((folder for folder in _places(environ) if _holds_provider(folder)), None)


def mirror_of_runs(environ: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """Where a run's `init` gets hashicorp/aws from, as far as that can be seen without a network.

    Returns:
        The CLI configuration that says where providers come from, None if none does, and the folder of a mirror that
        has hashicorp/aws: one that this file names, or one that Terraform itself searches if no file does; or None.
    """
    for file in cli_configurations(environ):
        with suppress(OSError):
            text = file.read_text(encoding="utf-8", errors="replace")
            if _INSTALLATION.search(text):
                named = (Path(path) for path in _MIRROR.findall(text))
                return file, next(filter(_has_provider, named), None)
    return None, next(filter(_has_provider, _implied(environ)), None)


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """The folders that Terraform itself searches, then those below the usual bases and the home folder."""
    home = Path(environ.get("HOME") or "~").expanduser()
    yield from _implied(environ)
    for base, depth in {**_BASES, str(home): _HOME_DEPTH}.items():
        yield from islice(_below(Path(base), depth), _MOST)


def _implied(environ: Mapping[str, str]) -> Iterator[Path]:
    """The folders that Terraform and OpenTofu search themselves; the one of OpenTofu's own is the last.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = Path(environ.get("HOME") or "~").expanduser()
    data = [environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")]
    data += (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    yield home / ".terraform.d" / "plugins"
    yield from (Path(folder, "terraform", "plugins") for folder in data)
    yield Path(data[0], "opentofu", "plugins")


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """`folder` and the folders below, the nearest first; symbolic links and hidden folders are skipped."""
    level = [folder]
    for _ in range(depth):
        yield from level
        level = [child for parent in level for child in _children(parent)]
    yield from level


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def _has_provider(mirror: Path) -> bool:
    return any((mirror / host / _NAME).is_dir() for host in _HOSTS)


def _holds_provider(mirror: Path) -> bool:
    """Whether the provider is there, and only its owner can have put it there."""
    try:
        found = [provider for host in _HOSTS if (provider := mirror / host / _NAME).is_dir()]
        return bool(found) and not any(f.stat().st_mode & _OTHERS_WRITE for f in (mirror, *found))
    except OSError:
        return False


def _for_both(mirror: Path, folder: Path) -> Path:
    """A mirror that has the provider under both names: `mirror`, or links to it in `folder`."""
    present = [host for host in _HOSTS if (mirror / host / _NAME).is_dir()]
    if len(present) == len(_HOSTS):
        return mirror
    links, source = folder / _LINKS, mirror / present[0] / _NAME
    shutil.rmtree(links, ignore_errors=True)
    # Packed providers are files beside the versions, and unpacked ones folders in them; no folder above may be a link.
    for package in (*source.glob("*.zip"), *source.glob("*/*_*")):
        for host in _HOSTS:
            link = links / host / _NAME / package.relative_to(source)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(package)
    return links


def write_cli_config(mirror: Path, target: Path) -> None:
    """Write to `target` a CLI configuration that installs hashicorp/aws from `mirror`, for both programs."""
    names = ", ".join(f'"{host / _NAME}"' for host in map(Path, _HOSTS))
    path = str(mirror).replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    target.write_text(
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{path}"\n'
        f"    include = [{names}]\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = [{names}]\n"
        "  }\n"
        "}\n",
        encoding="utf-8",
    )


def provider_environ(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """TF_CLI_CONFIG_FILE for this machine's mirror; empty if there is none, or the person has a CLI configuration.

    OpenTofu reads the variable too (https://opentofu.org/docs/cli/config/config-file/#locations).

    Args:
        environ: the variables for `find_mirror`.
        folder: the folder for the generated CLI configuration, and for links to a mirror that has only one name.
    """
    existing = environ.get("TF_CLI_CONFIG_FILE")
    if existing and Path(existing).is_file() and not environ.get("TFMFA_PROVIDER_MIRROR"):
        return {}  # the person has chosen where providers come from
    mirror = find_mirror(environ)
    if mirror is None:
        return {}
    config = folder.absolute() / "terraform.rc"
    write_cli_config(_for_both(mirror, folder.absolute()), config)
    return {"TF_CLI_CONFIG_FILE": str(config)}
