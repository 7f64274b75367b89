"""When an apply will end, as far as earlier applies of the environment tell."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.resource_applies import ApplyState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.terraform.resource_applies import ResourceApply


class Durations:
    """How long changes took: each resource for itself, or else those of its type."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._types: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._busy = self._took = 0.0

    def learn(self, applies: Iterable[ResourceApply]) -> None:
        """Learn from one apply that has ended; what failed in it took no time that says anything."""
        done = [each for each in applies if each.state is ApplyState.DONE and each.start and each.end]
        for each in done:
            self._resources[each.address, each.action].append(each.seconds)
            self._types[each.type, each.action].append(each.seconds)
        if done:
            self._busy += sum(each.seconds for each in done)
            self._took += max(each.end for each in done) - min(each.start for each in done)

    def of(self, change: ResourceApply) -> float | None:
        """How long a change is likely to take, in seconds; None if none like it was seen."""
        action = change.action
        seen = self._resources.get((change.address, action)) or self._types.get((change.type, action))
        return median(seen) if seen else None

    def ends_at(self, applies: Iterable[ResourceApply], now: float) -> float | None:
        """When an apply will have ended, in seconds since the epoch; None if anything in it is of unknown duration.

        Nothing here knows what waits for what: the changes are taken to go on side by side as much as they did before,
        and the last of them to take its whole time.

        Args:
            applies: the changes of the apply.
            now: seconds since the epoch.
        """
        lefts = []
        for each in applies:
            if each.state in {ApplyState.DONE, ApplyState.FAILED}:
                continue
            likely = self.of(each)
            if likely is None:
                return None
            lefts.append(max(0.0, likely - (now - each.start if each.start else 0.0)))
        if not lefts:
            return None
        side_by_side = max(1.0, self._busy / self._took) if self._took else 1.0
        return now + max(*lefts, sum(lefts) / side_by_side)
