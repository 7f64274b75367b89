"""The static summary that takes a view's place at its end, and is completed once the plan's changes are known.

They are known about two seconds after the plan (`terraform show -json`), which nobody has to wait for.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from tfmfa_nb.views.summary import summary_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.runs.run import Run


def leave_summary(run: Run, handle: DisplayHandle, metadata: Mapping[str, Any] | None = None) -> None:
    """Replace what `handle` shows by the summary of `run` as it is now; call it on the kernel's loop.

    Args:
        run: its next phase, which begins elsewhere, does not reach into this summary.
        handle: the display that the view had.
        metadata: the display's.
    """
    loop = asyncio.get_running_loop()

    def update() -> None:
        # What is read is a plain copy with the traits' names.
        handle.update(summary_bundle(cast("Run", frozen)), raw=True, metadata=dict(metadata or {}))

    def complete(change: Any) -> None:
        run.unobserve(complete, "changes")
        frozen.changes = change["new"]
        loop.call_soon_threadsafe(update)

    if not run.changes:
        run.observe(complete, "changes")
    frozen = SimpleNamespace(**run.trait_values(), log_text=run.log_text)
    update()
