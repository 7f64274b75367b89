"""Stands in for Terraform on this machine: `python -m tfmfa_nb.remote.relay`, under the supervisor of each run.

It hands a sealed job to the worker that it is sealed to, prints what Terraform prints there, passes on one interrupt,
brings the plan back, and ends as Terraform has ended. So a run on another machine is followed, canceled, and found
again by another kernel as one on this machine. It has no credentials; its order is on standard input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.remote.sealed_jobs import Answers
from tfmfa_nb.remote.worker_jobs import interrupt, look, run_job
from tfmfa_nb.runs.engine.failure import LOST

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACE = 0.25  # seconds between two looks at the log
_PATIENCE = 60.0  # seconds in which a worker that the scheduler still knows may give no answer
_BRIEFLY = 10.0  # seconds for the scheduler's own answer
_FAILED = 1
_SHELL = 128  # added to a signal's number


@dataclass(frozen=True, slots=True)
class Order:
    """What a relay is to do.

    Attributes:
        scheduler: address of the scheduler.
        security: arguments of `distributed.Security`.
        worker: address of the worker.
        worker_key: fingerprint of the key of the process there that the job is sealed to.
        name: the worker as people know it.
        job_id: ID of the job.
        job: file with the sealed job, which the relay deletes.
        reply_key: the job's own key, in hexadecimal.
        plan: where a new plan is written; "" for an apply.
        uninterrupted: file that is there until somebody has interrupted the command: the relay hears no interrupt
            before it has started.
    """

    scheduler: str
    security: Mapping[str, Any]
    worker: str
    worker_key: str
    name: str
    job_id: str
    job: str
    reply_key: str
    plan: str
    uninterrupted: str

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody has interrupted the command."""
        return not Path(self.uninterrupted).exists()

    def written(self) -> str:
        """The order as a relay reads it."""
        return json.dumps(asdict(self))


class WorkerLost(Exception):
    """The worker, or the scheduler, is not there any more, or another process is in its place."""


class Relay:
    """Relays one job.

    Args:
        order: what to do.

    Attributes:
        submitted: whether the job may have left this machine, so that its end is known to the worker alone.
    """

    def __init__(self, order: Order) -> None:
        self._order, self._client = order, cast("Any", None)
        self._answers, self._offset = Answers(bytes.fromhex(order.reply_key)), 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.submitted = False

    async def run(self, client: Any) -> int:
        """Do the job; the exit code.

        Args:
            client: Dask's client.

        Raises:
            WorkerLost: its end will not be known.
            OSError: nothing was sent.
        """
        order, file, self._client = self._order, Path(self._order.job), client
        sealed = await asyncio.to_thread(file.read_bytes)
        await asyncio.to_thread(file.unlink)
        known = await self._known()
        if known is None:
            raise OSError("the scheduler gives no answer")
        if order.worker not in known:
            raise OSError("it is not in the cluster any more")
        self.submitted = True
        # Pinned, and never again: what a job has begun to change must not begin once more elsewhere.
        future = client.submit(
            run_job,
            order.job_id,
            sealed,
            key=order.job_id,
            workers=[order.worker],
            allow_other_workers=False,
            retries=0,
            resources={"terraform": 1},
            pure=False,
        )
        try:
            while not future.done():
                await self._look()
                await asyncio.sleep(_PACE)
            return await self._end(future)
        except BaseException:
            with suppress(Exception):  # what has ended goes when the client leaves
                await future.cancel()
            raise

    def interrupt(self) -> None:
        """Stop the job gracefully, now or when it begins."""
        task = asyncio.ensure_future(self._pass_on())
        self._tasks.add(task)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # who looks finds the worker lost

    async def _pass_on(self) -> None:
        # Until it has begun, there is nothing to stop.
        while not await self._call(interrupt, self._order.job_id):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(_PACE)

    async def _end(self, future: Any) -> int:
        try:
            answer = self._opened(await future)
        except WorkerLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: it is no word of the process that the job was for
            raise WorkerLost(str(error) or type(error).__name__) from None
        if problem := answer.get("problem"):
            _say(f"Error: {self._order.name}: {problem}")
            return _FAILED
        code = answer["exit_code"]
        if code is None:
            raise WorkerLost("Terraform's supervisor there was killed")
        if answer["plan"]:
            try:
                write_whole(Path(self._order.plan), answer["plan"])
            except OSError as error:
                _say(f"Error: the plan cannot be written to {self._order.plan}: {error.strerror or error}")
                return _FAILED
        return int(code) if code >= 0 else _SHELL - code

    async def _look(self) -> None:
        """Print what the log has more."""
        while True:
            sealed = await self._call(look, self._order.job_id, self._order.worker_key, self._offset)
            if sealed is None:
                raise WorkerLost("another process is at its address")
            answer = self._opened(sealed) if sealed else {}
            content: bytes = answer.get("log", b"") if answer.get("offset") == self._offset else b""
            if not content:
                return
            self._offset += len(content)
            _write(content)

    def _opened(self, sealed: bytes) -> dict[str, Any]:
        try:
            return self._answers.open(sealed)
        except ValueError as error:
            raise WorkerLost(f"an answer from there is {error}") from None

    async def _call(self, function: Any, *arguments: Any) -> Any:
        """Call a function on the worker.

        Raises:
            WorkerLost: the scheduler does not know the worker any more, or there was no answer for a minute.
        """
        order, client = self._order, self._client
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            answers: dict[str, Any] = {}
            with suppress(Exception):
                async with asyncio.timeout_at(deadline):
                    answers = await client.run(function, *arguments, workers=[order.worker], on_error="return")
            if order.worker in answers and not isinstance(answers[order.worker], BaseException):
                return answers[order.worker]
            known = await self._known()
            if known is not None and order.worker not in known:
                raise WorkerLost("it has left the cluster")
            if asyncio.get_running_loop().time() > deadline:
                raise WorkerLost(f"no answer for {_PATIENCE:.0f} seconds")
            await asyncio.sleep(_PACE)

    async def _known(self) -> Any:
        """The workers that the scheduler knows; None if it gives no answer."""
        with suppress(Exception):
            async with asyncio.timeout(_BRIEFLY):
                return (await self._client.scheduler.identity(n_workers=-1))["workers"]
        return None


def security_of(arguments: Mapping[str, Any]) -> Any:
    """Dask's settings of TLS from their plain form."""
    from distributed import Security  # noqa: PLC0415 - of an optional extra

    return Security(require_encryption=True, **arguments)


async def _main(order: Order) -> int:
    relay, task = Relay(order), asyncio.current_task()

    def interrupted() -> None:
        if relay.submitted:
            relay.interrupt()
        elif task is not None:
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)
    if order.is_interrupted:
        interrupted()
    try:
        return await _relayed(relay, order)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, it may not look like Terraform's
        _say(_end(order.name, error, submitted=relay.submitted))
        return _FAILED


async def _relayed(relay: Relay, order: Order) -> int:
    from distributed import Client  # noqa: PLC0415 - takes a second, in which an interrupt is heard

    client = Client(order.scheduler, security=security_of(order.security), asynchronous=True)
    try:
        await client
        return await relay.run(client)
    finally:
        with suppress(Exception):
            await client.close()


def _end(name: str, error: BaseException, *, submitted: bool) -> str:
    """What to say where it is not Terraform that ends the command."""
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    if submitted:
        return (
            f"Error: {LOST.format(name)}\n\n"
            "Nobody knows here how Terraform ended there: it may have changed something, it may still be running, and "
            f"it may have left the state locked. Nothing is run again by itself. (Why it counts as lost: {reason}.)"
        )
    if isinstance(error, asyncio.CancelledError):
        return f"Interrupt received: nothing was sent to {name}."
    return f"Error: Nothing was sent to {name}: {reason}"


def _say(text: str) -> None:
    _write(f"{text}\n".encode())


def _write(content: bytes) -> None:
    """Write to the log; a full disk ends nothing, as it ends no Terraform."""
    rest = memoryview(content)
    with suppress(OSError):
        while rest:
            rest = rest[os.write(1, rest) :]


def main() -> int:
    """Carry out the order on standard input; the exit code."""
    os.umask(0o077)
    logging.disable()  # what Dask says of its connections is nothing of Terraform's
    order = Order(**json.load(sys.stdin))
    try:
        return asyncio.run(_main(order))
    finally:
        Path(order.job).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
