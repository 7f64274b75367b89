"""How often Go collects garbage in a command that lives for seconds, and how much memory there is for that."""

from functools import partial

import psutil
import pytest

from tfmfa_nb.fleet import turns
from tfmfa_nb.terraform import garbage_collection
from tfmfa_nb.terraform.garbage_collection import fewer_collections
from tfmfa_nb.terraform.machine_room import free_memory, usable_cores

MIB = 1024**2
GROUPS = "9:name=systemd:/\n4:cpu,memory:/pods/one\n0::/pods/one\n"


@pytest.fixture
def free(monkeypatch):
    """Says how much memory of a machine with two cores is free, in MiB."""

    def say(mib):
        monkeypatch.setattr(garbage_collection, "free_memory", lambda: mib * MIB)
        monkeypatch.setattr(garbage_collection, "usable_cores", lambda: 2)

    return say


def test_memory_is_taken_where_there_is_enough(free):
    free(4 * 3000)
    assert fewer_collections({}) == {"GOGC": "400", "GOMEMLIMIT": "3000MiB"}
    free(4 * 1024)
    assert fewer_collections({}) == {"GOGC": "400", "GOMEMLIMIT": "1024MiB"}
    free(4 * 1023)
    assert fewer_collections({}) == {}


@pytest.mark.parametrize("name", ["GOGC", "GOMEMLIMIT"])
def test_what_a_person_has_set_stays(free, name):
    free(100_000)
    assert fewer_collections({name: "100"}) == {}
    assert fewer_collections({name: ""})["GOGC"] == "400"  # Go takes an empty variable for none


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Control groups of a machine that has 1,000 MiB left; writes a file of one."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1000 * MIB}))
    groups, mounted = tmp_path / "cgroup", tmp_path / "mounted"
    groups.write_text(GROUPS)

    def write(folder, limit, used, inactive=0, version=2):
        place = mounted / folder
        place.mkdir(parents=True, exist_ok=True)
        names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        total = "" if version == 2 else "total_"
        for name, text in zip(names, (limit, used), strict=True):
            (place / name).write_text(f"{text if isinstance(text, str) else text * MIB}\n")
        (place / "memory.stat").write_text(f"anon 1\n{total}inactive_file {inactive * MIB}\n")

    write.free = lambda: free_memory(groups, mounted) / MIB
    write.groups = groups
    return write


def test_a_container_has_what_is_left_of_its_limit(machine):
    machine("pods/one", "max", 300)
    assert machine.free() == 1000
    machine("pods/one", 800, 300)
    assert machine.free() == 500
    machine("pods/one", 800, 300, inactive=200)  # pages of files that Linux gives back
    assert machine.free() == 700
    machine("pods", 600, 200)  # the limit of what the group is in
    assert machine.free() == 400
    machine("pods", 600, 700)
    assert machine.free() == 0
    machine("pods", 9_000, 0)
    assert machine.free() == 700


def test_groups_of_version_1_count_too(machine):
    machine("memory/pods/one", 500, 300, inactive=50, version=1)
    assert machine.free() == 250
    machine.groups.write_text("4:cpu:/pods/one\n")  # another controller's
    assert machine.free() == 1000


@pytest.mark.parametrize("text", ["", "nothing", "\x00", "0::/../one/pods/one"])
def test_without_control_groups_the_machine_counts(machine, text):
    machine("pods/one", 1, 1)
    machine.groups.write_text(text)
    assert machine.free() == 1000
    machine.groups.unlink()
    assert machine.free() == 1000


def test_this_machine_has_room():
    assert free_memory() > 0
    assert usable_cores() > 0


def test_a_fleet_leaves_room_for_what_its_runs_take(monkeypatch):
    monkeypatch.setattr(turns, "usable_cores", lambda: 8)
    for variables, gib, at_once in (({}, 6, 9), ({"GOGC": "400"}, 6, 13), ({}, 3, 6), ({}, 100, 16), ({}, 0, 1)):
        free = partial(int, gib * 1024**3)
        monkeypatch.setattr(turns, "free_memory", free)
        monkeypatch.setattr(garbage_collection, "free_memory", free)
        monkeypatch.setattr(garbage_collection, "usable_cores", lambda: 2)
        monkeypatch.setattr(turns.os, "environ", variables)
        assert turns.at_once_here() == at_once
