"""The outputs of an apply on its card: what they are, as they are, and bounded."""

import json
from decimal import Decimal

import pytest
from scripted_run import ScriptedRun

from tfmfa_nb.terraform.sensitive_values import SENSITIVE
from tfmfa_nb.views.card_outputs import card_outputs


def applied(outputs, **traits):
    return ScriptedRun(outputs=outputs, **{"phase": "apply", "status": "applied", "ended_at": 7.0, **traits})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("a\nb", "a\nb"),
        (12, "12"),
        (Decimal("3.14159265358979323846264338327"), "3.14159265358979323846264338327"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        (["a", 1], '[\n  "a",\n  1,\n]'),
        ({"a": {"b": 1}}, '{\n  "a" = {\n    "b" = 1\n  }\n}'),
    ],
)
def test_a_text_is_told_as_it_is_and_another_value_as_hcl(value, text):
    ((output,), more) = card_outputs(applied({"x": value}))
    assert (output.name, output.text, output.sensitive, output.whole, more) == ("x", text, False, True, 0)


def test_a_sensitive_one_is_not_told_and_a_text_that_says_so_is():
    secret, text = card_outputs(applied({"secret": SENSITIVE, "text": "(sensitive)"}))[0]
    assert (secret.text, secret.sensitive) == ("(sensitive)", True)
    assert text.sensitive is False


@pytest.mark.parametrize("value", ["x" * 5_000, "a\u202eb", ["y" * 5_000]])
def test_what_is_not_told_as_it_is_does_not_count_as_whole(value):
    ((output,), _) = card_outputs(applied({"x": value}))
    assert output.whole is False
    assert len(output.text) < 2_000


def test_many_outputs_are_bounded_and_the_others_counted():
    shown, more = card_outputs(applied({f"o{index}": "v" * 1_000 for index in range(5_000)}))
    assert (len(shown) + more, len(shown) > 20) == (5_000, True)
    assert len(json.dumps([each.text for each in shown])) < 40_000
    shown, more = card_outputs(applied({f"o{index}": 1 for index in range(5_000)}))
    assert (len(shown), more) == (100, 4_900)


@pytest.mark.parametrize("traits", [{"phase": "plan"}, {"ended_at": 0.0}, {"command": "output", "phase": "apply"}])
def test_only_an_apply_that_has_ended_has_outputs(traits):
    assert card_outputs(applied({"x": 1}, **traits)) == ((), 0)
