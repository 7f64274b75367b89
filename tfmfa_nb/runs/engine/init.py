"""`terraform init`, only when something it acts on has changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from tfmfa_nb.environments.files import write_whole
from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.runs.engine.outcome import first_error
from tfmfa_nb.terraform.folder import LOCK_FILE
from tfmfa_nb.terraform.providers import read_blocks

if TYPE_CHECKING:
    from tfmfa_nb.runs.engine.command import Commands


async def initialize(commands: Commands, *, always: bool = False) -> bool:
    """Run `terraform init` if it is needed; whether it ran.

    Args:
        commands: of the phase.
        always: also when nothing has changed, because Terraform asked for it.

    Raises:
        TerraformFailed: it failed.
        RunCanceled: it was canceled.
    """
    driver = commands.driver
    mark = driver.environment.files.init_fingerprint
    initialized = (driver.environment.folder / ".terraform").is_dir() and mark.is_file()
    if not always and initialized and mark.read_bytes() == _fingerprint(commands).encode():
        return False
    outcome = await commands.run("init", "-input=false")
    if outcome.interrupted or outcome.killed:
        raise RunCanceled("The initialization was canceled.", "Nothing was changed.")
    if outcome.exit_code != 0:
        reason = first_error(driver.store, driver.record.log_start)
        raise TerraformFailed(
            f"{commands.executable.product} init failed{': ' + reason if reason else ''}.",
            "See the log for Terraform's whole message.",
        )
    write_whole(mark, _fingerprint(commands))
    return True


def _fingerprint(commands: Commands) -> str:
    """Of what `init` acts on: `terraform` and `module` blocks, providers in use, lock file, product, CLI settings."""
    folder, executable = commands.driver.environment.folder, commands.executable
    blocks, _ = read_blocks(folder, executable.product)
    lock_file = folder / LOCK_FILE
    providers = {
        block.labels[0].partition("_")[0] if block.type in {"resource", "data", "ephemeral"} else block.labels[0]
        for block in blocks
        if block.type in {"resource", "data", "ephemeral", "provider"} and block.labels
    }
    acted_on = {
        "blocks": [block.text or repr(block) for block in blocks if block.type in {"terraform", "module"}],
        "providers": sorted(providers),
        "lock": lock_file.read_text(encoding="utf-8", errors="replace") if lock_file.is_file() else "",
        "product": [*executable.command, executable.version],
        "settings": commands.environ.get("TF_CLI_CONFIG_FILE", ""),
    }
    return hashlib.sha256(json.dumps(acted_on).encode()).hexdigest()
