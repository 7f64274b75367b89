import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import NEXT, Phase, Status
from tfmfa_nb.runs.engine.outcome import phase_of
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run


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


@settings(max_examples=60, deadline=None)
@given(wanted=st.lists(st.sampled_from(list(Status)), max_size=12))
def test_only_the_table_s_moves_happen_and_each_is_recorded(tmp_path_factory, wanted):
    run = new_run(tmp_path_factory.mktemp("run"))
    taken = []
    for status in wanted:
        before = Status(run.status)
        if status in NEXT.get(before, ()):
            run._move(status)
            taken.append(str(status))
        else:
            with pytest.raises(RunStateError, match=f"is {before} cannot become {status}"):
                run._move(status)
            assert run.status == before
    trail = [json.loads(line) for line in run._audit.path.read_text().splitlines()] if taken else []
    assert [line["status"] for line in trail] == taken
    assert run._audit.broken_at() is None
    if taken:
        assert json.loads((run._files.path / "run.json").read_text())["status"] == taken[-1]


def test_what_is_final_stays_so():
    for status in Status:
        assert status.final == (status not in NEXT)


@pytest.mark.parametrize("last", [status for status in Status if status.final])
def test_no_plan_outlives_a_final_status(tmp_path, last):
    run = new_run(tmp_path)
    run._files.plan.write_bytes(b"plan")
    way = {Status.APPLIED: ["planning", "planned", "confirmed", "applying"], Status.PLANNED_AND_FINISHED: ["planning"]}
    for status in way.get(last, []):
        run._move(Status(status))
        assert run._files.plan.exists()
    run._move(last)
    assert not run._files.plan.exists()


def test_a_status_that_cannot_be_recorded_does_not_change(tmp_path):
    run = new_run(tmp_path)
    run._audit.path.mkdir()
    with pytest.raises(ConfigurationError, match="audit trail"):
        run._move(Status.PLANNING)
    assert run.status == "pending"


def test_what_has_ended_has_ended_though_it_cannot_be_recorded(tmp_path):
    run = new_run(tmp_path)
    run._move(Status.PLANNING)
    run._files.plan.write_bytes(b"plan")
    run._audit.path.unlink()
    run._audit.path.mkdir()
    with pytest.raises(ConfigurationError, match=r"audit trail.*cannot be written.*The run is errored all the same"):
        run._move(Status.ERRORED)
    assert run.status == "errored"
    assert not run._files.plan.exists()


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path):
    run = new_run(tmp_path)
    run._files.log.mkdir()
    with (
        pytest.raises(ConfigurationError, match=r"run.log cannot be used: Is a directory") as caught,
        phase_of(run, Phase.PLAN),
    ):
        run._log.append("x\n")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert (run.status, run.error) == ("errored", caught.value.problem)


def test_a_clock_that_was_set_back_makes_no_time_negative(tmp_path):
    run = new_run(tmp_path)
    run.started_at, run.ended_at = 1000.0, 900.0
    assert run.seconds == 0
    run.started_at, run.ended_at = time.time() + 3600, 0.0
    assert run.seconds == 0


def test_only_a_plan_that_waits_can_be_discarded(tmp_path):
    run = new_run(tmp_path)
    with pytest.raises(RunStateError, match="Only a planned run"):
        run.discard()
    run._move(Status.PLANNING)
    run._move(Status.PLANNED)
    run.discard()
    assert run.status == "discarded"


def test_force_comes_only_after_a_graceful_stop(tmp_path):
    run = new_run(tmp_path)
    with pytest.raises(RunStateError, match="Cancel it first"):
        run.kill()
    run.cancel()
    run.kill()


@given(first=st.sampled_from(list(Level)), then=st.sampled_from(list(Level)))
def test_apply_s_own_level_never_lowers(tmp_path_factory, first, then):
    run = new_run(tmp_path_factory.mktemp("run"), level=first)
    run.level = str(first)
    run.adjust(Options(level=then, lock_timeout="30s"))
    assert Level(run.level) == run._options.level == Level.strictest(first, then)
    assert run._options.lock_seconds == 30


def test_the_lock_and_its_words_change_as_one(tmp_path):
    run, seen = new_run(tmp_path), []
    run.observe(
        lambda _: seen.append((run.lock_indicator, run.lock_indicator_text, run.lock_indicator_remedy)),
        ["lock_indicator", "lock_indicator_text", "lock_indicator_remedy"],
    )
    run._show_lock(LockIndicator.FAILED, "wrong", "next")
    run._show_lock(LockIndicator.VERIFYING, "asking")
    assert set(seen) == {("failed", "wrong", "next"), ("verifying", "asking", "")}


def test_the_saved_plan_is_guarded_by_its_hash(tmp_path):
    files = new_run(tmp_path)._files
    files.plan.write_bytes(b"plan")
    files.plan.chmod(0o644)
    digest = files.seal_plan()
    assert files.plan.stat().st_mode & 0o777 == 0o600
    files.check_plan(digest)
    files.plan.write_bytes(b"Plan")
    with pytest.raises(RunStateError, match="not the one that was shown"):
        files.check_plan(digest)
    files.drop_plan()
    with pytest.raises(RunStateError, match="is gone"):
        files.check_plan(digest)
    files.drop_plan()


def test_plans_that_earlier_runs_left_are_dropped(tmp_path):
    left, mine = new_run(tmp_path), new_run(tmp_path)
    left._files.plan.write_bytes(b"left")
    mine._files.plan.write_bytes(b"mine")
    mine._files.drop_other_plans()
    assert not left._files.plan.exists()
    assert mine._files.plan.exists()


def test_a_view_that_fails_does_not_stop_the_run(tmp_path, caplog):
    run = new_run(tmp_path)

    def fails(_change):
        raise BrokenPipeError

    run.observe(fails)
    run._move(Status.PLANNING)
    run._show_lock(LockIndicator.REQUIRED, "a code")
    assert (run.status, run.lock_indicator_text) == ("planning", "a code")
    assert "A view of run-" in caplog.text
