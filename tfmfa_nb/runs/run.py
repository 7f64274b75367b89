"""A run as notebooks and views see it: the traits follow the events that its driver tells.

`Run` knows no widget and no IPython. Its traits are plain values without a secret.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from enum import StrEnum
from threading import RLock
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Dict, Float, HasTraits, Int, List, Unicode

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.driver import Driver
from tfmfa_nb.runs.events import Opened, RecordRead

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.events import Event
    from tfmfa_nb.runs.options import Options
    from tfmfa_nb.runs.ports import Ports
    from tfmfa_nb.terraform.plan import Plan

_log = logging.getLogger(__name__)


class Run(HasTraits):
    """One run of an environment: one plan and, if it is confirmed, the apply of exactly that plan.

    Args:
        environment: where it happens.
        options: what the person said about it.
        base: the notebook's folder, which relative paths start from.
        record: an earlier run; a new one where it is None.
        ports: the world outside.

    Attributes:
        driver: what drives it; the commands of `runs.engine` take it.
    """

    id = Unicode()
    environment = Unicode()
    folder = Unicode()
    phase = Unicode(str(Phase.PLAN), help="The phase under way, or the last one.")
    status = Unicode(str(Status.PENDING))
    level = Unicode(str(Level.NEVER))
    lock_indicator = Unicode(str(LockIndicator.OPEN), help="The lock indicator, about MFA.")
    lock_indicator_text = Unicode()
    lock_indicator_remedy = Unicode()
    authenticated_by = Unicode(help="The IAM user that STS named, for the last phase.")
    authenticated_at = Float(help="When, in seconds since the epoch; 0 for never.")
    plan_sha256 = Unicode(help="The hash of the saved plan, which is checked before the apply.")
    identity = Dict(help="account, alias, user, arn, serial_number, region, source")
    roles: List[Any] = List(help="[{provider, place, hops: [{arn, state, message}]}]")
    counts = Dict(allow_none=True, default_value=None, help="add, change, destroy, imported")
    changes: List[Any] = List(help="[{address, action}]")
    progress = Dict(help="done, total, current, finished")
    question = Dict(help="What a person is asked now: kind, phase, text, attempt; empty for nothing.")
    notes: List[str] = List(help="What was done with the surroundings, in sentences.")
    error = Unicode()
    error_remedy = Unicode()
    error_documents: List[Any] = List(help="[{title, text}]: what mends the error, ready to paste.")
    log_lines = Int()
    log_start = Int(help="The first line of the phase that is shown.")
    log_path = Unicode(help="The log's file, seen from the notebook.")
    started_at = Float(help="Seconds since the epoch; 0 before the start.")
    ended_at = Float(help="Seconds since the epoch; 0 while the phase runs.")
    canceling = Bool(default_value=False)
    product = Unicode(help="The program and its version: terraform 1.11.4.")

    def __init__(
        self,
        environment: Environment,
        options: Options,
        base: Path,
        record: RunRecord | None = None,
        *,
        ports: Ports | None = None,
    ) -> None:
        super().__init__()
        self._applying = RLock()  # events come on several threads; traitlets holds notifications for one at a time
        self.driver = Driver(environment, options, base, record, listen=self.apply, ports=ports)
        self.apply(RecordRead(self.driver.record))
        self.apply(Opened(str(environment.folder), _seen_from(base, self.driver.store.files.log)))

    def apply(self, event: Event) -> None:
        """Take `event` in; the only place where a trait changes.

        All of an event changes as one: no view sees half of it.
        """
        with self._applying, self.hold_trait_notifications():
            for name, value in event.facts().items():
                if self.has_trait(name):
                    setattr(self, name, _plain(value))

    def notify_change(self, change: Any) -> None:
        """Tell the observers; a view that cannot show something must not stop what is shown."""
        try:
            super().notify_change(change)
        except Exception as error:  # noqa: BLE001 - whatever a view does
            _log.warning("A view of %s failed: %s", self.id, type(error).__name__)

    @property
    def plan(self) -> Plan:
        """What the plan would change; waits for `terraform show -json`, about two seconds after the plan.

        Raises:
            RunStateError: there is no plan.
            TerraformFailed: Terraform could not show it.
        """
        if self.driver.plan is None:
            raise RunStateError(f"The run is {self.status}: there is no plan.", "Run %%tfplan first.")
        return self.driver.plan.result()

    async def wait_for_changes(self) -> None:
        """Until `changes` says what the plan would change, or it is clear that nothing will."""
        if self.driver.plan is not None:
            await asyncio.wait({asyncio.wrap_future(self.driver.plan)})

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply reported, name to value; a sensitive one is "(sensitive)"."""
        return dict(self.driver.outputs)

    @property
    def seconds(self) -> float:
        """How long the last phase took, or has taken so far."""
        # The clock may have been set back meanwhile.
        return max(0.0, (self.ended_at or time.time()) - self.started_at) if self.started_at else 0.0

    @property
    def log_file(self) -> Path:
        """The whole log, without secrets; absolute."""
        return self.driver.store.files.log.absolute()

    def log_text(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Lines of the log, without secrets, their colors kept."""
        log = self.driver.store.log
        return log.lines(start, log.refresh() if stop is None else stop)

    def cancel(self) -> None:
        """Stop gracefully: one interrupt to Terraform, which saves what is finished; or leave the prompt."""
        self.driver.cancel()

    def kill(self) -> None:
        """Stop by force; resources in flight may be lost from the state.

        Raises:
            RunStateError: the run was not canceled first.
        """
        self.driver.kill()

    def discard(self) -> None:
        """Discard the plan, and delete it.

        Raises:
            RunStateError: there is no plan to discard.
        """
        self.driver.discard()

    def __repr__(self) -> str:
        counts = self.counts
        shown = f" +{counts['add']} ~{counts['change']} -{counts['destroy']}" if counts else ""
        return f"<Run {self.id} of {self.environment}: {self.status}{shown}>"


def _plain(value: Any) -> Any:
    """A value as a trait holds it."""
    match value:
        case StrEnum():
            return str(value)
        case str():
            return value
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value


def _seen_from(base: Path, path: Path) -> str:
    """`path` relative to `base` where it can be: a notebook need not say where this machine keeps it."""
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
