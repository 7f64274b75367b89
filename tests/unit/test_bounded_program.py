"""A program that runs within bounds, whatever it does."""

import sys
import textwrap
import time

import pytest
from processes import has_ended

from tfmfa_nb.runs.engine.bounded_program import Stopped, run_bounded


@pytest.fixture
def run(tmp_path):
    """Runs lines of Python as a program."""
    given = tmp_path / "given.txt"
    given.write_text("what it is given")

    def it(lines, *, seconds=60.0, canceled=lambda: False, environ=None):
        argv = [sys.executable, "-c", textwrap.dedent(lines)]
        return run_bounded(argv, given, folder=tmp_path, environ=environ or {}, seconds=seconds, canceled=canceled)

    return it


def test_its_exit_code_and_both_streams(run):
    ended = run("import sys; print(sys.stdin.read()); sys.stdout.flush(); print('bad', file=sys.stderr); sys.exit(3)")
    assert (ended.exit_code, ended.output) == (3, "what it is given\nbad")


def test_it_gets_these_variables_and_no_others(run, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-from-programs")
    ended = run("import os; print(sorted(os.environ), os.environ['A'])", environ={"A": "b", "LC_ALL": "C.UTF-8"})
    assert "hidden" not in ended.output
    assert ended.output == "['A', 'LC_ALL', 'TFMFA_PROGRAM'] b"


def test_of_a_flood_the_end_is_kept(run):
    ended = run("import sys\nfor _ in range(100): sys.stdout.write('x' * 999_999 + '\\n')\nprint('the end')")
    assert ended.output.endswith("the end")
    assert ended.output.startswith("…\n")
    assert len(ended.output) < 70_000


def test_control_characters_are_seen_and_colors_go(run):
    ended = run(r"print('\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07 50%\r100%\r\ndone \x9b')")
    assert ended.output == "red␇ ␛]0;title␇ 50%\n100%\ndone ␡"


def test_a_hanging_program_is_killed(run):
    with pytest.raises(Stopped, match=r"it did not end within 5 seconds") as stopped:
        run("import time; print('begun', flush=True); time.sleep(600)", seconds=5)
    assert stopped.value.output == "begun"


def test_a_program_that_closes_its_output_and_hangs(run):
    with pytest.raises(Stopped, match="did not end"):
        run("import os, time; os.close(1); os.close(2); time.sleep(600)", seconds=0.5)


def test_a_canceled_program_is_killed(run):
    begun = time.monotonic()
    with pytest.raises(Stopped, match="it was canceled"):
        run("import time; time.sleep(600)", canceled=lambda: time.monotonic() - begun > 0.3)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("argv", [["/no/such/program"], ["nul\0byte"]])
def test_what_is_no_program(tmp_path, argv):
    given = tmp_path / "given"
    given.touch()
    with pytest.raises(Stopped, match="cannot be started"):
        run_bounded(argv, given, folder=tmp_path, environ={}, seconds=5, canceled=lambda: False)


def test_a_daemon_neither_holds_it_up_nor_stays(run, tmp_path):
    begun = time.monotonic()
    ended = run(
        f"""
        import os, pathlib, time
        left, right = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
                os.write(right, b"!")
                time.sleep(600)
            os._exit(0)
        os.read(left, 1)
        print("left a daemon")
        """
    )
    assert ended.output == "left a daemon"
    assert time.monotonic() - begun < 60
    pid = int((tmp_path / "pid").read_text())
    while not has_ended(pid):
        assert time.monotonic() - begun < 120
        time.sleep(0.05)
