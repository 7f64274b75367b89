"""`jupyter tfmfa records`: what is listed, exported and removed, and what is never removed."""

import fcntl
import json
import os
import socket
import time

import pytest

from tfmfa_nb.app import main
from tfmfa_nb.doctor.leftover_checks import check_disk_use
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.history.disk_use import size_text
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.run_ids import run_ids

DAY = 86_400


@pytest.fixture(autouse=True)
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Environment.named("staging", tmp_path)


def made(environment, days, *statuses, plan=False):
    """A run that was started so many days ago, and went through these statuses."""
    at = time.time() - days * DAY
    run_id = f"{time.strftime('run-%Y%m%d-%H%M%S', time.gmtime(at))}-{len(run_ids(environment)):06x}"
    environment.ensure()
    environment.files.run(run_id).folder.mkdir(parents=True)
    run = Run(environment, Options(), environment.folder, RunRecord(run_id, environment.name, started_at=at))
    for status in statuses:
        run.driver.move(status)
    if plan:
        place = environment.files.run(run_id).plan
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.write_text("plan")
    return run_id


APPLIED = (Status.PLANNING, Status.PLANNED, Status.CONFIRMED, Status.APPLYING, Status.APPLIED)
PLANNED = APPLIED[:2]


def records(*arguments):
    return main(["records", *arguments])


def test_old_runs_are_removed_by_age_and_count_and_the_trail_keeps_all_lines(there, capsys):
    ids = [made(there, days, *APPLIED) for days in (100, 95, 40, 1)]
    trail = AuditTrail(there.files.audit_trail)
    before = trail.raw_lines()
    assert records("prune", "--older-than", "30", "--keep", "2", "--dry-run") == 0
    said = capsys.readouterr().out
    assert said.splitlines() == [
        '"staging": 2 runs would be removed.',
        f"  would be removed: {ids[1]}",
        f"  would be removed: {ids[0]}",
    ]
    assert (run_ids(there), trail.raw_lines()) == (ids[::-1], before)
    assert records("prune", "--older-than", "30", "--keep", "2") == 0
    assert capsys.readouterr().out == said.replace("would be removed", "removed")
    assert run_ids(there) == [ids[3], ids[2]]
    after = trail.lines()
    assert trail.raw_lines()[: len(before)] == before
    assert [(line["event"], line.get("runs")) for line in after[len(before) :]] == [("removed", [ids[1], ids[0]])]
    assert trail.broken_at() is None


def test_what_is_alive_waits_or_may_be_applied_is_never_removed(there, capsys):
    pending_plan = made(there, 100, *PLANNED, plan=True)
    unrecorded = made(there, 99, *APPLIED[:4])
    newer = made(there, 98, *APPLIED)
    document = json.loads(there.files.run(newer).record.read_text())
    there.files.run(newer).record.write_text(json.dumps({**document, "format_version": 99}))
    starting = made(there, 97)
    there.files.run(starting).record.unlink(missing_ok=True)
    fd = os.open(there.files.run(starting).pending, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    discarded = made(there, 96, *PLANNED)
    assert records("prune", "--keep", "0") == 0
    os.close(fd)
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ['"staging": 1 run removed; 4 that are old enough stay.', f"  removed: {discarded}"]
    assert dict(line.removeprefix("  kept: ").split(", because ") for line in said[2:]) == {
        starting: "it has not started yet",
        newer: "a newer version of tfmfa_nb has written its record",
        unrecorded: "it is still running, or how it ended is not recorded",
        pending_plan: "its plan is pending",
    }
    there.files.run(pending_plan).plan.unlink()


def test_a_run_that_waits_is_never_removed(there, capsys, monkeypatch):
    waiting = made(there, 100, *PLANNED)
    answers = {(there.folder, waiting): "code"}
    monkeypatch.setattr("tfmfa_nb.runs.history.retention.waiting_among", lambda runs: answers if [*runs] else {})
    assert records("prune", "--keep", "0") == 0
    assert f"kept: {waiting}, because it waits for an answer" in capsys.readouterr().out


def test_nothing_is_removed_while_a_run_holds_the_lock(there, capsys):
    made(there, 100, *APPLIED)
    fd = os.open(there.files.lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    held = {"purpose": "apply, x", "pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
    os.pwrite(fd, json.dumps(held).encode(), 0)
    assert records("prune", "--keep", "0") == 1
    os.close(fd)
    assert len(run_ids(there)) == 1
    assert "lock" in capsys.readouterr().err


def test_without_a_bound_nothing_is_removed(there, capsys):
    made(there, 100, *APPLIED)
    assert records("prune") == 2
    assert capsys.readouterr().err.startswith("Neither --older-than nor --keep is given.")


@pytest.mark.parametrize(
    "arguments",
    [("--older-than", "-1"), ("--older-than", "nan"), ("--older-than", "old"), ("--keep", "-1"), ("--keep", "1.5")],
)
def test_a_bound_is_a_number(arguments):
    with pytest.raises(SystemExit) as ended:
        records("prune", *arguments)
    assert ended.value.code == 2


def test_each_line_of_the_export_is_a_record(there, capsys, tmp_path):
    good, bad = made(there, 3, *APPLIED), made(there, 2, *APPLIED)
    changed = made(there, 1, *APPLIED)
    there.files.run(bad).record.write_text("{}")
    path = there.files.run(changed).record
    path.write_text(path.read_text().replace('"workspace": ""', '"workspace": "x"'))
    assert records("export", "-e", "staging") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["id"], line.get("confirmed")) for line in lines] == [(changed, False), (bad, None), (good, True)]
    assert (lines[2]["status"], lines[2]["phase"]) == (str(Status.APPLIED), str(Phase.PLAN))
    assert "is not valid" in lines[1]["problem"]
    assert all(line["folder"] == str(there.folder) and line["bytes"] > 0 for line in lines)
    assert records("export", "-o", "out.jsonl") == 0
    assert [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        changed,
        bad,
        good,
    ]
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == 0o600
    assert records("export", "-o", "out.jsonl") == 2
    assert "exists" in capsys.readouterr().err


def test_the_list_says_how_much_of_the_disk_is_taken(there, capsys):
    run_id = made(there, 3, *APPLIED)
    assert records("list") == 0
    said = capsys.readouterr().out
    assert run_id in said
    assert said.splitlines()[-1] == "1 run takes 1 kB, and the audit trail 3 kB."
    assert check_disk_use(there).text == said.splitlines()[-1]


def test_much_disk_use_is_told_with_the_command_that_shows_what_could_go(there, monkeypatch):
    made(there, 3, *APPLIED)
    monkeypatch.setattr("tfmfa_nb.doctor.leftover_checks._MUCH", 1)
    found = check_disk_use(there)
    assert (found.severity, found.remedy.partition(": ")[2]) == (
        "warning", "jupyter tfmfa records prune --older-than 90 --dry-run",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "No environment in "),
        (["-e", "staging"], '"staging" has no runs.'),
        (["-C", "."], '"." has no runs.'),
    ],
)
def test_where_there_is_nothing_it_says_so_and_makes_nothing(tmp_path, capsys, arguments, says):
    for command in (["list"], ["export"], ["prune", "--keep", "1"]):
        assert records(*command, *arguments) == 2
        assert capsys.readouterr().err.startswith(says)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "text"), [(0, "1 kB"), (1_234, "1 kB"), (999_000, "999 kB"), (3_400_000, "3.4 MB"), (5e12, "5.0 TB")]
)
def test_sizes_are_for_people(size, text):
    assert size_text(size) == text


def test_runs_to_which_a_link_leads_are_not_removed(there, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    mine = Environment.named("prod", tmp_path / "mine")
    kept = made(mine, 100, *PLANNED, plan=True)
    there.ensure()
    there.files.runs.symlink_to(mine.files.runs)
    for more in ((), ("--dry-run",)):
        assert records("prune", "--older-than", "0", "--keep", "0", "-e", "staging", *more) == 2
        assert f"{there.files.runs} is a symbolic link" in capsys.readouterr().err
    assert run_ids(mine) == [kept]
