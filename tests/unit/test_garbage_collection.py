"""How often Go collects garbage in a command that lives for seconds, and how much memory there is for that."""

import os
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tfmfa_nb.fleet import turns
from tfmfa_nb.terraform import garbage_collection
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.garbage_collection import fewer_collections
from tfmfa_nb.terraform.machine_room import free_memory, usable_cores
from tfmfa_nb.terraform.shown_plan import show_plan
from tfmfa_nb.terraform.validation import faults_of

MIB = 1024**2
GROUPS = "9:name=systemd:/\n4:memory:/pods/one\n1:cpu,cpuacct:/pods/one\n0::/pods/one\n"


@pytest.fixture
def free(monkeypatch):
    """Says how much memory of a machine with two cores is free, in MiB."""

    def say(mib):
        monkeypatch.setattr(garbage_collection, "free_memory", lambda: mib * MIB)
        monkeypatch.setattr(garbage_collection, "usable_cores", lambda: 2)

    return say


def test_memory_is_taken_where_there_is_enough(free):
    free(10_000)
    assert fewer_collections({}) == {"GOGC": "400", "GOMEMLIMIT": "5000MiB"}
    free(4096)
    assert fewer_collections({}) == {"GOGC": "400", "GOMEMLIMIT": "2048MiB"}
    free(4095)
    assert fewer_collections({}) == {}


@pytest.mark.parametrize("name", ["GOGC", "GOMEMLIMIT"])
def test_what_a_person_has_set_stays(free, name):
    free(100_000)
    assert fewer_collections({name: "100"}) == {}
    assert fewer_collections({name: ""})["GOGC"] == "400"  # Go takes an empty variable for none


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Control groups of a machine that has 1,000 MiB and 8 processors left; writes files of one."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000 * MIB))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    groups, mounted = tmp_path / "cgroup", tmp_path / "mounted"
    groups.write_text(GROUPS)

    def write(folder, **files):
        place = mounted / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (place / name.replace("__", ".")).write_text(f"{text if isinstance(text, str) else text * MIB}\n")

    return SimpleNamespace(
        write=write,
        groups=groups,
        free=lambda: free_memory(groups, mounted) / MIB,
        cores=lambda: usable_cores(groups, mounted),
    )


def test_a_container_has_what_is_left_of_its_limit(machine):
    machine.write("pods/one", memory__max="max", memory__current=300)
    assert machine.free() == 1000
    machine.write("pods/one", memory__max=800)
    assert machine.free() == 500
    given_back = f"anon 1\ninactive_file {100 * MIB}\nactive_file {100 * MIB}\nshmem 5"
    machine.write("pods/one", memory__stat=given_back)  # pages of files
    assert machine.free() == 700
    machine.write("pods/one", memory__high=650)  # above which Linux slows it down
    assert machine.free() == 550
    machine.write("pods", memory__max=600, memory__current=200)  # what the group is in
    assert machine.free() == 400
    machine.write("pods", memory__current=700)
    assert machine.free() == 0
    machine.write("pods", memory__max=9_000)
    assert machine.free() == 550


def test_groups_of_version_1_count_too(machine):
    machine.write("memory/pods/one", memory__limit_in_bytes=500, memory__usage_in_bytes=300)
    assert machine.free() == 200
    stat = f"inactive_file 0\ntotal_inactive_file {50 * MIB}\ntotal_active_file {10 * MIB}"
    machine.write("memory/pods/one", memory__stat=stat)
    assert machine.free() == 260
    machine.groups.write_text("4:cpu:/pods/one\n")  # another controller's
    assert machine.free() == 1000


@pytest.mark.parametrize("path", ["/pods/of/the/machine", "/../another"])
def test_a_container_that_sees_only_its_own_group_has_its_limit(machine, path):
    machine.groups.write_text(f"0::{path}\n")
    machine.write(".", memory__max=300, memory__current=100, cpu__max="150000 100000")
    assert (machine.free(), machine.cores()) == (200, 2)


def test_a_container_has_the_processors_of_its_quota(machine):
    assert machine.cores() == 8
    machine.write("pods/one", cpu__max="max 100000")
    assert machine.cores() == 8
    machine.write("pods/one", cpu__max="250000 100000")
    assert machine.cores() == 3
    machine.write("pods/one", cpu__max="1000 100000")
    assert machine.cores() == 1
    machine.write("pods/one", cpu__max="nothing")
    machine.write("cpu/pods/one", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert machine.cores() == 8
    machine.write("cpu/pods/one", cpu__cfs_quota_us="400000")
    assert machine.cores() == 4


@pytest.mark.parametrize("text", ["", "nothing", "\x00"])
def test_without_control_groups_the_machine_counts(machine, text):
    machine.write("pods/one", memory__max=1, memory__current=1)
    machine.groups.write_text(text)
    assert (machine.free(), machine.cores()) == (1000, 8)
    machine.groups.unlink()
    assert (machine.free(), machine.cores()) == (1000, 8)


def test_where_nobody_can_say_how_much_is_free_nothing_is_taken(machine, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Path("/no/meminfo").read_bytes())
    assert machine.free() == 0


def test_this_machine_can_be_asked():
    assert free_memory() >= 0
    assert usable_cores() > 0


def test_a_fleet_plans_as_many_at_once_as_there_is_room_for(monkeypatch):
    monkeypatch.setattr(turns, "usable_cores", lambda: 8)
    for gib, at_once in ((6, 13), (3, 6), (100, 16), (0, 1)):
        monkeypatch.setattr(turns, "free_memory", partial(int, gib * 1024**3))
        assert turns.at_once_here() == at_once


SAYS = """#!/bin/sh
echo "$1 ${GOGC:-none}" >>"$(dirname "$0")/told"
echo '{"diagnostics": [], "format_version": "1.2", "resource_changes": [], "configuration": {}}'
"""


@pytest.fixture
def terraform(tmp_path, free):
    """A Terraform that writes down how it collects garbage; and what it has."""
    free(100_000)
    script = tmp_path / "terraform"
    script.write_text(SAYS)
    script.chmod(0o755)
    return SimpleNamespace(
        executable=Executable((str(script),), "terraform", "1.11.4"),
        told=lambda: (tmp_path / "told").read_text().splitlines(),
    )


@pytest.mark.parametrize(("given", "told"), [({}, "400"), ({"GOGC": "50"}, "50")])
def test_what_lives_for_seconds_collects_less_often(tmp_path, terraform, given, told):
    environ = {"PATH": os.environ["PATH"], **given}
    assert faults_of(terraform.executable, tmp_path, environ) == ()
    (tmp_path / "plan").write_bytes(b"")
    with (tmp_path / "plan").open("rb") as plan:
        show_plan(terraform.executable, plan, Configuration(tmp_path, "terraform", environ), environ)
    assert terraform.told() == [f"validate {told}", f"show {told}"]
