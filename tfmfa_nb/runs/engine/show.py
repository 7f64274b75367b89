"""The saved plan as data, in the background: the real provider's schema alone takes two seconds to load."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import TerraformFailed, TfmfaError
from tfmfa_nb.terraform.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.executable import Executable

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tfmfa-show")


def show_plan(run: Run, executable: Executable, environ: Mapping[str, str]) -> None:
    """Begin to look at the saved plan; `run.plan` waits for it, and `run.changes` follow by themselves."""
    run._plan = _pool.submit(_show, executable, run, environ)
    run._plan.add_done_callback(lambda shown: _tell_changes(run, shown))


def _show(executable: Executable, run: Run, environ: Mapping[str, str]) -> Plan:
    """`terraform show -json` of the saved plan: what changes, masked by Terraform's own marks."""
    # Its own session: the kernel's interrupt is not for it.
    shown = subprocess.run(
        [*executable.command, "show", "-json", str(run._files.plan)],
        cwd=run._environment.folder,
        env=dict(environ),
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    try:
        return Plan(json.loads(shown.stdout))
    except ValueError:
        raise TerraformFailed("Terraform could not show the saved plan.", "Plan again with %%tfplan.") from None


def _tell_changes(run: Run, shown: Future[Plan]) -> None:
    """What the plan changes, for the views; a plan that could not be shown says so where it is asked for."""
    if not shown.cancelled() and shown.exception() is None:
        document = shown.result().without_values()
        with suppress(TfmfaError):  # only a later kernel would want it
            write_whole(run._files.changes, json.dumps(document) + "\n")
        run.changes = [{"address": change.address, "action": change.action} for change in shown.result().changes]
