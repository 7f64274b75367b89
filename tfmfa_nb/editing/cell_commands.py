"""`terraform fmt` and `terraform validate` for a cell before it runs, while its text is not in a file yet."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.cell import from_bytes
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.layout import CONFIGURATION as MAIN
from tfmfa_nb.protocol.layout import PRIVATE
from tfmfa_nb.terraform.credentials import offline_environ
from tfmfa_nb.terraform.scratch import scratch_folder
from tfmfa_nb.terraform.symlinked_folder import STATE_PREFIXES, symlinked_folder
from tfmfa_nb.terraform.working_directory import LOCK_FILE, data_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tfmfa_nb.terraform.executable import Executable

_UPWARDS = re.compile(r"(?:\.\./)+")
_SECONDS = 120
_MOST = 100  # diagnostics
# Diagnostics that only mean that `init` has not run yet; the next run does that.
_NOT_YET = re.compile(r"Module not installed|Module source has changed|Missing required provider")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A diagnostic of `terraform validate`.

    Attributes:
        start, end: its range in the HCL.
        severity: "error" or "warning".
        summary: one line.
        detail: further text; may be "".
    """

    start: int
    end: int
    severity: str
    summary: str
    detail: str = ""


class CellCommands:
    """Runs Terraform for the editor, without credentials. Thread-safe.

    Args:
        executable: the Terraform to run.
        environ: the variables of this process, whose credentials are not passed on.
    """

    def __init__(self, executable: Executable, environ: Mapping[str, str]) -> None:
        self._executable = executable
        self._environ = offline_environ(environ)
        self._environ |= {"CHECKPOINT_DISABLE": "1"}
        self._base_environ = environ
        for name in ("TF_DATA_DIR", "TF_WORKSPACE"):
            self._environ.pop(name, None)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()

    def close(self) -> None:
        """Kill the processes that are running."""
        with self._lock:
            for process in self._running:
                process.kill()

    def format(self, text: str) -> str:
        """`text`, formatted by `terraform fmt`.

        Raises:
            ConfigurationError: `text` is not valid HCL; the error has the first fault and its line.
        """
        exit_code, output, errors = self._run(("fmt", "-no-color", "-"), Path(tempfile.gettempdir()), text)
        if exit_code == 0:
            return output
        raise ConfigurationError(_first_fault(errors), "Fix it, then format again.")

    def validate(self, text: str, folder: Path) -> list[Diagnostic]:
        """The diagnostics of `terraform validate` for `text` as the configuration in `folder`; writes nothing there."""
        with scratch_folder() as top:
            try:
                scratch = self._scratch(top, folder, text)
            except OSError:
                return []  # validation runs unasked; the next run reports the problem
            _, output, _ = self._run(("validate", "-json", "-no-color"), scratch)
        try:
            found = json.loads(output)["diagnostics"]
        except (ValueError, KeyError, TypeError):
            return []
        return list(_diagnostics(found, text))[:_MOST]

    def _scratch(self, top: Path, folder: Path, text: str) -> Path:
        upwards = max((len(found) // 3 for found in _UPWARDS.findall(text)), default=0)
        private = (MAIN, LOCK_FILE, PRIVATE)

        def include(name: str) -> bool:
            return name not in private and not name.startswith(STATE_PREFIXES)

        scratch = symlinked_folder(top, folder, upwards, include)
        (scratch / MAIN).write_text(text, encoding="utf-8")
        data = data_folder(folder, self._base_environ)
        (scratch / ".terraform").mkdir()
        for name in ("providers", "modules"):
            if (data / name).is_dir():
                (scratch / ".terraform" / name).symlink_to((data / name).absolute())
        with suppress(FileNotFoundError):
            (scratch / LOCK_FILE).write_bytes((folder / LOCK_FILE).read_bytes())
        return scratch

    def _run(self, words: Iterable[str], folder: Path, text: str = "") -> tuple[int, str, str]:
        with self._lock:
            process = subprocess.Popen(
                [*self._executable.command, *words],
                cwd=folder,
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # an interrupt of the kernel must not reach it
            )
            self._running.add(process)
        try:
            output, errors = process.communicate(text.encode("utf-8", "replace"), timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")


def _diagnostics(found: Iterable[dict[str, Any]], text: str) -> Iterator[Diagnostic]:
    for each in found:
        place = each.get("range") or {}
        summary = str(each.get("summary", ""))
        if place.get("filename") != MAIN or _NOT_YET.match(summary):
            continue
        start, end = (from_bytes(text, int(place.get(side, {}).get("byte", 0))) for side in ("start", "end"))
        severity = "warning" if each.get("severity") == "warning" else "error"
        yield Diagnostic(start, max(start, end), severity, summary, str(each.get("detail", "")))


def _first_fault(errors: str) -> str:
    """Terraform's first error as a sentence: "Argument or block definition required, on line 3"."""
    # Each line begins with a part of the frame around an error.
    lines = [line.lstrip("│╷╵ ").rstrip() for line in errors.splitlines()]
    summary = next((line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")), "Invalid HCL")
    line = next((found[1] for each in lines if (found := re.match(r"on .* line (\d+)", each))), "")
    return f"{summary}{f', on line {line}' if line else ''}."
