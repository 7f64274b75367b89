"""A run that another kernel left: its record is held against the audit trail before anything follows from it."""

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import time

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.probe import wait_for_end
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.store import RunStore

CHAIN = {
    "provider": "aws", "hops": [], "place": "main.tf:1", "region": None,
}  # fmt: skip


def gate():
    return Gate(Device(None), os.environ)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planned")
    environment = Environment.named("head", folder)
    environment.write_configuration('resource "terraform_data" "one" {}')
    run = Run(environment, Options(level=Level.APPLIES_ONLY), folder)
    asyncio.run(plan(run.driver, gate()))
    _ = run.plan
    while not run.driver.store.files.changes.exists():  # written in the background: a copy made meanwhile would lack it
        time.sleep(0.01)
    return run


class Left:
    """A copy of it, as another kernel finds it."""

    def __init__(self, base, run_id):
        self.base, self.id = base, run_id
        self.environment = Environment("head", base / "head", owned=True)
        self.files = base / "head" / ".tfmfa" / "runs" / run_id
        self.trail = base / "head" / ".tfmfa" / "audit.jsonl"
        self.plan = RunStore(self.environment, run_id).files.plan

    def record(self, **changes):
        record = json.loads((self.files / "run.json").read_text())
        (self.files / "run.json").write_text(json.dumps(record | changes))

    def restore(self):
        return restore(self.environment, self.id, self.base, os.environ, Policy())

    async def wait(self):
        return await wait_for_end(self.environment, self.id, lambda _: None, Policy())

    def status(self):
        return json.loads((self.files / "run.json").read_text())["status"]


@pytest.fixture
def left(planned, tmp_path):
    base = tmp_path / "copy"
    shutil.copytree(planned.driver.base, base, symlinks=True)
    left = Left(base, planned.id)
    shutil.copy(planned.driver.store.files.plan, left.plan)  # which is not in the environment's folder
    return left


async def test_what_agrees_is_restored(left):
    run = left.restore()
    assert (run.status, run.level) == ("planned", "applies only")
    assert run.plan.creates == ("terraform_data.one",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"level": "never"}, 'level is "never", .* audit trail says "applies only"'),
        ({"status": "applied"}, 'status is "applied", .* audit trail says "planned"'),
        ({"plan_sha256": "0" * 64}, 'plan_sha256 is "0000000000000000…"'),
        ({"chains": [CHAIN]}, "roles and bypasses"),
        ({"bypasses": [{"what": "", "remedy": "", "place": "", "name": ""}]}, "roles and bypasses"),
    ],
)
@pytest.mark.parametrize("how", ["restore", "wait"])
async def test_a_record_that_says_otherwise_is_refused(left, changes, words, how):
    left.record(**changes)
    before = left.trail.read_bytes()
    with pytest.raises(RunStateError, match=words):
        await left.wait() if how == "wait" else left.restore()
    assert left.trail.read_bytes() == before


async def test_another_plan_with_its_own_hash_is_refused(left):
    left.plan.write_bytes(b"another")
    left.record(plan_sha256=hashlib.sha256(b"another").hexdigest())
    with pytest.raises(RunStateError, match="plan_sha256 is"):
        left.restore()


def change(lines):
    lines[1] = lines[1].replace("planning", "pLanning")


def drop(lines):
    del lines[0]


@pytest.mark.parametrize(("how", "line"), [(change, 3), (drop, 1)])
async def test_a_broken_trail_is_refused_with_its_line(left, how, line):
    lines = left.trail.read_text().splitlines()
    how(lines)
    left.trail.write_text("\n".join(lines) + "\n")
    with pytest.raises(RunStateError, match=f"line {line}"):
        left.restore()


async def test_a_run_that_the_trail_does_not_know_is_refused(left):
    left.trail.unlink()
    with pytest.raises(RunStateError, match="has no entry for"):
        left.restore()


GARBLED = [
    "",
    "{",
    "[]",
    "null",
    "\0\0\0",
    '{"status": "planned"}',
    '{"status": 1}',
    '{"status": "planned", "chains": 1}',
]


@pytest.mark.parametrize("text", GARBLED)
@pytest.mark.parametrize("how", ["restore", "wait"])
async def test_a_garbled_record_is_one_clear_error(left, text, how):
    (left.files / "run.json").write_text(text)
    with pytest.raises(RunStateError, match=f"record of {left.id}"):
        await left.wait() if how == "wait" else left.restore()


@pytest.mark.parametrize("name", ["identity", "counts", "started_at", "product", "lock_timeout"])
async def test_a_garbled_value_is_one_clear_error(left, name):
    left.record(**{name: ["x"]})
    with pytest.raises(RunStateError, match=f"record of {left.id}"):
        left.restore()


@pytest.mark.parametrize("process", [["x"], {"pid": "x", "started": 0}, {"pid": -7, "started": 0}, {"pid": 1}])
async def test_a_garbled_process_is_one_clear_error(left, process):
    run = left.restore()
    run.driver.move(Status.CONFIRMED)
    run.driver.move(Status.APPLYING)
    left.record(process=process)
    with pytest.raises(RunStateError, match=f"record of {left.id}"):
        await left.wait()


@pytest.mark.parametrize(
    ("recorded", "said", "then"),
    [
        ("planning", [], Status.ERRORED),  # nobody saw this plan
        ("planned", ["discarded"], Status.DISCARDED),
        ("confirmed", ["confirmed", "applying"], Status.ERRORED),
        ("applying", ["confirmed", "applying", "applied"], Status.APPLIED),
    ],
)
async def test_a_kernel_that_died_between_trail_and_record_is_taken_by_the_trail(left, recorded, said, then):
    run = left.restore()
    for status in said:
        run.driver.move(Status(status))
    left.record(status=recorded)
    if recorded == "planning":
        left.record(plan_sha256="", configuration_sha256="", counts=None)
    assert await left.wait() == then
    assert left.status() == str(then)
    assert not left.plan.exists()
    assert left.restore().status == str(then)


async def test_what_was_restored_is_applied_after_the_same_gate(left, sandbox, gate_of):
    run = left.restore()
    device = Device(sandbox)
    await apply(run.driver, gate_of(sandbox, device))
    assert (run.status, len(device.asked)) == ("applied", 1)
    again = left.restore()
    assert again.status == "applied"
    (applied,) = again.resource_applies
    assert (applied.address, applied.action, applied.state) == ("terraform_data.one", "create", "done")
    assert run.started_at <= applied.start <= applied.end <= run.ended_at
    assert run.resource_applies == (applied,)


GARBLED_CHANGES = [
    "{",
    "[]",
    "null",
    "[" * 100_000,
    '{"resource_changes": 7}',
    '{"resource_changes": [{"change": {"actions": 7}}]}',
]


@pytest.mark.parametrize("text", GARBLED_CHANGES)
async def test_garbled_changes_and_events_hinder_nothing(left, text):
    run = left.restore()
    run.discard()
    (left.files / "changes.json").write_text(text)
    odd = ["7", "[]", '{"type": 7}', '{"type": "outputs", "outputs": 7}', '{"type": "outputs", "outputs": {"a": 7}}']
    odd += ["[" * 100_000, '{"type": "apply_start"}', '{"type": "apply_start", "hook": 7}', "\x00"]
    (left.files / "apply.jsonl").write_text("\n".join(odd))
    again = left.restore()
    assert again.status == "discarded"
    assert again.outputs in ({}, {"a": None})
    with contextlib.suppress(RunStateError):
        assert again.plan is not None


@pytest.mark.parametrize("text", ["{", "[]", "null", "7", "{}", '{"exit_code": "0"}', "[" * 100_000, ""])
async def test_a_garbled_exit_code_is_none(left, text):
    run = left.restore()
    run.driver.move(Status.CONFIRMED)
    run.driver.move(Status.APPLYING)
    left.record(process={"pid": 2**22 + 1, "started": 0})
    (left.files / "apply.exit.json").write_text(text)
    assert await left.wait() is Status.ERRORED
