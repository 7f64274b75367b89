import io
import threading

import pytest
from scripted_run import PLAN, REFUSED, ScriptedRun

from tfmfa_nb.views.terminal import TerminalView

HIDING = "\x1b[8mhidden\x1b[0m \x1b[30mblack\x1b[0m \u202e\x1b]0;title\x07\x1b[2K\r"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printed(run, act, stream=None, **bounds):
    stream = stream or io.StringIO()
    view = TerminalView(run, stream, **bounds)
    view.begin()
    act()
    view.end()
    return stream.getvalue()


def test_lines_lock_and_status_come_in_their_order():
    run = ScriptedRun(status="pending")

    def act():
        run.show("refused")
        run.show("planning")
        run.write("one", "two")
        run.write("three")

        run.show("planned")

    text = printed(run, act)
    assert f"[MFA gate: refused] {REFUSED[0]} {REFUSED[1]}\n" in text
    parts = (
        "MFA gate: refused",
        "Authenticated with MFA by alice",
        "staging: Planning",
        "one\ntwo\nthree\n",
        "staging: Planned +2 ~1 -0",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.count("Authenticated with MFA by alice") == 1


def test_what_was_there_before_is_printed_too():
    assert printed(ScriptedRun(["early"]), lambda: None).splitlines()[0] == "early"


def test_an_apply_begins_where_its_own_log_does():
    run = ScriptedRun(["of the plan", "of the apply"], log_start=1)
    text = printed(run, lambda: None)
    assert "of the apply" in text
    assert "of the plan" not in text


@pytest.mark.parametrize("waited", [0.0, 2.5])
def test_confirmed_is_only_said_where_somebody_was_asked(waited):
    run = ScriptedRun(status="planned", environment="staging")

    def act():
        run.waited = waited
        run.status = "confirmed"
        run.status = "applying"

    assert ("staging: Confirmed" in printed(run, act)) == bool(waited)


def test_after_the_end_nothing_more_is_printed():
    run, stream = ScriptedRun(), io.StringIO()
    printed(run, lambda: None, stream)
    before = stream.getvalue()
    run.write("late")
    assert stream.getvalue() == before


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_that_a_stranger_named_steers_or_hides_in_the_terminal(stream):
    run = ScriptedRun(
        [HIDING], environment=HIDING, lock_indicator_text=HIDING, lock_indicator_remedy=HIDING, status="planning"
    )
    text = printed(run, lambda: None, stream())
    assert not {"\u202e", "\x07", "\r", "\x1b"} & set(text)
    assert text.count("hidden black ⟨U+202E⟩␛]0;title␇␛[2K␍") == 4


def test_colors_are_for_terminals():
    assert "\x1b[32m+\x1b[0m create" in printed(ScriptedRun(PLAN), lambda: None, Terminal())
    assert "  + create" in printed(ScriptedRun(PLAN), lambda: None)


def test_a_long_line_is_cut_and_says_so():
    text = printed(ScriptedRun(["x" * 100_000]), lambda: None)
    assert len(text) < 5_000
    assert "more characters)" in text


@pytest.mark.parametrize("count", [0, 5, 10, 13, 14, 5_000])
def test_with_a_bound_the_first_and_the_last_lines_are_printed_and_the_rest_counted(count):
    run = ScriptedRun()
    text = printed(run, lambda: [run.write(f"line {number}.") for number in range(count)], most=10, tail=3)
    shown = [line for line in text.splitlines() if line.startswith("line ")]
    numbers = range(count)
    assert shown == [f"line {number}." for number in ([*numbers[:10], *numbers[max(10, count - 3) :]])]
    left_out = f"… {count - 13:,} lines omitted; full log: {run.log_path}"
    assert (left_out in text) == (count > 13)


def test_every_line_is_printed_once_whatever_thread_it_comes_on():
    run, lock = ScriptedRun(), threading.Lock()

    def write(name):
        for number in range(200):
            with lock:
                run.log.append(f"{name} {number}")
            run.log_lines = len(run.log)

    def act():
        threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    lines = printed(run, act).splitlines()
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(200))


def test_a_stream_that_cannot_write_a_character_writes_another():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    view = TerminalView(ScriptedRun(["grün \ud83d"]), stream)
    view.begin()
    view.end()
    assert raw.getvalue().startswith(b"gr?n ?U+D83D?\n")


@pytest.mark.parametrize("state", ["planned", "planned_and_finished"])
def test_what_the_plan_s_view_said_is_not_said_again_when_the_apply_begins(state):
    """Neither its log, which may be long, nor who gave its code: only what is to be applied."""
    run = ScriptedRun(["Authenticated with MFA by alice", *PLAN])
    run.show("planned")
    run.status = state

    def act():
        run.write("of the apply")
        run.log_start = len(run.log) - 1
        run.show("applying")

    lines = printed(run, act).splitlines()
    words = "Planned" if state == "planned" else "Planned and finished"
    assert lines[:2] == [f"staging: {words} +2 ~1 -0", "of the apply"]
    assert "staging: Applying +2 ~1 -0" in lines
    assert "will be created" not in "".join(lines)
