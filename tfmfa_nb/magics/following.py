"""Shows runs of other kernels: live while followed, once more when opened, as a list, and beside one another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from IPython.display import display

from tfmfa_nb.magics.front_end import front_end_of, is_attended
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.visible import say
from tfmfa_nb.runs.history.comparing import compare_runs
from tfmfa_nb.runs.history.follow import follow
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.views.headless import show_restored
from tfmfa_nb.views.run_list import listing_bundle
from tfmfa_nb.views.summary import leaves_out
from tfmfa_nb.views.wording import comparison_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run


async def present_following(run: Run, shell: InteractiveShell, how_to_cancel: str) -> None:
    """Follow `run` in the front end, and leave the static summary behind.

    Args:
        run: under way.
        shell: where.
        how_to_cancel: the command that cancels the run, for a person who interrupts the cell.

    Raises:
        RunStateError: the cell was interrupted; Terraform is still running.
        TfmfaError: as the run ended.
    """
    if await interrupted_while_shown(front_end_of(run, shell).view, shell, lambda: follow(run)):
        raise RunStateError(
            f"{run.id} is no longer followed; it is still running.", f"To stop it gracefully: {how_to_cancel}"
        )


def show_listing(
    environment: Environment, limit: int, workspace: str, policy: Policy, environ: Mapping[str, str]
) -> None:
    """Show the newest runs of an environment, with the approvals that the policy demands of their applies.

    Args:
        environment: the environment.
        limit: most runs.
        workspace: only the runs in this workspace of Terraform's; "" for all.
        policy: organization policy.
        environ: process environment, for the workspace of an apply.
    """
    listing = list_runs(environment, limit, workspace, policy=policy, environ=environ)
    display(listing_bundle(listing, Path.cwd()), raw=True)


def show_comparison(environment: Environment, run_id: str, earlier: str) -> None:
    """Print how the plan of a run stands to that of an earlier one, "" for the one before.

    Raises:
        RunStateError: as `compare_runs` does.
    """
    text = comparison_text(compare_runs(environment, run_id, earlier))
    say(text)


def show_again(run: Run, shell: InteractiveShell) -> Callable[[], None] | None:
    """Show a run that is not running: its summary and, below it, the card if the summary leaves out part of the log.

    Returns:
        A function that closes the card; None if there is none.
    """
    show_restored(run)
    kernel = getattr(shell, "kernel", None)
    if not leaves_out(run) or kernel is None or not is_attended(kernel):
        return None
    from tfmfa_nb.views.card_view import show_past  # noqa: PLC0415 - widgets are heavy

    return show_past(run)
