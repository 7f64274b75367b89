"""The log on disk with its index of lines."""

import resource
import time
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.log import RunLog


def test_no_file_is_an_empty_log(tmp_path):
    log = RunLog(tmp_path / "log")
    assert (log.refresh(), log.lines(0, 10), log.size) == (0, [], 0)


def test_what_is_appended_can_be_read_and_belongs_to_the_person_alone(tmp_path):
    log = RunLog(tmp_path / "log")
    log.append("one\ntwo\n")
    log.append("drei ä\r\n")
    assert log.refresh() == 3
    assert log.lines(0, 3) == ["one", "two", "drei ä"]
    assert log.lines(1, 2) == ["two"]
    assert log.lines(-5, 99) == ["one", "two", "drei ä"]
    assert log.lines(2, 1) == []
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.size == log.path.stat().st_size


def test_a_link_in_the_logs_place_is_refused(tmp_path):
    (tmp_path / "log").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        RunLog(tmp_path / "log").append("x\n")


def test_a_line_counts_once_it_is_whole(tmp_path):
    log = RunLog(tmp_path / "log")
    log.append("a\nbe")
    assert log.refresh() == 1
    log.append("gun\n")
    assert log.refresh() == 2
    assert log.lines(0, 9) == ["a", "begun"]


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path):
    (tmp_path / "log").write_bytes(b"a\xff\n\x00b\n")
    log = RunLog(tmp_path / "log")
    assert log.refresh() == 2
    assert log.lines(0, 2) == ["a\ufffd", "\x00b"]


def test_a_file_that_was_emptied_is_read_anew(tmp_path):
    log = RunLog(tmp_path / "log")
    log.append("one\ntwo\n")
    log.refresh()
    log.path.write_text("new\n")
    assert log.refresh() == 1
    assert log.lines(0, 5) == ["new"]


@pytest.mark.quiet
def test_a_hundred_thousand_lines_are_indexed_in_a_moment(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(f"{number:099d}\n" for number in range(100_000)))
    log = RunLog(path)
    began = time.process_time()
    assert log.refresh() == 100_000
    assert time.process_time() - began < 0.2
    assert log.lines(99_998, 100_000) == [f"{99_998:099d}", f"{99_999:099d}"]
    log.append("x\n")
    began = time.process_time()
    assert log.refresh() == 100_001
    assert time.process_time() - began < 0.02


def test_a_line_costs_eight_bytes_of_memory(tmp_path):
    path = tmp_path / "log"
    path.write_text("\n" * 100_000)
    log = RunLog(path)
    tracemalloc.start()
    log.refresh()
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now < 1_000_000


# Every character that Python calls a line's end, of which only the line feed is one here.
TEXT = st.text(st.sampled_from("ab\n\r\x0b\x0c\x1c\x85\u2028ä"), max_size=60)


@given(st.lists(TEXT, max_size=8), st.integers(-3, 12), st.integers(-3, 12))
def test_any_pieces_give_the_lines_of_the_whole(pieces, start, stop):
    with TemporaryDirectory() as folder:
        log = RunLog(Path(folder, "log"))
        for piece in pieces:
            log.append(piece)
            log.refresh()
        expected = [line.rstrip("\r") for line in "".join(pieces).split("\n")[:-1]]
        assert log.refresh() == len(expected)
        assert log.lines(start, stop) == expected[max(0, start) : max(0, stop)]


def test_a_full_disk_is_told_with_the_log_s_name(tmp_path):
    log = RunLog(tmp_path / "log")
    log.append("one\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
    try:
        with pytest.raises(OSError, match="large") as caught:
            log.append("two\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(log.path)


def test_a_log_whose_file_is_deleted_keeps_its_lines_in_memory(tmp_path):
    log = RunLog(tmp_path / "run.log")
    log.append("one\ntwo\n")
    log.detach()
    log.path.unlink()
    log.append("three\n")
    assert log.refresh() == 3
    assert log.lines(-1, 2) == ["one", "two"]
    assert log.lines(2, 9) == ["three"]
    assert not log.path.exists()
    (none := RunLog(tmp_path / "none.log")).detach()
    assert (none.refresh(), none.lines(0, 1)) == (0, [])
