"""A plan's changes: actions, counts and masks, as `show -json` has them."""

import json
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.plan import Counts, Plan, parse_summary


def change(*actions, address="a.b", **more):
    resource = {name: more.pop(name) for name in ("previous_address", "deposed") if name in more}
    return {"address": address, "type": "a", "name": "b", "change": {"actions": list(actions), **more}, **resource}


def plan(*changes, **more):
    return Plan({"resource_changes": list(changes), **more})


@pytest.mark.parametrize(
    ("actions", "action", "sign"),
    [
        (["create"], "create", "  + a.b"),
        (["update"], "update", "  ~ a.b"),
        (["delete"], "delete", "  - a.b"),
        (["read"], "read", " <= a.b"),
        (["forget"], "forget", "  . a.b"),
        (["delete", "create"], "replace", "-/+ a.b"),
        (["create", "delete"], "replace", "-/+ a.b"),
        (["create", "forget"], "create", "  + a.b"),
        (["something", "new"], "update", "  ~ a.b"),
    ],
)
def test_actions(actions, action, sign):
    (found,) = plan(change(*actions)).changes
    assert (found.action, str(found)) == (action, sign)


def test_counts_are_terraforms():
    whole = plan(
        change("create", address="c"),
        change("update", address="u"),
        change("delete", address="d"),
        change("delete", "create", address="r"),
        change("create", "delete", address="s"),
        change("read", address="data.x"),
        change("forget", address="f"),
        change("no-op", address="n"),
        change("no-op", address="i", importing={"id": "1"}),
        change("update", address="j", importing={"id": "2"}),
        change("no-op", address="m", previous_address="old"),
        change("delete", address="c", deposed="abcd1234"),
    )
    assert whole.counts.as_dict() == {"add": 3, "change": 2, "destroy": 4, "imported": 2}
    assert whole.creates == ("c",)
    assert whole.updates == ("u", "j")
    assert whole.destroys == ("d", "r", "s", "c")
    assert whole.replaces == ("r", "s")
    assert [str(one) for one in whole.changes[-3:]] == [
        "  ~ j",
        "    m (moved from old)",
        "  - c (deposed object abcd1234)",
    ]
    assert [one.action for one in whole.changes if one.imported] == ["import", "update"]
    assert "n" not in [one.address for one in whole.changes]
    assert repr(whole) == "<Plan +3 ~2 -4>"


def test_what_has_changed_elsewhere_is_drift_and_no_change():
    drifted = plan(resource_drift=[change("update", before={"a": 1}, after={"a": 2})])
    assert (drifted.changes, [one.address for one in drifted.drift]) == ((), ["a.b"])
    assert not drifted.has_changes


def test_only_outputs_change():
    outputs = plan(output_changes={"o": {"actions": ["create"], "after": "x", "after_sensitive": True}})
    assert outputs.outputs == {"o": {"action": "create", "after": "(sensitive)"}}
    assert outputs.has_changes
    assert str(outputs) == "No changes to resources."
    assert not plan(output_changes={"o": {"actions": ["no-op"]}}).has_changes
    assert plan(applyable=True).has_changes
    assert not plan(change("forget"), applyable=False).has_changes


@pytest.mark.parametrize(
    ("value", "mask", "shown"),
    [
        ("x", True, "(sensitive)"),
        ("x", False, "x"),
        ({"a": "x", "b": "y"}, {"a": True}, {"a": "(sensitive)", "b": "y"}),
        ([{"a": 1}, {"a": 2}], [{}, {"a": True}], [{"a": 1}, {"a": "(sensitive)"}]),
        (["x", "y"], [True], ["(sensitive)", "y"]),
        ({"a": {"b": ["x"]}}, {"a": {"b": [True]}}, {"a": {"b": ["(sensitive)"]}}),
        ({"a": "x"}, [{"a": True}], "(sensitive)"),
        (["x"], {"a": True}, "(sensitive)"),
        ("x", {"a": [True]}, "(sensitive)"),
        ("x", {"a": [False]}, "x"),
        (None, {"a": True}, None),
        ("x", None, "x"),
    ],
)
def test_masks(value, mask, shown):
    (found,) = plan(change("update", before=value, before_sensitive=mask, after=value, after_sensitive=mask)).changes
    assert found.before == found.after == shown


def test_values_are_not_in_the_repr():
    assert "hush" not in repr(plan(change("create", after="hush")).changes)


@pytest.mark.parametrize("document", [[], None, "x", 3])
def test_what_is_no_plan(document):
    with pytest.raises(ValueError, match="not a plan"):
        Plan(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["change", "actions", "importing", "before", "after", "after_sensitive", "address", "x"]),
            inner,
        )
    ),
)


PARTS = dict.fromkeys(["resource_changes", "output_changes", "resource_drift"], json_values)


@given(st.fixed_dictionaries({}, optional=PARTS))
@settings(max_examples=50, deadline=None)
def test_garbled_plans(document):
    found = Plan(document)
    assert isinstance(str(found), str)
    assert found.counts.add >= 0


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Plan: 1 to add, 2 to change, 3 to destroy.", Counts(1, 2, 3)),
        ("Plan: 4 to import, 1 to add, 2 to change, 3 to destroy.", Counts(1, 2, 3, 4)),
        ("\x1b[0m\x1b[1mPlan:\x1b[0m 1 to add, 0 to change, 0 to destroy.\x1b[0m", Counts(1)),
        ("Plan: 1 to add, 0 to change, 0 to destroy, 1 to forget.", Counts(1)),
        ("Plan: 9 to add, 0 to change, 0 to destroy.\nx\nPlan: 1 to add, 0 to change, 0 to destroy.", Counts(1)),
        ('Plan: 1 to add, 0 to change, 0 to destroy.\n  + o = "Plan: 9 to add, 9 to change, 9 to destroy"', Counts(1)),
        ("No changes. Your infrastructure matches the configuration.", None),
        ("", None),
    ],
)
def test_terraforms_own_summary(text, counts):
    assert parse_summary(text) == counts


REAL = """
variable "secret" {
  default   = "hush"
  sensitive = true
}
resource "terraform_data" "made" {
  input = { open = "seen", closed = var.secret }
}
resource "terraform_data" "new_name" {
  input = "x"
}
moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}
removed {
  from = terraform_data.left
  lifecycle {
    destroy = false
  }
}
resource "terraform_data" "replaced" {
  triggers_replace = [2]
}
output "o" {
  value     = var.secret
  sensitive = true
}
"""


def left_behind(name, value, trigger):
    attributes = {"id": name, "input": value, "output": value, "triggers_replace": trigger}
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes}],
    }


STATE = {
    "version": 4,
    "terraform_version": "1.5.0",
    "serial": 1,
    "lineage": "x",
    "outputs": {},
    "resources": [
        left_behind("old_name", {"value": "x", "type": "string"}, None),
        left_behind("left", None, None),
        left_behind("gone", None, None),
        left_behind("replaced", None, {"value": [1], "type": ["tuple", ["number"]]}),
    ],
}


def test_a_real_plan_counts_as_its_own_text_does(tmp_path):
    (tmp_path / "main.tf").write_text(REAL)
    (tmp_path / "terraform.tfstate").write_text(json.dumps(STATE))
    command = find_executable(os.environ).command

    def terraform(*arguments):
        return subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    terraform("init")
    text = terraform("plan", "-out=plan")
    found = Plan(json.loads(terraform("show", "-json", "plan")))
    assert found.counts == parse_summary(text) == Counts(add=2, change=0, destroy=2)
    assert {one.address: one.action for one in found.changes} == {
        "terraform_data.made": "create",
        "terraform_data.new_name": "no-op",
        "terraform_data.left": "forget",
        "terraform_data.gone": "delete",
        "terraform_data.replaced": "replace",
    }
    (made,) = (one for one in found.changes if one.address.endswith("made"))
    assert made.after["input"] == {"open": "seen", "closed": "(sensitive)"}
    assert found.outputs["o"]["after"] == "(sensitive)"
    assert found.has_changes
    assert "terraform_data.new_name (moved from terraform_data.old_name)" in str(found)
