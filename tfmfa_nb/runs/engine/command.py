"""Runs the Terraform commands of one phase."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.engine.failure import says_left_alone
from tfmfa_nb.runs.engine.process_environment import process_environment, without_credentials
from tfmfa_nb.runs.gate.unchanged import check_policy, check_program
from tfmfa_nb.terraform.process import Job, Outcome
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES

if TYPE_CHECKING:
    import re
    from collections.abc import AsyncIterator, Callable, Collection, Mapping
    from pathlib import Path

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.engine.process_environment import ProcessEnvironment
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.ports import Process
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_PACE = 0.1  # seconds between two reads of the log; short enough to look immediate
# Jupyter interrupts a kernel just before it restarts it; that interrupt must not stop an apply.
_RESTART_DELAY = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs Terraform's commands in the environment's folder.

    Attributes:
        driver: driver of the run.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu.
        lock: the environment's lock, which Terraform's process holds as well.
        given: what their processes get.
    """

    driver: Driver
    gate: Gate
    executable: Executable
    lock: EnvironmentLock
    given: ProcessEnvironment

    async def run(
        self,
        command: str,
        *arguments: str,
        variables: VariableArguments = NO_VARIABLES,
        on_output: Callable[[], None] | None = None,
        events: bool = False,
        without: Collection[str] = (),
        recorded_as: str = "",
        stdin: str = "",
        output: Path | None = None,
        brief: bool = False,
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> Outcome:
        """Run `terraform COMMAND ARGUMENTS` until it ends.

        A cancellation (the kernel's interrupt) stops Terraform gracefully, and is raised after Terraform has ended. A
        second one has no effect, because a second interrupt would make Terraform lose resources. A change, such as an
        apply, is interrupted one second later, if this kernel is still running then; one that succeeds before that has
        succeeded.

        Args:
            command: "plan".
            arguments: what follows it.
            variables: values of variables, which stand in no command line.
            on_output: called while the command runs.
            events: whether its output is Terraform's JSON.
            without: process variables that it does not get.
            recorded_as: by which name another kernel finds it; "" for its own.
            stdin: what it reads from standard input.
            output: a new file for what it prints, instead of the log.
            brief: whether the log has no details of errors.
            environ: further process variables, which take precedence.

        Raises:
            AuthenticationError: the program, or the organization policy, has changed since the phase started.
        """
        driver, files = self.driver, self.driver.store.files
        changes = command == "apply" or recorded_as == Phase.CHANGE
        await check_policy(driver, self.gate)
        await check_program(driver, self.gate)
        driver.begin(f"Running {self.executable.product} {command}")
        self.lock.lent = True
        process = await driver.ports.terraform.start(
            Job(
                argv=(*self.executable.command, command, *arguments),
                cwd=driver.environment.folder,
                environ={
                    **{name: text for name, text in self.given.environ_for(driver).items() if name not in without},
                    **variables.environ(" ".join([command, *arguments[:1]]) if command == "workspace" else command),
                    **environ,
                },
                keys=self.given.keys,
                secrets=self.given.secrets,
                log=files.log,
                exit=files.exit_of(recorded_as or command),
                events=files.apply_events if events else None,
                lock_fd=self.lock.fd,
                stdin=stdin,
                output=output,
                brief=brief,
                credentials=self.given.credentials,
            )
        )
        try:
            driver.attach(process)
            if driver.record.status is not Status.PENDING:  # else, nothing has begun that another kernel could follow
                with suppress(TfmfaError):  # a full disk must not leave Terraform without anybody who waits for its end
                    driver.save()
            interrupted = await self._follow(process, on_output, _RESTART_DELAY if changes else 0.0)
        except BaseException:
            process.interrupt()
            self._detach(await asyncio.shield(process.wait()))
            raise
        outcome = await process.wait()
        self._detach(outcome)
        if interrupted and not (changes and outcome.exit_code == 0):  # which succeeded before its interrupt
            raise asyncio.CancelledError
        return outcome

    async def _follow(self, process: Process, on_output: Callable[[], None] | None, delay: float) -> bool:
        """Wait for the end of `process`, which is interrupted `delay` seconds after the kernel; whether that was."""
        driver, interrupted, cancel_at = self.driver, False, math.inf
        waiter = asyncio.ensure_future(process.wait())
        while True:
            try:
                done, _ = await asyncio.wait({waiter}, timeout=_PACE)
            except asyncio.CancelledError:
                interrupted = True
                driver.request_cancel()
                cancel_at = min(cancel_at, time.monotonic() + delay)
                continue
            if time.monotonic() >= cancel_at:
                driver.cancel()
            with suppress(OSError):  # what cannot be read now may be read at the next look
                if not done and (terraform := process.left_alone):
                    driver.note(says_left_alone(terraform))
                driver.look_at_log()
                if on_output:
                    on_output()
            if done:
                return interrupted

    def _detach(self, outcome: Outcome) -> None:
        """Let go of a process that has ended, however the wait for it went."""
        self.lock.lent = outcome.exit_code is None  # its supervisor has ended; Terraform may still be running
        self.driver.attach(None)
        self.driver.begin("")

    def reported(self, pattern: re.Pattern[str], start: int = 0, most: int | None = None) -> bool:
        """True if a line that Terraform has printed in this phase has a match of `pattern`.

        Args:
            pattern: what is looked for.
            start: first line of the log, in this phase.
            most: number of lines that are read; None for all.
        """
        log = self.driver.store.log
        start, end = max(start, self.driver.record.log_start), log.refresh()
        return any(map(pattern.search, log.lines(start, end if most is None else min(end, start + most))))


@asynccontextmanager
async def commands_of(
    driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock, session: MfaSession | None
) -> AsyncIterator[Commands]:
    """The Terraform commands of one phase. At its end, all credentials are forgotten."""
    async with process_environment(driver, gate, executable, session) as given:
        yield Commands(driver, gate, executable, lock, given)


@asynccontextmanager
async def commands_without_credentials(
    driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock
) -> AsyncIterator[Commands]:
    """Terraform commands that can find no AWS credentials at all."""
    async with without_credentials(driver, gate, executable) as given:
        yield Commands(driver, gate, executable, lock, given)
