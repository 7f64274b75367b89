"""A filesystem mirror of the AWS provider, for machines without access to the registry.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.foreign_programs import cli_configurations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
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
        if not (mirror / _PROVIDER).is_dir():
            raise ConfigurationError(
                f"TFMFA_PROVIDER_MIRROR is {mirror}, which does not contain {_PROVIDER}.",
                "Set it to the parent folder of registry.terraform.io, or unset it.",
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
                return file, next((folder for folder in named if (folder / _PROVIDER).is_dir()), None)
    return None, next((folder for folder in _implied(environ) if (folder / _PROVIDER).is_dir()), None)


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """The folders that Terraform itself searches, then those below the usual bases and the home folder."""
    home = Path(environ.get("HOME") or "~").expanduser()
    yield from _implied(environ)
    for base, depth in {**_BASES, str(home): _HOME_DEPTH}.items():
        yield from islice(_below(Path(base), depth), _MOST)


def _implied(environ: Mapping[str, str]) -> Iterator[Path]:
    """The folders that Terraform itself searches.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = Path(environ.get("HOME") or "~").expanduser()
    data = [environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")]
    data += (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    yield home / ".terraform.d" / "plugins"
    yield from (Path(folder, "terraform", "plugins") for folder in data)


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


def _holds_provider(mirror: Path) -> bool:
    provider = mirror / _PROVIDER
    try:
        return provider.is_dir() and not any(f.stat().st_mode & _OTHERS_WRITE for f in (mirror, provider))
    except OSError:
        return False


def write_cli_config(mirror: Path, target: Path) -> None:
    """Write to `target` a CLI configuration that installs hashicorp/aws from `mirror`."""
    path = str(mirror).replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    target.write_text(
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{path}"\n'
        '    include = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "  direct {\n"
        '    exclude = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "}\n",
        encoding="utf-8",
    )


def provider_environ(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """TF_CLI_CONFIG_FILE for this machine's mirror; empty if there is none, or the person has a CLI configuration.

    Args:
        environ: the variables for `find_mirror`.
        folder: the folder for the generated CLI configuration.
    """
    existing = environ.get("TF_CLI_CONFIG_FILE")
    if existing and Path(existing).is_file() and not environ.get("TFMFA_PROVIDER_MIRROR"):
        return {}  # the person has chosen where providers come from
    mirror = find_mirror(environ)
    if mirror is None:
        return {}
    config = folder.absolute() / "terraform.rc"
    write_cli_config(mirror, config)
    return {"TF_CLI_CONFIG_FILE": str(config)}
