"""Terraform's process with real Terraform and its built-in `terraform_data`: no provider, no network."""

import asyncio
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tfmfa_nb.model.redaction import MASK, Secret
from tfmfa_nb.terraform.apply_progress import ApplyEvents
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.process import Job, TerraformProcess

PLANTED = "wJalrXUtnFEMI/K7MDENG+plantedByTest"
ESCAPED = 'p<l>&a"nt\\ed-by=test'  # each of the marks is another character in Terraform's JSON

SLOW = """
resource "terraform_data" "first" {
  input = "done"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "sleep 3; echo finished"
  }
}
resource "terraform_data" "never" {
  depends_on = [terraform_data.slow]
}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "main.tf").write_text(SLOW)
    (tmp_path / "run").mkdir()
    return tmp_path


def job(folder, *arguments, secrets=(), events=False, lock_fd=None, **extra):
    environ, _ = child_environ({**os.environ, **extra}, credentials=True)
    return Job(
        argv=(*find_executable(os.environ).command, *arguments),
        cwd=folder,
        environ=environ,
        secrets=tuple(map(Secret, secrets)),
        log=folder / "run" / "run.log",
        exit=folder / "run" / "exit.json",
        events=folder / "run" / "events.jsonl" if events else None,
        lock_fd=lock_fd,
    )


async def finish(job):
    return await (await TerraformProcess.start(job)).wait()


APPLY = ("apply", "-json", "-auto-approve", "-input=false")


async def wait_for(folder, text, seconds=120):
    log = folder / "run" / "run.log"
    for _ in range(seconds * 20):
        if log.exists() and text in log.read_text():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{text!r} did not come: {log.read_text() if log.exists() else 'no log'}")


def resources(folder):
    state = json.loads((folder / "terraform.tfstate").read_text())
    return sorted(resource["name"] for resource in state["resources"])


async def test_output_streams_and_the_exit_code_is_kept(folder):
    assert (await finish(job(folder, "init"))).exit_code == 0
    process = await TerraformProcess.start(job(folder, *APPLY, events=True))
    await wait_for(folder, "terraform_data.slow: Provisioning with 'local-exec'")
    assert process.alive
    outcome = await process.wait()
    assert (outcome.exit_code, outcome.interrupted) == (0, False)
    text = (folder / "run" / "run.log").read_text()
    assert "Apply complete! Resources: 3 added" in text
    kinds = {json.loads(line)["type"] for line in (folder / "run" / "events.jsonl").read_text().splitlines()}
    assert kinds == {"planned_change", "apply_start", "apply_complete", "outputs"}
    assert (folder / "run" / "run.log").stat().st_mode & 0o777 == 0o600


async def test_what_is_printed_goes_to_a_new_file_and_what_is_read_comes_from_a_pipe(folder):
    assert (await finish(job(folder, "init"))).exit_code == 0
    file = folder / "printed"
    asks = replace(job(folder, "console"), stdin='upper("planted")\n', output=file)
    assert (await finish(asks)).exit_code == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ('"PLANTED"\n', 0o600)
    assert "PLANTED" not in (folder / "run" / "run.log").read_text()
    # No file that is there is written to, and no link is followed.
    (folder / "link").symlink_to(folder / "elsewhere")
    for taken in (file, folder / "link"):
        assert (await finish(replace(asks, output=taken))).exit_code == 127
    assert (file.read_text(), (folder / "elsewhere").exists()) == ('"PLANTED"\n', False)


async def test_no_process_that_has_a_session_writes_its_memory_to_a_disk(folder):
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        started = replace(job(folder), argv=("sh", "-c", "ulimit -Sc; grep 'core file' /proc/$PPID/limits"))
        await (await TerraformProcess.start(started)).wait()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    own, keeper = started.log.read_text().splitlines()
    assert (own, keeper.split()[4]) == ("0", "0")


async def test_a_failing_command_says_why_in_the_log(folder):
    (folder / "main.tf").write_text('resource "terraform_data" {}\n')
    outcome = await finish(job(folder, "plan"))
    assert outcome.exit_code == 1
    assert "Missing name for resource" in (folder / "run" / "run.log").read_text()


async def test_a_command_that_cannot_start_ends(folder):
    broken = job(folder, "plan")
    broken = Job(
        ("/nonexistent/terraform", "plan"),
        *[getattr(broken, n) for n in ("cwd", "environ")],
        (),
        broken.log,
        broken.exit,
    )
    assert (await finish(broken)).exit_code == 127
    assert "cannot be started" in broken.log.read_text()


async def test_one_interrupt_saves_what_is_finished_and_a_second_is_not_passed_on(folder):
    await finish(job(folder, "init"))
    process = await TerraformProcess.start(job(folder, *APPLY, events=True))
    await wait_for(folder, "Provisioning with 'local-exec'")
    assert process.interrupt()
    assert not process.interrupt()
    os.kill(process.pid, signal.SIGINT)  # whoever else sends one
    outcome = await process.wait()
    assert outcome.interrupted
    assert not outcome.killed
    assert "first" in resources(folder)
    assert "never" not in resources(folder)
    assert not list(folder.glob(".*.lock.info"))


@pytest.mark.quiet
async def test_kill_is_the_last_step(folder):
    await finish(job(folder, "init"))
    process = await TerraformProcess.start(job(folder, *APPLY, events=True))
    await wait_for(folder, "Provisioning with 'local-exec'")
    began = time.monotonic()
    process.kill()
    outcome = await process.wait()
    assert outcome.killed
    assert time.monotonic() - began < 2


async def test_the_death_of_whoever_started_it_does_not_touch_the_apply(folder):
    await finish(job(folder, "init"))
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    starter = f"""
import asyncio, os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_process import APPLY, job
from tfmfa_nb.terraform.process import TerraformProcess
from pathlib import Path
async def main():
    process = await TerraformProcess.start(job(Path({str(folder)!r}), *APPLY, events=True, lock_fd={lock}))
    print(process.pid, process.started, flush=True)
    await process.wait()
asyncio.run(main())
"""
    kernel = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, pass_fds=[lock])
    pid, started = kernel.stdout.readline().split()
    os.close(lock)
    await wait_for(folder, "Provisioning with 'local-exec'")
    kernel.kill()
    kernel.communicate()
    other = os.open(folder / "lock", os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    process = TerraformProcess.attach(int(pid), float(started), folder / "run" / "exit.json")
    assert process.alive
    outcome = await process.wait()
    assert outcome.exit_code == 0
    assert resources(folder) == ["first", "never", "slow"]
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def processes(folder):
    """The supervisor's fork, and Terraform, as anybody finds them who looks into the run's folder."""
    said = json.loads((folder / "run" / "exit.json.processes").read_bytes())
    return said["keeper"][0], said["terraform"][0]


async def left_alone(process):
    while process.supervised:  # noqa: ASYNC110 - nobody tells of a stranger's end
        await asyncio.sleep(0.01)


async def in_mid_apply(folder):
    await finish(job(folder, "init"))
    process = await TerraformProcess.start(job(folder, *APPLY, events=True))
    await wait_for(folder, "Provisioning with 'local-exec'")
    return process, *processes(folder)


async def test_the_death_of_the_supervisor_loses_neither_the_exit_code_nor_a_line(folder):
    process, keeper, terraform = await in_mid_apply(folder)
    os.kill(process.pid, signal.SIGKILL)
    other = TerraformProcess.attach(process.pid, process.started, folder / "run" / "exit.json")
    assert (process.alive, other.alive, process.supervised, other.terraform) == (True, True, True, terraform)
    assert keeper != process.pid
    assert (await process.wait()).exit_code == (await other.wait()).exit_code == 0
    assert resources(folder) == ["first", "never", "slow"]
    text = (folder / "run" / "run.log").read_text()
    assert "[tfmfa_nb] Terraform's supervisor was killed. Lines may be repeated here." in text
    assert text.count("Apply complete! Resources: 3 added") == 1
    assert sorted(path.name for path in (folder / "run").iterdir()) == ["events.jsonl", "exit.json", "run.log"]


async def test_the_death_of_the_keeper_loses_neither_the_end_nor_a_line(folder):
    process, keeper, _ = await in_mid_apply(folder)
    os.kill(keeper, signal.SIGKILL)
    assert (await process.wait()).exit_code == 0
    assert resources(folder) == ["first", "never", "slow"]
    assert "Apply complete! Resources: 3 added" in (folder / "run" / "run.log").read_text()


async def test_a_terraform_that_is_all_that_is_left_still_runs_and_says_itself_how_it_ended(folder):
    process, keeper, terraform = await in_mid_apply(folder)
    for pid in (keeper, process.pid):
        os.kill(pid, signal.SIGKILL)
    other = TerraformProcess.attach(process.pid, process.started, folder / "run" / "exit.json")
    ends = asyncio.gather(process.wait(), other.wait())
    for each in (process, other):
        await left_alone(each)
        assert (each.alive, each.terraform) == (True, terraform)
    assert [end.exit_code for end in await ends] == [0, 0]
    assert resources(folder) == ["first", "never", "slow"]


@pytest.mark.parametrize("killed", [("supervisor",), ("keeper",), ("keeper", "supervisor"), ("supervisor", "keeper")])
async def test_whoever_is_left_passes_on_one_interrupt_of_all_who_send_one(folder, killed):
    process, keeper, _ = await in_mid_apply(folder)
    for name in killed:
        os.kill({"supervisor": process.pid, "keeper": keeper}[name], signal.SIGKILL)
    if len(killed) == 2:
        await left_alone(process)
    others = [TerraformProcess.attach(process.pid, process.started, folder / "run" / "exit.json") for _ in range(3)]
    sent = [each.interrupt() for each in (process, *others)]
    assert sent == [True, False, False, False]
    outcome = await process.wait()
    assert (outcome.interrupted, outcome.exit_code) == (True, 1)
    assert "first" in resources(folder)
    assert "never" not in resources(folder)
    assert not list(folder.glob(".*.lock.info"))
    if len(killed) == 1:
        assert (folder / "run" / "run.log").read_text().count("Interrupt received") == 1


@pytest.mark.quiet
async def test_a_terraform_that_is_all_that_is_left_can_be_killed(folder):
    process, keeper, _ = await in_mid_apply(folder)
    for pid in (keeper, process.pid):
        os.kill(pid, signal.SIGKILL)
    await left_alone(process)
    process.kill()
    assert (await process.wait()).exit_code is None
    assert not process.alive


async def test_a_number_that_was_used_again_is_not_terraform(folder):
    """What is written down about a process has its start too; this one has another."""
    file = folder / "run" / "exit.json.processes"
    for start in ("1", "", None):
        file.write_text(json.dumps({"keeper": [os.getpid(), start], "terraform": [os.getpid(), start]}))
        process = TerraformProcess.attach(os.getpid(), time.time(), folder / "run" / "exit.json")
        assert (process.alive, process.terraform, process.interrupt()) == (False, 0, False)
    for content in ("", "[]", "{}", '{"keeper": 1, "terraform": [1]}', '{"terraform": ["x", "1"]}', "[" * 100_000):
        file.write_text(content)
        assert not process.alive


async def test_terraform_that_was_killed_says_by_which_signal(folder):
    process, _, terraform = await in_mid_apply(folder)
    os.kill(terraform, signal.SIGKILL)
    outcome = await process.wait()
    assert (outcome.exit_code, outcome.killed, outcome.interrupted) == (-signal.SIGKILL, False, False)


async def test_a_secret_that_a_program_prints_reaches_no_file(folder):
    (folder / "main.tf").write_text("""
resource "terraform_data" "leak" {
  provisioner "local-exec" {
    command = "env; printf '%s' \\"$PLANTED\\" | head -c 12; sleep 0.3; printf '%s' \\"$PLANTED\\" | tail -c +13; echo"
  }
}
output "leak" {
  value = "x"
}
""")
    await finish(job(folder, "init"))
    outcome = await finish(job(folder, *APPLY, events=True, secrets=[PLANTED], PLANTED=PLANTED))
    assert outcome.exit_code == 0
    found = {path.name: path.read_bytes() for path in (folder / "run").rglob("*") if path.is_file()}
    assert set(found) == {"run.log", "events.jsonl", "exit.json"}
    assert MASK in found["run.log"].decode()
    assert not [name for name, content in found.items() if PLANTED.encode() in content]


async def test_a_secret_that_json_escapes_reaches_no_file(folder):
    (folder / "main.tf").write_text("""
resource "terraform_data" "leak" {
  provisioner "local-exec" {
    command = "printenv PLANTED; printf 'It is %s.\\\\n' \\"$PLANTED\\"; exit 4"
  }
}
""")
    await finish(job(folder, "init"))
    outcome = await finish(job(folder, *APPLY, events=True, secrets=[ESCAPED], PLANTED=ESCAPED))
    assert outcome.exit_code == 1
    log, events = ((folder / "run" / name).read_text() for name in ("run.log", "events.jsonl"))
    assert f"(local-exec): {MASK}\n" in log
    assert log.count(f"It is {MASK}.") == 2
    kept = ApplyEvents(folder / "run" / "events.jsonl")
    kept.refresh()
    ((error,),) = [applied.diagnostics for applied in kept.progress.resources]
    assert f"It is {MASK}." in error.detail
    assert not [text for text in (log, events, error.detail) if "nt\\ed-by" in text or "ed-by=test" in text]


async def test_attach_is_not_fooled_by_a_number_used_again(folder):
    exit_file = folder / "run" / "exit.json"
    other = TerraformProcess.attach(os.getpid(), time.time(), exit_file)
    assert not other.alive
    assert not other.interrupt()
    # One whose command line names the file is the supervisor that the record means.
    command = [sys.executable, "-c", "print(flush=True); input()", str(exit_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as named:
        named.stdout.readline()
        assert TerraformProcess.attach(named.pid, time.time(), exit_file).alive
        named.communicate(b"\n")


@pytest.mark.quiet
async def test_a_hundred_thousand_lines_are_followed_as_they_come(folder):
    script = folder / "many.sh"
    script.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c \"print('x' * 99 + chr(10), end='') or "
        f"[print('y' * 99) for _ in range(99999)]\"\n"
    )
    script.chmod(0o700)
    plain = job(folder, "plan")
    began = time.monotonic()
    outcome = await finish(Job((str(script),), folder, plain.environ, (Secret(PLANTED),), plain.log, plain.exit))
    assert outcome.exit_code == 0
    assert plain.log.read_text().count("\n") == 100_000
    assert time.monotonic() - began < 5


async def test_what_a_program_prints_in_an_apply_is_on_disk_once(folder):
    """An event of a printed line is five times as long as the line."""
    many = f"{sys.executable} -c \"[print('y' * 99) for _ in range(20_000)]\""
    (folder / "main.tf").write_text(
        f"""
resource "terraform_data" "loud" {{
  provisioner "local-exec" {{
    command = {json.dumps(many)}
  }}
}}
output "end" {{
  value = terraform_data.loud.id
}}
"""
    )
    await finish(job(folder, "init"))
    assert (await finish(job(folder, *APPLY, events=True))).exit_code == 0
    found = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    # Terraform takes what it has of a line for a line when the rest does not come for 0.1 s.
    printed = [line.partition(b"(local-exec): ")[2] for line in found["run.log"].splitlines()]
    assert sum(len(text) for text in printed if set(text) == {ord("y")}) == 20_000 * 99
    assert b"y" * 40 not in found["events.jsonl"]
    events = ApplyEvents(folder / "run" / "events.jsonl")
    events.refresh()
    assert (events.progress.resources.done, list(events.progress.outputs)) == (1, ["end"])


async def test_an_error_that_is_kept_as_data_is_masked(folder):
    """What a program printed stands in the error about it, too."""
    (folder / "main.tf").write_text(
        f"""
resource "terraform_data" "breaks" {{
  provisioner "local-exec" {{
    command = "echo 'It is {PLANTED}.'; exit 4"
  }}
}}
"""
    )
    await finish(job(folder, "init"))
    assert (await finish(job(folder, *APPLY, secrets=(PLANTED,), events=True))).exit_code == 1
    assert PLANTED not in (folder / "run" / "events.jsonl").read_text()
    events = ApplyEvents(folder / "run" / "events.jsonl")
    events.refresh()
    (applied,) = events.progress.resources
    (error,) = applied.diagnostics
    assert (applied.state, "exit status 4" in error.detail) == ("failed", True)
    assert "It is (redacted)." in error.detail
