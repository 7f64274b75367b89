"""What integration and browser tests share: the real AWS provider, and the sandbox in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from functools import cache
from types import SimpleNamespace

import keyring
import pytest
from botocore.loaders import JSONFileLoader
from fake_keychain import Keychain as FakeKeychain
from forked_sandboxes import forking
from hypothesis import HealthCheck, settings
from kernels import own_sockets
from witness import unproven

from tfmfa_nb.organization import policy_places, variable_sources
from tfmfa_nb.organization.policy_places import PolicyFolders, policy_folders
from tfmfa_nb.runs.audit import state_folders
from tfmfa_nb.sandbox import handle
from tfmfa_nb.sandbox.handle import Sandbox, SandboxError
from tfmfa_nb.terraform.provider_mirror import provider_environ

# No test looks into the keychain of whoever runs it; those about keychains bring their own.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# A provider plugin lives for seconds, and loading its schema makes much garbage: not collecting it, on one processor of
# those that the tests share, saves about a seventh of Terraform's processor time. No test needs as much as the limit.
for _name, _value in {"GOGC": "off", "GOMEMLIMIT": "1GiB", "GOMAXPROCS": "1"}.items():
    os.environ.setdefault(_name, _value)

# A shell makes what it starts in the background ignore SIGINT, and what that starts too: tests that send it would wait.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long one example takes says how busy the machine is. A build decides the same about the same commit twice.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.register_profile("mutants", settings.get_profile("here"), max_examples=25, derandomize=True)
settings.load_profile("here")

_MACHINE = policy_folders(os.environ)


def pytest_report_header():
    """Say which policy of this machine is in force in every kernel, as it has to be, also in those of tests."""
    found = [str(folder) for folder in (*_MACHINE.system, *_MACHINE.user) if folder.exists()]
    return f"Tests of kernels may fail: an organization policy is in force in {', '.join(found)}." if found else []


@pytest.fixture(autouse=True, scope="session")
def _no_policy_of_this_machine():
    """In this process no folder counts but those that a test names, which only their owner can write to."""
    before = os.umask(0o022)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy_places, "constant_folders", lambda: PolicyFolders((), ()))
        for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _no_widget_is_left():
    """A widget ends with its test: ipykernel, imported later, has another list of comms, and none of it could close."""
    yield
    if module := sys.modules.get("ipywidgets.widgets.widget"):
        left = [module._instances.pop(each) for each in list(module._instances)]  # noqa: SLF001 - there is no other way
        for widget in left:
            with contextlib.suppress(Exception):  # its list of comms may be another one by now
                widget.close()
        assert not left, "close these widgets"


@pytest.fixture
def sockets():
    """What a `KernelManager` takes for a kernel of the test's own."""
    with own_sockets() as made:
        yield made


def forget_records(folder, of):
    """Delete the records in `folder` of trails below `of`, a folder whose name a later session may have again."""
    for path in folder.glob("trails/*.json") if folder is not None else ():
        with contextlib.suppress(OSError, ValueError):
            if json.loads(path.read_bytes())["trail"].startswith(of):
                path.unlink()


@pytest.fixture(autouse=True, scope="session")
def _no_state_of_this_machine(tmp_path_factory):
    """What this machine knows of audit trails is not mixed with what it knows of those of tests.

    Kernels that tests start keep records in the home folder too, as they have to: none stays there.
    """
    state = tmp_path_factory.mktemp("state")
    of_tests = f"{tmp_path_factory.getbasetemp()}{os.sep}"
    home = state_folders.constant_folder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        patch.setattr(state_folders, "AT_LOAD", state / "tfmfa_nb")
        patch.setattr(state_folders, "constant_folder", lambda: None)
        forget_records(home, of_tests)
        yield
    forget_records(home, of_tests)


@pytest.fixture(autouse=True)
def _no_session_of_another_test():
    """boto3 keeps one session for all who ask for none, with the profile that the process environment named then."""
    yield
    if boto3 := sys.modules.get("boto3"):
        boto3.DEFAULT_SESSION = None


@pytest.fixture(autouse=True, scope="session")
def _aws_s_descriptions_are_read_once():
    """Each new client reads and decodes megabytes about its service, which no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))
        yield


@pytest.fixture(autouse=True, scope="session")
def _plans_in_a_folder_of_the_tests(tmp_path_factory):
    """Saved plans, also those of kernels that tests start, go where pytest cleans up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _what_is_said_is_what_aws_saw(tmp_path_factory):
    """For every sandbox of every test: no run says that it is authenticated while a long-term key calls for it."""
    stop = Sandbox.stop

    def stop_and_compare(sandbox):
        calls = []
        with contextlib.suppress(SandboxError, KeyError):  # it has never started
            calls = sandbox.calls()
        stop(sandbox)
        assert list(unproven(calls, tmp_path_factory.getbasetemp())) == []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sandbox, "stop", stop_and_compare)
        yield


_begun: list[str] = []
_ran: list[str] = []


def pytest_runtest_logreport(report):
    """Note who has used the real provider, here or in a worker; only those that were not skipped have a call."""
    if "provider" in report.keywords:
        {"setup": _begun, "call": _ran}.get(report.when, []).append(report.nodeid)


def pytest_collection_modifyitems(items):
    """Mark what uses the real provider, so that it can be counted, or chosen with `-m provider`."""
    for item in items:
        if "provider" in item.fixturenames:
            item.add_marker("provider")


def pytest_terminal_summary(terminalreporter):
    """Say how many ran with the real provider; none of those that should have is worth a loud line."""
    if _ran:
        terminalreporter.write_line(f"With the real hashicorp/aws provider: {len(_ran)} tests ran.")
    elif _begun:
        terminalreporter.write_line("NO TEST RAN WITH THE REAL hashicorp/aws PROVIDER.", red=True, bold=True)


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """The environment in which `terraform init` finds the real provider; empty where that is its registry.

    Where neither is there, `init` fails, and so do the tests.
    """
    return provider_environ(os.environ, tmp_path_factory.mktemp("cli"))


@pytest.fixture
def direct(monkeypatch):
    """Nothing stands between this process and AWS, whatever this machine has: neither a proxy nor a CA bundle."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)


@pytest.fixture
def chain():
    """The OS keychain: an empty one in this process's memory."""
    before = keyring.get_keyring()
    keyring.set_keyring(fake := FakeKeychain())
    yield fake
    keyring.set_keyring(before)


@pytest.fixture
def kernel(monkeypatch):
    """What was typed for this kernel: nothing yet."""
    typed = variable_sources.KernelMemory()
    monkeypatch.setattr(variable_sources, "KERNEL_MEMORY", typed)
    return typed


@pytest.fixture(scope="session")
def policy(tmp_path_factory):
    """The environment of a kernel whose organization has switched MFA on, leaves levels to people, allows sandboxes."""
    file = tmp_path_factory.mktemp("policy") / "policy.toml"
    file.write_text('mfa = true\ndefault_level = "never"\n[allow]\nendpoints = ["http://127.0.0.1:*"]\n')
    file.chmod(0o644)
    return {"TFMFA_POLICY": str(file)}


@pytest.fixture(autouse=True, scope="session")
def _sandboxes_are_forked():
    """A test's sandbox is a process of its own, but none imports moto again. Those of programs start as they do."""
    with forking() as start, pytest.MonkeyPatch.context() as patch:
        patch.setattr(handle, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": start}))
        yield


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
