"""Folders for a moment: nothing of them stays, also where a process was killed."""

import os
import tempfile
import time

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.scratch import scratch_folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The system's folder for temporary files."""
    (folder := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_nothing_stays_and_only_its_owner_can_look(temporary):
    with scratch_folder() as folder:
        (folder / "main.tf").write_text("secret")
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


def test_what_a_kill_left_behind_goes_when_a_run_is_made_and_what_is_in_use_stays(temporary, tmp_path):
    left = temporary / "tfmfa-scratch-left"
    (left / "module").mkdir(parents=True)
    (left / "module" / "main.tf").write_text("secret")
    os.utime(left, (time.time() - 3_700,) * 2)
    (other := temporary / "tfmfa-scratch").mkdir()
    os.utime(other, (0, 0))
    with scratch_folder() as used:
        Run(Environment.named("staging", tmp_path), Options(), tmp_path)
        assert used.exists()
    assert list(temporary.iterdir()) == [other]
