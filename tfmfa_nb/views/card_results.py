"""What a card shows of the results of a run: how policy checks have judged its plan, and what its apply has output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.views.card_outputs import card_outputs
from tfmfa_nb.views.policy_verdicts import card_policy_checks

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run


def card_results(run: Run) -> dict[str, Any]:
    """The fields of a `CardState` for the results: the first ones, and the numbers of the others."""
    outputs, more_outputs = card_outputs(run)
    policy_checks, more_policy_checks = card_policy_checks(run)
    return {
        "outputs": outputs,
        "more_outputs": more_outputs,
        "policy_checks": policy_checks,
        "more_policy_checks": more_policy_checks,
    }
