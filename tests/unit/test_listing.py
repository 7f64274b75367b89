"""Which runs an environment has, what a person means by a part of an id, and how the list reads."""

import fcntl
import gc
import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.doctor.leftover_checks import check_leftovers
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.events import Authenticated, BackendKnown, PhaseStarted
from tfmfa_nb.runs.history.listing import find_run, list_runs, matching
from tfmfa_nb.runs.history.never_started import check_started
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.views.run_list import _age, listing_html, listing_text

IDS = st.from_regex(r"run-2026(0[1-9]|1[0-2])(0[1-9]|1[0-9])-[01][0-9][0-5][0-9][0-5][0-9]-[0-9a-f]{6}", fullmatch=True)
PLANNED = [Status.PLANNING, Status.PLANNED]


def environment(base, name="staging"):
    return Environment.named(name, base)


def new_run(base, *moves, name="staging", run_id=None):
    there, record = environment(base, name), None
    if run_id:
        there.ensure()
        there.files.run(run_id).folder.mkdir(parents=True)
        record = RunRecord(run_id, name)
    run = Run(there, Options(), base, record)
    for status in moves:
        phase = Phase.APPLY if status in {Status.CONFIRMED, Status.APPLYING} else Phase.PLAN
        run.driver.tell(PhaseStarted(phase, time.time()))
        run.driver.move(status)
    return run


def hold(base, run, pid, name="staging"):
    """The environment's lock, held for `run` by a process that claims to be `pid`."""
    fd = os.open(environment(base, name).files.lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    words = {"purpose": f"apply, {run}", "pid": pid, "host": os.uname().nodename, "since": time.time()}
    os.ftruncate(fd, 0)
    os.pwrite(fd, json.dumps(words).encode(), 0)
    return fd


@given(ids=st.lists(IDS, min_size=1, max_size=12, unique=True), data=st.data())
def test_a_part_that_one_id_alone_has_means_that_one(ids, data):
    one = data.draw(st.sampled_from(ids))
    start = data.draw(st.integers(0, len(one) - 1))
    part = one[start : data.draw(st.integers(start + 1, len(one)))]
    found = matching(ids, part)
    assert set(found) <= {each for each in ids if part in each}
    assert found  # it is part of one of them
    if sum(part in each for each in ids) == 1:
        assert found == [one]
    assert matching(ids, one) == [one]
    assert matching(ids, part.upper()) == found


@given(ids=st.lists(IDS, max_size=8, unique=True), text=st.text(max_size=30))
def test_what_is_part_of_no_id_means_none(ids, text):
    assert all(text.strip().lower() in one for one in matching(ids, text))
    assert matching(ids, " ") == []


def test_an_end_or_a_beginning_goes_before_what_is_in_the_middle():
    ids = ["run-20260101-000000-012026", "run-20260102-000000-aaaaaa"]
    assert matching(ids, "20260102") == [ids[1]]
    assert matching(ids, "012026") == [ids[0]]


def test_looking_at_an_environment_makes_nothing(tmp_path):
    assert list_runs(environment(tmp_path), 20).total == 0
    assert listing_text(list_runs(environment(tmp_path), 20)) == '"staging" has no runs yet'
    with pytest.raises(RunStateError, match="has no runs"):
        find_run(environment(tmp_path), "latest")
    assert list(tmp_path.iterdir()) == []


def test_the_newest_comes_first_and_the_list_is_bounded(tmp_path):
    ids = [f"run-2026010{day}-120000-00000{day}" for day in range(1, 8)]
    for run_id in ids:
        new_run(tmp_path, *PLANNED, run_id=run_id)
    listing = list_runs(environment(tmp_path), 3)
    assert [run.id for run in listing.runs] == ids[:3:-1]
    assert listing.total == 7
    text = listing_text(listing)
    assert 'Runs of "staging", newest first, 3 of 7' in text
    assert "%tfruns -e staging --limit 7" in text
    assert find_run(environment(tmp_path), "latest") == ids[-1]
    assert find_run(environment(tmp_path), "LATEST".lower(), lambda run: run.id < ids[2]) == ids[1]
    assert find_run(environment(tmp_path), "latest", lambda _: False) == ids[-1]


def test_errors_name_what_there_is(tmp_path):
    mine = new_run(tmp_path, run_id="run-20260101-120000-aaaaaa")
    new_run(tmp_path, run_id="run-20260101-130000-aaaaab")
    other = new_run(tmp_path, name="prod", run_id="run-20260102-120000-bbbbbb")
    with pytest.raises(RunStateError, match=r"matches 2 runs: run-20260101-13.*, run-20260101-12") as caught:
        find_run(environment(tmp_path), "20260101")
    assert "Use a longer part of the ID" in caught.value.remedy
    with pytest.raises(RunStateError, match=f'{other.id} is a run of "prod", not of "staging"') as caught:
        find_run(environment(tmp_path), "bbbbbb")
    assert "-e prod" in caught.value.remedy
    with pytest.raises(RunStateError, match="has no run 'run-20260101-120000-aaaaxx'") as caught:
        find_run(environment(tmp_path), "run-20260101-120000-aaaaxx")
    assert f"Similar: {mine.id}" in caught.value.remedy
    with pytest.raises(RunStateError) as caught:
        find_run(environment(tmp_path), "zzz")
    assert "The newest: run-20260101-13" in caught.value.remedy


GARBLED = [
    "", "{", "[]", "null", '"x"', "{}", "\x00\xff", "[" * 100_000,
    '{"status": "flying", "phase": "plan"}',
    '{"status": "applied", "phase": "nap", "counts": null, "authenticated_by": "", "started_at": 0}',
    '{"status": "applied", "phase": "plan", "counts": [1], "authenticated_by": "", "started_at": 0}',
    '{"status": "applied", "phase": "plan", "counts": {"add": "x"}, "authenticated_by": "", "started_at": 0}',
    '{"status": "applied", "phase": "plan", "counts": {"add": 1e999}, "authenticated_by": "", "started_at": 0}',
    '{"status": "applying", "phase": "apply", "process": {"pid": "x"}, "counts": null, "authenticated_by": ""}',
    '{"status": "applied", "phase": "plan", "counts": null, "authenticated_by": "", "started_at": "soon"}',
    '{"status": ["applied"], "phase": "plan"}',
]  # fmt: skip


@pytest.mark.parametrize("text", GARBLED, ids=range(len(GARBLED)))
def test_a_record_that_cannot_be_read_is_listed_as_such_with_the_others(tmp_path, text):
    good = new_run(tmp_path, *PLANNED, run_id="run-20260101-120000-aaaaaa")
    bad = new_run(tmp_path, run_id="run-20260101-130000-aaaaab")
    (bad.driver.store.files.folder / "run.json").write_text(text, encoding="latin-1")
    listing = list_runs(environment(tmp_path), 20)
    assert [(run.id, run.status) for run in listing.runs] == [(bad.id, None), (good.id, Status.PLANNED)]
    assert "record not valid" in listing_text(listing)
    assert "record not valid" in listing_html(listing)


@given(record=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([*map(str, Status), "plan", "apply"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["status", "phase", "counts", "authenticated_by", "started_at", "process", "pid", "started"]),
        inner,
        max_size=6,
    ),
))  # fmt: skip
def test_no_record_stops_the_list(tmp_path_factory, record):
    base = tmp_path_factory.mktemp("garbled")
    run = new_run(base)
    (run.driver.store.files.folder / "run.json").write_text(json.dumps(record))
    listing = list_runs(environment(base), 20)
    assert [one.id for one in listing.runs] == [run.id]
    assert run.id in listing_text(listing)
    assert run.id in listing_html(listing)


def test_what_is_no_run_is_not_listed(tmp_path):
    run = new_run(tmp_path, *PLANNED)
    runs = run.driver.store.files.folder.parent
    (runs / "notes").mkdir()
    (runs / "run-20260101-120000-ffffff").write_text("a file")
    (runs / "run-20260102-120000-eeeeee").symlink_to(run.driver.store.files.folder)
    (runs / "run-20269999-999999-dddddd").mkdir()
    assert run_ids(environment(tmp_path)) == ["run-20269999-999999-dddddd", run.id]
    assert list_runs(environment(tmp_path), 20).runs[0].started_at == 0


def test_a_run_that_goes_on_is_told_with_the_very_command(tmp_path):
    run = new_run(tmp_path, *PLANNED, Status.CONFIRMED, Status.APPLYING)
    gone = hold(tmp_path, run.id, 2**22 + 1)
    text = listing_text(list_runs(environment(tmp_path), 20))
    assert "is still running (its kernel has exited)" in text
    assert f"%tfruns -e staging follow {run.id}" in text
    assert f"%tfruns -e staging cancel {run.id}" in text
    assert f"locked by a run: apply, {run.id}, started by process {2**22 + 1}, since" in text
    os.close(gone)
    text = listing_text(list_runs(environment(tmp_path), 20))
    assert "Applying, end not recorded" in text
    assert f"To record how it ended: %tfruns -e staging follow {run.id}" in text
    assert "locked" not in text
    with_kernel = hold(tmp_path, run.id, os.getpid())
    assert f"{run.id} is still running. To follow" in listing_text(list_runs(environment(tmp_path), 20))
    os.close(with_kernel)


def test_a_run_whose_terraform_has_ended_does_not_go_on_because_a_program_that_it_left_has_the_lock(tmp_path):
    run = new_run(tmp_path, *PLANNED, Status.CONFIRMED, Status.APPLYING)
    fd = hold(tmp_path, run.id, 2**22 + 1)
    run.driver.store.files.exit_of("apply").write_text(
        '{"exit_code": 0, "interrupted": false, "killed": false, "ended": 1}'
    )
    (listed,) = list_runs(environment(tmp_path), 20).runs
    assert listed.end_unrecorded
    free = "That run has ended. To free the lock that it left behind: %tfruns -e staging unlock"
    assert free in listing_text(list_runs(environment(tmp_path), 20))
    os.close(fd)
    assert free not in listing_text(list_runs(environment(tmp_path), 20))


def test_a_run_that_asks_before_it_has_a_record_is_pending(tmp_path):
    run = new_run(tmp_path)
    (listed,) = list_runs(environment(tmp_path), 20).runs
    assert (listed.status, listed.running) == (Status.PENDING, True)
    assert f"{run.id} has not started yet." in listing_text(list_runs(environment(tmp_path), 20))
    with pytest.raises(RunStateError, match="has not started yet"):
        check_started(environment(tmp_path), run.id)


@pytest.mark.parametrize(
    ("level", "why"),
    [
        (None, "before Terraform was started"),
        ("never", "before Terraform was started"),
        ("applies only", "before Terraform was started"),
        ("plans and applies", "while it waited for a code"),
        (7, "before Terraform was started"),
    ],
)
def test_a_run_whose_kernel_ended_before_it_started_says_so(tmp_path, level, why):
    run = new_run(tmp_path)
    if level is not None:
        run.driver.store.audit("phase", phase="plan", level=level)
    run_id = run.id
    del run  # as its kernel's end does
    gc.collect()
    text = listing_text(list_runs(environment(tmp_path), 20))
    assert "Never started" in text
    assert f"{run_id} never started: it ended {why}. To remove it: %tfruns -e staging discard {run_id}" in text
    assert f"never started: it ended {why}" in listing_html(list_runs(environment(tmp_path), 20))
    with pytest.raises(RunStateError, match=f"it ended {why}"):
        check_started(environment(tmp_path), run_id)
    assert check_leftovers(environment(tmp_path)).text == "1 never started."


def test_a_run_whose_record_somebody_has_deleted_is_not_said_to_have_never_started(tmp_path):
    run = new_run(tmp_path, *PLANNED)
    run.driver.store.files.record.unlink()
    text = listing_text(list_runs(environment(tmp_path), 20))
    assert "record not valid" in text
    assert f"{run.id} cannot be read: its record is missing or not valid. To remove it" in text
    check_started(environment(tmp_path), run.id)
    assert check_leftovers(environment(tmp_path)).text == "1 cannot be read."


def test_the_doctor_has_nothing_to_say_where_nothing_is_left_over(tmp_path):
    new_run(tmp_path, *PLANNED)
    assert check_leftovers(environment(tmp_path)).severity == "ok"


def test_the_doctor_knows_an_old_copy_of_a_state_and_it_goes_with_its_run(tmp_path):
    run = new_run(tmp_path, *PLANNED)
    (run.driver.store.files.folder / "state.tfstate").write_text("{}")
    assert check_leftovers(environment(tmp_path)).severity == "ok"
    old_id = f"run-20200101-120000-{run.id[-6:]}"
    folder = run.driver.store.files.folder.rename(run.driver.store.files.folder.parent / old_id)
    (folder / "run.json").write_text((folder / "run.json").read_text().replace(run.id, old_id))
    found = check_leftovers(environment(tmp_path))
    assert (found.severity, found.text) == (
        "warning",
        "1 with a copy of the state, which has secrets in it, for more than a week.",
    )
    RunStore(environment(tmp_path), old_id).remove()
    assert not folder.exists()


def test_a_plan_that_waits_and_one_that_is_gone(tmp_path):
    run = new_run(tmp_path, *PLANNED)
    run.driver.store.files.plan.write_bytes(b"plan")
    assert f"is waiting to be applied. To show it before %tfapply: %tfruns -e staging open {run.id}" in listing_text(
        list_runs(environment(tmp_path), 20)
    )
    run.driver.store.drop_plan()
    assert "Planned, plan deleted" in listing_text(list_runs(environment(tmp_path), 20))


def test_strangers_text_is_text(tmp_path):
    run = new_run(tmp_path, *PLANNED)
    run.driver.tell(Authenticated("<img src=x>\x1b[31m\u202eecila" + "x" * 500))
    run.driver.save()
    listing = list_runs(environment(tmp_path), 20)
    html, text = listing_html(listing), listing_text(listing)
    assert "<img" not in html
    assert "\x1b" not in text
    assert "\u202e" not in text + html
    assert len(text) < 600


def test_a_configuration_of_its_own_folder_is_named_by_it(tmp_path):
    (tmp_path / "two words").mkdir()
    (tmp_path / "two words" / "main.tf").write_text("")
    there = Environment.at("two words", tmp_path)
    Run(there, Options(), tmp_path).driver.move(Status.PLANNING)
    assert "%tfruns -C 'two words' follow run-" in listing_text(list_runs(there, 20))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7_199, "1 h ago"), (10**8, "1,157 d ago")],
)
def test_ages(seconds, words):
    assert _age(seconds) == words


def test_runs_are_separated_by_the_key_of_their_state(tmp_path):
    for key in ("states/a", "states/a"):
        run = new_run(tmp_path, Status.PLANNING)
        run.driver.tell(BackendKnown(key))
        run.driver.move(Status.PLANNED_AND_FINISHED)
    assert "newest first, state in s3://states/a" in listing_text(list_runs(environment(tmp_path), 9)).splitlines()[0]
    new_run(tmp_path, *PLANNED)  # not known
    other = new_run(tmp_path, Status.PLANNING)
    other.driver.tell(BackendKnown("states/<b>"))
    other.driver.move(Status.PLANNED_AND_FINISHED)
    listing = list_runs(environment(tmp_path), 9)
    lines = listing_text(listing).splitlines()
    assert "State " in lines[1]
    assert [line.split()[0] for line in lines if "states/<b>" in line] == [other.id]
    assert "states/&lt;b&gt;" in listing_html(listing)
    # The trail has it too, so that an edited record does not hide it.
    file = other.driver.store.files.record
    file.write_text(file.read_text().replace("states/<b>", "states/a"))
    with pytest.raises(RunStateError, match='its state is "states/a"'):
        read_verified(environment(tmp_path), other.id)
