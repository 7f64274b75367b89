"""What a person decides on at a prompt that shows no card: the lines about the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.protocol.decision import decision_lines, decision_of

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver


async def decided_on(driver: Driver) -> tuple[str, ...]:
    """What the apply of the plan does, one line each; empty for every phase but an apply.

    Waits for the plan as data: what is destroyed is named.
    """
    if driver.record.phase is not Phase.APPLY:
        return ()
    await driver.wait_for_plan()
    decision = decision_of(driver.record.counts, driver.known_changes())
    return tuple(decision_lines(decision)) if decision else ()
