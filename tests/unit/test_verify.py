"""A run that another kernel left: what of its record the audit trail must say too, and what follows from it."""

import fcntl
import hashlib
import json
import os
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runbooks.trail_checks import environment_checks
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.history.follow import follow, run_to_follow
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.probe import RunProbe
from tfmfa_nb.runs.history.restore import restore, show_authentication
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.ports import InstalledTerraform
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.plan import Plan

PLAN = b"the plan"
COUNTS = {"add": 1, "change": 0, "destroy": 0, "imported": 0}
CHANGES = Plan({"resource_changes": [{"address": "terraform_data.one", "change": {"actions": ["create"]}}]})
TO_THE_PLAN = (Status.PLANNING, Status.PLANNED)
TO_THE_END = (*TO_THE_PLAN, Status.CONFIRMED, Status.APPLYING, Status.APPLIED)


class Left:
    def __init__(self, base):
        self.base, self.environment = base, Environment.named("staging", base)
        self.store = RunStore.create(self.environment)
        self.id = self.store.id
        self.record = RunRecord(
            self.id,
            "staging",
            level=Level.APPLIES_ONLY,
            plan_sha256=hashlib.sha256(PLAN).hexdigest(),
            counts=COUNTS,
            identity={"account": "123456789012", "alias": ""},
            lock_timeout="30s",
            chains=(RoleChain("aws", (RoleHop("arn:aws:iam::123456789012:role/deploy"),)),),
        )
        self.store.files.plan.write_bytes(PLAN)

    def ends(self, *said, saved=None, **changes):
        """The trail says these statuses, and the record the last of them, or what was saved in its place."""
        for status in said:
            self.store.record_status(replace(self.record, status=status))
        self.record = replace(self.record, status=saved or said[-1], **changes)
        self.store.save(self.record)

    def said(self, **line):
        """One more line of the trail, as another version or another hand may have written it."""
        path = self.store.trail.path
        before = path.read_bytes().splitlines() if path.exists() else []
        previous = hashlib.sha256(before[-1]).hexdigest() if before else "0" * 64
        with path.open("a") as file:
            file.write(json.dumps({"event": "status", "run": self.id, **line, "previous": previous}) + "\n")
        self.store.trail.witness.paths[0].unlink(missing_ok=True)  # as if all of it came from elsewhere

    def read(self):
        return read_verified(self.environment, self.id)

    def restore(self):
        return restore(self.environment, self.id, self.base, {"PATH": "/bin"}, Policy())


@contextmanager
def hold_lock(left):
    """The environment's lock, held by the run's kernel: this process."""
    fd = os.open(left.environment.files.lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    words = {"purpose": f"plan, {left.id}", "pid": os.getpid(), "host": os.uname().nodename, "since": time.time()}
    os.pwrite(fd, json.dumps(words).encode(), 0)
    yield
    os.close(fd)


@pytest.fixture
def left(tmp_path):
    return Left(tmp_path)


@pytest.fixture
def shown(monkeypatch):
    """The programs that were asked to show a plan, and which."""
    plans = []

    def find(_self, environ):
        return Executable((f"{environ['PATH']}/terraform",), "terraform", "1.11.4")

    def show(_self, executable, plan, *_where):
        plans.append((*executable.command, Path(plan.name)))
        return CHANGES

    monkeypatch.setattr(InstalledTerraform, "find", find)
    monkeypatch.setattr(InstalledTerraform, "show", show)
    return plans


@pytest.mark.parametrize("said", [TO_THE_END[:count] for count in range(1, 6)])
def test_a_record_of_which_the_trail_says_the_same_is_read(left, said):
    left.ends(*said)
    assert left.read() == (left.record, said[-1])


CHANGED = [
    ({"level": Level.NEVER}, 'its level is "never", but .* says "applies only"'),
    ({"plan_sha256": "0" * 64}, 'its plan_sha256 is "0000000000000000…"'),
    ({"chains": ()}, "its list of roles and bypasses is"),
    ({"bypasses": (Problem("A profile."),)}, "its list of roles and bypasses is"),
    ({"counts": {**COUNTS, "destroy": 1}}, "its environment, counts or identity is"),
    ({"identity": {"account": "444455556666", "alias": ""}}, "its environment, counts or identity is"),
    ({"authenticated_by": "mallory"}, "its environment, counts or identity is"),
]


@pytest.mark.parametrize(("changes", "words"), CHANGED)
@pytest.mark.parametrize("said", [TO_THE_PLAN, TO_THE_END])
def test_a_record_that_was_changed_is_refused(left, changes, words, said):
    left.ends(*said, **changes)
    with pytest.raises(RunStateError, match=f"The record of {left.id} was changed: {words}") as caught:
        left.read()
    assert caught.value.remedy.startswith("Do not continue this run.")


@pytest.mark.parametrize(("changes", "words"), CHANGED)
def test_a_record_that_was_changed_is_refused_where_the_trail_is_a_step_ahead_too(left, changes, words):
    left.ends(*TO_THE_PLAN, Status.CONFIRMED, saved=Status.PLANNED, **changes)
    with pytest.raises(RunStateError, match=words):
        left.read()


BEFORE_THE_PLAN = {"plan_sha256": "", "counts": None}


@pytest.mark.parametrize("saved", [Status.PENDING, Status.PLANNING])
def test_before_the_plan_roles_may_come_and_the_level_may_rise(left, saved):
    """What `init` installs may do both; the roles do not count before the trail has them."""
    left.record = replace(left.record, **BEFORE_THE_PLAN)
    left.ends(Status.PLANNING, saved=saved)
    assert left.read() == (left.record, Status.PLANNING)
    left.ends(saved=saved, level=Level.PLANS_AND_APPLIES, bypasses=(Problem("A profile."),))
    assert left.read() == (replace(left.record, chains=(), bypasses=()), Status.PLANNING)


@pytest.mark.parametrize(("changes", "words"), [CHANGED[0], CHANGED[1], *CHANGED[4:]])
@pytest.mark.parametrize("saved", [Status.PENDING, Status.PLANNING])
def test_before_the_plan_nothing_else_may_change(left, changes, words, saved):
    left.record = replace(left.record, **BEFORE_THE_PLAN)
    left.ends(Status.PLANNING, saved=saved, **changes)
    with pytest.raises(RunStateError, match=words):
        left.read()


def test_a_record_is_held_against_the_line_of_its_own_status(left):
    """The next line may say more: here, who has authenticated for the apply."""
    left.ends(*TO_THE_PLAN)
    left.store.record_status(replace(left.record, status=Status.CONFIRMED, authenticated_by="alice"))
    assert left.read() == (left.record, Status.CONFIRMED)


def test_a_record_that_its_kernel_saves_between_two_readings_is_read_again(left, monkeypatch):
    left.ends(*TO_THE_PLAN)
    before = left.record
    left.ends(Status.CONFIRMED, Status.APPLYING)
    answers = [before]
    load = RunStore.load
    monkeypatch.setattr(RunStore, "load", lambda store: answers.pop() if answers else load(store))
    assert left.read() == (left.record, Status.APPLYING)


@pytest.mark.parametrize(
    ("said", "saved"),
    [
        (TO_THE_PLAN, Status.APPLIED),
        (TO_THE_PLAN, Status.PLANNING),
        (TO_THE_END, Status.PLANNED),
        (TO_THE_END, Status.CONFIRMED),
        ((*TO_THE_PLAN, Status.DISCARDED), Status.APPLYING),
    ],
)
def test_the_trail_may_be_one_step_ahead_and_nothing_else(left, said, saved):
    left.ends(*said, saved=saved)
    if (said, saved) == (TO_THE_PLAN, Status.PLANNING):
        assert left.read() == (left.record, Status.PLANNED)
        return
    with pytest.raises(RunStateError, match=f'its status is "{saved}", but .* says "{said[-1]}"'):
        left.read()


def test_only_the_statuses_of_this_run_count(left):
    left.ends(*TO_THE_PLAN)
    left.store.audit("mfa", status="applied")
    other = RunStore.create(left.environment)
    other.record_status(RunRecord(other.id, "staging", status=Status.APPLIED))
    assert left.read() == (left.record, Status.PLANNED)


def test_a_run_that_the_trail_does_not_know_is_refused(left):
    left.store.save(left.record)
    left.store.audit("mfa", status="planned")
    with pytest.raises(RunStateError, match=f"has no entry for {left.id}") as caught:
        left.read()
    assert caught.value.remedy.startswith("Do not continue this run.")


def test_a_trail_that_was_changed_says_nothing(left):
    left.ends(*TO_THE_PLAN)
    path = left.store.trail.path
    path.write_bytes(path.read_bytes().replace(b'"planning"', b'"pLanning"'))
    with pytest.raises(RunStateError, match=r"was changed: line 2 does not match the line before") as caught:
        left.read()
    assert caught.value.remedy


def test_a_line_of_before_there_were_versions_may_say_less_and_no_other(left):
    left.ends(Status.PLANNING, saved=Status.PLANNED)
    left.said(status="planned", level="applies only", plan_sha256=left.record.plan_sha256)
    assert left.read() == (left.record, Status.PLANNED)
    left.ends(saved=Status.PLANNED, level=Level.NEVER)
    with pytest.raises(RunStateError, match='its level is "never"'):
        left.read()
    left.ends(saved=Status.PLANNED, level=Level.APPLIES_ONLY)
    left.said(format_version=1, status="planned", level="applies only", plan_sha256=left.record.plan_sha256)
    with pytest.raises(RunStateError, match=r'its configuration is .* says "None"'):
        left.read()


def test_a_line_of_before_workspaces_were_written_says_nothing_of_them(left):
    left.ends(*TO_THE_PLAN)
    facts = {name: text for name, text in left.record.audited().items() if name != "workspace"}
    left.said(format_version=1, status="planned", **facts)
    assert left.read() == (left.record, Status.PLANNED)
    left.said(format_version=1, status="planned", **facts, workspace="prod")
    with pytest.raises(RunStateError, match=r'its workspace is .* says "prod"'):
        left.read()


@pytest.mark.parametrize("line", [{"status": "pLanned"}, {"status": 7}, {}])
def test_a_status_that_no_run_has_is_one_clear_error(left, line):
    left.ends(*TO_THE_PLAN)
    left.said(**line)
    with pytest.raises(RunStateError, match=f"record of {left.id} is not valid"):
        left.read()


def test_a_plan_that_waits_is_shown_with_all_that_the_record_says(left, shown):
    left.ends(*TO_THE_PLAN)
    left.store.log.append("one\ntwo\n")
    run = left.restore()
    assert run.plan.creates == ("terraform_data.one",)
    assert shown == [("/bin/terraform", left.store.files.plan)]
    assert (run.status, run.level, run.log_lines) == ("planned", "applies only", 2)
    assert run.driver.options.lock_seconds == 30


def test_another_plan_than_the_one_that_was_shown_is_not(left, shown):
    left.ends(*TO_THE_PLAN)
    left.store.files.plan.write_bytes(b"another")
    with pytest.raises(RunStateError, match="is not the one that was shown"):
        left.restore()
    left.store.files.plan.unlink()
    with pytest.raises(RunStateError, match="no longer exists"):
        left.restore()
    assert shown == []


def test_a_run_that_has_ended_shows_what_it_changed_and_put_out(left, shown):
    left.ends(*TO_THE_END)
    left.store.save_changes(CHANGES)
    outputs = {"type": "outputs", "outputs": {"one": {"value": "1", "type": "string"}}}
    left.store.files.apply_events.write_text(json.dumps(outputs) + "\n")
    left.store.files.plan.unlink()
    run = left.restore()
    assert run.plan.creates == ("terraform_data.one",)
    assert run.outputs == {"one": "1"}
    assert shown == []


@pytest.mark.parametrize(
    ("said", "saved"),
    [
        ((Status.PLANNING,), Status.PLANNING),
        ((*TO_THE_PLAN, Status.CONFIRMED), Status.CONFIRMED),
        ((*TO_THE_PLAN, Status.CONFIRMED), Status.PLANNED),
        ((*TO_THE_PLAN, Status.DISCARDED), Status.PLANNED),
        (TO_THE_PLAN, Status.PLANNING),
        (TO_THE_END[:-1], Status.APPLYING),
        (TO_THE_END, Status.APPLYING),
    ],
)
def test_a_run_that_may_be_under_way_or_whose_end_is_not_recorded_is_followed_instead(left, shown, said, saved):
    left.ends(*said, saved=saved)
    with pytest.raises(RunStateError, match=f"{left.id} is {saved}") as caught:
        left.restore()
    assert f"follow {left.id}" in caught.value.remedy
    assert shown == []


def test_a_record_that_was_changed_is_not_restored(left, shown):
    left.ends(*TO_THE_PLAN, level=Level.NEVER)
    with pytest.raises(RunStateError, match='its level is "never"'):
        left.restore()
    assert shown == []


def test_a_log_that_cannot_be_read_is_one_clear_error(left):
    left.ends(*TO_THE_PLAN)
    left.store.files.log.mkdir()
    with pytest.raises(ConfigurationError, match=f"{left.id}.* cannot be used: Is a directory"):
        left.restore()


def test_events_that_cannot_be_read_hinder_nothing(left):
    left.ends(*TO_THE_END)
    left.store.files.apply_events.mkdir()
    assert left.restore().outputs == {}


@pytest.mark.parametrize("timeout", ["soon", "-3s"])
def test_a_duration_that_is_none_is_one_clear_error(left, timeout):
    left.ends(*TO_THE_PLAN, lock_timeout=timeout)
    with pytest.raises(ConfigurationError, match=f"--lock-timeout '{timeout}' is not a valid duration"):
        left.restore()


@pytest.mark.parametrize(
    ("who", "state", "words"),
    [("alice", "authenticated", "with MFA by alice"), ("", "open", "No code was needed to apply")],
)
def test_the_lock_says_whether_someone_had_authenticated(left, who, state, words):
    left.record = replace(left.record, phase=Phase.APPLY, authenticated_by=who)
    left.ends(*TO_THE_END)
    run = left.restore()
    show_authentication(run.driver)
    assert run.lock_indicator == state
    assert words in run.lock_indicator_text


FORGED = [changes for changes, _ in CHANGED]


@pytest.mark.parametrize("changes", FORGED)
def test_a_finished_run_whose_record_was_changed_is_not_confirmed(left, changes):
    left.ends(*TO_THE_END)
    assert list_runs(left.environment, 5).runs[0].confirmed
    left.store.save(replace(left.record, **changes))
    assert not list_runs(left.environment, 5).runs[0].confirmed
    checks = list(environment_checks(left.environment, NO_AUDIT_RULES, each_signature=False))
    assert [check.statement for check in checks if not check.passed] == [
        f"staging: the audit trail confirms the records of its 1 runs (not of {left.id})."
    ]


def test_a_run_that_goes_on_while_it_is_listed_is_confirmed(left, monkeypatch):
    left.ends(*TO_THE_PLAN)
    seen = [left.store.trail.of_runs({left.id})]
    left.ends(Status.CONFIRMED, Status.APPLYING)
    read = AuditTrail.of_runs
    monkeypatch.setattr(AuditTrail, "of_runs", lambda *given, **more: seen.pop() if seen else read(*given, **more))
    assert list_runs(left.environment, 5).runs[0].confirmed
    assert not seen


def test_a_record_that_was_changed_is_not_followed(left):
    left.record = replace(left.record, **BEFORE_THE_PLAN)
    left.ends(Status.PLANNING, authenticated_by="mallory")
    with pytest.raises(RunStateError, match="was changed"):
        run_to_follow(left.environment, left.id, left.base, Policy())


async def test_a_record_that_is_changed_while_it_is_followed_is_not_shown(left):
    left.record = replace(left.record, **BEFORE_THE_PLAN)
    left.ends(Status.PLANNING)
    run = run_to_follow(left.environment, left.id, left.base, Policy())
    left.store.save(replace(left.record, authenticated_by="mallory"))
    with hold_lock(left), pytest.raises(RunStateError, match="was changed"):
        await follow(run)
    assert (run.authenticated_by, run.lock_indicator) == ("", "open")


async def test_the_end_of_a_run_whose_record_was_changed_is_not_recorded(left):
    left.record = replace(left.record, **BEFORE_THE_PLAN)
    left.ends(Status.PLANNING, authenticated_by="mallory")
    before = left.store.trail.lines()
    with pytest.raises(RunStateError, match="was changed"):
        await RunProbe(left.environment, left.id).settle(left.store)
    assert left.store.trail.lines() == before


async def test_the_end_of_a_plan_is_recorded_without_roles_that_the_trail_does_not_know(left):
    left.record = replace(left.record, **BEFORE_THE_PLAN)
    left.ends(Status.PLANNING, bypasses=(Problem("A profile."),))
    assert await RunProbe(left.environment, left.id).settle(left.store) is Status.ERRORED
    record, status = left.read()
    assert (record.chains, record.bypasses, status) == ((), (), Status.ERRORED)
