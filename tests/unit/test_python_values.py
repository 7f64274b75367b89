"""Values of Python in options, only where they are asked for."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError
from reader import ENVIRON, terraform

from tfmfa_nb.magics.python_values import expand
from tfmfa_nb.terraform.hcl_values import to_hcl, to_variable


def expanded(value, **names):
    arguments = Namespace(given=value)
    expand(arguments, names)
    return arguments.given


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{word}", "a b"),
        ("$word", "a b"),
        ("x={word}-{number + 1}", "x=a b-8"),
        ("tags={tags}", 'tags={"k" = ["a", true, 1.5]}'),
        ("flag={flag}", "flag=true"),
        ("{{word}} $$word", "{word} $word"),
        ("{run.id}", "run-1"),
        ("plain", "plain"),
        ("cost $ and 5%", "cost $ and 5%"),
    ],
)
def test_expressions_and_names(text, result):
    names = {"word": "a b", "number": 7, "tags": {"k": ["a", True, 1.5]}, "flag": True, "run": Namespace(id="run-1")}
    assert expanded(text, **names) == result


def test_a_value_that_was_expanded_stands_in_no_notebook():
    given = [("var", "a=1"), ("var", "b={x}"), ("var_file", "{x}.tfvars")]
    assert expanded(given, x="y") == [("var", "a=1"), ("value", "b=y"), ("var_file", "y.tfvars")]
    assert expanded(["{x}", "z"], x="y") == ["y", "z"]
    assert expanded(7) == 7


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{missing}", "NameError"),
        ("$missing", "NameError"),
        ("{1/0}", "ZeroDivisionError"),
        ("{secret[1]}", "KeyError"),
        ("{", "ValueError"),
        ("{none}", "None is no value of Terraform; leave the option out"),
        ("{thing}", "object is no value of Terraform"),
        ("{fail()}", "RuntimeError"),
        ("{1 + ''}", "TypeError"),
    ],
)
def test_what_fails_names_the_text_and_no_value(text, problem):
    def fail():
        raise RuntimeError("planted")

    names = {"secret": {"planted": 1}, "none": None, "thing": object(), "fail": fail}
    with pytest.raises(UsageError) as caught:
        expanded(text, **names)
    assert str(caught.value) == f"--expand: {text!r} cannot be expanded: {problem}"
    assert caught.value.__context__ is None


@given(st.text())
def test_a_text_is_a_variable_as_it_is(text):
    assert to_variable(text) == text


def test_a_path_and_what_is_none():
    assert to_variable(Path("/a b")) == "/a b"
    for value in (None, float("nan"), object(), {"a": {1, 2}}):
        with pytest.raises(TypeError, match="no value of Terraform"):
            to_variable(value)


def test_terraform_reads_the_same_values(tmp_path):
    """One console for many values, because it takes a while to start."""
    values = [
        {"a": '${not} %{one} "quoted" \\ \n\t\'', "b": [1, -2.5, True, None], "c": {"${k}": "é\u2028"}},
        ["\x01", "", [], {}],
    ]
    (tmp_path / "main.tf").write_text(f'output "x" {{\n  value = jsonencode({to_hcl(values)})\n}}\n')
    terraform(tmp_path, "init", environ=ENVIRON)
    terraform(tmp_path, "apply", "-auto-approve", environ=ENVIRON)
    said = json.loads(json.loads(terraform(tmp_path, "output", "-json", "x", environ=ENVIRON)))
    assert said == values
