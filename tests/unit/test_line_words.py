"""How the words of a magic's line are told apart."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.editing.line_words import canonical, leading_options, split

ADDRESS_PART = st.text(st.characters(codec="utf-8", exclude_characters='"\\\r\n'), max_size=8)


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_whatever_is_quoted_for_a_shell_is_one_word(words):
    assert split(shlex.join(words)) == words


@given(st.text(st.sampled_from("ab=-.,$*?~#;&|<>()`\\\"' \t")))
def test_without_brackets_it_is_the_shell_s_rule(line):
    try:
        expected = shlex.split(line)
    except ValueError:
        with pytest.raises(ValueError, match="No "):
            split(line)
    else:
        assert split(line) == expected


@given(ADDRESS_PART, ADDRESS_PART)
def test_a_key_in_brackets_keeps_its_quotes_and_its_spaces(first, second):
    address = f'module.a["{first}"].aws_x.y["{second}"]'
    for line in (f"-target {address} -e x", f"-target {shlex.quote(address)} -e x"):
        assert split(line) == ["-target", address, "-e", "x"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('-target x["a.b"]', ["-target", 'x["a.b"]']),
        ('-target=x["a b"] -destroy', ['-target=x["a b"]', "-destroy"]),
        ("-target 'x[\"a b\"]'", ["-target", 'x["a b"]']),
        ('-target "x[\\"a b\\"]"', ["-target", 'x["a b"]']),
        ('-target x[\\"ab\\"]', ["-target", 'x["ab"]']),
        ('-target x["a\\"] b"]', ["-target", 'x["a\\"] b"]']),
        ('-target x[0].y["it\'s"]', ["-target", 'x[0].y["it\'s"]']),
        ('-var list=["a","b c"] -e x', ["-var", 'list=["a","b c"]', "-e", "x"]),
        ('-var o={a="b c",d=["e"]}', ["-var", 'o={a="b c",d=["e"]}']),
        ('-var "a=b c"', ["-var", "a=b c"]),
        ("-var r={d['k'][\"a b\"]}", ["-var", "r={d['k'][\"a b\"]}"]),
        ("-var r={f('a b')} -e x", ["-var", "r={f('a b')}", "-e", "x"]),
        ("-target x['\"a.b\"'] -destroy", ["-target", 'x["a.b"]', "-destroy"]),
        ("-target x['a b']", ["-target", "x['a b']"]),
        ('x] "a b"', ["x]", "a b"]),
        ("-var a=$HOME -var b={c}", ["-var", "a=$HOME", "-var", "b={c}"]),
        ("", []),
    ],
)
def test_lines_as_people_write_them(line, words):
    assert split(line) == words


@pytest.mark.parametrize("line", ['x["a', "'a", '"a\\"', "a\\"])
def test_what_is_not_closed(line):
    with pytest.raises(ValueError, match="No "):
        split(line)


@pytest.mark.parametrize(
    ("word", "same"),
    [
        ("-var", "--var"),
        ("-var=x=1", "--var=x=1"),
        ("-var=a b", "--var=a b"),
        ("--var=x", "--var=x"),
        ("-e", "-e"),
        ("-e=x", "-e=x"),
        ("-C", "-C"),
        ("-lock-timeout=3s", "--lock-timeout=3s"),
        ("-1", "-1"),
        ("-", "-"),
        ("--", "--"),
        ("-var x", "-var x"),  # a quoted value
        ("var", "var"),
        ("", ""),
    ],
)
def test_one_dash_or_two(word, same):
    assert canonical(word) == same


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ('upper("a  b")', [], 'upper("a  b")'),
        (" -e staging  [for x in [1, 2] : x] ", ["-e", "staging"], "[for x in [1, 2] : x]"),
        ("-var x=1 --flag var.x", ["--var", "x=1", "--flag"], "var.x"),
        ("--var=x=1 -1 + 2", ["--var=x=1"], "-1 + 2"),
        ("-e", ["-e"], ""),
        ("", [], ""),
    ],
)
def test_options_stand_before_an_expression(line, options, rest):
    assert leading_options(line, {"-e": True, "--var": True, "--flag": False}) == (options, rest)
