"""A filesystem mirror of the AWS provider, for machines that do not reach its registry.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
_BASES = ("/opt", "/srv", "/usr/local/share", "/usr/share", "/usr/local/lib", "/var/lib")
_DEPTH = 3  # folders between a base and the mirror


def find_mirror(environ: Mapping[str, str]) -> Path | None:
    """The folder of a mirror that holds hashicorp/aws: TFMFA_PROVIDER_MIRROR, or one in the usual places.

    Raises:
        ConfigurationError: TFMFA_PROVIDER_MIRROR names a folder that holds no such provider.
    """
    if named := environ.get("TFMFA_PROVIDER_MIRROR"):
        mirror = Path(named).absolute()
        if not (mirror / _PROVIDER).is_dir():
            raise ConfigurationError(
                f"TFMFA_PROVIDER_MIRROR names {mirror}, which has no {_PROVIDER} in it.",
                "Name the folder above registry.terraform.io, or unset it.",
            )
        return mirror
    home = Path(environ.get("HOME") or "~").expanduser()
    for base in (home / ".terraform.d" / "plugins", *map(Path, _BASES)):
        for folder in _below(base, _DEPTH):
            if (folder / _PROVIDER).is_dir():
                return folder
    return None


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """`folder` and those below it, the nearest first, without following links."""
    level = [folder]
    for _ in range(depth):
        yield from level
        deeper: list[Path] = []
        for parent in level:
            try:
                with os.scandir(parent) as entries:
                    deeper += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
            except OSError:
                continue
        level = deeper


def write_cli_config(mirror: Path, target: Path) -> None:
    """Write a Terraform CLI configuration to `target` that takes hashicorp/aws from `mirror`."""
    path = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
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
