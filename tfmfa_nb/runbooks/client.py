"""An nbclient that answers prompts, interrupts without breaking an apply, and shows outputs as they come."""

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

from tfmfa_nb.runbooks.cell_analysis import may_change
from tfmfa_nb.runbooks.cell_handling import RunbookStopped
from tfmfa_nb.runbooks.cell_timeout import enforce_timeout
from tfmfa_nb.runbooks.notebook import METADATA_KEY
from tfmfa_nb.runbooks.output_follower import OutputFollower
from tfmfa_nb.runbooks.stdin_server import StdinServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tfmfa_nb.runbooks.cell_handling import CellHandling
    from tfmfa_nb.runbooks.display import Display
    from tfmfa_nb.runbooks.input_responder import InputResponder
    from tfmfa_nb.runbooks.notebook_saver import NotebookSaver


def _null_logger() -> logging.Logger:
    """Drops what nbclient logs: the display shows it already."""
    log = logging.Logger(__name__)  # noqa: LOG001 - outside the hierarchy, so that no handler prints it
    log.addHandler(logging.NullHandler())
    return log


class RunbookClient(NotebookClient):
    """Executes one notebook.

    Args:
        notebook: the notebook to execute.
        display: shows what happens.
        responder: answers the kernel's requests for input.
        saver: saves the notebook.
        sockets: a folder of mode 0700 with a short path, for the kernel's sockets: other users of the machine could
            read its messages over TCP. The default place of the sockets, the working folder, is not the kernel's.
        handle_cell: called with each cell and its index; returns how to handle the cell, or raises `RunbookStopped`.
        on_run: called when a run starts, and at the end of a cell with a run.
        cell_timeout: the time limit of each cell in seconds; 0 for none. See `cell_timeout`.
        options: nbclient's own.

    Attributes:
        interrupted: whether the person interrupted the execution.
        timed_out: why a cell was stopped at its time limit, in a sentence; "" if none was.
        current: the index of the current cell, or of the last one; None before the first.
        runs: the latest facts of each run, by its id and phase.
    """

    km: Any
    kc: Any

    def __init__(
        self,
        notebook: Any,
        *,
        display: Display,
        responder: InputResponder,
        saver: NotebookSaver,
        sockets: Path,
        handle_cell: Callable[[Any, int], CellHandling],
        on_run: Callable[[], None],
        cell_timeout: float = 0.0,
        **options: Any,
    ) -> None:
        config = Config({"KernelManager": {"transport": "ipc", "ip": str(sockets / "kernel")}})
        super().__init__(notebook, store_widget_state=False, timeout=None, config=config, log=_null_logger(), **options)
        self._display, self._saver = display, saver
        self._handle_cell, self._on_run, self._cell_timeout = handle_cell, on_run, cell_timeout
        self._cell = responder.cell
        self._follower = OutputFollower(display, Path(self.resources["metadata"]["path"]), self._cell.follow)
        self.interrupted = False
        self.timed_out = ""
        self.runs = self._follower.runs
        self.current: int | None = None
        self._finishing = False
        self._starting: asyncio.Task[Any] | None = None
        self._stdin = StdinServer(responder, self._interrupt_kernel)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def stopped_by(self) -> str:
        """Why the runner stopped the last cell, in a sentence; "" if it did not."""
        return self.timed_out or self._stdin.unanswered

    def interrupt(self) -> None:
        """Stop gracefully: interrupt the kernel, which sends Terraform one interrupt and waits for its end.

        Before the kernel has started, cancel its start; at a prompt, leave the prompt. A second call ends the kernel,
        unless a run is in progress: a second interrupt would make Terraform lose the resources that it is creating.
        """
        if self._finishing:
            return
        again, self.interrupted = self.interrupted, True
        if self._starting is not None:
            self._starting.cancel()
        elif self._stdin.open:
            self._stdin.leave()
        elif not again:
            self._display.note("Interrupted. Stopping gracefully …")
            self._run_in_background(self._interrupt_kernel())
        elif self._follower.in_progress:
            self._display.note(
                "Terraform is still finishing. A second interrupt would lose the resources it is creating."
            )
        else:
            self._run_in_background(self._shut_down_kernel())

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: Any) -> AsyncIterator[None]:
        """Start and stop the kernel without nbclient's signal handlers, which would kill it during an apply."""
        self.km = self.create_kernel_manager()
        self._starting = asyncio.current_task()
        try:
            await self.async_start_new_kernel(**kwargs)
            await self.async_start_new_kernel_client()
            self._starting = None
            self.kc.allow_stdin = True
            serving = asyncio.create_task(self._stdin.serve(self.kc))
            try:
                yield
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving
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
        """Handle one cell, and record its state in its metadata.

        Raises:
            RunbookStopped: the person interrupted the execution, or it ends before this cell.
            CellExecutionError: the cell raised an exception.
            DeadKernelError: the kernel died.
        """
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if self.interrupted:
            raise RunbookStopped
        self.current = cell_index
        self._follower.begin_cell()
        handling = self._handle_cell(cell, cell_index)
        if handling.skipped:
            self._display.cell(cell_index + 1, "skipped")
            return cell
        self._cell.begin(cell_index + 1, handling.source or cell.source)
        if handling.keep_outputs:
            return await self._restore(cell, cell_index, handling)
        started = time.monotonic()
        self._record(cell, cell_index, state="running", started=time.time())
        if may_change(cell.source):
            self._saver.save()  # a change must be on record even if this process dies in it
        timeout = self._start_timeout(cell)
        state = "failed"
        try:
            if handling.source is None:
                await super().async_execute_cell(cell, cell_index, execution_count, store_history)
            else:
                await self._execute_instead(cell, cell_index, handling.source)
            state = "done" if handling.source is None else "restored"
        finally:
            if timeout is not None:
                timeout.cancel()
            self._end_cell(cell, cell_index, state, started)
        return cell

    def _end_cell(self, cell: Any, cell_index: int, state: str, started: float) -> None:
        """Record how a cell ended."""
        self._follower.end_cell()
        if state == "failed":
            self._finishing = True  # only saving is left, which must not be interrupted
            state = "interrupted" if self.interrupted else state
        self._record(cell, cell_index, state=state, seconds=round(time.monotonic() - started, 3))
        if self._follower.cell_runs:
            self._on_run()
        self._saver.save_soon()

    async def _restore(self, cell: Any, cell_index: int, handling: CellHandling) -> Any:
        """Bring back the variables that an earlier kernel had from this cell; the cell keeps its outputs."""
        self._display.cell(cell_index + 1, "running")
        kept = cell.outputs, cell.execution_count
        await self._execute_instead(cell, cell_index, handling.source or cell.source)
        cell.outputs, cell.execution_count = kept
        self._display.cell(cell_index + 1, "restored")
        return cell

    async def _execute_instead(self, cell: Any, cell_index: int, source: str) -> None:
        """Execute `source`, whose outputs become the cell's."""
        stand_in = cell.copy()
        stand_in.source = source
        try:
            await super().async_execute_cell(stand_in, cell_index, None, store_history=True)
        finally:
            cell.outputs, cell.execution_count = stand_in.outputs, stand_in.execution_count
            self.nb["cells"][cell_index] = cell

    def _record(self, cell: Any, cell_index: int, **facts: Any) -> None:
        earlier = cell.metadata.get(METADATA_KEY, {}) if facts["state"] != "running" else {}
        cell.metadata[METADATA_KEY] = {**earlier, **facts}
        self._display.cell(cell_index + 1, facts["state"], facts.get("seconds", 0.0))

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Show the output in a message, then process it as nbclient does."""
        if self._follower.process_message(msg["msg_type"], msg["content"]):
            # Saved at once: if this process dies, --resume needs the run.
            cell.metadata.setdefault(METADATA_KEY, {})["runs"] = list(self._follower.cell_runs)
            self._on_run()
            self._saver.save()
        return super().process_message(msg, cell, cell_index)

    def _start_timeout(self, cell: Any) -> asyncio.Task[None] | None:
        """Enforce the time limit of a cell, unless the cell may change something."""
        if not self._cell_timeout or may_change(cell.source):
            return None

        async def interrupt() -> None:
            self.timed_out = f"time limit of {self._cell_timeout:g} seconds exceeded (--timeout)."
            await self._interrupt_kernel()

        return asyncio.create_task(
            enforce_timeout(
                self._cell_timeout, self._stdin, self._follower, interrupt=interrupt, shut_down=self._shut_down_kernel
            )
        )

    def _run_in_background(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _interrupt_kernel(self) -> None:
        with suppress(RuntimeError, AttributeError):  # it has ended already
            await self.km.interrupt_kernel()

    async def _shut_down_kernel(self) -> None:
        with suppress(RuntimeError, AttributeError, DeadKernelError):
            await self.km.shutdown_kernel(now=True)
