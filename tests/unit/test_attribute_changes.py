"""What a change alters, attribute by attribute, and line by line."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.attribute_changes import MAX_NODES, attribute_changes, value_change
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.planned_values import UNKNOWN
from tfmfa_nb.terraform.sensitive_values import SENSITIVE
from tfmfa_nb.terraform.text_changes import line_changes

SIGNS = {"create": "+", "update": "~", "delete": "-", "no-op": "=", "gap": "…"}


def changed(**change):
    change = {"actions": ["update"], **change}
    return Plan({"resource_changes": [{"address": "a.b", "change": change}]}).changes[0]


def drawn(node):
    """Each leaf as its sign, path, and values."""
    if node.children:
        return [text for child in node.children for text in drawn(child)]
    return [f"{SIGNS[node.kind]} {'.'.join(map(str, node.path))}: {node.before!r} -> {node.after!r}"]


def lines(before, after):
    """A difference as text, with what is marked in brackets."""
    return [
        SIGNS[line.kind]
        + ("".join(f"[{part.text}]" if part.changed else part.text for part in line.parts) or str(line.omitted or ""))
        for line in line_changes(before, after)
    ]


def test_only_what_changes_is_told():
    root = attribute_changes(changed(before={"a": 1, "b": "x", "c": None}, after={"a": 2, "b": "x", "c": None, "d": 3}))
    assert drawn(root) == ["~ a: 1 -> 2", "+ d: None -> 3"]
    assert (root.unchanged, root.children[0].name, root.kind) == (1, "a", "update")


def test_what_does_not_change_is_told_on_request():
    change = changed(before={"a": 1, "b": {"c": "x"}}, after={"a": 2, "b": {"c": "x"}})
    assert drawn(attribute_changes(change, unchanged=True)) == ["~ a: 1 -> 2", "= b.c: 'x' -> 'x'"]


def test_a_new_resource_has_what_is_set():
    root = attribute_changes(changed(before=None, after={"a": 1, "blocks": [], "none": None, "list": [{"b": True}]}))
    assert drawn(root) == ["+ a: None -> 1", "+ list.0.b: None -> True"]
    assert root.kind == "create"


def test_a_destroyed_resource_has_what_was_set():
    assert drawn(attribute_changes(changed(before={"a": 1, "b": {}}, after=None))) == ["- a: 1 -> None"]


def test_an_emptied_list_is_a_change():
    assert drawn(value_change({"a": ["x"]}, {"a": []})) == ["- a.0: 'x' -> None"]
    assert drawn(value_change({"a": None}, {"a": []})) == ["+ a: None -> []"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["a", "b", "c"], ["a", "c"], ["- 1: 'b' -> None"]),
        (["a", "c"], ["a", "b", "c"], ["+ 1: None -> 'b'"]),
        (["a"], ["b"], ["~ 0: 'a' -> 'b'"]),
        (["a", "b"], ["c"], ["- 0: 'a' -> None", "- 1: 'b' -> None", "+ 0: None -> 'c'"]),
        ([{"p": 1}, {"p": 2}], [{"p": 2}], ["- 0.p: 1 -> None"]),
        ([{"p": 1, "q": 1}], [{"p": 1, "q": 2}], ["~ 0.q: 1 -> 2"]),
        (["a", "b"], ["a", UNKNOWN], ["~ 1: 'b' -> '(known after apply)'"]),
        ("a", ["b"], ["+ 0: None -> 'b'"]),
    ],
)
def test_elements_are_told_apart(before, after, told):
    assert drawn(value_change(before, after)) == told


def test_what_is_unknown_and_what_is_sensitive():
    change = changed(
        before={"arn": "x", "list": ["a"], "open": "was", "secret": "old", "still": "s"},
        after={"secret": "new", "open": "now", "still": "s", "fresh": "f"},
        after_unknown={"arn": True, "list": True},
        before_sensitive={"secret": True, "still": True},
        after_sensitive={"secret": True, "still": True, "open": True},
    )
    root = attribute_changes(change)
    told = {child.name: child for child in root.children}
    assert set(told) == {"arn", "list", "open", "secret", "fresh"}  # a secret that stays is no change
    assert told["arn"].unknown
    assert told["list"].unknown
    assert drawn(told["list"]) == ["- list.0: 'a' -> None"]
    assert (told["secret"].sensitive, told["secret"].before, told["secret"].after) == (True, SENSITIVE, SENSITIVE)
    assert told["open"].sensitive
    assert (told["fresh"].sensitive, told["fresh"].unknown) == (False, False)


def test_a_secret_that_will_be_known_later_changes():
    root = attribute_changes(
        changed(
            before={"s": "x"},
            after={},
            before_sensitive={"s": True},
            after_sensitive={"s": True},
            after_unknown={"s": True},
        )
    )
    assert [(child.kind, child.sensitive, child.unknown) for child in root.children] == [("update", True, False)]


def test_a_secret_that_has_no_value_is_told_to_have_none():
    """As in Terraform's own plan: `value_wo` of a new parameter is no change, and a password that goes is no update."""
    mask = {"gone": True, "never": True, "set": True}
    root = attribute_changes(
        changed(
            before={"gone": "x", "never": None, "set": None},
            after={"gone": None, "never": None, "set": "y"},
            before_sensitive=mask,
            after_sensitive=mask,
        )
    )
    assert drawn(root) == ["- gone: '(sensitive)' -> None", "+ set: None -> '(sensitive)'"]
    made = changed(after={"value": "x", "value_wo": None}, after_sensitive={"value": True, "value_wo": True})
    assert drawn(attribute_changes(made)) == ["+ value: None -> '(sensitive)'"]


def test_a_text_that_reads_like_a_placeholder_is_a_text():
    root = attribute_changes(
        changed(
            before={"a": "(known after apply)", "b": "(sensitive)"},
            after={"b": "s"},
            after_unknown={"a": True},
            after_sensitive={"b": True},
        )
    )
    assert [(child.name, child.kind) for child in root.children] == [("a", "update"), ("b", "update")]
    told = value_change(None, {"a": "(known after apply)", "b": "(sensitive)"}).children
    assert [(child.unknown, child.sensitive) for child in told] == [(False, False)] * 2


@pytest.mark.parametrize(("before", "after"), [(True, 1), ([1], [True]), (1, Decimal("1.000000000000000000001"))])
def test_values_of_other_types_differ(before, after):
    assert value_change({"a": before}, {"a": after}).children


def test_what_forces_a_replacement_is_marked():
    change = changed(
        actions=["delete", "create"],
        before={"ami": "a", "disk": [{"size": 1, "type": "x"}], "tags": {"n": "1"}},
        after={"ami": "b", "disk": [{"size": 2, "type": "y"}], "tags": {"n": "2"}},
        replace_paths=[["ami"], ["disk", 0, "size"]],
    )
    marked = {}

    def walk(node):
        marked[".".join(map(str, node.path))] = node.forces_replacement
        for child in node.children:
            walk(child)

    walk(attribute_changes(change))
    assert [path for path, forces in marked.items() if forces] == ["ami", "disk.0.size"]


def test_a_path_into_what_is_unknown_marks_the_whole():
    change = changed(before={"d": {"x": 1}}, after={}, after_unknown={"d": True}, replace_paths=[["d", "y"]])
    assert not attribute_changes(change).forces_replacement
    change = changed(before={"d": "a"}, after={}, after_unknown={"d": True}, replace_paths=[["d", "y"]])
    assert attribute_changes(change).children[0].forces_replacement


def test_a_large_value_is_cut():
    root = value_change(None, {"a": list(range(200_000))})
    assert len(root.children[0].children) + root.children[0].omitted == 200_000
    assert len(root.children[0].children) < MAX_NODES


def test_values_nested_deeper_than_python_walks():
    before, after = [], [1]
    for _ in range(5_000):
        before, after = [before], [after]
    assert value_change(before, after).kind == "update"


def test_lines_around_a_change():
    before = "".join(f"line {number}\n" for number in range(12))
    assert lines(before, before.replace("line 6", "line six")) == [
        "…3", "=line 3", "=line 4", "=line 5", "-line [6]", "+line [six]", "=line 7", "=line 8", "=line 9", "…2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, "a\nb\n", ["+a", "+b"]),
        ("a\nb\n", None, ["-a", "-b"]),
        ("a\nb", "a\nb\n", ["=a", "=b", "+"]),
        ("a\nb\nc", "a\nc", ["=a", "-b", "=c"]),
        ("same\n", "same\n", []),
        ("one", "other", []),
        ("a\na\na", "a\na", ["=a", "=a", "-a"]),
        ("nothing\nin", "other\nin", ["-nothing", "+other", "=in"]),
    ],
)
def test_lines(before, after, told):
    assert lines(before, after) == told


def test_json_is_compared_by_member():
    before = '{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow"}],"Version":"2012-10-17"}'
    after = before.replace('"s3:GetObject"', '"s3:GetObject","s3:PutObject"')
    assert lines(before, after) == [
        "={",
        '=  "Statement": [',
        "=    {",
        '=      "Action": [',
        '=        "s3:GetObject",',
        '+        "s3:PutObject"',
        "=      ],",
        '=      "Effect": "Allow"',
        "=    }",
        "…3",
    ]


def test_json_keeps_every_digit_and_every_member():
    assert lines(None, '{"a":1.00000000000000000000000001,"a":"\\u0041, {x}"}') == [
        "+{", '+  "a": 1.00000000000000000000000001,', '+  "a": "\\u0041, {x}"', "+}",
    ]  # fmt: skip


def test_json_that_only_looks_different_is_compared_as_text():
    assert lines('{"a":1}', '{\n "a":1}')


def test_a_long_line_is_told_by_what_differs():
    told = line_changes("x" * 500_000 + "old" + "y" * 500_000, "x" * 500_000 + "new" + "y" * 500_000)
    assert [[part.text for part in line.parts if part.changed] for line in told] == [["old"], ["new"]]
    assert sum(len(line.text) for line in told) < 2_000


@given(st.text('ab\n{}[],:"\\1 ', max_size=60), st.text('ab\n{}[],:"\\1 ', max_size=60))
def test_different_texts_of_several_lines_differ(before, after):
    told = line_changes(before, after)
    if before == after:
        assert told == ()
    elif told:
        assert any(line.kind in {"create", "delete"} for line in told)
    else:
        assert "\n" not in before + after


LINES = [f"line {number} {'w' * 60}\n" for number in range(28_000)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("".join(LINES), "".join(LINES).replace("line 14000 ", "line 14000x ")),
        ("".join(LINES), "".join(reversed(LINES))),
        ("\n" * 2_000_000, "\n" * 1_999_999 + "x"),
        ("ab\n" * 700_000, "ba\n" * 700_000),
        ("a " * 1_000_000, "b " * 1_000_000),
        (
            "".join(f"{'w ' * 150}{number}\n" for number in range(150)),
            "".join(f"{'w ' * 150}x{n}\n" for n in range(150)),
        ),
        (f"[{'1,' * 30_000}1]", f"[{'1,' * 15_000}2{',1' * 15_000}]"),
        (list(range(200_000)), list(range(1, 200_001))),
        ({str(number): number for number in range(50_000)}, {str(number): -number for number in range(50_000)}),
    ],
)
def test_two_megabytes_cost_little(before, after):
    """Processor time, and a limit far above what it takes: the machine may be busy."""
    begun = time.process_time()
    root = value_change({"a": before}, {"a": after})
    (attribute,) = root.children
    told = attribute.lines
    assert time.process_time() - begun < 2
    assert len(attribute.children) <= MAX_NODES
    assert sum(len(line.text) for line in told) < 200_000
    assert told or attribute.children
