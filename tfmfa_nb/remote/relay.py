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
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.remote.sealed_jobs import Answers
from tfmfa_nb.remote.worker_jobs import interrupt, look, run_job
from tfmfa_nb.runs.engine.failure import LOST

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACE = 0.25  # seconds between two looks at the log
_PATIENCE = 60.0  # seconds in which a worker that the scheduler still knows may give no answer
_FAILED = 1
_SHELL = 128  # added to a signal's number


@dataclass(frozen=True, slots=True)
class Order:
    """What a relay is to do.

    Attributes:
        scheduler: address of the scheduler.
        security: arguments of `distributed.Security`.
        worker: address of the worker.
        name: the worker as people know it.
        job_id: ID of the job.
        job: file with the sealed job, which the relay deletes.
        reply_key: the job's own key, in hexadecimal.
        plan: where a new plan is written; "" for an apply.
    """

    scheduler: str
    security: Mapping[str, Any]
    worker: str
    name: str
    job_id: str
    job: str
    reply_key: str
    plan: str

    def written(self) -> str:
        """The order as a relay reads it."""
        return json.dumps(asdict(self))


class WorkerLost(Exception):
    """The worker, or the scheduler, is not there any more."""


class _Relay:
    """Relays one job.

    Args:
        order: what to do.
        client: Dask's client.
    """

    def __init__(self, order: Order, client: Any) -> None:
        self._order, self._client = order, client
        self._answers, self._offset = Answers(bytes.fromhex(order.reply_key)), 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> int:
        """Do the job; the exit code.

        Raises:
            WorkerLost: its end will not be known.
        """
        order, file = self._order, Path(self._order.job)
        sealed = await asyncio.to_thread(file.read_bytes)
        await asyncio.to_thread(file.unlink)
        if order.worker not in await self._known():
            _say(f"Error: {order.name} is not in the cluster any more: nothing was run there")
            return _FAILED
        # Pinned, and never again: what a job has begun to change must not begin once more elsewhere.
        future = self._client.submit(
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
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)
        try:
            while not future.done():
                await self._look()
                await asyncio.sleep(_PACE)
            return await self._end(future)
        finally:
            with suppress(Exception):
                await future.cancel()

    async def _end(self, future: Any) -> int:
        try:
            sealed = await future
        except Exception as error:  # noqa: BLE001 - of whatever has happened there
            if "KilledWorker" in type(error).__name__ or type(error).__name__ == "FutureCancelledError":
                raise WorkerLost from None
            _say(f"Error: {self._order.name} did not run Terraform: {error}")
            return _FAILED
        answer = self._answers.open(sealed)
        if problem := answer.get("problem"):
            _say(f"Error: {self._order.name}: {problem}")
            return _FAILED
        if answer["plan"]:
            write_whole(Path(self._order.plan), answer["plan"])
        code = answer["exit_code"]
        if code is None:
            raise WorkerLost
        return int(code) if code >= 0 else _SHELL - code

    async def _look(self) -> None:
        """Print what the log has more."""
        while True:
            sealed = await self._call(look, self._order.job_id, self._offset)
            answer = self._answers.open(sealed) if sealed else {}
            content: bytes = answer.get("log", b"") if answer.get("offset") == self._offset else b""
            if not content:
                return
            self._offset += len(content)
            _write(content)

    async def _call(self, function: Any, *arguments: Any) -> Any:
        """Call a function on the worker.

        Raises:
            WorkerLost: the scheduler does not know the worker any more.
        """
        order, client = self._order, self._client
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            answers: dict[str, Any] = {}
            with suppress(Exception):
                answers = await client.run(function, *arguments, workers=[order.worker], on_error="return")
            if order.worker in answers and not isinstance(answers[order.worker], BaseException):
                return answers[order.worker]
            if order.worker not in await self._known() or asyncio.get_running_loop().time() > deadline:
                raise WorkerLost
            await asyncio.sleep(_PACE)

    async def _known(self) -> Any:
        """The workers that the scheduler knows."""
        with suppress(Exception):
            return (await self._client.scheduler.identity(n_workers=-1))["workers"]
        return {}

    def _interrupt(self) -> None:
        task = asyncio.ensure_future(self._call(interrupt, self._order.job_id))
        self._tasks.add(task)
        task.add_done_callback(lambda done: done.exception())  # whoever looks at the log finds the worker lost


def security_of(arguments: Mapping[str, Any]) -> Any:
    """Dask's settings of TLS from their plain form."""
    from distributed import Security  # noqa: PLC0415 - of an optional extra

    return Security(require_encryption=True, **arguments)


async def _main(order: Order) -> int:
    from distributed import Client  # noqa: PLC0415

    try:
        async with Client(order.scheduler, security=security_of(order.security), asynchronous=True) as client:
            return await _Relay(order, client).run()
    except (WorkerLost, OSError):
        _say(
            f"Error: {LOST.format(order.name)}\n\n"
            "Nobody knows here how Terraform ended there: it may have changed something, it may still be running, and "
            "it may have left the state locked. Nothing is run again by itself."
        )
        return _FAILED


def _say(text: str) -> None:
    _write(f"{text}\n".encode())


def _write(content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    os.umask(0o077)
    logging.disable()  # what Dask says of its connections is nothing of Terraform's
    sys.exit(asyncio.run(_main(Order(**json.load(sys.stdin)))))
