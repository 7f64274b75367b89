import json
import os
import time
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_plan import everything

from tfmfa_nb.doctor.local_checks import check_saved_plans
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import NEXT, Phase, Status
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_audit import AuditRules
from tfmfa_nb.protocol import layout
from tfmfa_nb.runs.engine.phase import phase_of
from tfmfa_nb.runs.events import LevelChanged, PhaseStarted
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.store import RunStore


def new_run(folder, **options):
    return Run(Environment.named("staging", folder), Options(**options), folder)


def test_a_new_run_has_a_folder_and_nothing_else(tmp_path):
    run = new_run(tmp_path)
    assert (run.status, run.environment, run.counts) == ("pending", "staging", None)
    assert run.log_path.startswith("staging/.tfmfa/runs/run-")
    assert run.log_file == tmp_path / run.log_path
    assert run.log_file.parent.stat().st_mode & 0o777 == 0o700
    assert run.seconds == 0
    with pytest.raises(RunStateError, match="there is no plan"):
        _ = run.plan


def test_a_plan_is_known_once_it_need_not_be_waited_for(tmp_path):
    run = new_run(tmp_path)
    assert run.known_plan is None
    for failure in (None, RunStateError("no plan")):
        run.driver.plan = Future()
        assert run.known_plan is None
        run.driver.plan.set_exception(failure) if failure else run.driver.plan.cancel()
        assert run.known_plan is None
    plan = everything()
    run.driver.plan = Future()
    run.driver.plan.set_result(plan)
    assert run.known_plan is plan


@settings(max_examples=60, deadline=None)
@given(wanted=st.lists(st.sampled_from(list(Status)), max_size=12))
def test_only_the_table_s_moves_happen_and_each_is_recorded(tmp_path_factory, wanted):
    run = new_run(tmp_path_factory.mktemp("run"))
    taken = []
    for status in wanted:
        before = Status(run.status)
        if status in NEXT.get(before, ()):
            run.driver.move(status)
            taken.append(str(status))
        else:
            with pytest.raises(RunStateError, match=f"is {before} cannot become {status}"):
                run.driver.move(status)
            assert run.status == before
    trail = [json.loads(line) for line in run.driver.store.trail.path.read_text().splitlines()] if taken else []
    assert [line["status"] for line in trail] == taken
    assert run.driver.store.trail.broken_at() is None
    if taken:
        assert json.loads((run.driver.store.files.folder / "run.json").read_text())["status"] == taken[-1]


def test_what_is_final_stays_so():
    for status in Status:
        assert status.final == (status not in NEXT)


@pytest.mark.parametrize("last", [status for status in Status if status.final])
def test_no_plan_outlives_a_final_status(tmp_path, last):
    run = new_run(tmp_path)
    run.driver.store.files.plan.write_bytes(b"plan")
    way = {
        Status.APPLIED: ["planning", "planned", "confirmed", "applying"],
        Status.PLANNED_AND_FINISHED: ["planning"],
        Status.FINISHED: ["running"],
    }
    for status in way.get(last, []):
        run.driver.move(Status(status))
        assert run.driver.store.files.plan.exists()
    run.driver.move(last)
    assert not run.driver.store.files.plan.exists()


def test_a_status_that_cannot_be_recorded_does_not_change(tmp_path):
    run = new_run(tmp_path)
    run.driver.store.trail.path.mkdir()
    with pytest.raises(ConfigurationError, match="audit trail"):
        run.driver.move(Status.PLANNING)
    assert run.status == "pending"


def test_what_has_ended_has_ended_though_it_cannot_be_recorded(tmp_path):
    run = new_run(tmp_path)
    run.driver.move(Status.PLANNING)
    run.driver.store.files.plan.write_bytes(b"plan")
    run.driver.store.trail.path.unlink()
    run.driver.store.trail.path.mkdir()
    with pytest.raises(ConfigurationError, match=r"audit trail.*cannot be written.*The run is errored nevertheless"):
        run.driver.move(Status.ERRORED)
    assert run.status == "errored"
    assert not run.driver.store.files.plan.exists()


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path):
    run = new_run(tmp_path)
    run.driver.store.files.log.mkdir()
    with (
        pytest.raises(ConfigurationError, match=r"run.log cannot be used: Is a directory") as caught,
        phase_of(run.driver, Phase.PLAN, Policy()),
    ):
        run.driver.store.log.append("x\n")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert (run.status, run.error) == ("errored", caught.value.problem)


def test_a_clock_that_was_set_back_makes_no_time_negative(tmp_path):
    run = new_run(tmp_path)
    run.apply(PhaseStarted(Phase.PLAN, 1000.0, 900.0))
    assert run.seconds == 0
    run.apply(PhaseStarted(Phase.PLAN, time.time() + 3600))
    assert run.seconds == 0


def test_only_a_plan_that_waits_can_be_discarded(tmp_path):
    run = new_run(tmp_path)
    with pytest.raises(RunStateError, match="Only a planned run"):
        run.discard()
    run.driver.move(Status.PLANNING)
    run.driver.move(Status.PLANNED)
    run.discard()
    assert run.status == "discarded"


def test_force_comes_only_after_a_graceful_stop(tmp_path):
    run = new_run(tmp_path)
    with pytest.raises(RunStateError, match="Cancel it first"):
        run.kill()
    run.cancel()
    run.kill()


class Stubborn:
    """A Terraform that does not stop by itself."""

    pid, started, alive = 4711, 1.0, True

    def __init__(self):
        self.killed = False

    def interrupt(self):
        return True

    def kill(self):
        self.killed = True


def test_what_cannot_be_recorded_does_not_keep_terraform_running(tmp_path):
    run, terraform = new_run(tmp_path), Stubborn()
    run.driver.attach(terraform)
    run.cancel()
    run.driver.store.trail.rules = AuditRules(sinks=("command:/nonexistent/ship",))
    with pytest.raises(ConfigurationError, match="was not received by command:/nonexistent/ship"):
        run.kill()
    assert terraform.killed
    assert run.driver.store.trail.lines()[-1]["event"] == "killed"


@given(first=st.sampled_from(list(Level)), then=st.sampled_from(list(Level)))
def test_apply_s_own_level_never_lowers(tmp_path_factory, first, then):
    run = new_run(tmp_path_factory.mktemp("run"), level=first)
    run.driver.tell(LevelChanged(first))
    run.driver.adjust(Options(level=then, lock_timeout="30s"))
    assert Level(run.level) == run.driver.options.level == Level.strictest(first, then)
    assert run.driver.options.lock_seconds == 30


def test_the_lock_and_its_words_change_as_one(tmp_path):
    run, seen = new_run(tmp_path), []
    run.observe(
        lambda _: seen.append((run.lock_indicator, run.lock_indicator_text, run.lock_indicator_remedy)),
        ["lock_indicator", "lock_indicator_text", "lock_indicator_remedy"],
    )
    run.driver.show_indicator(LockIndicator.FAILED, "wrong", "next")
    run.driver.show_indicator(LockIndicator.VERIFYING, "asking")
    assert set(seen) == {("failed", "wrong", "next"), ("verifying", "asking", "")}


def test_the_saved_plan_is_guarded_by_its_hash(tmp_path):
    store = new_run(tmp_path).driver.store
    files = store.files
    files.plan.write_bytes(b"plan")
    files.plan.chmod(0o644)
    digest = store.seal_plan()
    assert files.plan.stat().st_mode & 0o777 == 0o600
    store.check_plan(digest)
    files.plan.write_bytes(b"Plan")
    with pytest.raises(RunStateError, match="not the one that was shown"):
        store.check_plan(digest)
    store.drop_plan()
    with pytest.raises(RunStateError, match="no longer exists"):
        store.check_plan(digest)
    store.drop_plan()


def test_plans_that_earlier_runs_left_are_dropped(tmp_path):
    (other := tmp_path / "other").mkdir()
    left, mine = new_run(tmp_path), new_run(tmp_path)
    stores = [run.driver.store for run in (left, mine, new_run(other))]
    for store in stores:
        store.files.plan.write_bytes(b"plan")
    (left.log_file.parent / "plan.tfplan").write_bytes(b"where there was no place in memory")
    mine.driver.store.drop_other_plans()
    assert [store.files.plan.exists() for store in stores] == [False, True, True]


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """The user's folder in memory."""
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def test_a_saved_plan_is_not_in_the_environment_but_in_memory(tmp_path, runtime):
    before = os.umask(0)
    try:
        plan = new_run(tmp_path).driver.store.files.plan
    finally:
        os.umask(before)
    assert plan.parent == runtime / "tfmfa_nb"
    assert plan.parent.stat().st_mode & 0o777 == 0o700
    assert plan.name.startswith("staging-")
    assert not plan.exists()


def test_a_saved_plan_is_found_by_a_kernel_with_other_variables(tmp_path, runtime, monkeypatch):
    store = new_run(tmp_path).driver.store
    store.files.plan.write_bytes(b"plan")
    placed = store.files.plan
    another = tmp_path / "another"
    another.mkdir()
    monkeypatch.setattr(layout, "plan_folders", lambda: [another, runtime / "tfmfa_nb"])
    assert store.files.plan == placed


def test_a_folder_of_somebody_else_or_none_in_memory_is_not_used(tmp_path, runtime, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (runtime / "tfmfa_nb").symlink_to(tmp_path / "elsewhere")
    assert runtime / "tfmfa_nb" not in layout.plan_folders()
    (runtime / "tfmfa_nb").unlink()
    (runtime / "tfmfa_nb").mkdir()
    assert layout.plan_folders()[0] == runtime / "tfmfa_nb"
    monkeypatch.setattr(layout.os, "getuid", lambda: 12_345)
    assert runtime / "tfmfa_nb" not in layout.plan_folders()
    monkeypatch.setattr(layout, "plan_folders", list)
    store = new_run(tmp_path).driver.store
    assert store.files.plan == store.files.folder / "plan.tfplan"


@pytest.mark.usefixtures("runtime")
def test_a_saved_plan_is_kept_for_a_week(tmp_path):
    old, new = (new_run(tmp_path).driver.store.files.plan for _ in range(2))
    for plan, days in ((old, 7.1), (new, 6.9)):
        plan.write_bytes(b"plan")
        os.utime(plan, (time.time() - days * 86_400,) * 2)
    assert check_saved_plans().severity == "warning"
    assert new.name in check_saved_plans().text
    new_run(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)
    new.unlink()
    assert new.name not in check_saved_plans().text


def test_a_view_that_fails_does_not_stop_the_run(tmp_path, caplog):
    run = new_run(tmp_path)

    def fails(_change):
        raise BrokenPipeError

    run.observe(fails)
    run.driver.move(Status.PLANNING)
    run.driver.show_indicator(LockIndicator.REQUIRED, "a code")
    assert (run.status, run.lock_indicator_text) == ("planning", "a code")
    assert "A view of run-" in caplog.text


@pytest.mark.parametrize("other", ["/etc", "run-20260101-000000-abcdef", "../../elsewhere"])
def test_a_record_cannot_lead_to_another_folder(tmp_path, other):
    run = new_run(tmp_path)
    run.driver.save()
    path = run.driver.store.files.record
    path.write_text(json.dumps({**json.loads(path.read_text()), "id": other}))
    with pytest.raises(RunStateError, match="record of run-"):
        run.driver.store.load()
    with pytest.raises(RunStateError):
        RunStore(run.driver.environment, other).load()
