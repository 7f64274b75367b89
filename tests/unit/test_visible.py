import re
import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfmfa_nb.views.sanitize import colored, one_line, plain, sanitize, sanitize_all, shorten, spans

SGR = re.compile(r"\x1b\[[0-9;:]*m")
STYLES = {"bold", "dim", "italic", "underline", "inverse", "strike"}
COLORS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
CLASSES = STYLES | set(COLORS) | {f"bright-{color}" for color in COLORS}
# What Unicode says is no more than a format, a control, a separator of lines, or half of a pair.
UNSEEN = {chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) in {"Cc", "Cf", "Zl", "Zp", "Cs"}}
KEPT = {"\t", "\n"}
# Default ignorable without being a format, and a blank that calls itself a Braille pattern.
BLANK = set("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100")

PIECES = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=6),
    st.sampled_from(
        [*sorted(BLANK), "\x1b", "\x1b[", "[31m", "31m", "m", ";", ":", "\u202e", "\r", "\x9b31m", "<", "&"]
    ),
    st.lists(st.integers(0, 120), max_size=4).map(lambda numbers: f"\x1b[{';'.join(map(str, numbers))}m"),
    st.text("0123456789;:", max_size=12).map(lambda parameters: f"\x1b[{parameters}m"),
)
GARBAGE = st.lists(PIECES, max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("admin\u202etxt.exe", "admin⟨U+202E⟩txt.exe"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\ufe00b", "a⟨U+FE00⟩b"),
        ("bell\x07 nul\x00 del\x7f", "bell␇ nul␀ del␡"),
        ("done\r\x1b[2Kevil", "done␍␛[2Kevil"),
        ("\x1b]8;;http://x\x07link", "␛]8;;http://x␇link"),
        ("\x9b31mred", "⟨U+009B⟩31mred"),
        ("tab\tline\n\x1b[31mred", "tab\tline\n\x1b[31mred"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("schön, 東京, שלום", "schön, 東京, שלום"),
    ],
)
def test_what_would_be_hidden_is_shown_as_a_mark(text, shown):
    assert sanitize(text) == shown


def test_no_character_that_unicode_calls_unseen_passes():
    assert {character for character in UNSEEN | BLANK if sanitize(character) == character} == KEPT


@given(GARBAGE)
@example("\x1b[\x1b[31m31mX")
@example("\x1b\x1b[31m[31m")
def test_twice_is_once_and_nothing_unseen_is_left(text):
    shown = sanitize(text)
    assert sanitize(shown) == shown
    assert not set(SGR.sub("", shown)) & (UNSEEN | BLANK) - KEPT
    assert plain(plain(text)) == plain(text)
    assert not set(plain(text)) & (UNSEEN | BLANK) - KEPT


@given(GARBAGE)
def test_spans_are_the_visible_text_and_their_classes_are_ours(text):
    pieces = spans(text)
    assert "".join(piece for piece, _ in pieces) == plain(text)
    assert {name for _, classes in pieces for name in classes} <= CLASSES
    assert all(piece for piece, _ in pieces)
    assert all(one[1] != other[1] for one, other in pairwise(pieces))
    assert spans(plain(text)) == ([(plain(text), ())] if text and plain(text) else [])


@given(GARBAGE)
def test_a_terminal_gets_the_same_text_in_codes_of_ours_and_none_that_hides_it(text):
    shown = colored(text)
    assert SGR.sub("", shown) == plain(text)
    codes = {int(code) for sequence in re.findall(r"\x1b\[([0-9;]*)m", shown) for code in sequence.split(";")}
    assert codes <= {0, 1, 2, 3, 4, 7, 9, *range(31, 37), *range(90, 97)}
    assert spans(f"{shown}x")[-1][1] == ()


@pytest.mark.parametrize("code", ["8", "30", "30;40", "37;47", "38;5;0", "38;2;0;0;0", "1;8"])
def test_no_color_conceals_text_in_a_terminal(code):
    assert colored(f"\x1b[{code}mdestroy everything\x1b[0m").removeprefix("\x1b[1m") in {
        "destroy everything",
        "destroy everything\x1b[0m",
    }


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("\x1b[1;31mx", ("bold", "red")),
        ("\x1b[31m\x1b[32mx", ("green",)),
        ("\x1b[92mx", ("bright-green",)),
        ("\x1b[31m\x1b[39mx", ()),
        ("\x1b[1m\x1b[22mx", ()),
        ("\x1b[1m\x1b[mx", ()),
        ("\x1b[38;5;1;4mx", ("underline",)),
        ("\x1b[38;2;1;4;9;1mx", ("bold",)),
        ("\x1b[38:5:1;1mx", ("bold",)),
        ("\x1b[38:2::1:4:9;1mx", ("bold",)),
        ("\x1b[48:5:1;31mx", ("red",)),
        ("\x1b[4:3mx", ("underline",)),
        ("\x1b[4m\x1b[4:0mx", ()),
        ("\x1b[99999999999999999999mx", ()),
    ],
)
def test_colors_are_understood(text, classes):
    assert spans(text) == [("x", classes)]


@given(GARBAGE, st.integers(0, 40))
@example("\x1b[31mred", 3)
@example("ab\x1b[31mred", 4)
def test_a_shortened_text_is_bounded_says_what_is_missing_and_cuts_no_sequence_apart(text, most):
    short = shorten(text, most)
    if short == text:
        assert len(text) <= most + len(" … (10 more characters)")
        return
    kept, _, rest = short.partition("\x1b[0m … (")
    assert text.startswith(kept)
    assert len(kept) <= most
    assert rest == f"{len(text) - len(kept):,} more characters)"
    assert len(most * "x") - len(kept) == 0 or text[len(kept)] == "\x1b"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | GARBAGE,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(GARBAGE, inner, max_size=4),
        max_leaves=12,
    )
)
def test_every_text_in_a_value_is_made_visible(value):
    def texts(item):
        if isinstance(item, dict):
            return [text for pair in item.items() for part in pair for text in texts(part)]
        if isinstance(item, list):
            return [text for each in item for text in texts(each)]
        return [item] if isinstance(item, str) else []

    assert not set("".join(texts(sanitize_all(value)))) & (UNSEEN | BLANK) - KEPT


def test_every_text_in_a_value_is_bounded():
    shown = sanitize_all({"key": ["x" * 100_000, {"y" * 100_000: "\u202e" * 100_000}]})
    assert max(map(len, [*shown, shown["key"][0], *shown["key"][1], *shown["key"][1].values()])) < 2_100


@pytest.mark.parametrize("unit", ["x", "\x1b[31mx", "\x1b", "\u202e", "\x1b[1;", "\x1b[" + "1;" * 1000 + "m"])
@pytest.mark.quiet
def test_a_long_line_is_read_in_a_moment(unit):
    line = (unit * 100_000)[:100_000]
    began = time.process_time()
    spans(line)
    colored(line)
    assert time.process_time() - began < 1


@given(st.text())
def test_one_line_has_no_breaks_and_no_hidden_characters(text):
    assert one_line(text).splitlines() in ([], [one_line(text)])
    assert "\t" not in one_line(text)


def test_one_line_shows_where_it_broke():
    assert one_line("a\n\tb\r\n\x1b[31mc") == "a␊␉b␍␊c"
