"""Executes a runbook, from its file to the sealed record."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nbclient.exceptions import CellExecutionError, DeadKernelError

from tfmfa_nb.model.errors import RunbookFailed
from tfmfa_nb.protocol.runner import Runner, environ_of
from tfmfa_nb.runbooks.cell_handling import RunbookStopped
from tfmfa_nb.runbooks.client import RunbookClient
from tfmfa_nb.runbooks.conclusion import after_cell_error, after_kernel_death, at_the_end
from tfmfa_nb.runbooks.display import Display, LineDisplay, write_line
from tfmfa_nb.runbooks.execution_options import ExecutionOptions
from tfmfa_nb.runbooks.execution_record import ExecutionRecord
from tfmfa_nb.runbooks.input_responder import InputResponder
from tfmfa_nb.runbooks.notebook import code_cells, read_runbook, title
from tfmfa_nb.runbooks.notebook_saver import NotebookSaver
from tfmfa_nb.runbooks.open_phases import check_phase_is_open
from tfmfa_nb.runbooks.outcome import ExitCode, Outcome
from tfmfa_nb.runbooks.preparation import PreparedRunbook
from tfmfa_nb.runbooks.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

_TOKEN_COMMAND = "TFMFA_TOKEN_COMMAND"  # noqa: S105 - the name of a variable


async def run_runbook(options: ExecutionOptions, display: Display) -> Outcome:
    """Execute a runbook; the executed notebook is saved while it runs and however it ends.

    Raises:
        ConfigurationError: the execution cannot start: the notebook, a parameter, or a tag does not exist, or the
            executed notebook cannot be saved; or the organization policy allows no token command.
        RunStateError: the execution cannot be resumed.
    """
    prepared = PreparedRunbook(options)
    record = ExecutionRecord(prepared.notebook, options.runbook.name, prepared.parameters, options.environment)
    if not await prepared.plan_cells(display.note):
        display.note(f"Nothing to resume: every cell of {options.output} has finished.")
        return Outcome(ExitCode.SUCCESS, "finished")
    saver = NotebookSaver(prepared.notebook, options.output)
    saver.save()  # first of all: if the notebook cannot be saved, nothing is executed
    runner = Runner(environment=options.environment, plan_only=options.plan_only, policy_checks=options.policy_checks)
    terminal = Terminal.find() if options.use_terminal else None
    folder = options.output.absolute().parent
    try:
        responder = InputResponder(
            runner.marker,
            options.token_command,
            options.environ,
            terminal,
            display,
            check_phase=partial(check_phase_is_open, folder),
        )
        display.begin([(index + 1, title(cell)) for index, cell in code_cells(prepared.notebook)])
        with (
            TemporaryDirectory(prefix="tfmfa-", ignore_cleanup_errors=True) as sockets,
            (Path(sockets) / "kernel.log").open("w+b") as log,
        ):
            client = RunbookClient(
                prepared.notebook,
                display=display,
                responder=responder,
                saver=saver,
                sockets=Path(sockets),
                handle_cell=prepared.handle_cell,
                on_run=lambda: record.update(client.runs, responder.codes),
                cell_timeout=options.cell_timeout,
                resources={"metadata": {"path": str(folder)}},
            )
            # The kernel gets its codes from the runner only, so it has no token command of its own.
            environ = {name: value for name, value in options.environ.items() if name != _TOKEN_COMMAND}
            with _signals(client):
                outcome = await _execute(client, {**environ, **environ_of(runner)}, log)
    finally:
        if terminal is not None:
            terminal.close()
    record.update(client.runs, responder.codes, outcome)
    try:
        record.seal(options.output, prepared.policy.audit)
    finally:
        saver.save()
        display.end(outcome, str(options.output))
    return outcome


async def _execute(client: RunbookClient, environ: dict[str, str], log: BinaryIO) -> Outcome:
    """Execute the notebook; what the kernel's process itself prints goes to `log`, not to the person's terminal."""
    try:
        await client.async_execute(env=environ, stdout=log, stderr=log)
    except RunbookStopped:
        pass
    except CellExecutionError as error:
        if error.ename != "PlanOnly":
            return after_cell_error(client, error)
    except asyncio.CancelledError:
        if not client.interrupted:  # an interrupt cancels the start of the kernel; nothing else may
            raise
    except (DeadKernelError, RuntimeError) as error:  # a RuntimeError if the kernel does not start
        return after_kernel_death(client, error, log)
    return at_the_end(client)


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
    say: Callable[[str], None] = write_line,
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
