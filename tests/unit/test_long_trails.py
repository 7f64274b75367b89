"""A trail of years: nothing of it is read where nothing has changed, and whatever has changed is found."""

import hashlib
import json
import os
import sqlite3
from contextlib import closing

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES
from tfmfa_nb.runbooks.trail_checks import environment_checks, trail_checks
from tfmfa_nb.runs.approvals.approvable import planned_record
from tfmfa_nb.runs.audit import trail_file
from tfmfa_nb.runs.audit.integrity import change_since_last_run, trail_problem
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.audit.trail_index import TrailIndex
from tfmfa_nb.runs.audit.witness import Change
from tfmfa_nb.runs.history.confirmation import confirmation_of
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

LINES = 600  # more than a trail without an index has


def fill(path, lines=LINES):
    """Lines of other runs, whose hash chain is intact, as if they came from elsewhere."""
    text, previous = [], "0" * 64
    for number in range(lines):
        facts = {"event": "phase", "run": f"run-{number % 50}", "number": number, "text": "x" * 100}
        text.append(json.dumps({**facts, "previous": previous}))
        previous = hashlib.sha256(text[-1].encode()).hexdigest()
    path.write_text("".join(f"{line}\n" for line in text))


@pytest.fixture
def trail(tmp_path):
    path = tmp_path / "audit.jsonl"
    fill(path)
    found = AuditTrail(path)
    found.write("status", run="run-7", status="planned")
    return found


@pytest.fixture
def index(trail):
    return trail.witness.paths[0].with_suffix(".index")


@pytest.fixture
def bytes_read(monkeypatch):
    """How many bytes of trails were read."""
    read = [0]
    pread = os.pread

    def counted(fd, size, at):
        read[0] += size
        return pread(fd, size, at)

    monkeypatch.setattr(os, "pread", counted)
    whole = trail_file.lines_of

    def all_of(file):
        read[0] += 1 << 30
        return whole(file)

    monkeypatch.setattr("tfmfa_nb.runs.audit.trail.lines_of", all_of)
    return read


def in_place(trail, old, new):
    """Change some bytes of a trail as an editor that keeps its length, and set its time back."""
    status, content = trail.path.stat(), trail.path.read_bytes()
    assert len(old) == len(new)
    assert old in content
    with trail.path.open("r+b") as file:
        file.write(content.replace(old, new, 1))
    os.utime(trail.path, ns=(status.st_atime_ns, status.st_mtime_ns))


def forge(trail):
    """A checkpoint that says of the trail as it is now that its chain was followed."""
    status = trail.path.stat()
    seen = {"inode": status.st_ino, "size": status.st_size}
    seen |= {"modified": status.st_mtime_ns, "changed": status.st_ctime_ns}
    for path in trail.witness.paths:
        path.write_text(json.dumps({**json.loads(path.read_text()), "seen": seen}))


def failed(checks):
    return [check.statement for check in checks if not check.passed]


def test_where_nothing_has_changed_nothing_is_read_whole(trail, bytes_read):
    trail.of_runs({"run-7"})  # makes the index
    bytes_read[0] = 0
    trail.write("status", run="run-7", status="applied")
    assert trail_problem(trail) is None
    assert change_since_last_run(trail) == ""
    assert trail.end()[0] == LINES + 2
    assert [line["status"] for line in trail.of_runs({"run-7"})["run-7"][-2:]] == ["planned", "applied"]
    assert bytes_read[0] < 1 << 20


@pytest.mark.parametrize("runs", [{"run-7"}, {"run-7", "run-8"}, {"run-none"}, set()])
def test_the_index_finds_what_a_whole_reading_finds(trail, index, runs):
    def whole():
        found = {}
        for line in trail.lines():
            if line.get("run") in runs:
                found.setdefault(line["run"], []).append(line)
        return found

    for number in range(3 * LINES):
        if number % LINES in {0, 1, 350}:
            assert trail.of_runs(runs) == whole()
        if number < LINES // 2:
            trail.write("phase", run=f"run-{number % 9}", text="x" * 200)
    assert trail.of_runs(runs) == whole()
    assert index.stat().st_mode & 0o777 == 0o600


def test_a_short_trail_has_no_index(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("status", run="run-1", status="planned")
    assert [line["status"] for line in trail.of_runs({"run-1"})["run-1"]] == ["planned"]
    assert not trail.witness.paths[0].with_suffix(".index").exists()


@pytest.mark.parametrize("how", ["empty", "torn", "nonsense", "another"])
def test_a_torn_index_is_made_anew(trail, index, how, tmp_path):
    said = trail.of_runs({"run-7"})
    whole = index.read_bytes()
    content = {"empty": b"", "torn": whole[: len(whole) // 2], "nonsense": b"\0" * len(whole)}.get(how)
    if content is None:
        fill(tmp_path / "other.jsonl", 2 * LINES)
        other = AuditTrail(tmp_path / "other.jsonl")
        other.write("phase", run="run-7")
        other.of_runs({"run-7"})
        content = other.witness.paths[0].with_suffix(".index").read_bytes()
    index.write_bytes(content)
    assert trail.of_runs({"run-7"}) == said
    assert trail.of_runs({"run-7"}) == said
    with closing(sqlite3.connect(index)) as made:
        assert made.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_index_that_cannot_be_made_is_done_without(trail, index):
    index.mkdir()
    for since_change in (True, False):
        assert len(trail.of_runs({"run-7"}, since_change=since_change)["run-7"]) == LINES // 50 + 1
        assert len(trail.of_runs({"run-0"}, since_change=since_change)["run-0"]) == LINES // 50  # the first line is one


@pytest.mark.parametrize(
    "ill", ["size = 'x'", "last_start = 'x'", "changed = 'x'", "size = 1 << 60", "last_start = -1"]
)
def test_an_index_whose_end_is_ill_is_made_anew(trail, index, ill):
    said = trail.of_runs({"run-0"})
    with closing(sqlite3.connect(index)) as forged:
        forged.execute(f"UPDATE ends SET {ill}")
        forged.execute("INSERT INTO lines VALUES ('run-0', 'phase', 3, 20)")
        forged.commit()
        for _ in range(2):
            assert trail.of_runs({"run-0"}) == said
        (lines,) = forged.execute("SELECT COUNT(*) FROM lines").fetchone()
    assert lines == LINES + 1


def test_an_index_finds_the_first_line_too(trail, index):
    for _ in range(2):  # made, and read
        assert len(trail.of_runs({"run-0"})["run-0"]) == LINES // 50
    assert index.exists()


def test_an_index_that_cannot_be_extended_stays_as_it_was(trail, index):
    """All of it, or nothing: half of the lines, and an end that says all of them, would be lines that nobody finds."""
    said = trail.of_runs({"run-7"})
    with closing(sqlite3.connect(index)) as full:
        full.execute("CREATE TRIGGER full BEFORE INSERT ON ends BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        before = full.execute("SELECT * FROM lines").fetchall()
        for number in range(LINES):
            trail.write("phase", run="run-7", number=number, text="x" * 200)
        assert len(trail.of_runs({"run-7"})["run-7"]) == len(said["run-7"]) + LINES
    if index.exists():  # it may be thrown away, but never half of it be kept
        with closing(sqlite3.connect(index)) as kept:
            assert kept.execute("SELECT * FROM lines").fetchall() == before


def test_an_index_gives_only_what_is_asked_for(trail):
    trail.of_runs({"run-7"})
    index = TrailIndex(trail.witness.paths[0].with_suffix(".index"))
    with trail.path.open("rb", buffering=0) as file:
        lines = list(index.lines(file, {"run-7"}, "status", since_change=True))
    assert [json.loads(line)["status"] for line in lines] == ["planned"]


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_lines_before_the_last_change_say_nothing_where_all_is_read(trail, changes):
    """Without this machine's record, and with an unreadable line among them."""
    changed = json.dumps({"event": "trail_changed", "found": "x"}).encode()
    line = json.dumps({"event": "status", "run": "run-7", "status": "STATUS"}).encode()
    said = [line.replace(b"STATUS", status) for status in (b"planned", b"applied", b"errored")]
    trail.path.write_bytes(b"\n".join([said[0], b"{", said[1], *changes * [changed], said[2], b""]))
    assert not trail.as_left
    for event in ("", "status"):
        assert [entry["status"] for entry in trail.of_runs({"run-7"}, event)["run-7"]] == ["errored"]
        assert len(trail.of_runs({"run-7"}, event, since_change=False)["run-7"]) == len(said)
    assert trail.of_runs({"run-7"}, "phase") == {}
    trail.path.write_bytes(b"\n".join([*said, b""]))
    assert len(trail.of_runs({"run-7"})["run-7"]) == len(said)


def test_an_index_has_no_line_to_say_only_where_one_is(trail, index):
    said = trail.of_runs({"run-7"})
    with closing(sqlite3.connect(index)) as forged:
        forged.execute("UPDATE lines SET run = 'run-7' WHERE run = 'run-8'")
        forged.execute("INSERT INTO lines VALUES ('run-7', 'status', 3, 20)")
        forged.commit()
    assert trail.of_runs({"run-7"}) == said


def test_lines_before_a_change_say_nothing_by_the_index_too(trail):
    trail.path.write_bytes(b"".join(trail.path.read_bytes().splitlines(keepends=True)[:-1]))
    trail.write("status", run="run-7", status="applied")
    for _ in range(2):
        assert [line.get("status") for line in trail.of_runs({"run-7"})["run-7"]] == ["applied"]
        assert len(trail.of_runs({"run-7"}, since_change=False)["run-7"]) == LINES // 50 + 1
        assert trail.of_runs({"run-7"}, "phase") == {}
    assert "was changed (shorter)" in change_since_last_run(trail)


def test_a_change_that_keeps_length_and_time_is_found_by_the_next_look(trail):
    assert trail.as_left
    in_place(trail, b'"number": 300', b'"number": 301')
    assert not trail.as_left
    assert "line 302 does not match the line before." in trail_problem(trail).what
    trail.write("phase", run="run-9")
    assert not trail.as_left  # nothing that is written later makes it good
    assert "line 302 does not match the line before." in trail_problem(trail).what


def test_a_file_in_its_place_is_read(trail):
    content = trail.path.read_bytes()
    trail.path.rename(trail.path.with_name("before"))
    trail.path.write_bytes(content)
    assert not trail.as_left
    assert trail_problem(trail) is None
    trail.write("phase", run="run-9")
    assert trail.as_left


@pytest.mark.parametrize("attack", ["in the middle", "at the end"])
def test_verify_goes_by_no_checkpoint(trail, attack):
    """Whoever can write to this machine's own records can forge one; what is verified is the trail."""
    if attack == "in the middle":
        in_place(trail, b'"number": 300', b'"number": 301')
    else:
        trail.path.write_bytes(b"".join(trail.path.read_bytes().splitlines(keepends=True)[:-1]))
    forge(trail)
    said = failed(trail_checks(trail, "staging", NO_AUDIT_RULES, each_signature=False))
    if attack == "in the middle":
        assert said == ["staging: every line of the audit trail follows from the one before (line 302 does not)."]
        assert trail_problem(trail, whole=True) is not None
    else:
        assert "staging: the audit trail ends as this machine recorded it." in said[0]
        assert not trail.as_left  # the last line is another one
        assert trail.change() is Change.SHORTER


@pytest.mark.parametrize("seen", [None, [], {}, {"inode": 1}, {"inode": "1", "size": 1, "modified": 1, "changed": 1}])
def test_a_checkpoint_that_is_not_valid_is_none(trail, seen):
    path = trail.witness.paths[0]
    path.write_text(json.dumps({**json.loads(path.read_text()), "seen": seen}))
    assert not trail.as_left
    assert trail_problem(trail) is None
    trail.write("phase", run="run-9")
    assert trail.as_left


@pytest.mark.parametrize("size", [0, 1, 70_000, 140_000])
def test_lines_are_read_backwards(tmp_path, size):
    path = tmp_path / "lines"
    lines = [b"a", b"x" * size, b"b" * 3, b"c"][: 4 if size else 0]
    path.write_bytes(b"".join(line + b"\n" for line in lines) + b"\n")
    with path.open("rb", buffering=0) as file:
        assert list(trail_file.backwards(file)) == lines[::-1] == trail_file.lines_of(file)[::-1]
        assert trail_file.last_lines(file, 2) == lines[-2:]


@pytest.fixture
def planned(tmp_path):
    """A run in an environment whose trail has an index."""
    environment = Environment.named("staging", tmp_path)
    environment.ensure()
    fill(environment.files.audit_trail)
    run = Run(environment, Options(), tmp_path)
    for status in (Status.PLANNING, Status.PLANNED):
        run.driver.move(status)
    AuditTrail(environment.files.audit_trail).of_runs({run.id})
    return environment, run


def test_an_index_that_lacks_a_line_accuses_nobody(planned):
    environment, run = planned
    trail = AuditTrail(environment.files.audit_trail)
    with closing(sqlite3.connect(trail.witness.paths[0].with_suffix(".index"))) as forged:
        forged.execute("DELETE FROM lines WHERE run = ?", (run.id,))
        forged.commit()
    assert trail.of_runs({run.id}) == {}
    assert confirmation_of(environment, (run.id,)).unconfirmed == ()
    assert read_verified(environment, run.id)[1] is Status.PLANNED


def test_who_approves_goes_by_no_checkpoint(planned):
    environment, run = planned
    trail = AuditTrail(environment.files.audit_trail)
    assert planned_record(environment, run.id).id == run.id
    in_place(trail, b'"number": 300', b'"number": 301')
    forge(trail)
    with pytest.raises(RunStateError, match="line 302 does not match the line before"):
        planned_record(environment, run.id)


def test_a_record_that_was_changed_is_found_by_the_index(planned):
    environment, run = planned
    path = environment.files.run(run.id).record
    path.write_text(path.read_text().replace('"workspace": ""', '"workspace": "x"'))
    assert list_runs(environment, 5).runs[0].confirmed is False
    with pytest.raises(RunStateError, match="workspace"):
        read_verified(environment, run.id)


def test_verify_reads_all_records_and_the_list_those_that_it_shows(planned, tmp_path):
    environment, first = planned
    path = environment.files.run(first.id).record
    path.write_text(path.read_text().replace('"workspace": ""', '"workspace": "x"'))
    second = Run(environment, Options(), tmp_path)
    second.driver.move(Status.PLANNING)
    os.utime(environment.files.run(first.id).folder, (1, 1))
    assert list_runs(environment, 1).evidence == ()
    assert list_runs(environment, 2).evidence != ()
    said = failed(environment_checks(environment, NO_AUDIT_RULES, each_signature=False))
    assert [statement for statement in said if first.id in statement]
