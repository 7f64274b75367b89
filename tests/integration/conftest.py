"""A run's gate with the sandbox's credentials, and an IPython that has the magics."""

import os

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.runs.gate.gate import Gate


@pytest.fixture
def gate_of(provider):
    """Makes the gate of a run: the sandbox's credentials, the test's own surroundings."""

    def make(sandbox, prompt):
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return Gate(prompt, {**keep, **sandbox.environ(), **provider})

    return make


@pytest.fixture
def ipython(tmp_path, monkeypatch):
    """With the extension, in a folder of its own, without anybody's keys."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "TFMFA_"))]:
        monkeypatch.delenv(name)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    return shell
