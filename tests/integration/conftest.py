"""Real Terraform, the real AWS provider, and the sandbox in a process of its own."""

import os
import shutil
from pathlib import Path

import pytest

from tfmfa_nb.runs.gate import Gate
from tfmfa_nb.sandbox.server import Sandbox
from tfmfa_nb.terraform.mirror import find_mirror, write_cli_config


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """The environment in which `terraform init` finds the real provider."""
    mirror = find_mirror(os.environ)
    if mirror is None:
        return {}  # its registry; where that cannot be reached `init` fails, and so do the tests
    config = tmp_path_factory.mktemp("cli") / "terraform.rc"
    write_cli_config(mirror, config)
    return {"TF_CLI_CONFIG_FILE": str(config)}


@pytest.fixture
def sandbox(tmp_path_factory):
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def lenient_sandbox(tmp_path_factory):
    """One whose user may act without a role, for runs without MFA."""
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"), user_may_act=True)
    yield running
    running.stop()


@pytest.fixture
def gate_of(provider):
    """Makes the gate of a run: the sandbox's credentials, the test's own surroundings."""

    def make(sandbox, prompt):
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return Gate(prompt, {**keep, **sandbox.environment(), **provider})

    return make


@pytest.fixture
def terraform():
    found = shutil.which("terraform") or shutil.which("tofu")
    return Path(found) if found else None
