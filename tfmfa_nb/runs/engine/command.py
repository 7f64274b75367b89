"""The Terraform commands of one phase: started, followed, stopped."""

from __future__ import annotations

import asyncio
import math
import re
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.gate.long_term_key import long_term_key
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.process import Job, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.ports import Process
    from tfmfa_nb.terraform.credentials import Credentials
    from tfmfa_nb.terraform.executable import Executable

_PACE = 0.1  # seconds between two looks at the log: what an eye still sees as at once
# Whoever restarts a kernel interrupts it first, and ends it a moment later: an apply must not be stopped by that.
_RESTART = 1.0  # seconds
_ASKS_FOR_INIT = re.compile(r"\b(?:terraform|tofu) init\b")


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs Terraform's commands in the environment's folder.

    Attributes:
        driver: of the run.
        executable: the program.
        lock: the environment's lock, which Terraform's process holds too.
        environ: the process environment of the commands, but for `credentials`.
        credentials: the MFA session, or the person's own key; each command asks for them anew, so that nothing is left
            once they were forgotten.
        secrets: what else the supervisor masks in Terraform's output.
    """

    driver: Driver
    executable: Executable
    lock: EnvironmentLock
    environ: Mapping[str, str] = field(repr=False)
    credentials: Credentials | None = None
    secrets: tuple[Secret, ...] = ()

    async def run(
        self, command: str, *arguments: str, on_output: Callable[[], None] | None = None, events: bool = False
    ) -> Outcome:
        """Run `terraform COMMAND ARGUMENTS` and follow it to its end.

        Being canceled (the kernel's interrupt) stops Terraform gracefully, waits for it, then goes on as a
        cancellation; a second one changes nothing, because Terraform's second interrupt loses resources. An apply is
        stopped a second later, if this kernel still runs then; one that ends by itself before that has been applied.
        """
        driver, files = self.driver, self.driver.store.files
        self.lock.lent = True
        process = await driver.ports.terraform.start(
            Job(
                argv=(*self.executable.command, command, *arguments),
                cwd=driver.environment.folder,
                environ=self.environ,
                secrets=self.secrets,
                log=files.log,
                exit=files.exit_of(command),
                events=files.apply_events if events else None,
                lock_fd=self.lock.fd,
                credentials=self.credentials,
            )
        )
        try:
            driver.attach(process)
            with suppress(TfmfaError):  # a full disk must not leave Terraform without anybody who waits for its end
                driver.save()
            interrupted = await self._follow(process, command, on_output)
        except BaseException:
            process.interrupt()
            await asyncio.shield(process.wait())
            raise
        driver.attach(None)
        outcome = await process.wait()
        self.lock.lent = outcome.exit_code is None  # only its supervisor is known to have ended
        if interrupted and not (command == "apply" and outcome.exit_code == 0):  # which ended before it was stopped
            raise asyncio.CancelledError
        return outcome

    async def _follow(self, process: Process, command: str, on_output: Callable[[], None] | None) -> bool:
        """Until the end of `process`; whether the kernel was interrupted meanwhile."""
        driver, interrupted, passed_on_at = self.driver, False, math.inf
        waiter = asyncio.ensure_future(process.wait())
        while True:
            try:
                done, _ = await asyncio.wait({waiter}, timeout=_PACE)
            except asyncio.CancelledError:
                interrupted = True
                driver.request_cancel()
                moment = _RESTART if command == "apply" else 0.0
                passed_on_at = min(passed_on_at, time.monotonic() + moment)
                continue
            if time.monotonic() >= passed_on_at:
                driver.cancel()
            with suppress(OSError):  # what cannot be read now may be read at the next look
                driver.look_at_log()
                if on_output:
                    on_output()
            if done:
                return interrupted

    def asks_for_init(self) -> bool:
        """Whether Terraform said in this phase that it must be initialized first."""
        log = self.driver.store.log
        return any(map(_ASKS_FOR_INIT.search, log.lines(self.driver.record.log_start, log.refresh())))


@asynccontextmanager
async def commands_of(
    driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock, session: MfaSession | None
) -> AsyncIterator[Commands]:
    """Terraform's commands in one phase; at its end no credentials are left, whoever still holds them."""
    credentials: Credentials | None = session
    masked: tuple[Secret, ...] = ()
    try:
        credentials = session or await long_term_key(gate.environ)
        environ, notes = child_environ(gate.environ, credentials=credentials is None)
        for note in notes:
            driver.note(note)
        # The kernel's own keys too: a program that Terraform starts may find them elsewhere and print them.
        names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        masked = tuple(Secret(gate.environ[name]) for name in names if gate.environ.get(name))
        yield Commands(driver, executable, lock, environ, credentials, masked)
    finally:
        for secret in (credentials, *masked):
            if secret is not None:
                secret.forget()
