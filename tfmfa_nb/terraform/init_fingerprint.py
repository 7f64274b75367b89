"""When `terraform init` has to run again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable

_OBJECTS = frozenset({"resource", "data", "ephemeral"})


def init_fingerprint(configuration: Configuration, executable: Executable, environ: Mapping[str, str]) -> str:
    """A SHA-256, in hexadecimal, of everything that `init` acts on; once it differs, `init` has to run again.

    Covers the root module's `terraform` and `module` blocks and providers, the lock file, the executable, the CLI
    configuration, and whether there is a data directory: without modules and providers to install, `init` makes none.

    Args:
        configuration: as it is now.
        executable: which Terraform runs.
        environ: of Terraform's process, for `TF_CLI_CONFIG_FILE` and `TF_DATA_DIR`.
    """
    lock_file = configuration.folder / LOCK_FILE
    blocks = configuration.blocks
    providers = {
        block.labels[0].partition("_")[0] if block.type in _OBJECTS else block.labels[0]
        for block in blocks
        if block.type in {*_OBJECTS, "provider"} and block.labels
    }
    acted_on = {
        "blocks": [block.text or repr(block) for block in blocks if block.type in {"terraform", "module"}],
        "providers": sorted(providers),
        "lock": lock_file.read_text(encoding="utf-8", errors="replace") if lock_file.is_file() else "",
        "product": [*executable.command, executable.version],
        "settings": environ.get("TF_CLI_CONFIG_FILE", ""),
        "data": data_folder(configuration.folder, environ).is_dir(),
    }
    return hashlib.sha256(json.dumps(acted_on).encode()).hexdigest()
