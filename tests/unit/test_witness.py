"""What every test is held against: that a call by a long-term key in an authenticated phase would be found."""

import time
from datetime import datetime

import pytest
from witness import unproven

from tfmfa_nb.environments import Environment
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.store import RunStore


@pytest.fixture
def store(tmp_path):
    made = RunStore.create(Environment.named("staging", tmp_path))
    made.save(RunRecord(made.id, "staging", authenticated_by="alice"))
    return made


def call(store, **facts):
    agent = f"APN/1.0 HashiCorp/1.0 tfmfa_nb/{store.id} os/linux"
    usual = {"access_key_id": "AKIAEXAMPLE", "mfa": False, "action": "PutParameter", "received": time.time()}
    return {**usual, "user_agent": agent, **facts}


def test_a_call_by_a_long_term_key_is_found_from_the_authentication_to_the_end_of_the_phase(store, tmp_path):
    store.audit("status", status="planned")
    before = call(store)
    store.audit("mfa", result="refused")
    store.audit("mfa", result="authenticated")
    mfa = datetime.fromisoformat(store.trail.lines()[-1]["time"]).timestamp()
    within = call(store, received=mfa)
    assert list(unproven([before, within], tmp_path)) == [f"{store.id}: PutParameter"]
    store.audit("status", status="applying")
    store.audit("status", status="applied")
    ended = datetime.fromisoformat(store.trail.lines()[-1]["time"]).timestamp()
    assert list(unproven([call(store, received=ended + 1)], tmp_path)) == []
    assert list(unproven([within], tmp_path)) == [f"{store.id}: PutParameter"]


def test_a_run_that_is_not_shown_as_authenticated_may_have_failed_to_be(store, tmp_path):
    store.audit("mfa", result="authenticated")
    store.save(RunRecord(store.id, "staging"))
    assert list(unproven([call(store, received=time.time() + 1)], tmp_path)) == []


def test_calls_with_mfa_of_roles_and_of_nobody_s_run_are_not(store, tmp_path):
    store.audit("mfa", result="authenticated")
    later = time.time() + 1
    others = [{"mfa": True}, {"access_key_id": "ASIAEXAMPLE"}, {"user_agent": "Boto3/1.0"}]
    assert list(unproven([call(store, received=later, **facts) for facts in others], tmp_path)) == []
