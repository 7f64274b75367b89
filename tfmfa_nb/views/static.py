"""The static summary that replaces a view at its end, and is updated when the plan's changes are known.

They are known about two seconds after the plan (`terraform show -json`), and the cell does not wait for them.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.terraform.resource_applies import ResourceApplies
from tfmfa_nb.views.summary import summary_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.runs.run import Run


def leave_summary(run: Run, handle: DisplayHandle, metadata: Mapping[str, Any] | None = None) -> None:
    """Replace the display `handle` with the summary of `run` in its present state; call it on the kernel's loop.

    Args:
        run: the run; later phases do not change this summary.
        handle: display of the view.
        metadata: metadata of the display.
    """
    loop = asyncio.get_running_loop()

    def update() -> None:
        # A plain copy with the names of the traits.
        handle.update(summary_bundle(cast("Run", frozen)), raw=True, metadata=dict(metadata or {}))

    def complete(change: Any) -> None:  # on any thread
        if change["new"]:
            run.unobserve(complete, "plan_known")
            frozen.changes, frozen.known_plan, frozen.comparison = run.changes, run.known_plan, run.comparison
            loop.call_soon_threadsafe(update)

    applies = run.applies if run.phase == Phase.APPLY else ResourceApplies()  # a plan is applied later
    frozen = SimpleNamespace(
        **run.trait_values(),
        log_text=run.log_text,
        known_plan=run.known_plan,
        outputs=run.outputs,
        applies=applies,
        resource_applies=tuple(applies),
    )
    if frozen.known_plan is None:
        run.observe(complete, "plan_known")
        if run.plan_known:  # since a moment ago
            complete({"new": True})
    update()
