import json
import time
from html import escape
from itertools import takewhile

import nbformat
import pytest
from html_page import Page
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_run import PLAN, ScriptedRun

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.check_results import CheckResult
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.events import PhaseStarted
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.command_table import read_call
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.sensitive_values import SENSITIVE
from tfmfa_nb.views.summary import summary_bundle, summary_html, summary_text
from tfmfa_nb.views.wording import status_sentence

PLANTED = "<script>alert(1)</script>\"><img src=x onerror='alert(2)'> &lt; \x1b[31mred\x1b]0;t\x07 \u202eevil\u200b"
ALLOWED = {"div", "p", "strong", "br", "ul", "li", "details", "summary", "pre", "code", "span"}
HIDDEN = set("\x1b\x07\u202e\u200b\r\x00\x9b")
FOREIGN = st.text(st.sampled_from("<>&\"'/=ax \x1b[31m;\u202e\r\n\x00é漢"), max_size=40)


def planted(text, lines=()):
    """A run in which everything that others could have named is `text`."""
    return ScriptedRun(
        lines,
        environment=text,
        level=text,
        lock_indicator_text=text,
        lock_indicator_remedy=text,
        identity={"arn": text, "source": text, "serial_number": text},
        roles=[{"provider": text, "place": text, "hops": [{"arn": text, "state": text, "message": text}] * 3}] * 300,
        changes=[{"address": text, "action": text}] * 1000,
        failed_checks=[{"name": text, "place": text, "message": text}] * 1000,
        error=text,
        error_remedy=text,
        error_documents=[{"title": text, "text": text}] * 300,
        log_path=text,
        product=text,
        id=text,
        status="errored",
        counts={"add": 2, "change": 1, "destroy": 0, "imported": 3},
        progress={"done": 1, "total": 3},
        started_at=1_800_000_000.0,
        ended_at=1_800_000_042.0,
    )


def check(run, text):
    page = Page(summary_html(run))
    assert set(page.tags) <= ALLOWED
    assert {name for name, _ in page.attributes} <= {"style", "open"}
    assert all(value.startswith("color: #") for name, value in page.attributes if name == "style")
    assert not HIDDEN & set(page.text)
    assert not HIDDEN & set(summary_text(run))
    return text in page.text


def test_foreign_text_stays_text():
    run = planted(PLANTED, [PLANTED] * 3)
    assert check(run, "<script>alert(1)</script>\"><img src=x onerror='alert(2)'> &lt; red␛]0;t␇ ⟨U+202E⟩evil⟨U+200B⟩")


@settings(max_examples=40, deadline=None)
@given(FOREIGN)
def test_any_foreign_text_stays_text(text):
    check(planted(text, [text, *text.split("\n")]), text)


@pytest.mark.parametrize(
    "unit", ["x", "&", '"', "\u202e", "漢", "\U000e0041", "\x1b[31mx\x1b[32my", "\x1b[1;31mx\x1b[0m", "\ud83d"]
)
@pytest.mark.parametrize("count", [100, 399, 100_000])
@pytest.mark.quiet
def test_the_bundle_is_bounded_whatever_the_run_holds(unit, count):
    line = (unit * count)[:count]
    began = time.process_time()
    bundle = summary_bundle(planted(line, [line] * 1000))
    assert time.process_time() - began < 2
    assert sum(len(text.encode()) for text in bundle.values()) < 400_000
    assert "lines omitted; see the full log" in bundle["text/plain"]


def test_a_long_log_keeps_its_head_and_its_tail_and_says_what_is_left_out():
    run = ScriptedRun([f"line {number}" for number in range(100_000)], log_start=1000)
    run.log_lines = 100_000
    text = summary_text(run).splitlines()
    begin = text.index("line 1000")
    assert text[begin : begin + 40] == [f"line {number}" for number in range(1000, 1040)]
    assert text[begin + 40] == "… 98,760 lines omitted; see the full log …"
    assert text[begin + 41 :] == [f"line {number}" for number in range(99_800, 100_000)]
    assert "Log (99,000 lines)" in summary_html(run)


@pytest.mark.parametrize("count", [0, 1, 39, 40, 41, 239, 240, 241])
def test_every_line_is_there_or_counted(count):
    run = ScriptedRun([f"line {number}." for number in range(count)])
    text = summary_text(run)
    shown = text.count("line ")
    left_out = count - shown
    assert left_out == max(0, count - 240)
    assert ("lines omitted" in text) == (left_out > 0)


def test_colors_survive_as_spans_and_words_do_without_them():
    run = ScriptedRun(PLAN)
    assert '<span style="color: #2f8a3c">+</span> create' in summary_html(run)
    assert "  + create" in summary_text(run)


def test_the_record_says_who_what_and_how_long():
    failed = {"name": "healthy", "place": "main.tf:5", "message": "The site does not answer."}
    run = ScriptedRun(failed_checks=[failed])
    run.show("applied")
    run.started_at, run.ended_at = 1_800_000_000.0, 1_800_000_042.0
    text = summary_text(run)
    assert text.startswith("staging: Applied +2 ~1 -0, 1 check failed\nApplied: 2 added, ")
    for words in (
        "MFA: Authenticated with MFA by alice",
        "Level: plans and applies",
        "Identity: arn:aws:iam::123456789012:user/alice (keys from process environment)",
        "Roles of aws: arn:aws:iam::123456789012:role/deploy (assumed) → arn:aws:iam::123456789012:role/deploy-prod",
        "Check: main.tf:5: The check healthy failed: The site does not answer.",
        "Resources: 3 of 3 done",
        "Apply: 2027-01-15 08:00:00 UTC to 2027-01-15 08:00:42 UTC, 0:42",
    ):
        assert words in text
    assert all(
        words in Page(summary_html(run)).text for words in ("staging: Applied", "Authenticated with MFA by alice")
    )


def test_what_mends_an_error_stands_below_it_as_it_is_pasted():
    run = ScriptedRun()
    run.show("role refused")
    policy = run.error_documents[0]["text"]
    assert f"What to do: {run.error_remedy}\n\n{run.error_documents[0]['title']}:\n  {{\n" in summary_text(run)
    assert "\n".join(f"  {line}" for line in policy.split("\n")) in summary_text(run)
    assert f"<pre><code>{escape(policy)}</code></pre>" in summary_html(run)
    assert json.loads(Page(summary_html(run)).text.partition("corrected:")[2].partition("MFA:")[0]) == json.loads(
        policy
    )
    # Each hop has its own state, and the refused one its cause.
    assert "role/deploy (assumed) → " in summary_text(run)
    assert "role/deploy-prod (refused: its trust policy requires a different external ID" in summary_text(run)


def test_a_policy_of_any_length_is_bounded():
    run = ScriptedRun(status="errored", error="x", error_documents=[{"title": "t", "text": "&\u202e" * 10**6}] * 50)
    assert len(summary_html(run)) < 60_000
    assert len(summary_text(run)) < 60_000


def test_the_freeing_of_a_lock_is_not_said_by_the_status_of_the_run_that_it_refused():
    run = ScriptedRun([], status="errored", phase="unlock", environment="staging")
    assert summary_text(run).splitlines()[0] == "staging: Unlocking the state"
    run.ended_at = time.time()
    assert summary_text(run).splitlines()[0] == status_sentence(run) == "staging: State unlocked"
    run.error = "The state's lock was not freed."
    assert summary_text(run).splitlines()[0] == "staging: State not unlocked"


def test_a_command_has_a_time_and_says_of_mfa_only_what_is_known(tmp_path):
    environment = Environment.named("staging", tmp_path)
    run = Run(environment, Options(call=read_call(["validate"])), tmp_path)
    run.driver.tell(PhaseStarted(Phase.CHECK, 1.0))
    text = summary_text(run)
    assert "Time: since 1970-01-01 00:00:01 UTC" in text
    assert "Check:" not in text  # that is what a `check` block says
    assert "MFA: " not in text  # it may be refused before anybody asks
    run.driver.show_indicator(LockIndicator.OPEN, "No code is needed to run validate")
    assert "MFA: MFA not required. No code is needed to run validate" in summary_text(run)


POLICY = '{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow"}]}'
CHANGED_POLICY = POLICY.replace("Get", "Put")


def change(address, *actions, **more):
    resource = {name: more.pop(name) for name in ("previous_address", "action_reason") if name in more}
    return {
        "address": address,
        "type": address.partition(".")[0],
        "change": {"actions": [*actions], **more},
        **resource,
    }


WHOLE = {
    "resource_changes": [
        change("aws_iam_policy.app", "update", before={"policy": POLICY}, after={"policy": CHANGED_POLICY}),
        change(
            "aws_db_instance.old",
            "delete",
            before={"name": "shop"},
            after=None,
            action_reason="delete_because_no_resource_config",
        ),
        change(
            "aws_instance.web",
            *("delete", "create"),
            before={"ami": "ami-1", "id": "i-1", "password": "hunter2-old", "user_data": "a\nb\nc\n"},
            after={"ami": "ami-2", "password": "hunter2-new", "user_data": "a\nB\nc\n"},
            after_unknown={"id": True},
            before_sensitive={"password": True},
            after_sensitive={"password": True},
            replace_paths=[["ami"]],
        ),
        change("aws_s3_bucket.new", "create", before=None, after={"bucket": "assets"}, after_unknown={"arn": True}),
        change("aws_eip.b", "no-op", before={"a": 1}, after={"a": 1}, previous_address="aws_eip.a"),
        change("aws_vpc.v", "no-op", before={"a": 1}, after={"a": 1}, importing={"id": "vpc-1"}),
    ],
    "resource_drift": [change("aws_s3_bucket.logs", "update", before={"acl": "private"}, after={"acl": "public-read"})],
    "relevant_attributes": [{"resource": "aws_s3_bucket.logs"}],
    "output_changes": {
        "url": {"actions": ["update"], "before": "http://a", "after": "http://b"},
        "token": {"actions": ["create"], "before": None, "after": "hunter2-token", "after_sensitive": True},
    },
    "checks": [
        {
            "address": {"to_display": "check.health", "kind": "check"},
            "status": "fail",
            "instances": [{"problems": [{"message": "The site does not answer."}]}],
        }
    ],
}


def test_the_plan_is_there_as_a_person_reviews_it():
    run = ScriptedRun(plan=Plan(WHOLE))
    run.show("planned")
    text, page = summary_text(run), Page(summary_html(run))
    for line in (
        "Plan: 1 to add, 1 to change, 1 to destroy, 1 to replace, 1 to import, 1 to move.",
        "  - aws_db_instance.old will be destroyed: no longer in the configuration",
        "-/+ aws_instance.web will be destroyed and re-created: ami forces replacement",
        "  MFA: Authenticated with MFA by alice",
        "  ✗ check.health",
        "      The site does not answer.",
        '      ~ ami       = "ami-1" → "ami-2"  # forces replacement',
        "      ~ password  = (sensitive)",
        "          - b",
        "          + B",
        "        known after apply: id",
        '          -         "s3:GetObject"',
        '          +         "s3:PutObject"',
        " -> aws_eip.b (move), moved from aws_eip.a",
        ' <- aws_vpc.v (import), imported by "vpc-1"',
        "  ~ aws_s3_bucket.logs (update) (affects this plan)",
        '      ~ acl = "private" → "public-read"',
        '  ~ url   = "http://a" → "http://b"',
        "  + token = (sensitive)",
    ):
        assert line in text.splitlines(), line
        assert line.strip() in page.text, line
    assert "hunter2" not in text + page.text
    # What cannot be taken back comes first: in the decision, and among the changes.
    assert (
        text.index("old will be destroyed")
        < text.index("MFA:")
        < text.index("old (delete)")
        < text.index("web (replace)")
    )
    assert text.index("web (replace)") < text.index("app (update)") < text.index("new (create)")
    assert set(page.tags) <= ALLOWED


def test_the_outputs_of_an_apply_are_those_that_it_reported():
    run = ScriptedRun(
        plan=Plan(WHOLE), outputs={"url": "http://b", "token": SENSITIVE, "many": [1, 2]}, status="applied"
    )
    lines = summary_text(run).splitlines()
    assert lines[lines.index("Outputs (3)") + 1 :][:3] == [
        '    url   = "http://b"',
        "    token = (sensitive)",
        "    many  = [1, 2]",
    ]


@pytest.mark.parametrize("foreign", [PLANTED, "&" * 5_000, "\u202e" * 5_000, "漢" * 5_000, "\n" * 5_000])
def test_whatever_a_plan_names_stays_text(foreign):
    resource = change(
        foreign, "delete", "create", before={foreign: foreign, "l": [foreign]}, after={foreign: foreign + "x"}
    )
    resource |= {"action_reason": foreign, "previous_address": foreign, "deposed": foreign}
    problems = [{"problems": [{"message": foreign}]}]
    document = {
        "resource_changes": [resource],
        "resource_drift": [resource],
        "deferred_changes": [{"reason": foreign, "resource_change": resource}],
        "output_changes": {foreign: {"actions": ["update"], "before": foreign, "after": {foreign: foreign}}},
        "checks": [{"address": {"to_display": foreign}, "status": "fail", "instances": problems}],
    }
    run = planted(foreign[:300], [foreign] * 3)
    run.known_plan = Plan(document)
    check(run, foreign)
    assert sum(len(text.encode()) for text in summary_bundle(run).values()) < 100_000


def many(number):
    values = {f"attribute_{each}": "x" * 60 for each in range(20)}
    kinds = [("create",), ("update",), ("delete",), ("delete", "create")]
    return [
        change(f"module.m.aws_thing.t[{each}]", *kinds[each % 4], before=values, after={**values, "attribute_1": "y"})
        for each in range(number)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        many(5_000),
        [change("a.b", "update", before={"a": "x\n" * 1_000_000}, after={"a": "y\n" * 1_000_000})],
        [change("a.b", "create", before=None, after={"a": "<&>" * 700_000})],
        [change("a.b", "update", before={"a": [*range(300_000)]}, after={"a": [*range(1, 300_001)]})],
        [change("a.b", "update", before={str(each): each for each in range(100_000)}, after={"x": 1})],
    ],
    ids=["5,000 changes", "2 MB of lines", "2 MB in one line", "a list", "an object"],
)
def test_a_summary_is_below_100_kb(changes, tmp_path):
    run = ScriptedRun(
        [f"line {number} {'<&>' * 100}" for number in range(10_000)], plan=Plan({"resource_changes": changes})
    )
    run.show("planned")
    begun = time.process_time()
    bundle = summary_bundle(run)
    assert time.process_time() - begun < 2
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data=bundle)])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "n.ipynb")
    assert (tmp_path / "n.ipynb").stat().st_size < 100_000
    assert f"Changes ({len(changes):,})" in bundle["text/plain"]
    assert "line 9999" in bundle["text/plain"]
    if len(changes) > 1:
        assert "… and 2,480 more" in bundle["text/plain"]
        assert "… and 4," in bundle["text/html"]


def test_a_plan_without_changes_says_so():
    run = ScriptedRun(plan=Plan({}), status="planned_and_finished")
    assert "Plan: no changes to resources." in summary_text(run).splitlines()


@pytest.mark.parametrize(("waited", "said"), [(0.0, ""), (0.9, ""), (30.0, ", 0:30 of it waiting for an answer")])
def test_the_time_that_a_run_waited_for_a_person_is_told_apart(waited, said):
    run = ScriptedRun(status="applied", phase="apply", started_at=1_800_000_000.0, ended_at=1_800_000_042.0)
    run.waited = waited
    (line,) = [line for line in summary_text(run).splitlines() if line.startswith("  Apply: ")]
    assert line.endswith(f" UTC, 0:42{said}")


def test_the_names_of_what_only_the_apply_knows_are_never_broken():
    names = ["insecure_value", "key_id", "data_type", "has_value_wo", "tags_all", "version", "tier", "arn"]
    change = {"actions": ["create"], "before": None, "after": {}, "after_unknown": dict.fromkeys(names, True)}
    plan = Plan({"resource_changes": [{"address": "aws_ssm_parameter.release", "type": "x", "change": change}]})
    run = ScriptedRun(status="planned")
    run.know(plan)
    lines = summary_text(run).splitlines()
    first = next(place for place, line in enumerate(lines) if "known after apply: " in line)
    told = [lines[first].partition(": ")[2], *takewhile(lambda line: line.startswith(" " * 26), lines[first + 1 :])]
    assert sorted(" ".join(told).replace(",", "").split()) == sorted(names)
    assert len(told) > 1
    assert max(map(len, lines[first : first + len(told)])) <= 82


def test_policy_checks_are_a_section_what_failed_first():
    results = [
        CheckResult("cost", exit_code=0, seconds=1.2, command="infracost diff"),
        CheckResult(
            "rules",
            source="/etc/tfmfa_nb/policy.toml",
            exit_code=1,
            seconds=0.4,
            command="conftest test",
            output="FAIL - <b>one</b>\n\u202etwo\n",
        ),
    ]
    run = ScriptedRun(status="errored", policy_checks=results)
    assert """
Policy checks (2)
  ✗ Policy check rules failed: exit code 1 (0.4 s).
      Command: conftest test
      Demanded by: /etc/tfmfa_nb/policy.toml
      FAIL - <b>one</b>
      ⟨U+202E⟩two
  ✓ Policy check cost passed (1.2 s).
      Command: infracost diff
""" in summary_text(run)
    assert "FAIL - &lt;b&gt;one&lt;/b&gt;" in summary_html(run)
    long = ScriptedRun(policy_checks=[CheckResult(str(n), output="x" * 4_000) for n in range(1_000)])
    assert sum(len(text.encode()) for text in summary_bundle(long).values()) < 100_000
