"""`terraform init`, only when something it looks at has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.init_fingerprint import init_fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.runs.engine.command import Execution

_MARK = "initialized.sha256"


async def initialize(execution: Execution, *, always: bool = False) -> bool:
    """Run `terraform init` if it is needed; whether it ran.

    Args:
        execution: the phase it is for.
        always: also when nothing seems to have changed, because Terraform asked for it.

    Raises:
        TerraformFailed: it failed.
        RunCanceled: it was canceled.
    """
    environment = execution.run._environment
    mark = environment.private / _MARK
    before = _fingerprint(execution)
    initialized = (environment.folder / ".terraform").is_dir() and mark.is_file()
    if not always and initialized and mark.read_bytes() == before.encode():
        return False
    outcome = await execution.terraform("init", "-input=false")
    if outcome.interrupted or outcome.killed:
        raise RunCanceled("The initialization was canceled.", "Nothing was changed.")
    if outcome.exit_code != 0:
        reason = execution.first_error()
        raise TerraformFailed(
            f"{execution.executable.product} init failed{': ' + reason if reason else ''}.",
            "The log above has Terraform's whole message.",
        )
    write_whole(mark, _fingerprint(execution))
    return True


def _fingerprint(execution: Execution) -> str:
    folder: Path = execution.run._environment.folder
    configuration = Configuration(folder, execution.executable.product, execution.environ)
    return init_fingerprint(configuration, execution.executable, execution.environ)
