"""The run record: written, read again, held against what it must be."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.formats import FormatError
from tfmfa_nb.protocol.records import ProcessMark, RunRecord
from tfmfa_nb.runs import events
from tfmfa_nb.runs.events import Event
from tfmfa_nb.runs.run import Run

TEXT, MOMENT = st.text(max_size=20), st.floats(0, 2e9)
HOPS = st.builds(
    RoleHop,
    role_arn=st.none() | TEXT,
    expression=TEXT,
    external_id=st.none() | TEXT,
    duration_seconds=st.none() | st.integers(900, 43_200),
    policy_arns=st.lists(TEXT, max_size=2).map(tuple),
    tags=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    transitive_tag_keys=st.lists(TEXT, max_size=2).map(tuple),
    unknown=st.lists(TEXT, max_size=2).map(tuple),
)
COUNTS = st.fixed_dictionaries(dict.fromkeys(("add", "change", "destroy", "imported"), st.integers(0, 9)))
RECORDS = st.builds(
    RunRecord,
    id=TEXT,
    environment=TEXT,
    status=st.sampled_from(Status),
    phase=st.sampled_from(Phase),
    level=st.sampled_from(Level),
    product=TEXT,
    authenticated_by=TEXT,
    authenticated_at=MOMENT,
    identity=st.dictionaries(TEXT, TEXT, max_size=3),
    started_at=MOMENT,
    ended_at=MOMENT,
    log_start=st.integers(0, 1000),
    plan_sha256=TEXT,
    counts=st.none()
    | st.fixed_dictionaries(dict.fromkeys(("add", "change", "destroy", "imported"), st.integers(0, 9))),
    error=TEXT,
    error_remedy=TEXT,
    chains=st.lists(st.builds(RoleChain, provider=TEXT, hops=st.lists(HOPS, max_size=2).map(tuple)), max_size=2).map(
        tuple
    ),
    bypasses=st.lists(st.builds(Problem, what=TEXT, name=TEXT), max_size=2).map(tuple),
    process=st.none() | st.builds(ProcessMark, pid=st.integers(1, 2**22), started=MOMENT),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
GOOD = RunRecord("run-1", "staging").to_json()


@given(record=RECORDS)
def test_a_record_is_read_as_it_was_written(record):
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json())), "run.json") == record


@given(record=RECORDS)
def test_the_audited_facts_survive_the_file(record):
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json())), "run.json").audited() == record.audited()


def test_a_file_says_the_version_of_its_format():
    assert GOOD["format_version"] == 1


@given(name=st.sampled_from([each.name for each in fields(RunRecord)]), value=ANYTHING)
def test_a_garbled_field_is_a_value_error_and_never_another(name, value):
    try:
        record = RunRecord.from_json({**GOOD, name: value}, "run.json")
    except ValueError:
        return
    assert RunRecord.from_json(record.to_json(), "run.json").id == record.id


@pytest.mark.parametrize("name", ["id", "status", "level", "chains", "bypasses", "plan_sha256", "identity"])
def test_a_field_that_everything_depends_on_is_never_guessed(name):
    with pytest.raises(ValueError, match="not a run record"):
        RunRecord.from_json({key: value for key, value in GOOD.items() if key != name}, "run.json")


@pytest.mark.parametrize(
    "name",
    ["error", "ended_at", "log_start", "lock_timeout", "process", "format_version"]
    + ["workspace", "workspace_chosen", "given", "ephemeral", "backend_key"],
)
def test_a_record_of_before_there_were_versions_is_read(name):
    assert RunRecord.from_json({key: value for key, value in GOOD.items() if key != name}, "run.json").id == "run-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("workspace_chosen", "yes"), ("workspace_chosen", 1), ("given", "--var x"), ("given", [1]), ("ephemeral", None)],
)
def test_what_the_apply_needs_again_is_never_guessed(name, value):
    with pytest.raises(ValueError, match="not a run record"):
        RunRecord.from_json({**GOOD, name: value}, "run.json")


def test_a_newer_record_is_refused_with_a_sentence():
    with pytest.raises(FormatError, match=r"run.json was written by a newer version .* Upgrade tfmfa_nb"):
        RunRecord.from_json({**GOOD, "format_version": 2}, "run.json")


def every_event():
    return [each for each in vars(events).values() if isinstance(each, type) and issubclass(each, Event)]


@pytest.mark.parametrize("event", every_event(), ids=lambda event: event.__name__)
def test_an_event_names_only_what_a_run_or_its_record_has(event):
    known = {*Run.class_trait_names(), *(each.name for each in fields(RunRecord))}
    names = {each.name for each in fields(event)}
    assert names <= known or event is events.RecordRead


def test_every_trait_of_a_run_is_told_by_an_event():
    told = {each.name for event in every_event() for each in fields(event)} | {each.name for each in fields(RunRecord)}
    assert set(Run.class_own_traits()) <= told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("counts", {"x": 1}),
        ("counts", {"add": -1, "change": 0, "destroy": 0, "imported": 0}),
        ("started_at", float("nan")),
        ("authenticated_at", 1e300),
        ("ended_at", -1),
        ("log_start", -1),
        ("log_start", 2**60),
        ("process", {"pid": 0, "started": 1}),
    ],
)
def test_a_value_that_no_run_has_is_refused(name, value):
    with pytest.raises(ValueError, match="not a run record"):
        RunRecord.from_json({**GOOD, name: value}, "run.json")


@pytest.mark.parametrize(
    "change",
    [
        {"environment": "prod"},
        {"counts": {"add": 0, "change": 0, "destroy": 0, "imported": 0}},
        {"authenticated_by": "mallory"},
        {"identity": {"arn": "arn:aws:iam::123456789012:user/mallory"}},
    ],
)
def test_what_a_person_reads_before_they_confirm_is_audited(change):
    record = RunRecord("run-1", "staging", counts={"add": 0, "change": 0, "destroy": 1, "imported": 0})
    assert replace(record, **change).audited() != record.audited()
    assert replace(record, identity={"alias": "acme"}).audited() == record.audited()
