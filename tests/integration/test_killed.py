"""What is killed around an apply, and what is said of it: real Terraform, real signals."""

import asyncio
import json
import os
import signal
from contextlib import suppress

import psutil
import pytest
from device import Device

from tfmfa_nb.environments import Environment, EnvironmentLock
from tfmfa_nb.model.errors import EnvironmentLocked, RunCanceled, TerraformFailed
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

SLOW = """
resource "terraform_data" "quick" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]
  provisioner "local-exec" {
    command = "[ -e deaf ] && trap '' TERM; touch begun; for i in $(seq 400); do sleep 0.1; [ -e go-on ] && break; done"
  }
}
"""


@pytest.fixture
async def applying(tmp_path, request):
    """A run in the middle of its apply, with the task that waits for it and the processes around Terraform."""
    environment = Environment.named("head", tmp_path)
    environment.write_configuration(SLOW)
    if getattr(request, "param", "") == "deaf":
        (environment.folder / "deaf").touch()
    run, gate = Run(environment, Options(), tmp_path), Gate(Device(None), os.environ)
    await plan(run.driver, gate)
    task = asyncio.create_task(apply(run.driver, gate))
    while not (environment.folder / "begun").exists() or run.driver.process is None:
        assert not task.done()
        await asyncio.sleep(0.05)
    said = json.loads(run.driver.store.files.exit_of("apply").with_name("apply.exit.json.processes").read_bytes())
    processes = {name: pid for name, (pid, _) in said.items()}
    yield run, task, {**processes, "supervisor": run.driver.process.pid}
    (environment.folder / "go-on").touch()
    await asyncio.wait({task})


def states(run):
    state = json.loads((run.driver.environment.folder / "terraform.tfstate").read_text())
    return {resource["name"] for resource in state["resources"]}


@pytest.mark.parametrize("killed", [("supervisor",), ("keeper",), ("keeper", "supervisor")])
async def test_the_kernel_waits_for_a_terraform_that_lives_and_learns_its_end(applying, killed):
    run, task, processes = applying
    for name in killed:
        os.kill(processes[name], signal.SIGKILL)
    done, _ = await asyncio.wait({task}, timeout=1)
    assert (done, run.status) == (set(), "applying")
    with pytest.raises(EnvironmentLocked):
        await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="plan")
    (run.driver.environment.folder / "go-on").touch()
    await task
    assert run.status == "applied"
    assert states(run) == {"quick", "slow"}
    if len(killed) == 2:
        assert f"Terraform (process {processes['terraform']}) is still running" in " ".join(run.notes)
    else:
        assert "Apply complete!" in run.log_file.read_text()
    (await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="plan", timeout=60)).release()


async def test_a_run_of_which_only_terraform_is_left_is_canceled_by_its_kernel(applying):
    run, task, processes = applying
    for name in ("keeper", "supervisor"):
        os.kill(processes[name], signal.SIGKILL)
    while not run.driver.process.left_alone:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.01)
    run.cancel()
    with pytest.raises(RunCanceled, match=r"The apply was canceled\. Finished changes are in the state"):
        await task
    assert (run.status, states(run) >= {"quick"}) == ("canceled", True)


async def test_a_command_that_ends_by_a_sigterm_to_all_before_terraform_heeds_it_is_a_stop(applying):
    run, task, processes = applying
    os.kill(processes["keeper"], signal.SIGTERM)
    (shell,) = psutil.Process(processes["terraform"]).children()
    shell.terminate()
    with pytest.raises(RunCanceled, match=r"The apply was canceled\. Finished changes are in the state"):
        await task
    assert run.status == "canceled"


async def test_a_terraform_that_was_killed_is_said_to_have_been(applying):
    run, task, processes = applying
    os.kill(processes["terraform"], signal.SIGKILL)
    with pytest.raises(TerraformFailed) as caught:
        await task
    assert caught.value.problem == "terraform apply was killed by signal 9 (SIGKILL)."
    assert caught.value.remedy.startswith("What it was changing may not be in the state.")
    assert run.status == "errored"


@pytest.mark.parametrize(
    ("applying", "which"),
    # A command that heeds a signal to its group may end before Terraform heeds it, which then reports its error.
    [("", "terraform"), ("deaf", "group"), ("", "all")],
    indirect=["applying"],
)
async def test_sigterm_is_a_stop_and_no_error(applying, which):
    """As a service manager sends it, or a person with `kill`."""
    run, task, processes = applying
    if which == "group":
        os.killpg(processes["terraform"], signal.SIGTERM)
    else:
        tree = [psutil.Process(pid) for pid in processes.values()]
        tree += tree[1].children(recursive=True) if which == "all" else []
        for process in tree if which == "all" else [psutil.Process(processes["terraform"])]:
            with suppress(psutil.NoSuchProcess):  # one that was started for a moment, or that heeded its parent's end
                process.send_signal(signal.SIGTERM)
    with pytest.raises(RunCanceled, match=r"The apply was canceled\. Finished changes are in the state"):
        await task
    assert run.status == "canceled"
    assert "quick" in states(run)
    assert "Two interrupts" not in run.log_file.read_text()
