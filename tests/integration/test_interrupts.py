"""An interrupt is heard at once, whatever a cell waits for, and a code that is typed after it is never sent."""

import fcntl
import os
import sys
import time

import pexpect
import pytest
from kernels import Kernel
from variants import first_of

PLAN = '%%tfplan -e head --level \'plans and applies\'\nresource "terraform_data" "one" {}\n'
APPLY = PLAN.replace("tfplan", "tfapply").replace("plans and applies", "never")
AT_ONCE = 30  # seconds; a busy machine may need some of them, and what is interrupted takes longer


@pytest.fixture
def environ(sandbox, policy):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TFMFA_"))}
    return {**kept, **sandbox.environ(), **policy}


@pytest.fixture
def kernel_of(tmp_path, environ):
    started = []

    def start(**more):
        started.append(Kernel(tmp_path, {**environ, **more}))
        started[-1].run("%load_ext tfmfa_nb")
        return started[-1]

    yield start
    for kernel in started:
        kernel.stop()


def sessions(sandbox):
    return [call["action"] for call in sandbox.calls()].count("GetSessionToken")


def test_a_token_command_that_waits_for_a_touch_is_left_at_once(kernel_of, tmp_path, sandbox):
    touched = tmp_path / "touched"
    kernel = kernel_of(TFMFA_TOKEN_COMMAND=f"sh -c 'touch {touched}; sleep 60'")
    cell = kernel.start(PLAN)
    while not touched.exists():
        time.sleep(0.05)
    (log,) = tmp_path.glob("head/.tfmfa/runs/*/run.log")
    assert "Waiting for a code from the token command `sh …`: touch your key if it blinks." in log.read_text()
    begun = time.monotonic()
    kernel.interrupt()
    _, error = kernel.ended(cell)
    assert time.monotonic() - begun < AT_ONCE
    assert error.startswith("RunCanceled")
    assert sessions(sandbox) == 0


def test_an_open_prompt_of_a_console_is_left_at_once_and_the_code_after_it_is_not_sent(kernel_of, sandbox):
    kernel = kernel_of()
    asked = kernel.start(PLAN, allow_stdin=True)
    kernel.asked(asked)
    begun = time.monotonic()
    kernel.interrupt()
    _, error = kernel.ended(asked)
    assert time.monotonic() - begun < AT_ONCE
    assert "RunCanceled" in error
    kernel.type(sandbox.code(wait=False))
    assert kernel.run("print('still', 'here')") == ("still here\n", "")
    assert sessions(sandbox) == 0


@pytest.mark.parametrize("attended", [True, False])
def test_a_wait_for_the_environments_lock_is_left_at_once(kernel_of, tmp_path, attended):
    kernel, private = kernel_of(), tmp_path / "head/.tfmfa"
    private.mkdir(parents=True)
    with (private / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cell = kernel.start(PLAN.replace("-e head", "-e head --lock-timeout 100s"), allow_stdin=attended)
        while not any("Waiting for" in log.read_text() for log in private.glob("runs/*/run.log")):
            time.sleep(0.05)
        begun = time.monotonic()
        kernel.interrupt()
        _, error = kernel.ended(cell)
    assert time.monotonic() - begun < AT_ONCE
    assert error == "RunCanceled: The plan was interrupted. Nothing was changed."
    assert not list(private.glob("runs/*"))


@pytest.mark.parametrize(
    ("cell", "prompt"),
    first_of([(PLAN, "MFA code .*: "), (APPLY, "'yes' .*: ")]),
)
def test_ctrl_c_leaves_the_prompts_of_ipython_in_a_terminal(tmp_path, environ, sandbox, cell, prompt):
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "--ext=tfmfa_nb"],
        cwd=str(tmp_path),
        env={**environ, "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "dumb"},
        encoding="utf-8",
        dimensions=(40, 400),
        timeout=60,
    )
    try:
        child.expect(r"In \[1\]: ")
        child.send(f"{cell}\n\n")
        child.expect(prompt)
        begun = time.monotonic()
        child.sendintr()
        child.expect("RunCanceled")
        assert time.monotonic() - begun < AT_ONCE
        child.expect(r"In \[2\]: ")
        child.send("6 * 7\n")
        child.expect(r"Out\[\d+\]: 42")
    finally:
        child.close(force=True)
    assert sessions(sandbox) == 0
