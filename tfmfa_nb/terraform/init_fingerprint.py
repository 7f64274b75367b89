"""When `terraform init` has to run again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.backend_arguments import NO_BACKEND_ARGUMENTS
from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.backend_arguments import BackendArguments
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable

_OBJECTS = frozenset({"resource", "data", "ephemeral"})


def init_needed(before: str, now: str) -> bool:
    """Whether `init` has to run again.

    Args:
        before: fingerprint of the last `init`; "" if there was none.
        now: present fingerprint. If it says nothing about the backend, what `init` has kept of it holds.
    """
    (old, _, old_backend), (new, _, new_backend) = before.partition("\n"), now.partition("\n")
    return old != new or bool(new_backend and new_backend != old_backend)


def init_fingerprint(
    configuration: Configuration,
    executable: Executable,
    environ: Mapping[str, str],
    backend: BackendArguments = NO_BACKEND_ARGUMENTS,
) -> str:
    """What `init` acts on, as SHA-256s in hexadecimal on two lines; the second one is empty without `-backend-config`.

    The first one covers the root module's `terraform` and `module` blocks and providers, the lock file, the executable,
    the CLI configuration, and whether there is a data directory: with nothing to install, `init` makes none.

    Args:
        configuration: as it is now.
        executable: which Terraform runs.
        environ: of Terraform's process, for `TF_CLI_CONFIG_FILE` and `TF_DATA_DIR`.
        backend: what `init` gets about the backend.

    Raises:
        OSError: a file with settings of the backend cannot be read.
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
    settings = [[*backend.words], *(file.read_bytes().hex() for file in backend.files)]
    return "\n".join(_digest(each) for each in (acted_on, settings if backend.words else None))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest() if value is not None else ""
