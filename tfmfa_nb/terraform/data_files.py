"""The files that functions of a configuration read, `file` and `templatefile` among them, where their paths are plain.

A path is plain if it is a string without other expressions than `path.module`, `path.root`, and `path.cwd`.
https://developer.hashicorp.com/terraform/language/functions/file
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

# By the text, not by the syntax tree: a call in a comment does no harm, and in JSON it stands in a string.
_CALL = re.compile(
    r"""\b(?:file\w*|templatefile)\s*\(\s*\\?"((?:\$\{\s*path\.(?:module|root|cwd)\s*\}|[^"\\$%\n])+)\\?\""""
)
_FOLDER = re.compile(r"\$\{\s*path\.(module|root|cwd)\s*\}")


def plain_paths(source: bytes) -> tuple[str, ...]:
    """The plain paths in one file of a configuration, as they are written there: "${path.module}/policy.json"."""
    return tuple(dict.fromkeys(_CALL.findall(source.decode("utf-8", "replace"))))


def data_file(path: str, name: str, folder: Path) -> Path:
    """The file that a plain path stands for, which may not exist.

    Args:
        path: of `plain_paths`.
        name: the name, from the root module, of the configuration file in which the path is: "modules/net/main.tf".
        folder: the root module, in which Terraform runs.
    """
    folders = {"module": str(PurePosixPath(name).parent), "root": ".", "cwd": str(folder)}
    meant = Path(_FOLDER.sub(lambda found: folders[found[1]], path))
    try:
        return folder / meant.expanduser()
    except RuntimeError:  # the home folder of a user who does not exist
        return folder / meant
