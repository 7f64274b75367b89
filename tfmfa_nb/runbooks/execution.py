"""One execution of a runbook, from its file to its sealed record."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nbclient.exceptions import CellExecutionError, DeadKernelError

from tfmfa_nb.model.errors import ConfigurationError, RunbookFailed
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol.runner import Runner, environ_of
from tfmfa_nb.runbooks import resume
from tfmfa_nb.runbooks.cell_analysis import applies, applies_configuration
from tfmfa_nb.runbooks.cell_handling import CellHandling, RunbookStopped
from tfmfa_nb.runbooks.client import RunbookClient
from tfmfa_nb.runbooks.display import Display, LineDisplay
from tfmfa_nb.runbooks.execution_options import ExecutionOptions
from tfmfa_nb.runbooks.execution_record import ExecutionRecord
from tfmfa_nb.runbooks.input_responder import InputResponder
from tfmfa_nb.runbooks.notebook import (
    KEY,
    RECORD,
    executed_cells,
    read_runbook,
    tags,
    title,
)
from tfmfa_nb.runbooks.notebook_saver import NotebookSaver
from tfmfa_nb.runbooks.outcome import ExitCode, Outcome, failed, outcome_of_error
from tfmfa_nb.runbooks.parameters import defaults, inject
from tfmfa_nb.runbooks.terminal import Terminal
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

_TOKEN_COMMAND = "TFMFA_TOKEN_COMMAND"  # noqa: S105 - the name of a variable


async def run_runbook(order: ExecutionOptions, display: Display) -> Outcome:
    """Execute `order`; the executed notebook is saved as it goes, and in every case.

    Raises:
        ConfigurationError: it cannot be begun: there is no such notebook, parameter or tag, or no place to save it.
        RunStateError: it cannot be resumed.
    """
    execution = _Execution(order, display)
    return await execution.run()


class _Execution:
    def __init__(self, order: ExecutionOptions, display: Display) -> None:
        self._order, self._display = order, display
        self._folder = order.output.absolute().parent
        self._steps: dict[int, CellHandling] = {}
        self._last: int | None = None

    async def run(self) -> Outcome:
        order = self._order
        notebook = self._prepared(read_runbook(order.runbook))
        record = ExecutionRecord(notebook, order.runbook.name, self._given, order.environment)
        if order.resume:
            steps = await resume.steps(notebook, self._folder, self._display.say)
            if steps is None:
                self._display.say(f"Everything in {order.output} has finished: there is nothing to resume.")
                return Outcome(ExitCode.DONE, "finished")
            self._steps = steps
        cells = dict(executed_cells(notebook))
        self._last = max((i for i, cell in cells.items() if order.stop_after in tags(cell)), default=None)
        saver = NotebookSaver(notebook, order.output)
        saver.save()  # before anything happens: where nothing can be saved, nothing is done
        runner = Runner(environment=order.environment, plan_only=order.plan_only)
        terminal = Terminal.find() if order.at_terminal else None
        try:
            answerer = InputResponder(runner.marker, order.token_command, order.environ, terminal, self._display)
            self._display.begin([(index + 1, title(cell)) for index, cell in cells.items()])
            with (
                TemporaryDirectory(prefix="tfmfa-", ignore_cleanup_errors=True) as sockets,
                (Path(sockets) / "kernel.log").open("w+b") as log,
            ):
                client = RunbookClient(
                    notebook,
                    display=self._display,
                    answerer=answerer,
                    saver=saver,
                    sockets=Path(sockets),
                    before_cell=self._step,
                    on_run=lambda: record.update(client.runs),
                    cell_seconds=order.cell_seconds,
                    resources={"metadata": {"path": str(self._folder)}},
                )
                # One door for codes: the kernel has no token command of its own.
                environ = {name: value for name, value in order.environ.items() if name != _TOKEN_COMMAND}
                with _signals(client):
                    outcome = await self._execute(client, {**environ, **environ_of(runner)}, log)
        finally:
            if terminal is not None:
                terminal.close()
        record.update(client.runs, outcome)
        try:
            record.seal(order.output)
        finally:
            saver.save()
            self._display.end(outcome, str(order.output))
        return outcome

    def _prepared(self, notebook: Any) -> Any:
        """The notebook with its parameters; or the executed one, which has them already."""
        order = self._order
        self._given: dict[str, Any] = {}
        if order.stop_after and not any(order.stop_after in tags(cell) for _, cell in executed_cells(notebook)):
            known = sorted({tag for _, cell in executed_cells(notebook) for tag in tags(cell)})
            raise ConfigurationError(
                f"No cell is tagged {order.stop_after}.", f"There are: {', '.join(known)}." if known else ""
            )
        if order.resume:
            if order.parameters or order.values:
                raise ConfigurationError(
                    "A resumed runbook keeps its parameters.", "Leave -p and -f out, or run it without --resume."
                )
            executed = read_runbook(order.output)
            resume.check_same(notebook, executed, order.output)
            self._given = dict(executed.metadata[KEY]["parameters"])
            return executed
        notebook.cells = [cell for cell in notebook.cells if RECORD not in tags(cell)]
        for _, cell in executed_cells(notebook):
            cell.metadata.pop(KEY, None)
            cell.outputs, cell.execution_count = [], None
        notebook.metadata.pop(KEY, None)
        texts = list(order.parameters)
        if order.environment and "environment" in defaults(notebook):
            texts.append(("environment", order.environment))
        self._given = inject(notebook, texts, order.values)
        return notebook

    def _step(self, cell: Any, index: int) -> CellHandling:
        if self._last is not None and index > self._last:
            raise RunbookStopped
        if index in self._steps:
            return self._steps[index]
        if self._order.plan_only and applies(cell.source) and not applies_configuration(cell.source):
            raise RunbookStopped
        return CellHandling()

    async def _execute(self, client: RunbookClient, environ: dict[str, str], log: BinaryIO) -> Outcome:
        """Execute it; what the kernel's process says besides goes to `log`, not into the person's terminal."""
        try:
            await client.async_execute(env=environ, stdout=log, stderr=log)
        except RunbookStopped:
            pass
        except CellExecutionError as error:
            if error.ename != "PlanOnly":
                return _stopped(client, outcome_of_error(error.ename, error.evalue, where=_where(client)))
        except asyncio.CancelledError:
            if not client.interrupted:  # this is not how a kernel that is being started is interrupted
                raise
        except (DeadKernelError, RuntimeError) as error:  # the last: it does not start
            return _stopped(client, failed(ExitCode.FAILED, _died(client, error, log)))
        return failed(ExitCode.INTERRUPTED, "Interrupted.") if client.interrupted else _success(client)


def _stopped(client: RunbookClient, outcome: Outcome) -> Outcome:
    """What a cell's end means: the person's interrupt, and what stopped it from outside, go before its own error."""
    if client.interrupted:
        return failed(ExitCode.INTERRUPTED, f"Interrupted. {outcome.sentence}")
    return failed(ExitCode.FAILED, f"{_where(client)}: {client.stopped_by}") if client.stopped_by else outcome


def _success(client: RunbookClient) -> Outcome:
    statuses = {facts["status"] for facts in client.runs.values()}
    if Status.APPLIED in statuses:
        return Outcome(ExitCode.DONE, "applied")
    return Outcome(ExitCode.DONE, "planned" if statuses else "finished")


def _died(client: RunbookClient, error: BaseException, log: BinaryIO) -> str:
    log.seek(0)
    last = (log.read().decode("utf-8", "replace").strip().splitlines() or [""])[-1]
    said = f"{_where(client)}: {error}." + (f" It said: {plain(last)}" if last else "")
    if any(facts["status"] == Status.APPLYING for facts in client.runs.values()):
        return f"{said} Terraform goes on with its apply: --resume waits for its end, and goes on from there."
    return said


def _where(client: RunbookClient) -> str:
    """The cell that was executed last."""
    return "The kernel" if client.current is None else f"Cell {client.current + 1}"


@contextlib.contextmanager
def _signals(client: RunbookClient) -> Iterator[None]:
    """Interrupts go to the client; so do the end of the terminal and of the session, which are not less urgent."""
    loop = asyncio.get_running_loop()
    taken = []
    with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, client.interrupt)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


async def execute(
    path: Path,
    output: Path,
    *,
    environ: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
    **options: Any,
) -> Any:
    """Execute the notebook at `path` and save it to `output`, for a program; the result is the executed notebook.

    Args:
        path: the runbook.
        output: where the executed notebook goes; its folder is where the kernel works.
        environ: the kernel's environment; this process's own where it is None. Its TFMFA_TOKEN_COMMAND gives codes.
        say: told each line as it comes.
        options: further attributes of `ExecutionOptions`.

    Raises:
        ConfigurationError: `path` is no notebook, or `output` cannot be written.
        RunbookFailed: it stopped before its end.
    """
    environ = dict(os.environ if environ is None else environ)
    options = {"token_command": environ.get(_TOKEN_COMMAND, ""), "at_terminal": False, **options}
    outcome = await run_runbook(ExecutionOptions(path, output, environ, **options), LineDisplay(say))
    if outcome.code is not ExitCode.DONE:
        raise RunbookFailed(f"{path.name} stopped. {outcome.sentence}", f"See {output}.")
    return read_runbook(output)
