"""One Terraform command of a run: started, followed, stopped."""

from __future__ import annotations

import asyncio
import math
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.terraform.process import Job, Outcome, TerraformProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.credentials import Credentials
    from tfmfa_nb.terraform.executable import Executable

_PACE = 0.1  # seconds between two looks at the log: what an eye still sees as at once
# Whoever restarts a kernel interrupts it first, and ends it a moment later: an apply must not be stopped by that.
_RESTART = 1.0  # seconds
_ERROR = re.compile(r"(?:^|\s)Error: (.+)")


@dataclass(frozen=True, slots=True)
class Execution:
    """What all commands of one phase share.

    Attributes:
        environ: the child's environment, but for `credentials`.
        credentials: the MFA session, or the person's own key; each command asks them anew, so that nothing is left
            once they have forgotten.
        secrets: what else the supervisor masks in Terraform's output.
    """

    run: Run
    executable: Executable
    lock: EnvironmentLock
    environ: Mapping[str, str] = field(repr=False)
    credentials: Credentials | None = None
    secrets: tuple[Secret, ...] = ()

    async def terraform(
        self, command: str, *arguments: str, on_output: Callable[[], None] | None = None, events: bool = False
    ) -> Outcome:
        """Run `terraform COMMAND ARGUMENTS` in the environment's folder and follow it to its end.

        Being cancelled (the kernel's interrupt) stops Terraform gracefully, waits for it, then goes on as a
        cancellation; a second one changes nothing, because Terraform's second interrupt loses resources. An apply is
        stopped a second later, if this kernel is there then.
        """
        run = self.run
        self.lock.lent = True
        run._process = await TerraformProcess.start(
            Job(
                argv=(*self.executable.command, command, *arguments),
                cwd=run._environment.folder,
                environ=self.environ,
                secrets=self.secrets,
                log=run._files.log,
                exit=run._files.exit_file(command),
                events=run._files.events if events else None,
                lock_fd=self.lock.fd,
                credentials=self.credentials,
            )
        )
        run._record()
        if run.canceling:  # it was canceled while Terraform was being started
            run._process.interrupt()
        interrupted, passed_on_at = False, math.inf
        waiter = asyncio.ensure_future(run._process.wait())
        while True:
            try:
                done, _ = await asyncio.wait({waiter}, timeout=_PACE)
            except asyncio.CancelledError:
                interrupted, run.canceling = True, True
                moment = _RESTART if command == "apply" else 0.0
                passed_on_at = min(passed_on_at, time.monotonic() + moment)
                continue
            if time.monotonic() >= passed_on_at:
                run.cancel()
            run.log_lines = run._log.refresh()
            if on_output:
                on_output()
            if done:
                break
        run._process = None
        outcome = waiter.result()
        self.lock.lent = outcome.exit_code is None  # only its supervisor is known to have ended
        if interrupted:
            raise asyncio.CancelledError
        return outcome

    def first_error(self) -> str:
        """Terraform's first "Error: …" of this phase, for the one line that a traceback has."""
        return first_error_of(self.run)

    def asks_for_init(self) -> bool:
        """Whether Terraform said that it has to be initialized first."""
        return any(re.search(r"\b(?:terraform|tofu) init\b", line) for line in self.run.log_text(self.run.log_start))


def first_error_of(run: Run) -> str:
    """Terraform's first "Error: …" of the run's phase; empty where there is none."""
    for line in run.log_text(run.log_start):
        if match := _ERROR.search(strip_colors(line)):
            return match[1].strip()
    return ""
