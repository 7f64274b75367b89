"""A plan's changes: actions, counts and masks, as `show -json` has them."""

import json
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.plan import Counts, Plan, parse_summary
from tfmfa_nb.terraform.plan_checks import PlannedCheck
from tfmfa_nb.terraform.planned_values import UNKNOWN
from tfmfa_nb.terraform.sensitive_values import SENSITIVE, Placeholder


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
        " -> m (moved from old)",
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
    assert outputs.outputs == {"o": {"action": "create", "before": None, "after": "(sensitive)"}}
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


def test_a_notebook_shows_the_changes_and_their_number():
    found = plan(change("create"), change("no-op", address="c.d", importing={"id": "1"}))
    lines = "  + a.b\n <- c.d\nPlan: 1 to import, 1 to add, 0 to change, 0 to destroy."
    assert DisplayFormatter().format(found)[0] == {"text/plain": lines}
    assert DisplayFormatter().format(plan())[0] == {"text/plain": "No changes to resources."}


@pytest.mark.parametrize("document", [[], None, "x", 3])
def test_what_is_no_plan(document):
    with pytest.raises(ValueError, match="not a plan"):
        Plan(document)


MEMBERS = [
    *("change", "actions", "importing", "before", "after", "before_sensitive", "after_sensitive", "after_unknown"),
    *("address", "replace_paths", "action_reason", "resource_change", "values", "root_module", "resources"),
    *("child_modules", "sensitive_values", "outputs", "sensitive", "value", "instances", "problems", "status", "x"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inner,
        )
    ),
)


PARTS = dict.fromkeys(
    [
        *("resource_changes", "output_changes", "resource_drift", "deferred_changes", "planned_values", "prior_state"),
        *("variables", "checks", "relevant_attributes"),
    ],
    json_values,
)


@given(st.fixed_dictionaries({}, optional=PARTS))
@settings(max_examples=50, deadline=None)
def test_garbled_plans(document):
    found = Plan(document)
    assert isinstance(str(found), str)
    assert found.counts.add >= 0
    assert json.dumps(found.document)


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


def test_what_is_unknown_is_not_null():
    known = {"list": ["hello", None, None], "object": {"a": 1}, "none": None, "empty": {}}
    unknown = {"list": [False, True, False], "object": {"b": True, "c": {}}, "all": True, "block": [{"id": True}]}
    (found,) = plan(change("create", after=known, after_unknown=unknown)).changes
    assert found.after == {
        "list": ["hello", UNKNOWN, None],
        "object": {"a": 1, "b": UNKNOWN},
        "none": None,
        "empty": {},
        "all": UNKNOWN,
        "block": [{"id": UNKNOWN}],
    }
    assert isinstance(found.after["all"], Placeholder)
    assert str(found.after["all"]) == "(known after apply)"


def test_what_is_sensitive_and_unknown_is_sensitive():
    (found,) = plan(change("create", after={}, after_unknown={"a": True}, after_sensitive={"a": True})).changes
    assert found.after == {"a": SENSITIVE}


REASONS = {
    "replace_because_tainted": "tainted",
    "replace_by_request": "requested with -replace",
    "delete_because_no_resource_config": "no longer in the configuration",
    "some_new_reason": "some new reason",
}


@pytest.mark.parametrize("reason", REASONS)
def test_the_reason_is_in_words(reason):
    resource = {**change("delete", "create"), "action_reason": reason}
    (found,) = plan(resource).changes
    assert found.reason == REASONS[reason]
    assert str(found) == f"-/+ a.b ({REASONS[reason]})"


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        ([["ami"]], "ami forces replacement"),
        ([["block", 0, "type"], ["tags", "a b"]], 'block[0].type and tags["a b"] force replacement'),
        ([], "cannot be updated in place"),
    ],
)
def test_what_forces_a_replacement_is_named(paths, reason):
    resource = {**change("create", "delete", replace_paths=paths), "action_reason": "replace_because_cannot_update"}
    (found,) = plan(resource).changes
    assert found.reason == reason
    assert found.replace_paths == tuple(map(tuple, paths))
    assert found.create_before_destroy


ADDRESSES = [
    "aws_db_instance.main",
    'module.a["x.y"].module.b[0].aws_db_instance.main["p.q"]',
    "aws_instance.db",
    "data.aws_ami.one",
    "module.prod.aws_instance.web[3]",
]


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("aws_db_*", [0, 1]),
        ("aws_db_instance", [0, 1]),
        ("aws_instance.web[*]", [4]),
        ("aws_instance.web[?]", [4]),
        ("module.prod.*", [4]),
        ("*.db", [2]),
        ("data.*", [3]),
        ("aws_ami", [3]),
        ("aws_d", []),
        ("x.y", []),
    ],
)
def test_addresses_fit_by_type_by_name_or_whole(pattern, fitting):
    destroys = plan(*(change("delete", address=address) for address in ADDRESSES)).destroys
    assert destroys.matching(pattern) == tuple(ADDRESSES[index] for index in fitting)


def test_checks_and_deferred_changes():
    problems = [{"address": {}, "status": "fail", "problems": [{"message": "too slow"}, {"message": "too slow"}]}]
    health = {"kind": "check", "to_display": "check.health", "name": "health"}
    found = plan(
        checks=[{"address": health, "status": "fail", "instances": problems}],
        deferred_changes=[{"reason": "provider_config_unknown", "resource_change": change("create")}],
    )
    assert found.checks == (PlannedCheck("check.health", "check", "fail", ("too slow",)),)
    (deferred,) = found.deferred
    assert (deferred.action, deferred.deferred) == ("create", "its provider's configuration is not known yet")


def test_drift_that_the_plan_depends_on():
    drifted = [change("update", address=name, before={"x": 1}, after={"x": 2}) for name in ("a.b", "c.d")]
    found = plan(resource_drift=drifted, relevant_attributes=[{"resource": "c.d", "attribute": ["x"]}])
    assert [one.address for one in found.relevant_drift] == ["c.d"]
    assert found.drifts == ("a.b", "c.d")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_table_has_a_row_for_each_change(library):
    frame = plan(change("create", after={"x": 1}), change("delete", address="module.m.c.d")).to_dataframe(library)
    assert type(frame).__module__.startswith(library)
    assert list(frame["address"]) == ["a.b", "module.m.c.d"]
    assert list(frame["action"]) == ["create", "delete"]
    assert list(frame["after"]) == [{"x": 1}, None]
    assert list(plan().to_dataframe(library).columns) == list(frame.columns)


def test_without_a_library_the_error_says_which_to_install():
    with pytest.raises(ConfigurationError, match=r"(?s)modin is not installed\..*pip install pandas"):
        plan().to_dataframe("modin")


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
resource "terraform_data" "last" {
  input = ["hello", terraform_data.made.id, null, { id = terraform_data.made.id, name = "x" }]
}
check "is_two" {
  assert {
    condition     = terraform_data.new_name.input == 2
    error_message = "It is not two."
  }
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
    assert found.counts == parse_summary(text) == Counts(add=3, change=0, destroy=2)
    assert {one.address: one.action for one in found.changes} == {
        "terraform_data.made": "create",
        "terraform_data.new_name": "move",
        "terraform_data.left": "forget",
        "terraform_data.gone": "delete",
        "terraform_data.replaced": "replace",
        "terraform_data.last": "create",
    }
    (made,) = (one for one in found.changes if one.address.endswith("made"))
    assert made.after["input"] == {"open": "seen", "closed": "(sensitive)"}
    assert found.outputs["o"]["after"] == "(sensitive)"
    assert found.has_changes
    by_name = {one.name: one for one in found.changes}
    assert by_name["last"].after["input"] == ["hello", UNKNOWN, None, {"id": UNKNOWN, "name": "x"}]
    assert by_name["replaced"].reason == "triggers_replace forces replacement"
    assert by_name["gone"].reason == "no longer in the configuration"
    assert by_name["gone"].provider == "terraform.io/builtin/terraform"
    assert [(check.address, check.status, check.problems) for check in found.checks] == [
        ("check.is_two", "fail", ("It is not two.",))
    ]
    assert found.forgets == ("terraform_data.left",)
    assert found.moves == ("terraform_data.new_name",)
    assert "hush" in terraform("show", "-json", "plan")
    assert "hush" not in json.dumps(found.document)
    assert "terraform_data.new_name (moved from terraform_data.old_name)" in str(found)
