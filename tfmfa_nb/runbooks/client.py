"""Headless execution of a runbook with nbclient, telling what happens as it happens."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

from tfmfa_nb.errors import ConfigurationError, RunbookFailed
from tfmfa_nb.terraform.log import RunLog
from tfmfa_nb.views.headless import LOG_KEY

if TYPE_CHECKING:
    from collections.abc import Callable


class RunbookClient(NotebookClient):
    """Executes one notebook; reports cells, their text, and the lines of the runs' logs.

    A run's log is read from its file, as far as its display says that it goes: a long log sent through
    messages would lose lines.

    Args:
        notebook: what is executed.
        say: told each line as it comes.
        sockets: a folder of mode 0700 with a short path. The kernel is talked to through sockets there: its
            messages over TCP could be read by other users of the machine. By their default name they would lie in
            the working folder, which is another one here than in the kernel.
        options: nbclient's own.
    """

    def __init__(self, notebook: Any, say: Callable[[str], None], sockets: Path, **options: Any) -> None:
        config = Config({"KernelManager": {"transport": "ipc", "ip": str(sockets / "kernel")}})
        super().__init__(notebook, store_widget_state=False, timeout=None, config=config, **options)
        self._say = say
        self._shown: dict[str, int] = {}
        self._lock = ""
        self.on_cell_start = self._cell_started

    def _cell_started(self, cell: Any, cell_index: int) -> None:
        if cell.cell_type == "code" and cell.source.strip():
            self._say(f"── cell {cell_index + 1}: {cell.source.strip().splitlines()[0]}")

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Report what a message shows, then do with it what nbclient does."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            self._say(content["text"].rstrip("\n"))
        elif msg["msg_type"] in {"display_data", "update_display_data"}:
            self._follow(content.get("metadata", {}).get(LOG_KEY))
        elif msg["msg_type"] == "execute_result":
            self._say(content["data"].get("text/plain", ""))
        return super().process_message(msg, cell, cell_index)

    def _follow(self, log: dict[str, Any] | None) -> None:
        if not log:
            return
        if log["lock"] and log["lock"] != self._lock:
            self._say(f"   {log['lock']}")
        self._lock = log["lock"]
        path, stop = log["path"], log["lines"]
        start = max(self._shown.get(path, 0), log["start"])
        if stop > start:
            reader = RunLog(Path(self.resources["metadata"]["path"], path))
            reader.refresh()
            for line in reader.lines(start, stop):
                self._say(f"   {line}")
            self._shown[path] = stop


def read_runbook(path: Path) -> Any:
    """The notebook at `path`.

    Raises:
        ConfigurationError: it is not there, or is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise ConfigurationError(f"There is no notebook {path}.", "Give the path of an .ipynb file.") from None
    except (OSError, ValueError, nbformat.ValidationError, AttributeError, KeyError):
        raise ConfigurationError(f"{path} is not a Jupyter notebook.", "Give the path of an .ipynb file.") from None


async def execute(
    path: Path, output: Path, *, environ: dict[str, str] | None = None, say: Callable[[str], None] = print
) -> Any:
    """Execute the notebook at `path` and save it to `output`, also when it fails; the result is the notebook.

    Args:
        path: the runbook.
        output: where the executed notebook goes; its folder is where the kernel works.
        environ: the kernel's environment; this process's own where it is None.
        say: told each line as it comes.

    Raises:
        ConfigurationError: `path` is no notebook, or `output` cannot be written.
        RunbookFailed: a cell failed, or the kernel died.
    """
    notebook = read_runbook(path)
    failure = ""
    with TemporaryDirectory(prefix="tfmfa-", ignore_cleanup_errors=True) as sockets:
        client = RunbookClient(notebook, say, Path(sockets), resources={"metadata": {"path": str(output.parent)}})
        try:
            await client.async_execute(env=dict(os.environ if environ is None else environ))
        except CellExecutionError as error:
            failure = f"{error.ename}: {error.evalue}" if error.ename != "RunbookFailed" else error.evalue
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:  # the last: it does not start
            failure = str(error)
        finally:
            try:
                nbformat.write(notebook, output)
            except OSError as error:
                raise ConfigurationError(f"{output} cannot be written: {error.strerror}.") from None
    if failure:
        raise RunbookFailed(f"{path.name} stopped: {failure}", f"See {output}.")
    return notebook
