"""What integration and browser tests share: the real AWS provider, and the sandbox in a process of its own."""

import os

import pytest

from tfmfa_nb.sandbox.server import Sandbox
from tfmfa_nb.terraform.mirror import provider_environment


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """The environment in which `terraform init` finds the real provider; empty where that is its registry.

    Where neither is there, `init` fails, and so do the tests.
    """
    return provider_environment(os.environ, tmp_path_factory.mktemp("cli"))


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
