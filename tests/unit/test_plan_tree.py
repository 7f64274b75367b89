import json

import pytest
import scripted_plan
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.protocol.plan_messages import MOST_PLAN_ROWS, PlanRowsRequest, PlanView
from tfmfa_nb.runs.comparison import EarlierPlan, PlannedChange, compare
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.resource_applies import ResourceApplies
from tfmfa_nb.views.plan_tree import PlanTree

PLAN = scripted_plan.everything()


def rows(plan=PLAN, start=0, stop=MOST_PLAN_ROWS, *, typed="", after=0, grouping="module", comparison=None, **view):
    """The answer to a request."""
    return PlanTree(plan, ResourceApplies(), comparison).answer(
        PlanRowsRequest(
            query=7,
            start=start,
            stop=stop,
            typed=typed,
            after=after,
            choices=True,
            view=PlanView(grouping=grouping, **view),
        )
    )


def written(answer):
    """The rows as text, each after two blanks for each level above it."""
    return ["  " * (row["place"]["level"] - 1) + _written(row) for row in answer["rows"]]


def _written(row):
    match row["kind"]:
        case "group":
            return f"[{row['title']}: {row['about']}]"
        case "change":
            return " ".join(filter(None, [row["sign"], row["word"], row["label"], row["reason"], *row["notes"]]))
        case "attribute":
            before, after = (row[name]["text"] if row[name] else None for name in ("before", "after"))
            values = f"{before} → {after}" if before and after else before or after or row["about"]
            return f"{row['sign']} {row['name']}: {values}{' !' if row['forces'] else ''}"
        case "line":
            return row["sign"] + "".join(f"*{text}*" if changed else text for text, changed in row["pieces"])
        case "note":
            return row["text"]


def test_a_plan_is_grouped_by_module():
    assert written(rows()) == [
        "[root module: 1 to add, 2 to change, 1 to destroy, 1 to replace, 1 to import]",
        "  + create aws_s3_bucket.assets",
        "  ~ update aws_iam_role_policy.reader",
        "  ~ update aws_launch_template.web",
        "  -/+ replace aws_instance.web because ami forces replacement",
        "  - destroy aws_db_instance.legacy no longer in the configuration",
        "  <- import aws_cloudwatch_log_group.shop imported as /shop/web",
        "[module.network: 1 to change, 1 to move]",
        "  ~ update aws_subnet.private[0]",
        "  -> move aws_vpc.main moved from aws_vpc.main",
        "[Checks: 1]",
        "  ! fails check.certificate",
        "    The certificate of shop.example.com expires in 12 days.",
        "[Outputs: 3]",
        '  ~ release: "2.4.0" → "2.4.1"',
        "  + bucket_arn: (known after apply)",
        "  - database_url: (sensitive value)",
        "[Changed outside of Terraform: 1]",
        "  ~ changed aws_security_group.web this plan depends on it",
    ]


def test_a_plan_is_grouped_by_action_with_what_destroys_on_top():
    assert [row for row in written(rows(grouping="action"))[:12] if row.startswith("[")] == [
        "[Destroy: 1 resource]",
        "[Replace: 1 resource]",
        "[Update: 3 resources]",
        "[Create: 1 resource]",
        "[Move: 1 resource]",
    ]


def test_changes_of_the_root_module_alone_need_no_group():
    assert written(rows(scripted_plan.one_of_two_megabytes())) == ["~ update local_file.text"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "aws_s3_bucket.assets",
            [
                '+ bucket: "assets-staging"',
                "+ force_destroy: false",
                "+ tags: 2 members",
                '  + Team: "shop"',
                '  + Stage: "staging"',
                "+ arn: (known after apply)",
                "+ id: (known after apply)",
                "+ region: (known after apply)",
            ],
        ),
        (
            "aws_iam_role_policy.reader",
            [
                "~ policy: 1 added line",
                "  4 unchanged lines",
                '         "Sid": "Read",',
                '         "Effect": "Allow",',
                '         "Action": [',
                '           "s3:GetObject",',
                '  +        "s3:ListBucket"',
                "         ],",
                '         "Resource": "arn:aws:s3:::assets-staging/*"',
                "       }",
                "  2 unchanged lines",
                "4 unchanged attributes",
            ],
        ),
        (
            "aws_launch_template.web",
            [
                "~ latest_version: 7 → (known after apply)",
                "~ user_data: 2 added and 2 removed lines",
                "   #!/bin/bash",
                "   set -euo pipefail",
                "   ",
                "  -export RELEASE=2.4.*0*",
                "  +export RELEASE=2.4.*1*",
                "   export REGION=eu-central-1",
                "   ",
                "  -exec /opt/shop/serve --workers *2* --port 8080",
                "  +exec /opt/shop/serve --workers *4* --port 8080",
                "~ token: (sensitive value) → (sensitive value)",
                "~ security_group_names: 1 of 2 elements",
                '  ~ [0]: "admin" → "metrics"',
                "  1 unchanged element",
                "3 unchanged attributes",
            ],
        ),
        (
            "aws_instance.web",
            [
                '~ ami: "ami-0a1b2c3d4e5f60718" → "ami-0fedcba9876543210" !',
                '~ id: "i-0f3a9c1d2e4b56789" → (known after apply)',
                "4 unchanged attributes",
            ],
        ),
    ],
)
def test_a_change_opens_to_its_differences(address, expected):
    found = rows(text=address, opened=True)
    level = next(row["place"]["level"] for row in found["rows"] if row["kind"] == "change")
    inner = [line for line in written(found) if line.startswith("  " * level)]
    assert [line[2 * level :] for line in inner if f" {address}" not in line][: len(expected)] == expected


def test_unchanged_attributes_are_told_when_they_are_asked_for():
    closed = rows(text="aws_instance.web", opened=True)
    note = next(row["place"]["key"] for row in closed["rows"] if row["kind"] == "note")
    found = written(rows(text="aws_instance.web", opened=True, toggled=(note,)))
    assert found[found.index("    4 unchanged attributes") + 1 :] == [
        '        availability_zone: "eu-central-1a"',
        '        instance_type: "t3.small"',
        "        root_block_device: 1 element",
        "          [0]: 3 members",
        "            encrypted: false",
        "            volume_size: 20",
        '            volume_type: "gp2"',
        "        tags: 2 members",
        '          Name: "web"',
        '          Team: "shop"',
    ]


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ({"actions": ("delete", "replace")}, ["aws_instance.web", "aws_db_instance.legacy"]),
        ({"resource_type": "aws_subnet"}, ["aws_subnet.private[0]"]),
        ({"module": "module.network"}, ["aws_subnet.private[0]", "aws_vpc.main"]),
        ({"module": "", "actions": ("create",)}, ["aws_s3_bucket.assets"]),
        ({"text": "LEGACY"}, ["aws_db_instance.legacy"]),
        ({"text": "10.0.1.0/24"}, ["aws_subnet.private[0]"]),
        ({"text": "forces replacement"}, ["aws_instance.web"]),
        ({"text": "nothing of this"}, []),
    ],
)
def test_filters_leave_what_they_name(view, shown):
    found = rows(**view)
    assert [row["label"] for row in found["rows"] if row["kind"] == "change"] == shown
    assert (found["shown"], found["changes"]) == (len(shown), 8)


def test_outputs_and_checks_are_sought_too():
    assert written(rows(text="certificate of shop")) == [
        "[Checks: 1]",
        "  ! fails check.certificate",
        "    The certificate of shop.example.com expires in 12 days.",
    ]
    assert written(rows(text="2.4.1"))[-2:] == ["[Outputs: 1]", '  ~ release: "2.4.0" → "2.4.1"']


def test_no_sensitive_value_can_be_found_out():
    for text in ("correct horse", "first", "second", "postgres://"):
        assert rows(text=text)["total"] == 0
    sent = json.dumps([rows(opened=True), rows(grouping="action", opened=True)])
    assert [secret for secret in ("correct horse", "first", "second", "postgres://") if secret in sent] == []


def test_the_choices_are_what_the_plan_has():
    choices = rows()["choices"]
    assert choices["modules"] == [["", 6], ["module.network", 2]]
    assert dict(map(tuple, choices["actions"])) == {
        "create": 1,
        "update": 3,
        "delete": 1,
        "replace": 1,
        "import": 1,
        "move": 1,
    }
    assert ["aws_vpc", 1] in choices["types"]


@pytest.mark.parametrize(
    ("typed", "after", "found"),
    [("aws_v", 0, 9), ("aws_i", 3, 4), ("a", 9, 18), ("OUT", 0, 13), ("x", 0, -1)],
)
def test_typing_goes_to_the_next_row_that_begins_so(typed, after, found):
    assert rows(typed=typed, after=after)["found"] == found


@given(data=st.data(), grouping=st.sampled_from(["module", "action"]), opened=st.booleans())
def test_places_tell_the_tree_of_any_window(data, grouping, opened):
    keys = [row["place"]["key"] for row in rows(grouping=grouping, opened=opened)["rows"]]
    toggled = tuple(data.draw(st.lists(st.sampled_from(keys), unique=True)))
    every = rows(grouping=grouping, opened=opened, toggled=toggled)["rows"]
    assert len({row["place"]["key"] for row in every}) == len(every)
    for index, row in enumerate(every):
        place = row["place"]
        above = every[place["parent"]]["place"] if place["parent"] >= 0 else {"level": 0, "open": True}
        assert place["level"] == above["level"] + 1
        assert above["open"]
        siblings = [each["place"] for each in every if each["place"]["parent"] == place["parent"]]
        assert place["size"] == len(siblings)
        assert siblings[place["position"] - 1] == place
        assert place["parent"] < index
    start = data.draw(st.integers(-5, len(every) + 5))
    part = rows(start=start, stop=start + 9, grouping=grouping, opened=opened, toggled=toggled)
    assert part["rows"] == every[part["start"] : max(start, 0) + 9 if start < 0 else start + 9][: len(part["rows"])]
    assert part["total"] == len(every)


@pytest.mark.parametrize("make", [lambda: scripted_plan.large(5_000), scripted_plan.one_of_two_megabytes])
def test_an_answer_is_small_whatever_the_plan(make):
    answer = rows(make(), stop=10_000, opened=True)
    assert len(json.dumps(answer)) < 250_000
    assert len(answer["rows"]) <= MOST_PLAN_ROWS


def test_a_long_value_is_cut_and_hidden_characters_are_seen():
    change = {"actions": ["create"], "before": None, "after": {"a": "x" * 500, "b": "safe\u202eexe"}}
    plan = Plan({"resource_changes": [{"address": "a.b\u202ec", "type": "a", "name": "b", "change": change}]})
    found = written(rows(plan, opened=True))
    assert found[0] == "+ create a.b⟨U+202E⟩c"
    assert "⟨U+202E⟩" in found[-1]
    assert "\u202e" not in "".join(found)


def test_a_plan_of_which_only_the_changes_are_kept_still_tells_them():
    kept = written(rows(Plan(PLAN.without_values())))
    assert "  - destroy aws_db_instance.legacy no longer in the configuration" in kept
    assert "  -/+ replace aws_instance.web because ami forces replacement" in kept


def test_rows_tell_whether_they_are_new_and_can_be_chosen_by_that():
    now = {change.address: PlannedChange(change.action, "a") for change in PLAN.changes}
    before = dict(list(now.items())[1:])
    comparison = compare(now, [EarlierPlan("run-1", 1_795_000_000, applied=False, changes=before)])
    answer = rows(comparison=comparison)
    shown = written(answer)
    assert "  + create aws_s3_bucket.assets new in this plan" in shown
    assert "  ~ update aws_launch_template.web planned since 2026-11-18 11:06 UTC, in 2 runs" in shown
    assert answer["choices"]["new"] == 1
    assert written(rows(comparison=comparison, new=True)) == [
        "[root module: 1 to add]",
        "  + create aws_s3_bucket.assets new in this plan",
    ]
    assert "new" not in rows()["choices"] or rows()["choices"]["new"] is None
    assert len(written(rows(new=True))) == len(written(rows())) - 7  # without a plan before, every change is new
