"""Where a run of another kernel shows itself: live while it is followed, and once more when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from tfmfa_nb.magics.presentation import interrupted_while_seen, somebody_there, view_of
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.runs.history.follow import follow
from tfmfa_nb.views.headless import show_restored
from tfmfa_nb.views.run_list import listing_bundle
from tfmfa_nb.views.summary import leaves_out

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.runs.history.listing import Listing
    from tfmfa_nb.runs.run import Run


async def present_following(run: Run, shell: InteractiveShell, how_to_cancel: str) -> None:
    """Follow `run` where the person sees it, and leave the static summary behind.

    Args:
        run: under way.
        shell: where.
        how_to_cancel: the command for it, which a person reads who interrupts the following.

    Raises:
        RunStateError: the following was interrupted; Terraform goes on.
        TfmfaError: as the run ended.
    """
    if await interrupted_while_seen(view_of(run, shell), shell, lambda: follow(run)):
        raise RunStateError(f"{run.id} is no longer followed, and goes on.", f"To stop it gracefully: {how_to_cancel}")


def show_listing(listing: Listing) -> None:
    """Show the runs of an environment."""
    display(listing_bundle(listing), raw=True)


def show_again(run: Run, shell: InteractiveShell) -> None:
    """Show a run that does not go on: the summary, which stays; below it, where widgets can, the card with a long log.

    Where the summary has the whole log, the card would say nothing more.
    """
    show_restored(run)
    kernel = getattr(shell, "kernel", None)
    if leaves_out(run) and kernel is not None and somebody_there(kernel):
        from tfmfa_nb.views.card import RunCard  # noqa: PLC0415 - widgets are heavy

        display(RunCard(run))
