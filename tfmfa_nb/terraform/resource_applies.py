"""What an apply does to each resource, from its events: waiting, running, done, or failed, and when.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.error_diagnostics import error_diagnostic
from tfmfa_nb.terraform.events import address, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tfmfa_nb.terraform.error_diagnostics import ErrorDiagnostic

_COUNTED = frozenset({"create", "update", "delete"})
# What Terraform announces, and what it then does; a data source that is read is not one of the plan's changes.
_STEPS = {each: (each,) for each in (*_COUNTED, "read")} | {"replace": ("delete", "create")}


class ApplyState(StrEnum):
    """How far the apply of one change is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_ENDS = {"apply_complete": ApplyState.DONE, "apply_errored": ApplyState.FAILED}
# Whose error it is where a resource has several steps. A condition may fail before its step, and after it.
_BLAMED = (ApplyState.FAILED, ApplyState.RUNNING, ApplyState.WAITING, ApplyState.DONE)


@dataclass(frozen=True, slots=True)
class ResourceApply:
    """The apply of one change. A replacement is two: a delete and a create.

    Attributes:
        address: of the resource instance.
        action: "create", "update", "delete", or "read".
        type: of the resource; "" if Terraform does not say it.
        state: what the events say. If the apply has ended, what waits never began, and of what runs nobody knows.
        start: seconds since the epoch; 0 if it has not begun, or if nobody wrote down when.
        end: seconds since the epoch; 0 if it has not ended, or if nobody wrote down when.
        diagnostics: Terraform's errors about it, which Terraform tells at the end of the apply.
    """

    address: str
    action: str
    type: str = ""
    state: ApplyState = ApplyState.WAITING
    start: float = 0.0
    end: float = 0.0
    diagnostics: tuple[ErrorDiagnostic, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took; 0 if it has not ended, or if that is not known."""
        return max(0.0, self.end - self.start) if self.start and self.end else 0.0


class ResourceApplies:
    """The changes of one apply, in the order in which Terraform announces them.

    Attributes:
        done: the number of changes that are done, without data sources.
        total: the number of changes, without data sources.
        problems: errors that belong to no change that is known.
        version: grows whenever anything here changes.
    """

    def __init__(self) -> None:
        self.done = self.total = self.version = 0
        self.problems: tuple[ErrorDiagnostic, ...] = ()
        self._all: list[ResourceApply] = []
        self._places: dict[str, list[int]] = {}  # by address
        self._blocks: dict[str, dict[str, None]] = {}  # addresses by "aws_instance.web"
        self._announced: set[tuple[str, str, str]] = set()  # a deposed object has the address of its resource
        self._running: dict[int, None] = {}
        self._finished: dict[int, None] = {}

    def __iter__(self) -> Iterator[ResourceApply]:
        """All of them, data sources that are read during the apply too."""
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def running(self) -> list[ResourceApply]:
        """Those that run, in the order in which they began."""
        return [self._all[place] for place in tuple(self._running)]

    def finished(self, most: int) -> list[ResourceApply]:
        """Those that were the last to be done, or to fail; at most `most`."""
        return [self._all[place] for place in islice(reversed(self._finished), most)][::-1]

    def feed(self, event: dict[str, Any]) -> None:
        """Take one event. Other events are ignored, and those that were read before."""
        kind = str(event.get("type"))
        if kind == "planned_change":
            self._announce(table(event, "change"), event.get("@timestamp"))
        elif kind == "apply_start":
            self._start(table(event, "hook"), _when(event))
        elif kind in _ENDS:
            self._end(table(event, "hook"), _when(event), _ENDS[kind])
        elif (diagnostic := error_diagnostic(event)) is not None:
            self._blame(diagnostic)

    def complete(self) -> None:
        """The apply has succeeded: what no event was read of is done too."""
        for place, each in enumerate(tuple(self._all)):
            if each.state in {ApplyState.WAITING, ApplyState.RUNNING}:
                self._put(place, replace(each, state=ApplyState.DONE))

    def _announce(self, change: dict[str, Any], when: object) -> None:
        told = address(change), str(change.get("action")), str(when)
        if when is not None and told in self._announced:
            return
        self._announced.add(told)
        for action in _STEPS.get(told[1], ()):
            self._add(change, action)

    def _start(self, hook: dict[str, Any], when: float) -> None:
        places = self._steps(hook)
        place = self._first(places, ApplyState.WAITING)
        if place is None:
            if any(self._all[each].start == when for each in places):
                return
            place = self._add(hook, str(hook.get("action", "")))
        self._put(place, replace(self._all[place], state=ApplyState.RUNNING, start=when))

    def _end(self, hook: dict[str, Any], when: float, state: ApplyState) -> None:
        places = self._steps(hook)
        place = self._first(places, ApplyState.RUNNING)
        if place is None:
            if any(self._all[each].end == when for each in places):
                return
            place = self._first(places, ApplyState.WAITING)
        if place is None:
            place = self._add(hook, str(hook.get("action", "")))
        each = self._all[place]
        start = each.start or max(0.0, when - _elapsed(hook))
        self._put(place, replace(each, state=state, start=start, end=when))

    def _blame(self, diagnostic: ErrorDiagnostic) -> None:
        """Tell a change its error. A condition that fails has no address, but the block that it stands in."""
        addresses = [diagnostic.address] if diagnostic.address else [*self._blocks.get(diagnostic.block, ())]
        places = self._places.get(addresses[0], []) if len(addresses) == 1 else []
        found = (self._first(places, state) for state in _BLAMED)
        place = next((one for one in found if one is not None), None)
        if place is None:
            if diagnostic not in self.problems:
                self.problems += (diagnostic,)
                self.version += 1
            return
        each = self._all[place]
        if diagnostic not in each.diagnostics:
            self._put(place, replace(each, state=ApplyState.FAILED, diagnostics=(*each.diagnostics, diagnostic)))

    def _steps(self, hook: dict[str, Any]) -> list[int]:
        action = str(hook.get("action", ""))
        return [place for place in self._places.get(address(hook), ()) if self._all[place].action == action]

    def _first(self, places: Iterable[int], state: ApplyState) -> int | None:
        return next((place for place in places if self._all[place].state is state), None)

    def _add(self, holder: dict[str, Any], action: str) -> int:
        resource, where, place = table(holder, "resource"), address(holder), len(self._all)
        kind = str(resource.get("resource_type", ""))
        self._all.append(ResourceApply(where, action, kind))
        self._places.setdefault(where, []).append(place)
        mode = "data." if str(resource.get("resource", "")).startswith("data.") else ""
        self._blocks.setdefault(f"{mode}{kind}.{resource.get('resource_name', '')}", {})[where] = None
        self.total += action in _COUNTED
        self.version += 1
        return place

    def _put(self, place: int, new: ResourceApply) -> None:
        old, self._all[place] = self._all[place], new
        if new.action in _COUNTED:
            self.done += (new.state is ApplyState.DONE) - (old.state is ApplyState.DONE)
        if new.state is ApplyState.RUNNING:
            self._running[place] = None
        else:
            self._running.pop(place, None)
            self._finished[place] = None
        self.version += 1


def _when(event: dict[str, Any]) -> float:
    """When an event happened, in seconds since the epoch; now, if it does not say that or says the future."""
    now = time.time()
    try:
        return min(now, datetime.fromisoformat(event["@timestamp"]).astimezone(UTC).timestamp())
    except (KeyError, TypeError, ValueError, OverflowError):
        return now


def _elapsed(hook: dict[str, Any]) -> float:
    """How long it took, in whole seconds as Terraform says."""
    seconds = hook.get("elapsed_seconds")
    return float(seconds) if isinstance(seconds, int | float) and math.isfinite(seconds) else 0.0
