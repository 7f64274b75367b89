"""What stands around a position in HCL that is being typed."""

import pytest
from corpus import FOLDER
from hypothesis import example, given
from hypothesis import strategies as st

from tfmfa_nb.editing.scanner import cursor_context
from tfmfa_nb.terraform.expressions import tree

WHOLE = [path for path in sorted(FOLDER.glob("**/*.tf")) if path.is_file() and not tree(path.read_bytes()).has_error]


def at(marked):
    """The place at "|"."""
    return cursor_context(marked.replace("|", "", 1), marked.index("|"))


def around(found):
    return [(frame.type, *frame.labels) for frame in found.blocks]


@pytest.mark.parametrize(
    ("text", "kind", "word", "blocks"),
    [
        ("res|", "body", "res", []),
        ('resource "aws_|" "x" {\n}', "string", "aws_", []),
        ('resource "|', "string", "", []),
        ('resource "a" "b" {\n  na|me\n}', "body", "na", [("resource", "a", "b")]),
        ('resource "a" "b" {\n  inner {\n    |\n  }\n}', "body", "", [("resource", "a", "b"), ("inner",)]),
        ('resource "a" "b" {\n  inner {\n  }\n  |\n}', "body", "", [("resource", "a", "b")]),
        ('resource "a" "b" {\n}\n|', "body", "", []),
        ("locals {\n  x = [1, tri|]\n}", "list", "tri", [("locals",)]),
        ('locals {\n  x = "a ${lo|} b"\n}', "template", "lo", [("locals",)]),
        ('locals {\n  x = "a $${lo|} b"\n}', "string", "a $${lo", [("locals",)]),
        ('locals {\n  x = "a \\" { |"\n}', "string", 'a \\" { ', [("locals",)]),
        ("locals {\n  x = <<-EOT\n    { [ |\n    EOT\n}", "heredoc", "", [("locals",)]),
        ("locals {\n  x = <<EOT\n${va|r.x}\nEOT\n}", "template", "va", [("locals",)]),
        ("locals {\n  x = <<EOT\n}\n}\nEOT\n  y|\n}", "body", "y", [("locals",)]),
        ("locals {\n  x = { # }\n    a = 1 // }\n    /* } */ b|\n  }\n}", "object", "b", [("locals",)]),
        ('locals {\n  x = "unfinished\n  y|\n}', "body", "y", [("locals",)]),
        ("locals {\n  x = )\n  y|\n}", "body", "y", [("locals",)]),
        ('locals {\n  x = (\n\nresource "a" "b" {\n  |\n}', "body", "", [("resource", "a", "b")]),
        ("provider aws {\n  |\n}", "body", "", [("provider", "aws")]),
        ("locals {\n  x = upper(|)\n}", "call", "", [("locals",)]),
    ],
)
def test_places(text, kind, word, blocks):
    found = at(text)
    assert (found.frames[-1].kind, found.word, around(found)) == (kind, word, blocks)


def test_a_comment_is_none_of_it():
    assert at("# |foo").comment
    assert at("/* foo\n |bar */").comment
    assert not at("/* foo */ |bar").comment
    assert not at("|# foo").comment


def test_the_names_are_those_of_the_whole_block():
    found = at('resource "a" "b" {\n  one = 1\n  tw|\n  inner {\n    four = 4\n  }\n  three = 3\n}\noutput "x" {}')
    assert found.blocks[-1].names == ["one", "tw", "inner", "three"]
    assert found.token == "tw"


def test_statements():
    assert at("locals {\n  x = |\n}").frames[-1].assigns
    assert not at("locals {\n  x |\n}").frames[-1].assigns
    assert not at("locals {\n  x = 1\n  |\n}").frames[-1].statement
    assert at("locals {\n  x = upper(|\n}").frames[-1].type == "upper"


def expected(node, source, path=()):
    """Where each attribute and block begins, and the blocks around it, as tree-sitter has them."""
    for child in node.children:
        if child.type == "attribute":
            yield child.start_byte, list(path)
        elif child.type == "block":
            yield child.start_byte, list(path)
            words = [source[part.start_byte : part.end_byte].decode().strip('"') for part in child.children
                     if part.type in {"identifier", "string_lit"}]  # fmt: skip
            yield from expected(child, source, (*path, tuple(words)))
        elif child.type == "body":
            yield from expected(child, source, path)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_it_agrees_with_the_parser_on_what_is_finished(path):
    text = path.read_bytes().decode(errors="replace")
    source = text.encode()
    for start, blocks in expected(tree(source), source):
        found = cursor_context(text, len(source[:start].decode()))
        assert around(found) == blocks
        assert found.frames[-1].kind == "body"
        assert not found.frames[-1].statement
        assert not found.word


HCL = st.lists(
    st.sampled_from(
        ['resource "a" "b" {', "}", "{", "[", "]", "(", ")", '"', "${", "%{", "<<EOT", "EOT", "\n", " ", "=", ",", "x"]
        + ["#", "/*", "*/", "//", "\\", "name", ".", "ü", "\ufeff", "\r\n", "1", "$", "%", "\\\n"]
    ),
    max_size=60,
).map("".join)


@given(HCL, st.integers(min_value=0))
@example('"a${', 3)
def test_nothing_that_is_typed_breaks_it(text, number):
    position = number % (len(text) + 1)
    found = cursor_context(text, position)
    assert found.frames[0].kind == "body"
    assert found.start <= position
    assert found.word == text[found.start : position]
    assert found.token.startswith(found.word) or not found.token


@given(HCL, HCL)
def test_what_is_around_depends_on_what_is_before(before, after):
    """But for the names, which are those of the whole block."""
    text = before + " "
    alone, followed = cursor_context(text, len(text)), cursor_context(f"{text}\n{after}", len(text))
    assert around(alone) == around(followed)
    assert [frame.kind for frame in alone.frames] == [frame.kind for frame in followed.frames]
