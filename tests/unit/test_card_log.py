"""The card's log: its rows, what is found in it, and the text to copy or to save."""

import asyncio
import base64
import gzip
import itertools
import sys
import threading
import time

import pytest
from front import CardFront
from scripted_run import ScriptedRun

from tfmfa_nb.views import card_log
from tfmfa_nb.views.card import RunCard
from tfmfa_nb.views.log_matching import matching
from tfmfa_nb.views.log_rows import LogRows, View, tells_progress
from tfmfa_nb.views.log_search import Hits

ERROR = [
    "\x1b[31m╷\x1b[0m",
    "\x1b[31m│\x1b[0m \x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mcreating S3 Bucket (assets)\x1b[0m",
    "\x1b[31m│\x1b[0m",
    "\x1b[31m╵\x1b[0m",
]
LOG = [
    "\x1b[0m\x1b[1maws_a.b: Refreshing state... [id=1]\x1b[0m",
    "\x1b[0m\x1b[1mdata.aws_c.d: Reading...\x1b[0m",
    "data.aws_c.d: Read complete after 0s [id=2]",
    "\x1b[1maws_a.b\x1b[0m: Creating...",
    "aws_a.b: Still creating... [10s elapsed]",
    "aws_a.b: Still creating... [00m20s elapsed]",
    "aws_a.b: Creation complete after 21s [id=1]",
]
VIEWS = [(False, 0), (True, 0), (False, 40), (True, 25)]


@pytest.fixture
async def made(caplog):
    cards = []

    def make(lines, **traits):
        run = ScriptedRun(lines, **traits)
        cards.append(RunCard(run))
        return run, CardFront(cards[-1])

    yield make
    for card in cards:
        card.close()
    assert caplog.get_records("call") == []


_numbers = itertools.count(1)


async def find(front, text="", **how):
    """What a search answers: number of hits, which one it is, its row, and which of this row's hits it is."""
    found = await answer_of(front, text, **how)
    return tuple(found[name] for name in ("total", "position", "row", "nth"))


async def answer_of(front, text="", *, kind="text", position=-1, row=0, brief=False, columns=0):
    number = next(_numbers)
    front.say(
        {
            "type": "find",
            "number": number,
            "kind": kind if text else "error",
            "text": text,
            "position": position,
            "row": row,
            "brief": brief,
            "columns": columns,
        }
    )
    return await front.until(lambda message: message["type"] == "found" and message["number"] == number)


async def text_of(front, *, start=0, skip=0, stop=-1, brief=False, columns=0):
    """The text of rows, and in how many messages it came."""
    pieces, number = [], next(_numbers)
    request = {"type": "text", "number": number, "stop": stop, "brief": brief, "columns": columns}
    done = False
    while not done:
        before = len(front.sent)
        front.say({**request, "start": start, "skip": skip})
        answer = await front.until(lambda message: message["type"] == "text" and message["number"] == number, before)
        pieces.append(gzip.decompress(base64.b64decode(answer["data"])).decode())
        start, skip, done = answer["row"], answer["skip"], answer["done"]
    return "".join(pieces), len(pieces)


async def rows_of(front, start=0, stop=1000, *, brief=False, columns=0):
    """The rows of a view as plain text, and how many it says that there are."""
    before = len(front.sent)
    front.say({"type": "lines", "start": start, "stop": stop, "brief": brief, "columns": columns})
    answer = await front.until(
        lambda message: message["type"] == "lines" and (message["brief"], message["columns"]) == (brief, columns),
        before,
    )
    return ["".join(row if isinstance(row, str) else [text for text, _ in row]) for row in answer["lines"]], answer[
        "rows"
    ]


async def test_a_text_is_found_through_colors_and_counted_over_the_whole_log(made):
    _, front = made([*LOG, "AWS_A.B aws_a.b aws_a.b"] * 1000)
    assert await find(front, "aws_a.b: creating...") == (1000, 0, 3, 0)  # colors stand between
    assert await find(front, "aws_a.b") == (8000, 0, 0, 0)
    assert await find(front, "aws_a.b", position=-1, row=7) == (8000, 5, 7, 0)
    assert await find(front, "aws_a.b", position=7) == (8000, 7, 7, 2)
    assert await find(front, "aws_a.b", position=8) == (8000, 8, 8, 0)
    assert await find(front, "aws_a.b", position=8000) == (8000, 0, 0, 0)  # round and round
    assert await find(front, "AWS_A.B") == (1000, 0, 7, 0)
    assert await find(front, "not there") == (0, -1, -1, -1)
    assert await find(front, "(.*)+$") == (0, -1, -1, -1)  # a text, not an expression


def marks(found):
    """The marks of an answer, those of the current hit apart."""
    every = sorted((mark["row"], mark["start"], mark["stop"], mark["current"]) for mark in found["marks"])
    return [mark[:3] for mark in every if not mark[3]], [mark[:3] for mark in every if mark[3]]


async def test_a_pattern_is_found_line_by_line_and_its_hits_are_marked(made):
    _, front = made([*LOG, "AWS_A.B aws_a.b aws_a.c"] * 1000)
    found = await answer_of(front, r"aws_a\.[bc]", kind="pattern", row=7)
    assert tuple(found[name] for name in ("total", "position", "row", "nth")) == (8000, 5, 7, 0)
    assert marks(found)[1] == [(7, 0, 7)]
    assert (7, 8, 15) in marks(found)[0]
    assert (8, 0, 7) in marks(found)[0]
    assert await find(front, r"AWS_A\.[BC]", kind="pattern") == (1000, 0, 7, 0)
    assert await find(front, r"aws_[A]", kind="pattern") == (0, -1, -1, -1)
    assert await find(front, r"^aws_a.b: creat\S+$", kind="pattern") == (1000, 0, 3, 0)
    assert await find(front, r"\S+ 0s \[id=2]$", kind="pattern", position=-2) == (1000, 0, 2, 0)
    assert (await find(front, r"]\s*data", kind="pattern"))[0] == 0  # no hit goes beyond its line
    assert (await find(front, "x*", kind="pattern"))[0] == 0  # and none is empty
    found = await answer_of(front, ".", kind="pattern", row=400)
    assert (found["row"], len(found["marks"])) == (400, 2000)
    assert all(360 < mark["row"] < 440 for mark in found["marks"])


async def test_a_hit_of_a_pattern_is_marked_in_each_of_its_rows_as_javascript_counts(made):
    _, front = made(["\x1b[1m😀é\x1b[0m\tsize = 12", "word " * 7 + "from " + "x" * 80 + " to end"])
    found = await answer_of(front, r"\d+", kind="pattern")
    assert marks(found) == ([], [(0, 11, 13)])
    assert marks(await answer_of(front, r"\d+", kind="pattern", columns=40)) == ([], [(0, 14, 16)])
    found = await answer_of(front, "from x+ to", kind="pattern", columns=40)
    rows, _ = await rows_of(front, columns=40)
    assert "".join(rows[row][start:stop] for row, start, stop in marks(found)[1]) == "from " + "x" * 80 + " to"
    assert found["row"] == marks(found)[1][0][0] == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(x", "Not a regular expression: missing ): (x"),
        ("[a-", "Not a regular expression: missing ]: [a-"),
        ("*", "Not a regular expression: no argument for repetition operator: *"),
        (r"(a)\1", r"Not a regular expression: invalid escape sequence: \1"),
        ("(?=x)", "Not a regular expression: invalid perl operator: (?="),
        ("x{1000}{1000}", "Not a regular expression: bad repetition operator: {1000}{1000}"),
        (")", "Not a regular expression: unexpected ): )"),
        ("\ud800", "Not a regular expression: half of a character"),
    ],
)
async def test_what_is_no_pattern_says_why(made, text, problem):
    _, front = made(["xx"])
    found = await answer_of(front, text, kind="pattern")
    assert (found["problem"], found["total"], found["row"]) == (problem, 0, -1)
    assert await find(front, "x+", kind="pattern") == (1, 0, 0, 0)


@pytest.mark.parametrize("text", ["(x+x+)+y", "(x|xx|xxx)*y", "(.*)*z", "^(([a-z])+.)+[A-Z]([a-z])+$"])
async def test_a_pattern_that_other_engines_never_end_with_is_searched_in_a_moment(made, text):
    _, front = made(["x" * 2000] * 200)
    began = time.process_time()
    assert (await find(front, text, kind="pattern"))[0] == 0
    assert time.process_time() - began < 5


async def test_the_slowest_pattern_is_given_up_and_the_kernel_goes_on_meanwhile(made, monkeypatch):
    monkeypatch.setattr(card_log, "PATIENCE", 0.2)
    _, front = made(["x" * 100] * 1000 + ["end"] * 1000)
    longest, last = 0.0, time.monotonic()

    async def tick():
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    ticks = asyncio.ensure_future(tick())
    found = await answer_of(front, "(x?){500}x{500}y", kind="pattern")
    ticks.cancel()
    assert (found["problem"], found["total"]) == ("This search takes too long. Search for something simpler.", 0)
    assert longest < 0.5
    assert await find(front, "end", kind="pattern") == (1000, 0, 1000, 0)


async def test_a_search_that_is_asked_for_again_meanwhile_is_made_once(made):
    run, front = made(["needle"] * 10)
    read, free = run.log_text, threading.Event()

    def slow(*arguments):
        free.wait(30)
        return read(*arguments)

    run.log_text = slow
    question = {
        "type": "find",
        "kind": "text",
        "text": "needle",
        "position": -1,
        "row": 0,
        "brief": False,
        "columns": 0,
    }
    for _ in range(3):
        front.say({**question, "number": 7_000_001})
    free.set()
    await front.until(lambda message: message["type"] == "found")
    assert await rows_of(front, columns=40)  # which is answered behind whatever was asked before
    assert [message["number"] for message in front.of("found")] == [7_000_001]
    before = len(front.sent)
    front.say({**question, "number": 7_000_001})
    await front.until(lambda message: message["type"] == "found", before)


async def test_without_the_library_a_pattern_says_what_to_install(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    _, front = made(["xx"])
    problem = "To search by a pattern, install google-re2 where the kernel runs."
    assert (await answer_of(front, "x", kind="pattern"))["problem"] == problem


async def test_hidden_characters_are_found_by_the_marks_that_are_seen(made):
    _, front = made(["plain", "evil \u202e name \x07"])
    assert await find(front, "evil ⟨U+202E⟩ name ␇") == (1, 0, 1, 0)


async def test_the_hits_of_a_log_that_grows_are_added_and_those_of_another_phase_are_not_kept(made):
    run, front = made(["a hit", "none"])
    assert await find(front, "hit") == (1, 0, 0, 0)
    run.write("none", "another hit")
    assert await find(front, "hit", position=1) == (2, 1, 3, 0)
    run.log_start = 3
    assert await find(front, "hit") == (1, 0, 3, 0)
    run.log.clear()
    run.log_start, run.log_lines = 0, 0
    assert (await find(front, "hit"))[0] == 0


async def test_the_first_error_is_found_in_terraforms_box(made):
    _, front = made([*LOG, "no Error: here", *ERROR, *LOG, "Error: No value for required variable", *ERROR])
    assert await find(front) == (3, 0, 9, 0)
    assert await find(front, position=1) == (3, 1, 19, 0)
    assert await find(front, brief=True) == (3, 0, 4, 0)
    _, front = made([*LOG, "\x1b[31mError: \x1b[0mTerraform encountered problems during initialisation", *ERROR])
    assert await find(front) == (1, 0, 9, 0)
    _, front = made(LOG)
    assert (await find(front))[0] == 0


async def test_a_newer_search_ends_the_one_before(made):
    """The kernel's loop goes on meanwhile: nothing here would answer otherwise."""
    run, front = made(["x"] * 50_000)
    read, entered, go_on = run.log_text, threading.Event(), threading.Event()

    def slow(start=0, stop=None):
        entered.set()
        go_on.wait(20)
        return read(start, stop)

    run.log_text = slow
    ask = {"type": "find", "kind": "text", "position": -1, "row": 0}
    front.say({**ask, "number": -5, "text": "x"})
    assert entered.wait(20)
    front.say({**ask, "number": -6, "text": "y"})
    go_on.set()
    await front.until(lambda message: message["type"] == "found")
    assert [found["number"] for found in front.of("found")] == [-6]


def test_a_hundred_thousand_lines_are_searched_in_a_moment():
    lines = [
        f"\x1b[1maws_instance.web[{n}]\x1b[0m: Creation complete after {n % 60}s [id=i-{n:017x}]"
        for n in range(100_000)
    ]
    for kind, text in (
        ("text", "creation complete"),
        ("text", "i-0000000000001869f"),
        ("text", "Complete"),
        ("pattern", r"after 5\ds"),
        ("error", ""),
    ):
        began = time.process_time()
        hits = Hits(lambda start, stop: lines[start:stop], 0, matching(kind, text), brief=False)
        assert hits.extend(len(lines))
        assert time.process_time() - began < 1.5  # 0.1 to 0.2 on a quiet machine
    assert hits.total == 0


def test_what_only_tells_progress_is_told_from_the_rest():
    assert [tells_progress(line) for line in LOG] == [True, True, True, False, True, True, False]
    assert not any(map(tells_progress, ["Terraform will perform the following actions:", *ERROR, "", "wait..."]))


async def test_lines_that_only_tell_progress_are_hidden_and_counted(made):
    run, front = made([*LOG * 500])
    kept = ["aws_a.b: Creating...", "aws_a.b: Creation complete after 21s [id=1]"]
    assert await rows_of(front, brief=True, stop=4) == (kept * 2, 1000)
    assert await rows_of(front, 998, 1100, brief=True) == (kept, 1000)
    run.write(*LOG)
    assert await rows_of(front, 999, 1100, brief=True) == ([kept[1], *kept], 1002)
    before = len(front.sent)
    front.say({"type": "lines", "start": 0, "stop": 4, "line": 3503, "brief": True, "columns": 0})
    around = await front.until(lambda message: message["type"] == "lines" and message["start"] == 998, before)
    assert (around["numbers"], around["hidden"], around["rows"]) == ([3496, 3499, 3503, 3506], 2505, 1002)
    assert await find(front, "still creating", brief=True) == (0, -1, -1, -1)
    assert await find(front, "creation", position=1, brief=True) == (501, 1, 3, 0)


async def test_a_line_is_wrapped_at_blanks_keeps_its_colors_and_loses_nothing(made):
    long = "\x1b[32m+ \x1b[0mpolicy = jsonencode(" + "arn:aws:iam::123456789012:role/deploy " * 9 + "\x1b[1mend\x1b[0m)"
    _, front = made(["short", long, "x" * 100, "日本" * 30, "", "a\tb"])
    rows, total = await rows_of(front, columns=40)
    assert total == len(rows)
    assert all(len(row) <= 40 for row in rows)
    assert rows[:2] == ["short", "+ policy = jsonencode(arn:aws:iam::12345"]  # no blank near the end
    assert "".join(rows[1:11]).startswith("+ policy = jsonencode(arn:aws:iam::123456789012:role/deploy arn:aws")
    assert "日本" * 10 in rows  # which are two columns wide
    assert rows[-2:] == ["", "a    b"]
    assert (await rows_of(front, 3, 5, columns=40))[0] == rows[3:5]
    text, _ = await text_of(front, columns=40)
    assert text.split("\n")[1] == "+ policy = jsonencode(" + "arn:aws:iam::123456789012:role/deploy " * 9 + "end)"
    assert text.split("\n")[2] == "x" * 100


@pytest.mark.parametrize("columns", [20, 33, 80])
def test_each_row_is_where_the_index_says(columns):
    lines = [("word " * (n % 37)) + "y" * (n % 53) for n in range(3000)]
    rows = LogRows(lambda start, stop: lines[start:stop], 0, View(columns=columns))
    for stop in (1, 999, 1000, 1001, 3000):  # as the log grows
        rows.extend(stop)
    every = list(rows.rows(0, rows.total))
    assert len(every) == rows.total
    for at in (0, 1, 500, 1999, rows.total - 1):
        assert list(rows.rows(at, at + 3)) == every[at : at + 3]
    for number, row in enumerate(every):
        if number % 97 == 0:
            assert rows.row_of(row.line, row.start) == (number, row.start)
    joined = "".join("".join(text for text, _ in row.pieces) + ("\n" if row.last else "") for row in every)
    assert joined == "".join(f"{line}\n" for line in lines)


async def test_a_hit_in_a_wrapped_line_is_in_its_row(made):
    _, front = made(["word " * 28 + "here, here, and HERE " + "word " * 30, "here"])
    rows, _ = await rows_of(front, columns=40)
    row = next(number for number, text in enumerate(rows) if "here, " in text)
    assert await find(front, "here", columns=40) == (4, 0, row, 0)
    assert await find(front, "here", position=1, columns=40) == (4, 1, row, 1)
    assert await find(front, "here", position=3, columns=40) == (4, 3, len(rows) - 1, 0)
    assert await find(front, "here", row=len(rows) - 1, columns=40) == (4, 3, len(rows) - 1, 0)


async def test_the_whole_log_comes_in_pieces_plain_and_with_nothing_missing(made):
    lines = [*LOG, "evil \u202e", "z" * 1_000_001, *(f"line {n}" for n in range(60_000))]
    _, front = made(lines, log_start=5)
    text, messages = await text_of(front)
    assert messages > 3
    assert max(len(message["data"]) for message in front.of("text")) < 400_000
    expected = [
        "aws_a.b: Refreshing state... [id=1]",
        "data.aws_c.d: Reading...",
        *LOG[2:3],
        "aws_a.b: Creating...",
        *LOG[4:],
    ]
    assert text.split("\n")[:9] == [*expected, "evil ⟨U+202E⟩", "z" * 1_000_001]
    assert text.split("\n")[9:] == [*(f"line {n}" for n in range(60_000)), ""]
    assert (await text_of(front, start=3, skip=9, stop=4))[0] == "Creating...\n"


async def test_a_random_text_does_not_make_a_message_that_the_server_drops(made):
    _, front = made([base64.b64encode(threading.get_ident().to_bytes(8, "big") * 3).decode() * 40] * 2000)
    await text_of(front)
    assert max(len(message["data"]) for message in front.of("text")) < 600_000


@pytest.mark.parametrize(("brief", "columns"), VIEWS)
async def test_a_log_that_was_deleted_is_no_error(made, brief, columns):
    run, front = made(LOG)

    def gone(*_):
        raise FileNotFoundError("run.log")

    run.log_text = gone
    view = {"brief": brief, "columns": columns}
    front.say({"type": "find", "number": 1, "kind": "text", "text": "a", "position": -1, "row": 0, **view})
    front.say({"type": "text", "number": 2, "start": 0, "skip": 0, "stop": -1, **view})
    front.say({"type": "lines", "start": 0, "stop": 9, **view})
    answer = await front.until(lambda message: message["type"] == "lines")
    assert answer["lines"] == []
    assert front.of("found") + front.of("text") == []
