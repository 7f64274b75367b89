"""The one reader of colors, and the one table of the signs of actions."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tfmfa_nb
from tfmfa_nb.model import ansi
from tfmfa_nb.model.ansi import parse_spans, strip_colors
from tfmfa_nb.protocol.words import ACTION_SIGNS, action_sign


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain", [("plain", ())]),
        ("\x1b[1m\x1b[31mError: \x1b[0mno", [("Error: ", ("bold", "red")), ("no", ())]),
        (
            "\x1b[1;32mgreen\x1b[22m still\x1b[39m off",
            [("green", ("bold", "green")), (" still", ("green",)), (" off", ())],
        ),
        ("\x1b[38;5;1mextended\x1b[48:2::1:2:3m colors", [("extended colors", ())]),
        ("\x1b[4:3mcurly\x1b[4:0m", [("curly", ("underline",))]),
        ("\x1b[97mbright\x1b[m", [("bright", ("bright-white",))]),
    ],
)
def test_spans(text, expected):
    assert parse_spans(text) == expected
    assert strip_colors(text) == "".join(piece for piece, _ in expected)


@given(st.text(alphabet="\x1b[;:0123456789mab"))
def test_spans_and_stripping_agree(text):
    assert "".join(piece for piece, _ in parse_spans(text)) == strip_colors(text)


def test_every_color_that_is_written_is_read():
    for name, code in (("bold", ansi.BOLD), ("underline", ansi.UNDERLINE), ("red", ansi.RED), ("green", ansi.GREEN)):
        assert parse_spans(f"{code}x{ansi.RESET}y") == [("x", (name,)), ("y", ())]


def test_the_signs_are_terraform_s():
    assert [f"{action_sign(action):>3}" for action in ("create", "update", "delete", "replace", "read")] == [
        "  +",
        "  ~",
        "  -",
        "-/+",
        " <=",
    ]
    assert action_sign("of tomorrow") == " "


def test_no_other_module_has_a_reader_or_a_table_of_its_own():
    for path in Path(tfmfa_nb.__file__).parent.rglob("*.py"):
        text = path.read_text()
        if path.name != "ansi.py":
            assert r"\x1b\[[" not in text, f"{path.name} reads colors itself"
        if path.name != "words.py":
            assert not re.search(rf'"replace": "{re.escape(ACTION_SIGNS["replace"])}"', text), f"{path.name} has signs"
