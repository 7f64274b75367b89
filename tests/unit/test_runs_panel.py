"""What the runs panel is told of a folder's environments, and what it can do with their runs."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension, unload_ipython_extension
from tfmfa_nb.environments import Environment
from tfmfa_nb.environments.folder_search import environments_in
from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.known_fleets import remember
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.magics.run_actions import RunActions
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.protocol.runs_overview import AboutRun, AboutRuns
from tfmfa_nb.runs.events import Authenticated, PhaseStarted
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

PLANNED = (Status.PLANNING, Status.PLANNED)


class Magics:
    """The magics of a kernel, as far as the panel needs them."""

    def __init__(self):
        self.latest, self.fleet, self.busy, self.renewed = None, None, False, []

    def known_run(self, run_id):
        return self.latest if self.latest is not None and self.latest.id == run_id else None

    def renew(self, folder, run):
        self.renewed.append((folder.name, run.status))

    def read_policy(self):
        return Policy()


@pytest.fixture
def magics(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Magics()


@pytest.fixture
def ask(magics):
    """Asks as a page does; the answer, which comes on another thread."""
    actions = RunActions(magics)

    def ask_it(question):
        answers, came = [], threading.Event()
        actions.answer(question, lambda answer: (answers.append((threading.current_thread(), answer)), came.set()))
        assert came.wait(20)
        thread, answer = answers[0]
        assert thread is not threading.main_thread()
        return answer

    yield ask_it
    actions.close()
    wait_for_its_end()


def wait_for_its_end():
    for thread in [thread for thread in threading.enumerate() if thread.name == "tfmfa-runs"]:
        thread.join(20)
        assert not thread.is_alive()


def new_run(base, *moves, name="staging", run_id=None):
    there, record = Environment.named(name, base), None
    if run_id:
        there.ensure()
        there.files.run(run_id).folder.mkdir(parents=True)
        record = RunRecord(run_id, name)
    run = Run(there, Options(), base, record)
    for status in moves:
        phase = Phase.APPLY if status in {Status.CONFIRMED, Status.APPLYING} else Phase.PLAN
        run.driver.tell(PhaseStarted(phase, time.time()))
        run.driver.move(status)
    if run.status == Status.PLANNED:
        plan = run.driver.store.files.plan
        plan.parent.mkdir(mode=0o700, exist_ok=True)
        plan.write_bytes(b"plan")
    return run


def about(run, what, **more):
    return AboutRun(type=what, folder=run.environment, run=run.id, **more)


def test_the_environments_of_a_folder_are_found_where_something_has_run_or_is_set(tmp_path):
    Environment.named("staging", tmp_path).write_configuration("")
    Environment.named("set", tmp_path).set_level(Level.NEVER)
    for folder in ("live/eu/network", "shop", "live/unused", ".hidden/x", "a/b/c/too-deep"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "main.tf").write_text("")
    for folder in ("live/eu/network", "shop", ".hidden/x", "a/b/c/too-deep"):
        (tmp_path / folder / ".tfmfa").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "shop")
    assert [each.option for each in environments_in(tmp_path)] == [
        "-C live/eu/network", "-e set", "-C shop", "-e staging",
    ]  # fmt: skip
    (tmp_path / ".tfmfa").mkdir()
    (tmp_path / "main.tf").write_text("")
    assert environments_in(tmp_path)[0].option == "-C ."
    assert environments_in(tmp_path / "nowhere") == []


def test_a_fleet_is_one_entry_with_its_runs(tmp_path, ask):
    fleet = Fleet(members_of([{"name": name} for name in "ab"], tmp_path, Options(configuration="# one")), tmp_path)
    fleet.adopt("a", new_run(tmp_path, *PLANNED, Status.CONFIRMED, Status.APPLYING, name="a"))
    fleet.adopt("b", new_run(tmp_path, *PLANNED, name="b"))
    remember(fleet)
    (listed,) = ask(AboutRuns()).fleets
    assert (listed.id, listed.environments, listed.stands) == (fleet.id, "2 environments", "1 applying, 1 planned")
    assert [(run.name, run.folder, run.run, run.words) for run in listed.runs] == [
        ("a", "a", fleet["a"].id, "Applying"), ("b", "b", fleet["b"].id, "Planned"),
    ]  # fmt: skip
    assert (listed.status, listed.more, abs(listed.started_at - time.time()) < 20) == ("applying", 0, True)
    # No kernel and no Terraform has it any more.
    assert listed.actions == ("open",)
    about_fleet = AboutRun(type="cancel", folder="", run=fleet.id)
    assert ask(about_fleet).error == f"{fleet.id} is not running. There is nothing to cancel."
    assert ask(replace(about_fleet, type="discard")).error == f"{fleet.id} is a fleet. Open it, or cancel it."
    assert ask(replace(about_fleet, type="open", run="fleet-20260101-000000-aaaaaa")).error.startswith(
        "This folder has"
    )
    opened = ask(replace(about_fleet, type="open"))
    assert opened.card
    assert ask(replace(about_fleet, type="open")).card != opened.card  # how it stands is read anew


def test_each_environment_has_its_level_its_lock_and_its_newest_runs(tmp_path, ask):
    Environment.named("prod", tmp_path).set_level(Level.APPLIES_ONLY)
    (tmp_path / "prod/.terraform").mkdir()
    (tmp_path / "prod/.terraform/environment").write_text("blue")
    for day in range(1, 8):
        new_run(tmp_path, *PLANNED, run_id=f"run-2026010{day}-120000-00000{day}")
    answer = ask(AboutRuns())
    assert (answer.folder, answer.more) == (tmp_path.name, 0)
    assert time.time() - answer.at < 20
    prod, staging = answer.environments
    assert (prod.name, prod.level, prod.lock_indicator, prod.workspace) == ("prod", "applies only", "required", "blue")
    assert (prod.lock, prod.runs, prod.total) == ("", (), 0)
    assert (staging.level, staging.lock_indicator, staging.workspace) == ("never", "open", "")
    assert [run.id[-1] for run in staging.runs] == list("76543")
    assert staging.total == 7
    assert (staging.runs[0].status, staging.runs[0].words) == ("planned", "Planned")
    assert staging.runs[0].actions == ("open", "discard")
    assert staging.runs[0].started_at == 1_767_787_200  # 2026-01-07 12:00 UTC


def test_a_run_that_goes_on_in_another_kernel_is_followed_and_canceled(tmp_path, ask):
    run = new_run(tmp_path, *PLANNED, Status.CONFIRMED, Status.APPLYING)
    fd = os.open(run.driver.environment.files.lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    words = {"purpose": f"apply, {run.id}", "pid": os.getpid(), "host": os.uname().nodename, "since": time.time()}
    os.pwrite(fd, json.dumps(words).encode(), 0)
    (staging,) = ask(AboutRuns()).environments
    assert staging.lock.startswith(f"apply, {run.id}, started by process {os.getpid()}")
    assert (staging.holder, staging.can_unlock) == (run.id, False)
    assert staging.runs[0].actions == ("follow", "cancel")
    assert "cannot be canceled from here" in ask(about(run, "cancel")).error
    assert "is not freed" in ask(about(run, "unlock")).error
    os.close(fd)
    (staging,) = ask(AboutRuns()).environments
    assert staging.runs[0].actions == ("follow",)
    assert staging.runs[0].words == "Applying, end not recorded"


def test_a_run_that_another_kernel_left_is_followed_and_its_end_is_recorded(tmp_path, ask):
    run = new_run(tmp_path, *PLANNED, Status.CONFIRMED, Status.APPLYING)
    run.driver.store.files.exit_of("apply").write_text(
        '{"exit_code": 0, "interrupted": false, "killed": false, "ended": 1}'
    )
    assert ask(AboutRuns()).environments[0].runs[0].actions == ("follow",)
    assert ask(about(run, "follow")).card
    deadline = time.monotonic() + 20
    while run.driver.store.load().status is not Status.APPLIED:
        assert time.monotonic() < deadline
        ask(AboutRuns())
    assert ask(AboutRuns()).environments[0].runs[0].words == "Applied"


def test_strangers_text_is_text_and_a_broken_environment_hides_no_other(tmp_path, ask):
    run = new_run(tmp_path, *PLANNED)
    run.driver.tell(Authenticated("\x1b[31m\u202eecila\n" + "x" * 500))
    run.driver.save()
    other = new_run(tmp_path, name="broken")
    (tmp_path / "broken/tfmfa.json").write_text("{")
    (other.driver.store.files.folder / "run.json").write_text("{")
    broken, staging = ask(AboutRuns()).environments
    assert (broken.level, broken.runs[0].actions) == ("", ("discard",))
    assert any("is not a valid settings file" in problem for problem in broken.problems)
    assert staging.runs[0].authenticated_by.startswith("⟨U+202E⟩ecila␊xxx")
    assert len(staging.runs[0].authenticated_by) < 140


def test_a_pending_plan_is_discarded_and_its_own_kernel_knows(tmp_path, ask, magics):
    run = new_run(tmp_path, *PLANNED)
    answer = ask(about(run, "discard"))
    assert answer.text == f"{run.id} is discarded."
    assert (run.driver.store.load().status, run.driver.store.has_plan) == (Status.DISCARDED, False)
    trail = [json.loads(line) for line in run.driver.environment.files.audit_trail.read_text().splitlines()]
    assert trail[-1]["status"] == "discarded"
    assert magics.renewed == [("staging", "discarded")]
    assert "Only a planned run can be discarded" in ask(about(run, "discard")).error


def test_what_cannot_be_read_is_removed(tmp_path, ask):
    run = new_run(tmp_path, *PLANNED)
    run.driver.store.files.record.write_text("{")
    assert ask(about(run, "discard")).text == f"{run.id} is removed. The audit trail keeps its lines."
    assert ask(AboutRuns()).environments[0].runs == ()


def test_this_kernels_own_run_is_canceled_where_it_runs(tmp_path, ask, magics):
    magics.latest = run = new_run(tmp_path, Status.PLANNING)
    magics.busy = True
    assert ask(about(run, "cancel")).text == f"{run.id} is being canceled."
    assert run.canceling


def test_a_past_run_has_a_card_and_stays_what_it_is(tmp_path, ask, magics):
    run = new_run(tmp_path, *PLANNED)
    run.discard()
    first, second = ask(about(run, "open")), ask(about(run, "open"))
    assert first.card
    assert second.card != first.card  # the one before is closed
    assert magics.renewed == []
    assert ask(AboutRun(type="open", folder="staging", run="run-20260101-120000-ffffff")).error


@pytest.mark.parametrize("folder", ["nowhere", "..", "/etc", "staging/../other"])
def test_only_environments_of_the_folder_are_acted_on(tmp_path, ask, folder):
    run = new_run(tmp_path, *PLANNED)
    answer = ask(AboutRun(type="discard", folder=folder, run=run.id))
    assert f'"{folder}" is not an environment of {tmp_path}' in answer.error
    assert run.driver.store.has_plan


HOLDS = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_that_was_left_behind_is_freed_once_the_person_agrees(tmp_path, ask):
    run = new_run(tmp_path, *PLANNED)
    run.discard()
    lock = run.driver.environment.files.lock
    words = {"purpose": f"apply, {run.id}", "pid": 2**22 + 1, "host": os.uname().nodename, "since": time.time()}
    lock.write_text(json.dumps(words))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as left:
        assert left.stdout.readline() == "held\n"
        assert ask(AboutRuns()).environments[0].can_unlock
        asked = ask(about(run, "unlock"))
        assert asked.agree.endswith('which Terraform left running. Free the lock of "staging"?')
        assert f"(process {left.pid})" in asked.agree
        assert lock.exists()
        assert "does not hold the lock" in ask(AboutRun(type="unlock", folder="staging", run="run-other")).error
        assert 'The lock of "staging" is free.' in ask(about(run, "unlock", agreed=True)).text
        left.stdin.close()
    assert not lock.exists()
    trail = [json.loads(line) for line in run.driver.environment.files.audit_trail.read_text().splitlines()]
    assert (trail[-1]["event"], trail[-1]["what"]) == ("forced_unlock", "environment")


def test_whoever_waits_is_answered_whatever_happens(ask, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.magics.run_actions.folder_runs", lambda *_: 1 / 0)
    assert ask(AboutRuns()).error == "ZeroDivisionError while the runs were looked at"


def test_a_run_that_was_discarded_elsewhere_takes_no_other_runs_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    load_ipython_extension(shell)
    magics = shell.magics_manager.registry["TfmfaMagics"]
    planned, latest = new_run(tmp_path, *PLANNED), new_run(tmp_path, *PLANNED, name="prod")
    for run in (planned, latest):
        magics.adopt(run.driver.environment.folder, run)
    again = Run(planned.driver.environment, Options(), tmp_path, planned.driver.store.load())
    magics.renew(again.driver.environment.folder, again)
    assert magics.latest is latest
    assert magics.known_run(planned.id) is again
    last = Run(latest.driver.environment, Options(), tmp_path, latest.driver.store.load())
    magics.renew(last.driver.environment.folder, last)
    assert magics.latest is last
    assert magics.known_run("run-x") is None
    unload_ipython_extension(shell)
