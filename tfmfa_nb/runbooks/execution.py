"""Executes a runbook, from its file to the sealed record."""

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
from tfmfa_nb.protocol.runner import Runner
from tfmfa_nb.runbooks import resume
from tfmfa_nb.runbooks.cell_analysis import applies, applies_configuration
from tfmfa_nb.runbooks.cell_handling import CellHandling, RunbookStopped
from tfmfa_nb.runbooks.client import RunbookClient
from tfmfa_nb.runbooks.display import Display, LineDisplay
from tfmfa_nb.runbooks.execution_options import ExecutionOptions
from tfmfa_nb.runbooks.execution_record import ExecutionRecord
from tfmfa_nb.runbooks.input_responder import InputResponder
from tfmfa_nb.runbooks.notebook import METADATA_KEY, RECORD_TAG, code_cells, read_runbook, tags, title
from tfmfa_nb.runbooks.notebook_saver import NotebookSaver
from tfmfa_nb.runbooks.outcome import ExitCode, Outcome, outcome_of_error, stopped
from tfmfa_nb.runbooks.parameters import defaults, inject
from tfmfa_nb.runbooks.terminal import Terminal
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

_TOKEN_COMMAND = "TFMFA_TOKEN_COMMAND"  # noqa: S105 - the name of a variable


async def run_runbook(options: ExecutionOptions, display: Display) -> Outcome:
    """Execute a runbook; the executed notebook is saved while it runs and however it ends.

    Raises:
        ConfigurationError: the execution cannot start: the notebook, a parameter, or a tag does not exist, or the
            executed notebook cannot be saved.
        RunStateError: the execution cannot be resumed.
    """
    return await _Execution(options, display).run()


class _Execution:
    def __init__(self, options: ExecutionOptions, display: Display) -> None:
        self._options, self._display = options, display
        self._folder = options.output.absolute().parent
        self._parameters: dict[str, Any] = {}
        self._handlings: dict[int, CellHandling] = {}
        self._last: int | None = None

    async def run(self) -> Outcome:
        options = self._options
        notebook = self._prepare(read_runbook(options.runbook))
        record = ExecutionRecord(notebook, options.runbook.name, self._parameters, options.environment)
        if options.resume:
            handlings = await resume.plan_resumption(notebook, self._folder, self._display.note)
            if handlings is None:
                self._display.note(f"Nothing to resume: every cell of {options.output} has finished.")
                return Outcome(ExitCode.SUCCESS, "finished")
            self._handlings = handlings
        cells = dict(code_cells(notebook))
        self._last = max((i for i, cell in cells.items() if options.stop_after in tags(cell)), default=None)
        saver = NotebookSaver(notebook, options.output)
        saver.save()  # first of all: if the notebook cannot be saved, nothing is executed
        runner = Runner(environment=options.environment, plan_only=options.plan_only)
        terminal = Terminal.find() if options.use_terminal else None
        try:
            responder = InputResponder(runner.marker, options.token_command, options.environ, terminal, self._display)
            self._display.begin([(index + 1, title(cell)) for index, cell in cells.items()])
            with (
                TemporaryDirectory(prefix="tfmfa-", ignore_cleanup_errors=True) as sockets,
                (Path(sockets) / "kernel.log").open("w+b") as log,
            ):
                client = RunbookClient(
                    notebook,
                    display=self._display,
                    responder=responder,
                    saver=saver,
                    sockets=Path(sockets),
                    handle_cell=self._handle_cell,
                    on_run=lambda: record.update(client.runs),
                    cell_timeout=options.cell_timeout,
                    resources={"metadata": {"path": str(self._folder)}},
                )
                # The kernel gets its codes from the runner only, so it has no token command of its own.
                environ = {name: value for name, value in options.environ.items() if name != _TOKEN_COMMAND}
                with _signals(client):
                    outcome = await self._execute(client, {**environ, **runner.environ()}, log)
        finally:
            if terminal is not None:
                terminal.close()
        record.update(client.runs, outcome)
        try:
            record.seal(options.output)
        finally:
            saver.save()
            self._display.end(outcome, str(options.output))
        return outcome

    def _prepare(self, notebook: Any) -> Any:
        """The notebook to execute: the runbook with its parameters injected, or the one whose execution is resumed."""
        options = self._options
        if options.stop_after and not any(options.stop_after in tags(cell) for _, cell in code_cells(notebook)):
            known = sorted({tag for _, cell in code_cells(notebook) for tag in tags(cell)})
            raise ConfigurationError(
                f"No cell has the tag {options.stop_after}.", f"The tags are: {', '.join(known)}." if known else ""
            )
        if options.resume:
            if options.parameters or options.file_parameters:
                raise ConfigurationError(
                    "A resumed runbook keeps its parameters.", "Omit -p and -f, or run it without --resume."
                )
            executed = read_runbook(options.output)
            resume.check_same(notebook, executed, options.output)
            self._parameters = dict(executed.metadata[METADATA_KEY]["parameters"])
            return executed
        notebook.cells = [cell for cell in notebook.cells if RECORD_TAG not in tags(cell)]
        for _, cell in code_cells(notebook):
            cell.metadata.pop(METADATA_KEY, None)
            cell.outputs, cell.execution_count = [], None
        notebook.metadata.pop(METADATA_KEY, None)
        texts = list(options.parameters)
        if options.environment and "environment" in defaults(notebook):
            texts.append(("environment", options.environment))
        self._parameters = inject(notebook, texts, options.file_parameters)
        return notebook

    def _handle_cell(self, cell: Any, index: int) -> CellHandling:
        if self._last is not None and index > self._last:
            raise RunbookStopped
        if index in self._handlings:
            return self._handlings[index]
        if self._options.plan_only and applies(cell.source) and not applies_configuration(cell.source):
            raise RunbookStopped
        return CellHandling()

    async def _execute(self, client: RunbookClient, environ: dict[str, str], log: BinaryIO) -> Outcome:
        """Execute the notebook; what the kernel's process itself prints goes to `log`, not to the person's terminal."""
        try:
            await client.async_execute(env=environ, stdout=log, stderr=log)
        except RunbookStopped:
            pass
        except CellExecutionError as error:
            if error.ename != "PlanOnly":
                return _stopped(client, outcome_of_error(error.ename, error.evalue, cell=_current_cell(client)))
        except asyncio.CancelledError:
            if not client.interrupted:  # an interrupt cancels the start of the kernel; nothing else may
                raise
        except (DeadKernelError, RuntimeError) as error:  # a RuntimeError if the kernel does not start
            return _stopped(client, stopped(ExitCode.FAILED, _describe_death(client, error, log)))
        return stopped(ExitCode.INTERRUPTED, "Interrupted.") if client.interrupted else _success(client)


def _stopped(client: RunbookClient, outcome: Outcome) -> Outcome:
    """The outcome of an execution that stopped: an interrupt or the runner's own reason outranks the cell's error."""
    if client.interrupted:
        return stopped(ExitCode.INTERRUPTED, f"Interrupted. {outcome.sentence}")
    return stopped(ExitCode.FAILED, f"{_current_cell(client)}: {client.stopped_by}") if client.stopped_by else outcome


def _success(client: RunbookClient) -> Outcome:
    statuses = {facts["status"] for facts in client.runs.values()}
    if Status.APPLIED in statuses:
        return Outcome(ExitCode.SUCCESS, "applied")
    return Outcome(ExitCode.SUCCESS, "planned" if statuses else "finished")


def _describe_death(client: RunbookClient, error: BaseException, log: BinaryIO) -> str:
    """Why the kernel died or did not start, and whether Terraform is still running."""
    log.seek(0)
    last_line = (log.read().decode("utf-8", "replace").strip().splitlines() or [""])[-1]
    sentence = f"{_current_cell(client)}: {error}." + (f" Its last line was: {plain(last_line)}" if last_line else "")
    if any(facts["status"] == Status.APPLYING for facts in client.runs.values()):
        return f"{sentence} Terraform is still applying. To wait for its end and continue, use --resume."
    return sentence


def _current_cell(client: RunbookClient) -> str:
    """The cell that was executed last, as a sentence names it."""
    return "The kernel" if client.current is None else f"Cell {client.current + 1}"


@contextlib.contextmanager
def _signals(client: RunbookClient) -> Iterator[None]:
    """Pass interrupts on to the client, and treat the end of the terminal or the session as one."""
    loop = asyncio.get_running_loop()
    handled = []
    with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, client.interrupt)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


async def execute(
    path: Path,
    output: Path,
    *,
    environ: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
    **options: Any,
) -> Any:
    """Execute a runbook from a program.

    Args:
        path: the runbook.
        output: the executed notebook; its folder is the kernel's working folder.
        environ: the kernel's process environment; None for this process's own. Its TFMFA_TOKEN_COMMAND prints codes.
        say: gets each line of the display.
        options: further attributes of `ExecutionOptions`.

    Returns:
        The executed notebook, as nbformat reads it.

    Raises:
        ConfigurationError: the execution cannot start.
        RunStateError: the execution cannot be resumed.
        RunbookFailed: the runbook stopped before its end.
    """
    environ = dict(os.environ if environ is None else environ)
    options = {"token_command": environ.get(_TOKEN_COMMAND, ""), "use_terminal": False, **options}
    outcome = await run_runbook(ExecutionOptions(path, output, environ, **options), LineDisplay(say))
    if outcome.exit_code is not ExitCode.SUCCESS:
        raise RunbookFailed(f"{path.name} stopped. {outcome.sentence}", f"See {output}.")
    return read_runbook(output)
