"""nbclient, with somebody to ask, interrupts that wait for Terraform, and everything told as it happens."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from tfmfa_nb.runbooks.cell_analysis import applies
from tfmfa_nb.runbooks.cell_handling import RunbookStopped
from tfmfa_nb.runbooks.cell_timeout import enforce_timeout
from tfmfa_nb.runbooks.notebook import KEY
from tfmfa_nb.runbooks.output_follower import OutputFollower
from tfmfa_nb.runbooks.stdin_server import StdinServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tfmfa_nb.runbooks.cell_handling import CellHandling
    from tfmfa_nb.runbooks.display import Display
    from tfmfa_nb.runbooks.input_responder import InputResponder
    from tfmfa_nb.runbooks.notebook_saver import NotebookSaver


def _silent() -> logging.Logger:
    """What nbclient would log, the display tells."""
    log = logging.Logger(__name__)  # noqa: LOG001 - outside of the hierarchy, so that nobody prints it
    log.addHandler(logging.NullHandler())
    return log


class RunbookClient(NotebookClient):
    """Executes one notebook.

    Args:
        notebook: what is executed.
        display: told what happens.
        answerer: answers what the kernel asks.
        saver: saves the notebook.
        sockets: a folder of mode 0700 with a short path. The kernel is talked to through sockets there: its
            messages over TCP could be read by other users of the machine. By their default name they would lie in
            the working folder, which is another one here than in the kernel.
        before_cell: called with a cell and its place; says how it is executed. It may raise `RunbookStopped`.
        on_run: called when a run has begun, or ended, in a cell.
        cell_seconds: how long a cell may take; 0 for ever. It never ends an apply, nor a person's thinking.
        options: nbclient's own.

    Attributes:
        interrupted: whether the person asked to stop.
        timed_out: what ended a cell whose time was up, in a sentence.
        current: the place of the cell that is being executed, or was last.
        runs: what the runs' displays said last, by run and phase.
    """

    km: Any
    kc: Any

    def __init__(
        self,
        notebook: Any,
        *,
        display: Display,
        answerer: InputResponder,
        saver: NotebookSaver,
        sockets: Path,
        before_cell: Callable[[Any, int], CellHandling],
        on_run: Callable[[], None],
        cell_seconds: float = 0.0,
        **options: Any,
    ) -> None:
        config = Config({"KernelManager": {"transport": "ipc", "ip": str(sockets / "kernel")}})
        super().__init__(notebook, store_widget_state=False, timeout=None, config=config, log=_silent(), **options)
        self._display, self._saver = display, saver
        self._before_cell, self._on_run, self._cell_seconds = before_cell, on_run, cell_seconds
        self._follower = OutputFollower(display, Path(self.resources["metadata"]["path"]))
        self.interrupted = False
        self.timed_out = ""
        self.runs = self._follower.runs
        self.current: int | None = None
        self._over = False
        self._starting: asyncio.Task[Any] | None = None
        self._questions = StdinServer(answerer, self._interrupt_kernel)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def stopped_by(self) -> str:
        """What ended a cell from outside, in a sentence; empty where nothing did."""
        return self.timed_out or self._questions.nobody

    def interrupt(self) -> None:
        """Stop gracefully: one interrupt to the kernel, which gives Terraform exactly one and waits for it.

        Before the kernel is there, it is not started. At a prompt, the prompt is left. A second time ends the kernel,
        unless a run is under way: Terraform's second interrupt would lose what it is making.
        """
        if self._over:
            return
        again, self.interrupted = self.interrupted, True
        if self._starting is not None:
            self._starting.cancel()
        elif self._questions.open:
            self._questions.leave()
        elif not again:
            self._display.say("Interrupted: stopping gracefully.")
            self._later(self._interrupt_kernel())
        elif self._follower.under_way:
            self._display.say("Terraform is still finishing what it has begun; a second interrupt would lose it.")
        else:
            self._later(self._end_kernel())

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: Any) -> AsyncIterator[None]:
        """Nbclient's own, without its handlers: a signal would end the kernel in the middle of an apply."""
        self.km = self.create_kernel_manager()
        self._starting = asyncio.current_task()
        try:
            await self.async_start_new_kernel(**kwargs)
            await self.async_start_new_kernel_client()
            self._starting = None
            self.kc.allow_stdin = True
            answering = asyncio.create_task(self._questions.serve(self.kc))
            try:
                yield
            finally:
                answering.cancel()
                with suppress(asyncio.CancelledError):
                    await answering
        finally:
            self._starting = None
            if self.km is not None:
                await self._async_cleanup_kernel()

    async def async_execute_cell(
        self,
        cell: Any,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,  # noqa: FBT001, FBT002 - nbclient's own signature
    ) -> Any:
        """Execute one cell, or what stands for it, and note in its metadata how that went.

        Raises:
            RunbookStopped: the person interrupted, or what is asked before each cell says so.
            CellExecutionError, DeadKernelError: nbclient's own.
        """
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if self.interrupted:
            raise RunbookStopped
        self.current = cell_index
        self._follower.begin_cell()
        step = self._before_cell(cell, cell_index)
        if step.code == "":
            self._display.cell(cell_index + 1, "skipped")
            return cell
        if step.keep:
            return await self._execute_again(cell, cell_index, step)
        began = time.monotonic()
        self._note(cell, cell_index, state="running", started=time.time())
        if applies(cell.source):
            self._saver.save()  # what was before must be known, whatever becomes of this process
        watch = self._watch(cell)
        state = "failed"
        try:
            if step.code is None:
                await super().async_execute_cell(cell, cell_index, execution_count, store_history)
            else:
                await self._execute_instead(cell, cell_index, step.code)
            state = "done" if step.code is None else "restored"
        finally:
            if watch is not None:
                watch.cancel()
            if state == "failed":
                self._over = True  # what comes now is saving, which is not to be interrupted
                state = "interrupted" if self.interrupted else state
            self._note(cell, cell_index, state=state, seconds=round(time.monotonic() - began, 3))
            if self._follower.in_cell:
                self._on_run()
            self._saver.soon()
        return cell

    async def _execute_again(self, cell: Any, cell_index: int, step: CellHandling) -> Any:
        """Bring back what an earlier kernel had from this cell; the cell keeps what it showed then."""
        self._display.cell(cell_index + 1, "running")
        before = cell.outputs, cell.execution_count
        await self._execute_instead(cell, cell_index, step.code or cell.source)
        cell.outputs, cell.execution_count = before
        self._display.cell(cell_index + 1, "restored")
        return cell

    async def _execute_instead(self, cell: Any, cell_index: int, code: str) -> None:
        """Execute `code`, whose outputs become the cell's."""
        stand_in = cell.copy()
        stand_in.source = code
        try:
            await super().async_execute_cell(stand_in, cell_index, None, store_history=True)
        finally:
            cell.outputs, cell.execution_count = stand_in.outputs, stand_in.execution_count
            self.nb["cells"][cell_index] = cell

    def _note(self, cell: Any, cell_index: int, **facts: Any) -> None:
        kept = cell.metadata.get(KEY, {}) if facts["state"] != "running" else {}
        cell.metadata[KEY] = {**kept, **facts}
        self._display.cell(cell_index + 1, facts["state"], facts.get("seconds", 0.0))

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Tell what a message shows, then do with it what nbclient does."""
        if self._follower.message(msg["msg_type"], msg["content"]):
            # Noted at once: should this process end now, the run is what another one has to go on with.
            cell.metadata.setdefault(KEY, {})["runs"] = list(self._follower.in_cell)
            self._on_run()
            self._saver.save()
        return super().process_message(msg, cell, cell_index)

    def _watch(self, cell: Any) -> asyncio.Task[None] | None:
        """Ends the cell when its time is up; not one that applies, however it comes to that."""
        if not self._cell_seconds or applies(cell.source):
            return None

        async def interrupt() -> None:
            self.timed_out = f"it took longer than {self._cell_seconds:g} seconds (--timeout)."
            await self._interrupt_kernel()

        return asyncio.create_task(
            enforce_timeout(
                self._cell_seconds, self._questions, self._follower, interrupt=interrupt, end=self._end_kernel
            )
        )

    def _later(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _interrupt_kernel(self) -> None:
        with suppress(RuntimeError, AttributeError):  # it is gone already
            await self.km.interrupt_kernel()

    async def _end_kernel(self) -> None:
        with suppress(RuntimeError, AttributeError, DeadKernelError):
            await self.km.shutdown_kernel(now=True)
