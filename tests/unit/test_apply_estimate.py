"""When an apply will end: from earlier applies of the environment, and only where they tell."""

import json
import os
import time

import pytest
from scripted_events import change, done, failed, start

from tfmfa_nb.environments import Environment
from tfmfa_nb.protocol.layout import RunFiles
from tfmfa_nb.runs.earlier_applies import earlier_durations
from tfmfa_nb.runs.engine.progress import ApplyProgress
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.apply_estimate import Durations
from tfmfa_nb.terraform.resource_applies import ResourceApplies

NOW = 1_000_000.0


def applies(*events):
    read = ResourceApplies()
    for event in events:
        read.feed(event)
    return read


def took(address, seconds, action="create", *, since=100.0):
    return start(address, action, at=since), done(address, action, at=since + seconds)


def learned(*applied):
    durations = Durations()
    for each in applied:
        durations.learn(applies(*each))
    return durations


def left(durations, *events):
    ends_at = durations.ends_at(applies(*events), NOW)
    return None if ends_at is None else round(ends_at - NOW, 3)


def test_what_took_a_minute_takes_a_minute():
    durations = learned(took("a.b", 60))
    assert left(durations, change("a.b")) == 60
    assert left(durations, start("a.b", at=NOW - 20)) == 40
    assert left(durations, start("a.b", at=NOW - 90)) == 0


def test_nothing_is_said_where_anything_is_unknown():
    durations = learned(took("a.b", 60))
    assert left(Durations(), change("a.b")) is None
    assert left(durations, change("a.b"), change("c.d")) is None
    assert left(durations, change("a.b", "delete")) is None
    assert left(durations, *took("a.b", 1)) is None


def test_a_resource_that_was_never_seen_takes_as_long_as_its_type():
    durations = learned([*took("a.one", 10), *took("a.two", 20), *took("a.three", 60)])
    assert left(durations, change("a.new")) == 20
    assert left(durations, change("a.three")) == 60


def test_one_strange_apply_does_not_count():
    durations = learned(took("a.b", 10), took("a.b", 600), took("a.b", 12))
    assert left(durations, change("a.b")) == 12


def test_what_failed_is_not_learned_from():
    assert left(learned([start("a.b", at=1), failed("a.b", at=2)]), change("a.b")) is None


def test_what_went_side_by_side_does_so_again():
    one_by_one = learned([*took("a.one", 10, since=100), *took("a.two", 10, since=110)])
    together = learned([*took("a.one", 10), *took("a.two", 10)])
    waiting = change("a.one"), change("a.two")
    assert left(one_by_one, *waiting) == 20
    assert left(together, *waiting) == 10
    assert left(together, *waiting, change("a.three")) == 15


def test_a_replacement_takes_what_its_halves_took():
    durations = learned([*took("a.b", 5, "delete", since=100), *took("a.b", 30, since=105)])
    assert left(durations, change("a.b", "replace")) == 35


@pytest.fixture
def environment(tmp_path):
    environment = Environment.named("shop", tmp_path)
    environment.ensure()
    return environment


def ran(environment, number, *events):
    """A run of some day that has left these events."""
    files = environment.files.run(f"run-202611{number:02}-101500-0a1b2c")
    files.folder.mkdir(parents=True)
    files.apply_events.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return RunStore(environment, files.folder.name)


def test_the_latest_applies_before_a_run_are_read(environment):
    for number in range(1, 9):
        ran(environment, number, *took("a.b", number))
    last = ran(environment, 9, *took("a.b", 900))
    ran(environment, 10, *took("a.b", 1000))
    (expected,) = applies(change("a.b"))
    assert round(earlier_durations(last).of(expected)) == 6  # of 4, 5, 6, 7, 8


def test_an_environment_without_an_earlier_apply_tells_nothing(environment):
    store = ran(environment, 1)
    (unknown,) = applies(change("a.b"))
    assert earlier_durations(store).of(unknown) is None
    assert (
        earlier_durations(RunStore(Environment.named("new", environment.folder.parent), store.id)).of(unknown) is None
    )


def test_what_cannot_be_read_and_what_is_too_large_is_passed_over(environment):
    ran(environment, 1, *took("a.b", 7))
    huge = ran(environment, 2).files.apply_events
    with huge.open("wb") as file:
        os.truncate(file.fileno(), 1 << 30)  # a hole: nothing of it may be read
    RunFiles(environment.files.runs / "run-20261103-101500-0a1b2c").apply_events.mkdir(parents=True)
    ran(environment, 4).files.apply_events.write_bytes(b"\xff\x00 no event\n[[[\n")
    (environment.files.runs / "run-20261105-101500-0a1b2c").touch()
    (expected,) = applies(change("a.b"))
    assert round(earlier_durations(ran(environment, 9)).of(expected)) == 7


def test_a_run_tells_when_its_apply_will_end(environment):
    """From the files of both: what an earlier run left, and what its own Terraform writes."""
    ran(environment, 1, *took("a.b", 600))
    run = Run(environment, Options(), environment.folder.parent)
    begun = time.time()
    progress = ApplyProgress(run.driver)
    progress.estimate()
    events = [change("a.b"), start("a.b", at=begun)]
    run.driver.store.files.apply_events.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    while not run.progress.get("ends_at") and time.time() < begun + 30:  # the files are read on another thread
        progress.look()
    assert round(run.progress["ends_at"] - begun) == 600
    assert [each["address"] for each in run.progress["current"]] == ["a.b"]
    progress.complete()
    assert run.progress["ends_at"] is None
