"""A run's gate, with the sandbox's credentials."""

import os

import pytest

from tfmfa_nb.runs.gate import Gate


@pytest.fixture
def gate_of(provider):
    """Makes the gate of a run: the sandbox's credentials, the test's own surroundings."""

    def make(sandbox, prompt):
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return Gate(prompt, {**keep, **sandbox.environment(), **provider})

    return make
