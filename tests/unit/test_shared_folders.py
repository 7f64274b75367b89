"""Who else can change a configuration."""

import os
from pathlib import Path

import pytest

from tfmfa_nb.runs.gate.shared_folders import shared_folder

OTHER = 65_534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's file can be made by root only")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "live"
    made.mkdir(mode=0o755)
    (made / "main.tf").write_text("")
    return made


def problems(folder):
    return [problem.what for problem in shared_folder(folder)]


def test_a_private_folder_is_no_problem(folder):
    (folder / "dangling").symlink_to(folder / "nowhere")
    assert problems(folder) == []
    assert problems(folder / "not-there") == []


def test_a_folder_that_everybody_can_write_is_refused_with_what_to_run(folder):
    folder.chmod(0o777)
    (problem,) = shared_folder(folder)
    assert problem.what == f"Other users can write to {folder}: what they put there would run with the MFA session."
    assert problem.remedy.endswith(f"run: chmod go-w {folder}")
    assert problem.name == "shared-folder"


@as_root
def test_a_group_counts_unless_it_is_the_users_alone(folder):
    folder.chmod(0o775)
    os.chown(folder, -1, OTHER)
    assert len(problems(folder)) == 1
    os.chown(folder, -1, os.getgid())
    assert problems(folder) == []


@as_root
@pytest.mark.parametrize("name", ["main.tf", "."])
def test_what_belongs_to_another_user_is_refused(folder, name):
    os.chown(folder / name, OTHER, -1)
    assert problems(folder) == [
        f"{Path(folder / name)} belongs to another user (uid {OTHER}), who can change what runs with the MFA session."
    ]
