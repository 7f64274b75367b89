"""`%tfruns` with real Terraform and real kernels: what a person does after a restart in the middle of an apply."""

import asyncio
import fcntl
import json
import os
import re
import signal
import time
from contextlib import suppress

import pytest
from IPython.core.interactiveshell import InteractiveShell
from kernels import Kernel
from processes import has_ended
from runbooks import SLOW

from tfmfa_nb.environments import holder_of
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.store import saved_plans

ONE = '%%tfplan -e {}\nresource "terraform_data" "one" {{ input = "{}" }}\noutput "one" {{ value = "out" }}\n'
WITH_OUTPUT = SLOW + '\noutput "end" {\n  value = terraform_data.slow.id\n}\n'


@pytest.fixture
def another(ipython):  # noqa: ARG001 - works in the same folder
    """A second IPython: what another kernel knows, which is nothing."""
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    return shell


@pytest.fixture
def kernels(tmp_path):
    """Starts kernels that work in the test's folder."""
    started = []

    def start():
        started.append(Kernel(tmp_path))
        assert started[-1].run("%load_ext tfmfa_nb") == ("", "")
        return started[-1]

    yield start
    for kernel in started:
        kernel.stop()


async def run(shell, cell):
    return await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell), store_history=True)


async def value(shell, cell):
    result = await run(shell, cell)
    result.raise_error()
    return result.result


def applying(kernel, folder, plan=WITH_OUTPUT):
    """A kernel in the middle of an apply: the cell, and the run's folder."""
    text, error = kernel.run(plan)
    assert "head: Planned" in text, error
    cell = kernel.start("%tfapply -e head")
    wait_for(lambda: "begun" in log_of(folder))
    return cell


def log_of(folder):
    return "".join(path.read_text() for path in sorted((folder / "head").glob(".tfmfa/runs/*/run.log")))


def record_of(folder):
    (path,) = (folder / "head").glob(".tfmfa/runs/*/run.json")
    return json.loads(path.read_text())


def statuses(folder):
    """What the audit trail says of the run, and whether it was found later."""
    lines = map(json.loads, (folder / "head" / ".tfmfa" / "audit.jsonl").read_text().splitlines())
    return [line["status"] + ("*" if line.get("found_later") else "") for line in lines if line["event"] == "status"]


def wait_for(condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_kernel_restarted_in_mid_apply_sees_the_apply_to_its_end(kernels, tmp_path):
    kernel = kernels()
    applying(kernel, tmp_path)
    kernel.restart()
    assert kernel.run("%load_ext tfmfa_nb") == ("", "")
    run_id = record_of(tmp_path)["id"]
    text, error = kernel.run("%tfruns -e head")
    assert error == ""
    assert re.search(rf"{run_id}  .*, just now +Applying +\+2 ~0 -0 .*running", text)
    assert (
        f"{run_id} is still running (its kernel has exited). To follow it to its end: %tfruns -e head follow {run_id}"
        in text
    )
    # A new plan says it too.
    _, error = kernel.run(WITH_OUTPUT)
    assert error.startswith("EnvironmentLocked")
    assert f"%tfruns -e head follow {run_id}" in error
    cell = kernel.start("run = await get_ipython().run_line_magic('tfruns', '-e head follow latest')")
    kernel.showing(cell, "begun")
    (tmp_path / "head" / "go-on").touch()
    text, error = kernel.ended(cell)
    assert error == ""
    assert "head: Applied +2 ~0 -0" in text
    assert "2 of 2 done" in text
    assert "went on" in text
    assert "Apply complete!" in text
    text, _ = kernel.run("print(run.status, sorted(run.outputs), run.plan.creates, run.ended_at > run.started_at)")
    assert "applied ['end'] ('terraform_data.quick', 'terraform_data.slow') True" in text
    assert statuses(tmp_path)[-1] == "applied*"
    # It is over: following it again shows it, opening it too, and nothing is recorded twice.
    text, error = kernel.run(f"%tfruns -e head follow {run_id[-6:]}")
    assert ("head: Applied" in text, error) == (True, "")
    assert statuses(tmp_path).count("applied*") == 1
    assert not [plan for plan in saved_plans() if plan.name.endswith(f"{run_id}.tfplan")]


def test_an_apply_whose_kernel_was_killed_is_canceled_with_one_interrupt(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    new, other = kernels(), kernels()
    following = other.start("%tfruns -e head follow latest")
    other.showing(following, "begun")
    text, error = new.run("%tfruns -e head cancel latest")
    assert ("head: Canceled" in text, error) == (True, "")
    text, error = other.ended(following)
    assert "head: Canceled" in text
    assert error.startswith("RunCanceled: The apply was canceled. Finished changes are in the state.")
    assert log_of(tmp_path).count("Interrupt received") == 1
    assert "Two interrupts" not in log_of(tmp_path)
    assert statuses(tmp_path).count("canceled*") == 1
    state = json.loads((tmp_path / "head" / "terraform.tfstate").read_text())
    assert "quick" in {resource["name"] for resource in state["resources"]}
    _, error = other.run("%tfruns -e head cancel latest")
    assert "is canceled: it is not running" in error


@pytest.mark.thorough
def test_two_who_cancel_at_once_send_one_interrupt(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    first, second = kernels(), kernels()
    cells = [(kernel, kernel.start("%tfruns -e head cancel latest")) for kernel in (first, second)]
    errors = sorted(kernel.ended(cell)[1] for kernel, cell in cells)
    assert errors[0] == ""
    # One may come when there is nothing left to cancel.
    assert re.search(r"^$|is canceled: it (?:does not go on|is not running)|has ended\.", errors[1])
    assert log_of(tmp_path).count("nterrupt received") == 1
    assert statuses(tmp_path).count("canceled*") == 1


def test_a_run_of_another_live_kernel_is_followed_canceled_and_recorded_by_its_own(kernels, tmp_path):
    mine, other = kernels(), kernels()
    cell = applying(mine, tmp_path)
    assert "is still running. To follow it" in other.run("%tfruns -e head")[0]
    following = other.start("%tfruns -e head follow latest")
    other.showing(following, "begun")
    third = kernels()
    canceling = third.start("%tfruns -e head cancel latest")
    wait_for(lambda: "Interrupt received" in log_of(tmp_path))
    (tmp_path / "head" / "go-on").touch()
    for kernel, begun in ((mine, cell), (other, following)):
        text, error = kernel.ended(begun)
        assert "head: Canceled" in text
        assert error.startswith("RunCanceled")
    assert third.ended(canceling)[1] == ""
    assert log_of(tmp_path).count("Interrupt received") == 1
    assert statuses(tmp_path)[-1] == "canceled"  # not found later: its own kernel was there


def test_interrupting_the_following_leaves_terraform_alone_and_says_how_to_stop_it(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    new = kernels()
    following = new.start("%tfruns -e head follow latest")
    new.showing(following, "begun")
    new.interrupt()
    text, error = new.ended(following)
    assert re.search(r"run-\S+ is no longer followed; it is still running\. .*%tfruns -e head cancel run-", error)
    assert "Applying" in text
    assert "Interrupt received" not in log_of(tmp_path)
    (tmp_path / "head" / "go-on").touch()
    text, error = new.run("%tfruns -e head follow latest")
    assert ("head: Applied" in text, error) == (True, "")


@pytest.mark.thorough
def test_an_apply_that_ended_unseen_is_recorded_by_whoever_follows_it(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    (tmp_path / "head" / "go-on").touch()
    wait_for(lambda: list((tmp_path / "head").glob(".tfmfa/runs/*/apply.exit.json")))
    new = kernels()
    text, _ = new.run("%tfruns -e head")
    assert "Applying, end not recorded" in text
    _, error = new.run("%tfruns -e head open latest")
    assert "%tfruns -e head follow run-" in error
    _, error = new.run("%tfruns -e head cancel latest")
    assert "has ended. To record how it ended: %tfruns -e head follow run-" in error
    text, error = new.run("%tfruns -e head follow latest")
    assert ("head: Applied" in text, error) == (True, "")
    assert statuses(tmp_path)[-1] == "applied*"
    assert "end not recorded" not in new.run("%tfruns -e head")[0]


def test_a_plan_whose_kernel_is_gone_is_followed_and_cannot_be_applied(kernels, tmp_path):
    """Terraform waits for the state's lock, which the test holds, while it plans."""
    (tmp_path / "head" / ".tfmfa").mkdir(parents=True)
    info = {"ID": "1", "Operation": "test", "Who": "test", "Version": "1", "Created": "2026-01-01T00:00:00Z"}
    (tmp_path / "head" / ".terraform.tfstate.lock.info").write_text(json.dumps(info))
    old = kernels()
    with (tmp_path / "head" / "terraform.tfstate").open("w") as state:
        fcntl.lockf(state, fcntl.LOCK_EX)
        old.start(SLOW.replace("-e head", "-e head --lock-timeout 100s"))
        wait_for(lambda: "Acquiring state lock" in log_of(tmp_path))
        old.kill()
        new = kernels()
        text, _ = new.run("%tfruns -e head")
        assert re.search(r"just now +Planning .*running", text)
        following = new.start("%tfruns -e head follow latest")
        new.showing(following, "Acquiring state lock")
    text, error = new.ended(following)
    assert "Plan: 2 to add" in text
    assert "head: Errored" in text
    assert "The kernel that planned had exited when the plan ended" in error
    assert "Plan again with %tfplan" in error
    assert statuses(tmp_path)[-1] == "errored*"
    assert not [plan for plan in saved_plans() if plan.name.endswith(f"{record_of(tmp_path)['id']}.tfplan")]


def left_alone(kernel, folder):
    """An apply of which only Terraform is left: its kernel, supervisor and keeper are killed. Terraform's process."""
    applying(kernel, folder)
    (file,) = (folder / "head").glob(".tfmfa/runs/*/apply.exit.json.processes")
    said, supervisor = json.loads(file.read_bytes()), record_of(folder)["process"]["pid"]
    kernel.kill()
    for pid in (said["keeper"][0], supervisor):
        with suppress(ProcessLookupError):  # it may end with the one before
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: has_ended(supervisor))
    return said["terraform"][0]


def test_a_terraform_that_is_all_that_is_left_is_followed_to_its_end(kernels, tmp_path):
    terraform = left_alone(kernels(), tmp_path)
    new = kernels()
    text, error = new.run("%tfruns -e head")
    assert error == ""
    assert f"is still running (its supervisor was killed; Terraform is process {terraform}). To follow it" in text
    assert "unlock" not in text
    assert "is still running, so the lock is not freed" in new.run("%tfruns -e head unlock")[1]
    following = new.start("%tfruns -e head follow latest")
    note = f"Terraform (process {terraform}) is still running; what it prints from here on is not in the log."
    new.showing(following, note)
    new.interrupt()
    assert "is no longer followed" in new.ended(following)[1]
    following = new.start("%tfruns -e head follow latest")
    new.showing(following, note)
    (tmp_path / "head" / "go-on").touch()
    text, error = new.ended(following)
    assert ("head: Applied" in text, "2 of 2 done" in text, error) == (True, True, "")
    assert log_of(tmp_path).count(note) == 1
    assert statuses(tmp_path)[-1] == "applied*"
    record, opened = record_of(tmp_path), new.run("%tfruns -e head open latest")[0]
    assert record["ended_at"] >= record["started_at"] + 1
    assert re.search(r"Apply: .*, 0:\d\d\n", opened)
    assert ("2 of 2 done" in opened, ", 0:00\n" in opened) == (True, False)
    state = json.loads((tmp_path / "head" / "terraform.tfstate").read_text())
    assert {resource["name"] for resource in state["resources"]} == {"quick", "slow"}
    assert not [*(tmp_path / "head").glob(".tfmfa/runs/*/*.reserve"), *(tmp_path / "head").glob(".tfmfa/runs/*/*.new")]


@pytest.mark.thorough
def test_a_terraform_that_is_all_that_is_left_is_canceled_with_one_interrupt(kernels, tmp_path):
    left_alone(kernels(), tmp_path)
    first, second = kernels(), kernels()
    cells = [(kernel, kernel.start("%tfruns -e head cancel latest")) for kernel in (first, second)]
    ends = [kernel.ended(cell) for kernel, cell in cells]
    assert "head: Canceled" in ends[0][0] + ends[1][0]
    assert statuses(tmp_path).count("canceled*") == 1
    state = json.loads((tmp_path / "head" / "terraform.tfstate").read_text())
    assert "quick" in {resource["name"] for resource in state["resources"]}
    assert not list((tmp_path / "head").glob(".*.lock.info"))


@pytest.mark.thorough
def test_a_terraform_whose_supervisor_is_gone_too_is_followed_with_every_line(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    os.kill(record_of(tmp_path)["process"]["pid"], signal.SIGKILL)
    new = kernels()
    assert "is still running (its kernel has exited)" in new.run("%tfruns -e head")[0]
    following = new.start("%tfruns -e head follow latest")
    new.showing(following, "begun")
    (tmp_path / "head" / "go-on").touch()
    text, error = new.ended(following)
    assert ("head: Applied" in text, error) == (True, "")
    assert "Apply complete!" in text
    assert holder_of(tmp_path / "head/.tfmfa/lock") is None


def tear(folder, torn=b'{"time": "2026'):
    with (folder / ".tfmfa" / "audit.jsonl").open("ab") as trail:
        trail.write(torn)


def test_after_a_power_cut_that_tore_the_trail_a_run_is_listed_followed_and_opened(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    tear(tmp_path / "head")
    new = kernels()
    text, _ = new.run("%tfruns -e head")
    assert "is torn (14 bytes), as after a power failure. The next line seals it." in " ".join(text.split())
    assert "not confirmed" not in text
    following = new.start("%tfruns -e head follow latest")
    new.showing(following, "begun")
    (tmp_path / "head" / "go-on").touch()
    text, error = new.ended(following)
    assert ("head: Applied" in text, error) == (True, "")
    assert AuditTrail(tmp_path / "head/.tfmfa/audit.jsonl").broken_at() is None
    assert "torn" not in new.run("%tfruns -e head")[0]
    assert new.run("%tfruns -e head open latest")[1] == ""


@pytest.mark.thorough
def test_a_run_is_canceled_and_says_so_where_the_trail_was_changed(kernels, tmp_path):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    new = kernels()
    canceling = new.start("%tfruns -e head cancel latest")
    new.showing(canceling, "begun")
    trail = tmp_path / "head" / ".tfmfa" / "audit.jsonl"
    trail.write_bytes(b"".join(trail.read_bytes().splitlines(keepends=True)[:-1]))
    _, error = new.ended(canceling)
    assert re.search(
        r"Terraform was interrupted, so run-\S+ is canceled, but that is not recorded\. .* was cut: ", error
    )
    assert "Interrupt received" in log_of(tmp_path)


async def test_a_torn_trail_is_told_by_the_next_apply_once(ipython, tmp_path):
    planned = await value(ipython, ONE.format("staging", 1))
    tear(tmp_path / "staging", b"\0" * 100)
    assert await value(ipython, "%tfapply") is planned
    assert planned.status == "applied"
    assert [note for note in planned.notes if "is torn (100 bytes)" in note]
    again = await value(ipython, ONE.format("staging", 2))
    assert "torn" not in " ".join(again.notes)


async def test_a_plan_whose_trail_was_changed_is_not_applied(ipython, tmp_path):
    planned = await value(ipython, ONE.format("staging", 1))
    trail = tmp_path / "staging" / ".tfmfa" / "audit.jsonl"
    trail.write_bytes(b"".join(trail.read_bytes().splitlines(keepends=True)[:-1]))
    error = str((await run(ipython, "%tfapply")).error_in_exec)
    assert "was cut: it has" in error
    assert f"does not confirm the record of {planned.id}" in error
    assert not (tmp_path / "staging" / "terraform.tfstate").exists()


async def test_a_plan_of_another_kernel_is_opened_and_applied(ipython, another, capsys):
    planned = await value(ipython, ONE.format("staging", 1))
    capsys.readouterr()
    opened = await value(another, f"%tfruns -e staging open {planned.id[4:19]}")
    shown = capsys.readouterr().out
    assert "staging: Planned +1 ~0 -0" in shown
    assert "terraform_data.one will be created" in shown
    assert f"Full log: staging/.tfmfa/runs/{planned.id}/run.log" in shown
    assert opened is not planned
    assert opened.plan.creates == ("terraform_data.one",)
    assert (await value(another, "%tfapply")) is opened
    assert (opened.status, opened.outputs) == ("applied", {"one": "out"})
    # Here it is known what it was, there what became of it.
    again = await value(ipython, "%tfruns -e staging open latest")
    assert (again.status, again.outputs, again.counts["add"]) == ("applied", {"one": "out"}, 1)
    error = (await run(ipython, "%tfapply -e staging")).error_in_exec
    assert "is applied: there is no plan to apply" in str(error)


async def test_a_plan_that_was_changed_is_not_opened(ipython, another):
    planned = await value(ipython, ONE.format("staging", 1))
    planned.driver.store.files.plan.write_bytes(b"another")
    error = (await run(another, "%tfruns -e staging open latest")).error_in_exec
    assert "its content has changed" in str(error)


async def test_a_plan_of_another_kernel_is_discarded(ipython, another, capsys):
    planned = await value(ipython, ONE.format("staging", 1))
    discarded = await value(another, "%tfruns -e staging discard latest")
    assert discarded.status == "discarded"
    assert "staging: Discarded" in capsys.readouterr().out
    assert not planned.driver.store.files.plan.exists()
    trail = planned.driver.store.trail.path.read_text()
    assert '"status": "discarded"' in trail
    assert planned.driver.store.trail.broken_at() is None
    error = (await run(ipython, "%tfapply")).error_in_exec
    assert f"{planned.id} is discarded: there is no plan to apply" in str(error)
    error = (await run(another, "%tfruns -e staging discard latest")).error_in_exec
    assert "Only a planned run can be discarded" in str(error)


async def test_a_run_that_failed_is_opened_with_its_first_error(ipython, another, capsys):
    await run(ipython, '%%tfplan\nresource "terraform_data" {}\n')
    capsys.readouterr()
    opened = await value(another, "%tfruns open latest")
    assert opened.status == "errored"
    assert "Error: Missing name for resource" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%tfruns lits", "unknown command 'lits'. Did you mean \"list\"?"),
        ("%tfruns open", "name a run by its id"),
        ("%tfruns list latest", "takes no run"),
        ("%tfruns --limit 0", "a number from 1 to"),
        ("%tfruns --limit many", "invalid int value"),
        ("%tfruns -e none open latest", '"none" has no runs'),
        ("%tfruns -e staging open nosuch", "has no run 'nosuch'"),
        ("%tfruns -e staging cancel latest", "is planned: it is not running"),
        ("%tfruns -e ../up", "cannot be an environment's name"),
    ],
)
async def test_bad_input_is_one_line_and_changes_nothing(ipython, capsys, tmp_path, line, words):
    planned = await value(ipython, ONE.format("staging", 1))
    while not planned.driver.store.files.changes.exists():  # noqa: ASYNC110 - it is written in the background
        await asyncio.sleep(0.05)
    before = sorted(tmp_path.rglob("*"))
    capsys.readouterr()
    result = await run(ipython, line)
    assert words in str(result.error_in_exec)
    assert "Traceback" not in "".join(capsys.readouterr())
    assert sorted(tmp_path.rglob("*")) == before
    assert planned.status == "planned"


async def test_the_list_needs_nothing_to_wait_for_and_help_says_what_there_is(ipython, capsys, tmp_path, monkeypatch):
    shell = InteractiveShell()
    monkeypatch.chdir(tmp_path)
    await value(shell, "%load_ext tfmfa_nb\n%tfruns -e staging")
    assert '"staging" has no runs yet' in capsys.readouterr().out
    assert await value(ipython, "%tfruns --help") is None
    assert "list, open, follow, approve, compare" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


async def test_the_environment_is_locked_until_how_the_run_ended_is_recorded(ipython, tmp_path):
    """Else whoever looks in between takes it for a run that nobody drives, and records its end a second time."""
    planned = await value(ipython, ONE.format("staging", 1))
    held = []
    lock = planned.driver.environment.files.lock
    planned.observe(lambda _: held.append(holder_of(lock) is not None), "status")
    (tmp_path / "staging" / ".terraform.lock.hcl").unlink(missing_ok=True)
    (tmp_path / "staging" / "terraform.tfstate").mkdir()
    error = (await run(ipython, "%tfapply")).error_in_exec
    assert type(error).__name__ == "TerraformFailed"
    assert planned.status == "errored"
    assert held == [True] * 3
    assert holder_of(tmp_path / "staging/.tfmfa/lock") is None


def test_a_front_end_that_interrupts_a_kernel_to_restart_it_does_not_interrupt_terraform(kernels, tmp_path):
    """Jupyter sends the interrupt first, the kernel's end a moment later."""
    kernel = kernels()
    applying(kernel, tmp_path)
    kernel.interrupt()
    time.sleep(0.3)  # as Jupyter does: the gap between the two is what is tested
    kernel.kill()
    new = kernels()
    assert "Interrupt received" not in log_of(tmp_path)
    (tmp_path / "head" / "go-on").touch()
    text, error = new.run("%tfruns -e head follow latest")
    assert ("head: Applied" in text, error) == (True, "")


def test_an_interrupt_that_is_meant_stops_terraform_gracefully(kernels, tmp_path):
    kernel = kernels()
    cell = applying(kernel, tmp_path)
    for _ in range(3):
        kernel.interrupt()
        time.sleep(0.2)  # as somebody presses it who is impatient
    text, error = kernel.ended(cell)
    assert "head: Canceled" in text
    assert error.startswith("RunCanceled: The apply was interrupted. Terraform stopped gracefully")
    assert log_of(tmp_path).count("nterrupt received") == 1


@pytest.mark.thorough
async def test_a_terminal_follows_with_the_log_as_text(ipython, kernels, tmp_path, capsys):
    old = kernels()
    applying(old, tmp_path)
    old.kill()
    following = asyncio.ensure_future(run(ipython, "%tfruns -e head follow latest"))
    shown = ""
    while "(local-exec): begun" not in shown:
        await asyncio.sleep(0.1)
        shown += capsys.readouterr().out
    assert "head: Applying +2 ~0 -0" in shown
    assert "Terraform will perform" not in shown  # the apply's log, not the plan's
    assert ipython.magics_manager.registry["TfmfaMagics"].busy
    (tmp_path / "head" / "go-on").touch()
    result = await following
    assert result.result.status == "applied"
    shown = capsys.readouterr().out
    assert "went on" in shown
    assert "head: Applied +2 ~0 -0" in shown
    assert "begun" not in shown
    assert not ipython.magics_manager.registry["TfmfaMagics"].busy
