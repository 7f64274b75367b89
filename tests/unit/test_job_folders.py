"""The folders of a job on a worker: what is secret is in memory, and what a killed worker has left is deleted."""

import fcntl
import os
import stat
import tempfile

import pytest

from tfmfa_nb.remote.job_folders import job_folders
from tfmfa_nb.remote.worker_jobs import hello


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The folder on disk, and the one in memory."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
    monkeypatch.setattr("tfmfa_nb.remote.job_folders.plan_folders", lambda: [tmp_path / "memory"])
    return tmp_path / "disk", tmp_path / "memory"


def aged(folder, name="plan"):
    folder.mkdir(exist_ok=True)
    (folder / name).touch()
    os.utime(folder, (1, 1))
    return folder


def test_a_job_has_a_folder_on_disk_and_one_in_memory_until_its_end(places):
    disk, memory = places
    with job_folders() as folders:
        assert (folders.disk.parent, folders.private.parent) == (disk, memory)
        assert {stat.S_IMODE(each.stat().st_mode) for each in (folders.disk, folders.private)} == {0o700}
        (folders.private / "plan").write_text("secret")
        aged(folders.disk, "work")
        aged(folders.private)
        hello()  # of another worker at the same time
        assert (folders.private / "plan").read_text() == "secret"
        assert (folders.disk / "work").exists()
    assert [*disk.iterdir(), *memory.iterdir()] == []


def test_where_no_folder_is_in_memory_the_one_on_disk_has_all(places, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.remote.job_folders.plan_folders", list)
    with job_folders() as folders:
        assert folders.private == folders.disk
        aged(folders.disk)
        hello()
        assert folders.disk.exists()
    assert [*places[0].iterdir()] == []


def test_what_a_killed_worker_has_left_is_deleted_when_the_next_one_says_hello(places):
    disk, memory = places
    left = [aged(where / "tfmfa-remote-left") for where in places]
    running = [where / "tfmfa-remote-running" for where in places]
    for folder in running:
        folder.mkdir()
    (running[0] / "private").symlink_to(running[1])
    for folder in running:
        aged(folder)
    (new := disk / "tfmfa-remote-new").mkdir()
    held = os.open(running[1], os.O_RDONLY)  # as Terraform has it, which goes on
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        hello()
    finally:
        os.close(held)
    assert not any(folder.exists() for folder in left)
    assert {*disk.iterdir(), *memory.iterdir()} == {*running, new}
    hello()  # it has ended
    assert {*disk.iterdir(), *memory.iterdir()} == {new}
