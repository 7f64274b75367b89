"""`%tfruns unlock`: locks that a dead run left, and those of a living one, which stay."""

import asyncio
import json
import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell
from kernels import Kernel
from processes import kill_all

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.prompts import terminal
from tfmfa_nb.runs.audit.trail import AuditTrail

LEAVES = """%%tfplan -e staging
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "sleep 300 >/dev/null 2>&1 & echo $! >left.pid"
  }
}
"""
WAITS = """resource "terraform_data" "two" {
  depends_on = [terraform_data.one]
  provisioner "local-exec" {
    command = "echo be''gun; for i in $(seq 400); do sleep 0.1; [ -e go-on ] && break; done"
  }
}
"""
BUCKET = f"states-{os.getpid()}"  # of this worker: a Terraform of another one is about another state
IN_S3 = """%%tfplan -e staging
terraform {
  backend "s3" {
    bucket         = "BUCKET"
    key            = "staging/terraform.tfstate"
    region         = "eu-west-1"
    use_lockfile   = true
    use_path_style = true
    ROLE
  }
}
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "echo be''gun; sleep 100"
  }
}
""".replace("BUCKET", BUCKET)
LOCK = "staging/terraform.tfstate.tflock"
ROLE = 'assume_role = { role_arn = "arn:aws:iam::123456789012:role/deploy" }'


@pytest.fixture
def answers(monkeypatch):
    """What is typed: "yes" to a question, unless told otherwise; `asked` has the questions."""

    class Answers(list):
        yes, code = "yes", None

        def answer(self, text):
            self.append(text)
            return self.code() if text.startswith("MFA code") else self.yes

    typed = Answers()
    monkeypatch.setattr(terminal.getpass, "getpass", typed.answer)
    return typed


async def run(shell, cell):
    return await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell), store_history=True)


async def value(shell, cell):
    result = await run(shell, cell)
    result.raise_error()
    return result.result


async def error_of(shell, cell):
    return str((await run(shell, cell)).error_in_exec)


def unlocks(folder):
    trail = folder / ".tfmfa" / "audit.jsonl"
    assert AuditTrail(trail).broken_at() is None
    return [line for line in map(json.loads, trail.read_text().splitlines()) if line["event"] == "forced_unlock"]


async def test_nothing_is_locked(ipython, answers, capsys, tmp_path):
    await value(ipython, "%tfruns -e staging unlock")
    assert '"staging" has no known locks' in capsys.readouterr().out
    assert answers == []
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def left(tmp_path):
    """A run's id, and the program that its Terraform left, when nobody is there any more who would unlock."""
    kernel, folder = Kernel(tmp_path), tmp_path / "staging"
    try:
        assert kernel.run("%load_ext tfmfa_nb") == ("", "")
        kernel.run(LEAVES + WAITS)
        kernel.start("%tfapply")
        while not any("begun" in log.read_text() for log in folder.glob(".tfmfa/runs/*/run.log")):
            time.sleep(0.05)
        (path,) = folder.glob(".tfmfa/runs/*/run.json")
        record = json.loads(path.read_text())
        supervisor = psutil.Process(record["process"]["pid"])
        (keeper,) = supervisor.children()
        (terraform,) = keeper.children()
        kernel.kill()
        kill_all((keeper, supervisor))
    finally:
        kernel.stop()
    (folder / "go-on").touch()
    psutil.wait_procs([terraform], timeout=20)
    program = psutil.Process(int((folder / "left.pid").read_text()))
    yield record["id"], program
    kill_all([program])


async def test_a_lock_that_a_program_keeps_which_terraform_left_behind(ipython, answers, capsys, left, tmp_path):
    folder, (run_id, program) = tmp_path / "staging", left
    assert "is locked by a run" in await error_of(ipython, "%tfplan -e staging")
    answers.yes = "no"
    assert "The lock was not freed" in await error_of(ipython, "%tfruns -e staging unlock")
    assert "is locked by a run" in await error_of(ipython, "%tfplan -e staging")
    assert unlocks(folder) == []
    capsys.readouterr()
    answers.yes = "yes"
    await value(ipython, "%tfruns -e staging unlock")
    said = capsys.readouterr().out
    assert f"locked by a run that has ended: apply, {run_id}, started by process" in said
    assert f"sleep (process {program.pid})" in said
    assert answers[-1].startswith('Free the lock of "staging"?')
    (line,) = unlocks(folder)
    assert (line["what"], line["run"], line["programs"]) == ("environment", run_id, [f"sleep (process {program.pid})"])
    assert program.is_running()
    assert "ended without an exit code" in await error_of(ipython, f"%tfruns -e staging follow {run_id}")
    assert (await value(ipython, "%tfplan -e staging")).status == "planned_and_finished"


@pytest.mark.thorough
def test_nobody_sits_at_a_notebook_that_a_program_executes(left, tmp_path):
    kernel = Kernel(tmp_path)
    try:
        assert kernel.run("%load_ext tfmfa_nb") == ("", "")
        said = kernel.run("%tfruns -e staging unlock")[1]
    finally:
        kernel.stop()
    assert said.startswith("PromptUnavailable")
    assert "Run %tfruns unlock in an interactive session." in said
    assert left[1].is_running()
    assert unlocks(tmp_path / "staging") == []


async def test_a_lock_is_not_taken_from_a_run_that_lives(ipython, answers, tmp_path):
    cell = LEAVES.replace("sleep 300 >/dev/null 2>&1 & echo $! >left.pid", "echo be''gun; sleep 100")
    await value(ipython, cell)
    going = asyncio.ensure_future(run(ipython, "%tfapply"))
    planned = ipython.user_ns["_"]
    while not any("begun" in line for line in planned.log_text()):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    other = InteractiveShell()
    other.run_line_magic("load_ext", "tfmfa_nb")
    said = await error_of(other, "%tfruns -e staging unlock")
    assert "of that run is still running, so the lock is not freed" in said
    assert f"%tfruns -e staging follow {planned.id}" in said
    # Neither is it where the kernel and the supervisor are gone, as long as Terraform is there.
    supervisor = psutil.Process(planned.driver.process.pid)
    (keeper,) = supervisor.children()
    (child,) = keeper.children()
    kill_all((keeper, supervisor))
    said = await error_of(other, "%tfruns -e staging unlock")
    assert f"Process {child.pid} of that run is still running" in said
    assert f"%tfruns -e staging follow {planned.id}" in said
    assert answers == []
    assert unlocks(tmp_path / "staging") == []
    os.killpg(child.pid, signal.SIGKILL)
    await going
    assert planned.status == "errored"


async def applying(shell, cell):
    """A run in the middle of its apply, and its cell."""
    planned = await value(shell, cell)
    going = asyncio.ensure_future(run(shell, "%tfapply"))
    while not any("begun" in line for line in planned.log_text()):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return planned, going


async def kill(planned, going):
    """Kill a run's Terraform, with all that it started."""
    supervisor = psutil.Process(planned.driver.process.pid)
    (keeper,) = supervisor.children()
    (child,) = keeper.children()
    everything = [supervisor, *supervisor.children(recursive=True)]
    kill_all((keeper, supervisor))
    os.killpg(child.pid, signal.SIGKILL)
    await going
    psutil.wait_procs(everything, timeout=20)
    assert planned.status == "errored"
    return child.pid


async def killed_in_mid_apply(shell, cell):
    await kill(*await applying(shell, cell))


@pytest.fixture
def states(monkeypatch):
    """Makes a bucket for states in a sandbox, whose AWS is the tests' from then on; what is in it."""

    def make(sandbox):
        for name, setting in sandbox.environ().items():
            monkeypatch.setenv(name, setting)
        s3 = sandbox.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        return lambda: {one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    return make


async def test_a_lock_of_the_state_in_s3_is_freed_once_its_holder_is_dead(
    ipython, answers, capsys, states, lenient_sandbox
):
    """Two environments share one state, which is how a lock is met whose holder lives."""
    objects = states(lenient_sandbox)
    cell = IN_S3.replace("ROLE", "")
    for name in ("holder", "staging"):
        Environment.named(name, Path.cwd()).set_level(Level.NEVER)
    holder, going = await applying(ipython, cell.replace("-e staging", "-e holder"))
    assert LOCK in objects()
    other = InteractiveShell()
    other.run_line_magic("load_ext", "tfmfa_nb")
    said = await error_of(other, cell)
    assert "Error acquiring the state lock" in said
    assert "If it is dead, use: %tfruns -e staging unlock" in said
    said = await error_of(other, "%tfruns -e staging unlock")
    assert "was running when that lock was taken and is still running" in said
    s3 = lenient_sandbox.client("s3")
    lock = s3.get_object(Bucket=BUCKET, Key=LOCK)["Body"].read()
    force = f"%tf force-unlock {json.loads(lock)['ID']} -e staging"
    assert "is still running, so the lock is not freed" in await error_of(other, force)
    assert "is running, so the lock is not freed" in await error_of(other, "%tf force-unlock another -e staging")
    refused = other.magics_manager.registry["TfmfaMagics"].latest
    record = (refused.driver.store.files.folder / "run.json").read_bytes()
    assert f"process {await kill(holder, going)}" in said
    assert answers == []
    assert LOCK in objects()
    capsys.readouterr()
    await value(other, "%tfruns -e staging unlock")
    said = capsys.readouterr().out
    assert f"@{socket.gethostname()}, OperationTypeApply, since 20" in said
    assert "No Terraform process on this machine can be the holder" in said
    assert "Terraform state has been successfully unlocked!" in said
    assert 'The state of "staging" is unlocked' in said
    assert "staging: Unlocking the state" in said
    assert "staging: State unlocked" in said
    assert "Errored" not in said
    assert len(answers) == 1
    assert objects() == set()
    begun, freed = unlocks(refused.driver.environment.folder)
    assert (begun["result"], freed["result"]) == ("begun", "freed")
    assert (begun["what"], begun["run"]) == ("state", refused.id)
    assert begun["who"].endswith(f"@{socket.gethostname()}")
    assert (refused.driver.store.files.folder / "run.json").read_bytes() == record
    assert (await value(other, cell)).status == "planned"
    await value(other, "%tfruns -e staging unlock")
    assert '"staging" has no known locks' in capsys.readouterr().out
    s3.put_object(Bucket=BUCKET, Key=LOCK, Body=lock)
    await value(other, force)
    assert objects() == set()
    begun, freed = unlocks(refused.driver.environment.folder)[2:]
    assert (begun["lock"], begun["result"], freed["result"]) == (json.loads(lock)["ID"], "begun", "freed")


@pytest.mark.thorough
async def test_where_another_has_the_state_s_lock_by_now_it_stays(ipython, answers, tmp_path, states, lenient_sandbox):
    objects = states(lenient_sandbox)
    cell = IN_S3.replace("ROLE", "")
    await killed_in_mid_apply(ipython, cell)
    await error_of(ipython, cell)
    s3 = lenient_sandbox.client("s3")
    lock = json.loads(s3.get_object(Bucket=BUCKET, Key=LOCK)["Body"].read())
    theirs = json.dumps({**lock, "ID": "another", "Who": "bob@elsewhere"})
    s3.put_object(Bucket=BUCKET, Key=LOCK, Body=theirs.encode())
    said = await error_of(ipython, "%tfruns -e staging unlock")
    assert "The state was not unlocked" in said
    assert "does not match the existing lock ID" in said
    assert "wait for that process" in said
    assert [line["result"] for line in unlocks(tmp_path / "staging")] == ["begun", "failed"]
    assert objects() == {LOCK}
    assert len(answers) == 1  # it was asked
    # Of an empty lock nobody knows the holder: the lock that blocked an earlier run is not offered in its place.
    s3.put_object(Bucket=BUCKET, Key=LOCK, Body=b"")
    assert "Error acquiring the state lock" in await error_of(ipython, cell)
    said = await error_of(ipython, "%tfruns -e staging unlock")
    assert "is locked, and the lock has no ID" in said
    assert f"delete the lock object: aws s3 rm s3://{BUCKET}/{LOCK}" in said
    assert len(answers) == 1
    assert objects() == {LOCK}


@pytest.mark.thorough
async def test_the_level_s_code_is_asked_for_before_the_state_is_unlocked(
    ipython_with, answers, capsys, *, states, sandbox, policy
):
    ipython, objects = ipython_with(**policy), states(sandbox)

    def code():
        sandbox.advance(30)
        return sandbox.code(wait=False)

    answers.code = code
    await value(ipython, "%tfmfa level 'plans and applies' -e staging")
    cell = IN_S3.replace("ROLE", ROLE)
    await killed_in_mid_apply(ipython, cell)
    assert "Error acquiring the state lock" in await error_of(ipython, cell)
    folder = ipython.magics_manager.registry["TfmfaMagics"].latest.driver.environment.folder
    # No code, no unlocking: the prompt is left.
    answers.code = str
    assert "no code was entered" in await error_of(ipython, "%tfruns -e staging unlock")
    assert LOCK in objects()
    assert unlocks(folder) == []
    answers.code = code
    capsys.readouterr()
    answers.clear()
    await value(ipython, "%tfruns -e staging unlock")
    said = capsys.readouterr().out
    assert answers[0].startswith('Free the state lock of "staging"?')
    assert 'to unlock "staging": ' in answers[1]
    assert "[MFA required] A code is needed to unlock" in said
    assert "Authenticated with MFA by alice" in said
    assert "successfully unlocked" in said
    assert LOCK not in objects()
    lines = [json.loads(line) for line in (folder / ".tfmfa" / "audit.jsonl").read_text().splitlines()]
    assert [(line["event"], line.get("phase"), line.get("result")) for line in lines[-3:]] == [
        ("mfa", "unlock", "authenticated"), ("forced_unlock", None, "begun"), ("forced_unlock", None, "freed"),
    ]  # fmt: skip


async def test_a_state_on_this_machine_has_nothing_to_free(ipython, answers, tmp_path):
    """The lock of a local state ends with the process that holds it; Terraform refuses to unlock it."""
    refused = await value(ipython, LEAVES.replace("sleep 300", "true"))
    (tmp_path / "staging" / "terraform.tfstate").write_text("{}")
    refused.driver.store.log.append(
        "Error: Error acquiring the state lock\nLock Info:\n  ID: 4076fb97\n  Path: terraform.tfstate\n"
        f"  Who: alice@{socket.gethostname()}\n  Created: {time.strftime('%Y-%m-%d %H:%M:%S')}.1 +0000 UTC\n"
    )
    said = await error_of(ipython, "%tfruns -e staging unlock")
    assert "its lock ended with the process that held it" in said
    assert answers == []
