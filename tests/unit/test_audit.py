import hashlib
import json
import os
import resource
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.audit.integrity import torn_sentence, trail_problem
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.audit.witness import Change


def test_lines_are_chained(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for number in range(5):
        trail.write("status", run="run-1", number=number, text="x" * 3000)
    assert trail.broken_at() is None
    assert trail.path.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["number"] for line in trail.path.read_text().splitlines()] == list(range(5))


def test_a_line_is_on_the_disk_in_utc_before_anything_goes_on(tmp_path, monkeypatch):
    trail, synced = AuditTrail(tmp_path / "audit.jsonl"), []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(trail.path.read_bytes()))
    before = datetime.now(UTC)
    trail.write("a")
    assert trail.path.read_bytes() in synced
    (line,) = trail.lines()
    time = datetime.fromisoformat(line["time"])
    assert time.utcoffset() == timedelta(0)
    assert abs(time - before) < timedelta(minutes=5)


def test_long_lines_are_chained_by_the_whole_of_each(tmp_path):
    """The last line is looked for backwards, by blocks that are shorter than these."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for size in (4000, 9000, 4096, 20_000, 1):
        trail.write("a", text="x" * size)
    assert trail.broken_at() is None
    assert len(trail.lines()) == 5


def waits_for(path):
    """Whether somebody waits for the lock on a file (proc(5), /proc/locks)."""
    inode = f":{path.stat().st_ino} "
    return any("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_of_two_writers_one_waits_for_the_other(tmp_path):
    """Two kernels may have runs in one environment: nobody writes between a look at the last line and the next one."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    other = threading.Thread(target=lambda: AuditTrail(trail.path).write("other"))

    class WhileOtherWrites(dict):
        """A fact that the other writer comes in the middle of."""

        def items(self):
            other.start()
            while other.is_alive() and not waits_for(trail.path):
                other.join(0.01)
            return super().items()

    trail.write("mine", fact=WhileOtherWrites(a=1))
    other.join()
    assert [line["event"] for line in trail.lines()] == ["mine", "other"]
    assert trail.broken_at() is None


@given(st.integers(0, 3), st.sampled_from(["change", "drop", "swap", "garble"]))
def test_a_line_that_was_tampered_with_is_found(tmp_path_factory, number, how):
    trail = AuditTrail(tmp_path_factory.mktemp("trail") / "audit.jsonl")
    for event in "abcde":
        trail.write(event)
    lines = trail.path.read_text().splitlines()
    if how == "change":
        lines[number] = lines[number].replace('"event": "', '"event": "x')
    elif how == "drop":
        del lines[number]
    elif how == "swap":
        lines[number], lines[number + 1] = lines[number + 1], lines[number]
    else:
        lines[number] = lines[number][:20]
    trail.path.write_text("\n".join(lines) + "\n")
    assert trail.broken_at() in (number + 1, number + 2)


def test_a_trail_that_is_not_there_yet_is_whole_and_empty(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    assert (trail.broken_at(), trail.lines()) == (None, [])
    assert (trail.torn_lines(), trail.torn_bytes(), trail.end(), trail.change()) == (set(), 0, (0, ""), None)
    assert not trail.path.exists()


def test_a_trail_that_is_gone_is_a_change(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("status", run="run-1")
    trail.path.unlink()
    assert trail.change() is Change.GONE


def test_the_end_of_a_trail_from_elsewhere_is_read(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    text = json.dumps({"event": "status", "previous": "0" * 64})
    trail.path.write_text(f"{text}\n{text}\n")
    assert trail.end() == (2, hashlib.sha256(text.encode()).hexdigest())


def test_what_cannot_be_recorded_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="audit trail"):
        AuditTrail(tmp_path / "missing" / "audit.jsonl").write("mfa")


@contextmanager
def full_disk(path):
    """A file cannot become longer than ten bytes more: as where the disk is full in the middle of a line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_the_disk_has_no_room_for_leaves_no_half_of_it(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("a")
    before = trail.path.read_bytes()
    with full_disk(trail.path), pytest.raises(ConfigurationError, match="cannot be written"):
        trail.write("b")
    assert trail.path.read_bytes() == before
    trail.write("c")
    assert trail.broken_at() is None
    assert [line["event"] for line in trail.lines()] == ["a", "c"]


TORN = {
    "incomplete": b'{"time": "20',
    "without data": b"\0" * 300,
    "half without data": b'{"time": "2026' + b"\0" * 50,
    "without its beginning": b"\0" * 50 + b'": 1}\n',
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
@pytest.mark.parametrize("known", [True, False], ids=["with a record", "without a record"])
def test_a_torn_last_line_is_a_known_state_and_is_sealed_by_the_next_line(tmp_path, torn, known):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("a")
    with trail.path.open("ab") as file:
        file.write(torn)
    if not known:
        for path in trail.witness.paths:
            path.unlink(missing_ok=True)
    size = len(torn.rstrip(b"\n"))
    assert (trail.broken_at(), trail.change(), trail_problem(trail)) == (None, None, None)
    assert (trail.torn_bytes(), trail.torn_lines()) == (size, {2})
    assert f"is torn ({size} bytes), as after a power failure" in torn_sentence(trail)
    trail.write("b")
    assert [line["event"] for line in trail.lines()] == ["a", "trail_torn", "b"]
    seal = trail.lines()[1]
    digest = hashlib.sha256(torn.rstrip(b"\n")).hexdigest()
    assert (seal["bytes"], seal["sha256"], seal["previous"]) == (size, digest, digest)
    assert (trail.broken_at(), trail.change(), trail_problem(trail), trail.torn_bytes()) == (None, None, None, 0)
    assert torn_sentence(trail) == ""
    # The chain goes on over the torn bytes: who changes them is found.
    trail.path.write_bytes(trail.path.read_bytes().replace(torn, torn.replace(b"\0", b"1").replace(b"20", b"19")))
    assert trail.broken_at() == 2


@pytest.mark.parametrize("died", range(4))
def test_a_power_cut_while_a_torn_line_is_sealed_is_one_more(tmp_path, monkeypatch, died):
    """The file and this machine's record agree whenever the power goes, and the next line seals it all."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("a")
    with trail.path.open("ab") as file:
        file.write(b'{"time": "20')
    write, written = trail.witness.write, []

    def dies(witnessed):
        if len(written) == died:
            raise KeyboardInterrupt
        write(witnessed)
        written.append(witnessed)

    monkeypatch.setattr(trail.witness, "write", dies)
    with suppress(KeyboardInterrupt):
        trail.write("b")
    monkeypatch.undo()
    with trail.path.open("ab") as file:
        file.write(b'{"ti')
    assert trail_problem(trail) is None
    trail.write("c")
    assert trail_problem(trail) is None
    assert [line["event"] for line in trail.lines()][-2:] == ["trail_torn", "c"]


def test_a_seal_that_was_torn_itself_is_sealed_with_the_line_before(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("a")
    with trail.path.open("ab") as file:
        file.write(b'{"time": "20\n{"format')
    assert (trail_problem(trail), trail.torn_lines()) == (None, {2, 3})
    trail.write("b")
    assert (trail_problem(trail), trail.torn_lines()) == (None, {2, 3})
    assert [line["event"] for line in trail.lines()] == ["a", "trail_torn", "b"]


def test_a_line_that_is_torn_in_the_middle_was_changed(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for event in "abc":
        trail.write(event)
    first, second, third = trail.path.read_bytes().splitlines(keepends=True)
    for torn in (second[:30] + b"\n", b"\0" * 30 + b"\n"):
        trail.path.write_bytes(first + torn + third)
        assert trail.broken_at() == 2
        assert "was changed: line 2" in trail_problem(trail).what


def test_a_line_that_was_cut_off_is_missing_though_torn_bytes_are_in_its_place(tmp_path):
    """By this machine's record it was there."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for event in "abc":
        trail.write(event)
    lines = trail.path.read_bytes().splitlines(keepends=True)
    trail.path.write_bytes(lines[0] + lines[1] + lines[2][:30])
    assert trail.change() is Change.SHORTER
    trail.write("d")
    assert [line["event"] for line in trail.lines()] == ["a", "b", "trail_torn", "trail_changed", "d"]


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"\n\n\n", b"[" * 100_000 + b"\n", b"7\n"])
def test_a_garbled_trail_is_broken_and_goes_on(tmp_path, content):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.path.write_bytes(content)
    trail.write("a")
    assert trail.broken_at() == 1
    assert [line["event"] for line in trail.lines()] == ["a"]


def test_a_trail_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "audit.jsonl").mkdir()
    for read in (AuditTrail(tmp_path / "audit.jsonl").lines, AuditTrail(tmp_path / "audit.jsonl").broken_at):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read()


def test_each_line_says_the_version_of_its_format_and_a_newer_one_is_refused(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("status", run="run-1")
    (line,) = trail.lines()
    assert line["format_version"] == 1
    with trail.path.open("a") as file:
        file.write(json.dumps({"format_version": 2, "event": "status", "run": "run-1"}) + "\n")
    for read in (trail.lines, lambda: next(trail.newest_first()), lambda: trail.of_runs({"run-1"})):
        with pytest.raises(ConfigurationError, match=r"audit.jsonl was written by a newer version of tfmfa_nb"):
            read()


def test_a_line_of_before_there_were_versions_is_read(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.path.write_text(json.dumps({"event": "status", "previous": "0" * 64}) + "\n")
    assert [each["event"] for each in trail.lines()] == ["status"]
    assert trail.broken_at() is None
