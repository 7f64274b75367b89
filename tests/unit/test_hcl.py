"""Structure: blocks, attributes, names, and what is not understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader import terraform, write

from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.hcl import parse
from tfmfa_nb.terraform.json_syntax import parse_json


def only(source):
    (block,) = parse(source.encode(), "main.tf")[0]
    return block


def names(text):
    return {".".join(name.path) for name in Expression(text).names}


def test_blocks_labels_and_places():
    block = only('\n\nprovider "aws" {\n  alias = "a"\n\n  assume_role {\n    role_arn = "x"\n  }\n}\n')
    assert (block.type, block.labels, block.place) == ("provider", ("aws",), "main.tf:3")
    assert block.attributes["alias"].place == "main.tf:4"
    (inner,) = block.all("assume_role")
    assert inner.place == "main.tf:6"
    assert inner.attributes["role_arn"].literal == "x"


def test_a_resource_is_known_by_its_labels_only():
    block = only('resource "aws_vpc" "main" {\n  cidr = "x"\n}\n')
    assert (block.labels, block.attributes, block.text) == (("aws_vpc", "main"), {}, "")


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ('"plain"', "plain"),
        ('""', ""),
        ("12", "12"),
        ("true", "true"),
        ('"cafe\u0301"', "café"),
        ('"a$b%c"', "a$b%c"),
        ('"${x}"', None),
        (r'"a\"b"', 'a"b'),
        (r'"a\u0077s"', "aws"),
        (r'"\U00000061ws"', "aws"),
        (r'"\n\r\t\\u0061"', "\n\r\t\\u0061"),
        (r'"cafe\u0301"', "café"),
        (r'"\ud800\U00110000"', "\ufffd\ufffd"),
        (r'"\q"', None),
        (r'"\u12"', None),
        ('"$${x}%%{y} $$ %%"', "${x}%{y} $$ %%"),
        ('"$$${x}"', None),
        ("1.5", None),
        ("-1", None),
        ("null", None),
        ('["a"]', None),
        ('("a")', None),
        ("<<E\na\nE", None),
        ('"a" + "b"', None),
        ("var.a", None),
        ("", None),
        ('"', None),
    ],
)
def test_literals(text, literal):
    assert Expression(text).literal == literal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("var.a.b", {"var.a.b"}),
        ('var.a["b"].c', {"var.a"}),
        ("local.a[local.b]", {"local.a", "local.b"}),
        ('{ role = var.a, (local.k) = 1, "${each.key}" = 2 }', {"var.a", "local.k", "each.key"}),
        ("[for k, v in var.m : v.arn if k != local.z]", {"var.m", "local.z"}),
        ("{ for v in var.m : v => var.n... }", {"var.m", "var.n"}),
        ("[for var in var.list : var.x]", {"var.list"}),
        ("[[for v in var.m : v], v]", {"var.m", "v"}),
        ('"%{for x in var.l}${x}${y}%{endfor}%{if x}%{endif}"', {"var.l", "y", "x"}),
        ("<<-E\n  ${var.a}\n  E", {"var.a"}),
        ('f(g(var.a, "x")...)', {"var.a"}),
        ("aws_x.y[*].id", {"aws_x.y"}),
        ("uuid()", {""}),
        ("provider::aws::f(var.a)", {""}),
        ("core::upper(var.a)", {"var.a"}),
        ("var.größe", {"var.größe"}),
        ("-var.a + !var.b ? var.c : 1", {"var.a", "var.b", "var.c"}),
        ("}", set()),
    ],
)
def test_names(text, expected):
    assert names(text) == expected


def test_rewriting_replaces_the_first_words_and_nothing_else():
    text = '"é ${data.a.b} ${[for data in var.l : data.x]} ${uuid()}"'
    known = {"var": None}
    rewritten = Expression(text).rewritten(lambda name: known.get((*name.path, "")[0], "U"))
    assert rewritten == '"é ${U.a.b} ${[for data in var.l : data.x]} ${U}"'


def test_members_of_an_object_as_it_is_written():
    written = Expression('{\n  a = "1" # c\n  "b" : var.x,\n}', "main.tf", 3)
    assert written.member("a").literal == "1"
    assert written.member("b").place == "main.tf:5"
    assert written.member("c") is None
    assert Expression("merge(a, b)").member("c").text == "try((merge(a, b)\n).c, null)"
    assert Expression('{ ("a") = 1, b = 2 }').member("b").source == '{ ("a") = 1, b = 2 }'


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("a {\n}\n", None),
        ("", None),
        ("\n\nx = \n", 3),
        ('provider "aws" {\n', 1),
        ("\x00", 1),
        ('x = 1\ny = "a\n', 2),
        # White space beyond ASCII matters only where it stands around what may be a heredoc's marker.
        ("# see the wiki\u00a0\nx = <<-A\n  a\n  A\n", None),
        ("# a\n# b\u2003\nx = <<A\n \u00a0\nA\n# <<\n", None),
        ("x = <<A\na\n\u00a0A\nA\n", 3),
        ("x = <<-Ab\na\n\u00a0Ab\t\nAb\n", 3),
    ],
)
def test_where_it_is_not_understood(source, line):
    assert parse(source.encode(), "main.tf")[1] == line


@pytest.mark.parametrize(
    "value", ["1e3", "[1E-3, 2.5e+10]", "<<-É\n  é\n  É", "<<Größe1e3\n} 1e3\nGröße1e3", '"${1e3}"'], ids=range(5)
)
def test_hcl_that_the_grammar_cannot_read_hides_nothing_and_is_not_changed(value):
    source = f'provider "aws" {{\n  é = {value}\n  assume_role {{\n    x = {value}\n    role_arn = "1e3"\n  }}\n}}\n'
    (block,), line = parse(source.encode(), "main.tf")
    (inner,) = block.all("assume_role")
    assert line is None
    assert (inner.attributes["role_arn"].literal, block.attributes["é"].text) == ("1e3", value)


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 20_000 + "1" + ")" * 20_000,
        "x = " + "[" * 50_000,
        "provider {\n" * 5_000,
        'x = "' + '${"' * 2_000,
    ],
    ids=["brackets", "lists", "blocks", "templates"],
)
def test_no_depth_is_too_deep(source):
    for block in parse(source.encode(), "main.tf")[0]:
        repr(block)
    expression = Expression(source.removeprefix("x = "))
    assert expression.literal is None
    assert expression.names == ()


@given(st.binary())
def test_any_bytes(source):
    parse(source, "main.tf")
    try:
        parse_json(source, "main.tf.json")
    except ValueError:
        return


@given(st.text())
def test_any_expression(text):
    expression = Expression(text)
    assert expression.broken or expression.rewritten(lambda _: None) == text
    assert isinstance(expression.members, dict)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["provider", "aws", "locals"]), inner),
)


@given(json_values)
def test_any_json(value):
    import json  # noqa: PLC0415

    for block in parse_json(json.dumps({"locals": {"x": value}, "provider": value}).encode(), "main.tf.json"):
        for expression in block.attributes.values():
            _ = expression.names, expression.literal, expression.members


def test_json_too_deep_is_refused():
    with pytest.raises(ValueError, match="too deep"):
        parse_json(b"[" * 100_000, "main.tf.json")


# Each with a place for a block that must not be missed.
CONSTRUCTS = [
    "locals {\n x = <<EOT\nfoo\n\tEOT\n}\nHERE",
    "locals {\n x = <<EOT\nfoo\nEOT \n}\nHERElocals {\n y = <<EOT\nEOT\n}\n",
    "locals {\n x = <<EOT\nfoo EOT\nEOTX\nEOT\n}\nHERE",
    "locals {\n x = <<E-T\nfoo\nE\nE-T\n}\nHERE",
    "locals {\n x = <<EOT\n${<<E2\nE2\n}\nEOT\n}\nHERE",
    'locals {\n x = <<EOT\n" { ( [ ${"}"} $\n$$\n%%{\nEOT\n}\nHERE',
    "locals {\r\n x = <<EOT\r\nfoo\r\nEOT\r\n}\r\nHERE",
    "locals {\n x = trimspace(<<EOT\nfoo\nEOT\n)\n}\nHERE",
    "locals {\n x = <<É\nfoo\nÉ\n}\nHERE",
    "/* /* */\nHERE/**/",
    "# foo \\\nHERE",
    'locals {\n x = "/*"\n}\nHERElocals {\n y = "*/"\n}\n',
    'locals {\n x = "\\\\"\n}\nHERElocals {\n y = "\\""\n}\n',
    'locals {\n x = "${"${"}"}"} ${{ a = "}" }.a}"\n}\nHERE',
    'locals {\n x = "$${"\n}\nHERElocals {\n y = "}"\n}\n',
    'locals {\n x = "%{~ if true ~}a%{~ endif ~} %%{ if"\n}\nHERE',
    'locals { x = "}" }\nHERE',
    "# a\u2028locals {\nHERE",
    "locals {\n 变量-1 = 1\n for = 2\n null = 3\n}\nHERE",
    "locals {\n a = [{ b = 1 }]\n x = local.a.*.b\n y = local.a.0.b\n}\nHERE",
    'locals {\n x = core::upper("a")\n y = max([1, 2]...)\n z = 1.5e+3\n}\nHERE',
    "locals {\n x = (\n1\n+\n2\n)\n}\nHERE",
    'locals {\n x = { for k in ["a"] : k => k... }\n}\nHERE',
    "# \x00\nHERE",
]


@pytest.mark.parametrize("text", CONSTRUCTS, ids=range(len(CONSTRUCTS)))
def test_no_block_that_terraform_reads_is_missed_in_silence(tmp_path, text):
    source = text.replace("HERE", 'output "o" {\n  value = "here"\n}\n')
    write(tmp_path, source)
    assert '"here"' in terraform(tmp_path, "plan")
    blocks, line = parse((tmp_path / "main.tf").read_bytes(), "main.tf")
    values = [block.attributes["value"].literal for block in blocks if block.labels == ("o",)]
    if "\x00" in text:  # Terraform takes no offence at it; here it is told, and so refused
        assert line == 1
    else:
        assert (values, line) == (["here"], None)
