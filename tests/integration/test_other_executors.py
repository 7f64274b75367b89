"""The same runbook under what people execute notebooks with otherwise: with a token command, and without one."""

import os
import subprocess
import sys
import time

import pytest
from runbooks import DEVICE, PLAN, write
from variants import first_of

from tfmfa_nb.sandbox.handle import Sandbox

PROGRAMS = {
    "jupyter execute": ["-c", "from nbclient.cli import main; main()", "book.ipynb", "--inplace"],
    "papermill": ["-m", "papermill", "book.ipynb", "book.ipynb", "--no-progress-bar"],
    "nbmake": ["-m", "pytest", "--nbmake", "--overwrite", "-p", "no:cacheprovider", "book.ipynb"],
    "nbconvert --execute": ["-m", "nbconvert", "--to", "notebook", "--inplace", "--execute", "book.ipynb"],
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.mark.thorough
@pytest.mark.parametrize("program", first_of(PROGRAMS))
def test_other_executors_need_a_token_command(tmp_path, sandbox, policy, program):
    kept = {name: value for name, value in os.environ.items() if name != "TFMFA_TOKEN_COMMAND"}
    environ = {**kept, **sandbox.environ(), **policy}
    cells = ("%load_ext tfmfa_nb", PLAN, "print('to the ' + 'end')")

    def execute(**more):
        return subprocess.run(
            [sys.executable, *PROGRAMS[program]],
            cwd=tmp_path,
            env={**environ, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    book = write(tmp_path / "book.ipynb", *cells)
    ended = execute(TFMFA_TOKEN_COMMAND=DEVICE)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "head: Planned +1" in book.read_text()
    assert "to the end" in book.read_text()
    write(book, *cells)
    began = time.monotonic()
    ended = execute()
    assert time.monotonic() - began < 60
    assert ended.returncode != 0
    # nbmake shows it in its own colors, line by line.
    said = " ".join((ended.stdout + ended.stderr).split())
    assert (
        "set TFMFA_TOKEN_COMMAND to a command that prints the code, use jupyter tfmfa run, or let the run wait" in said
    )
    assert "to the end" not in book.read_text()
