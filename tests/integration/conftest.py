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
def ipython_with(tmp_path, monkeypatch):
    """Makes an IPython with the extension, in a folder of its own, without anybody's keys, and with this environment.

    What says where policies are has to be there before: the extension reads it when it is loaded.
    """
    monkeypatch.chdir(tmp_path)

    def make(**environ):
        for name in [name for name in os.environ if name.startswith(("AWS_", "TFMFA_"))]:
            monkeypatch.delenv(name)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        shell = InteractiveShell()
        shell.run_line_magic("load_ext", "tfmfa_nb")
        return shell

    return make


@pytest.fixture
def ipython(ipython_with):
    """With the extension, in a folder of its own, without anybody's keys."""
    return ipython_with()
