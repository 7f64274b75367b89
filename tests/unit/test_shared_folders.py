"""Who else can change a configuration."""

import os

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


@pytest.mark.parametrize(
    "name", ["main.tf", "modules", "modules/net", "modules/net/main.tf", ".terraform", "linked.tf"]
)
def test_what_is_in_a_folder_counts_as_the_folder_does(folder, tmp_path, name):
    for each in ("modules/net", ".terraform"):
        (folder / each).mkdir(parents=True)
    (folder / "modules/net/main.tf").write_text("")
    (tmp_path / "common.tf").write_text("")
    (folder / "linked.tf").symlink_to("../common.tf")
    assert problems(folder) == []
    (folder / name).chmod(0o777 if (folder / name).is_dir() else 0o666)
    (problem,) = shared_folder(folder)
    assert problem.what.startswith(f"Other users can write to {folder / name}: ")


def test_a_folder_above_in_which_everybody_can_put_another_one_counts(tmp_path):
    folder = tmp_path / "above" / "live"
    folder.mkdir(parents=True, mode=0o755)
    folder.parent.chmod(0o1777)  # as /tmp
    assert problems(folder) == []
    folder.parent.chmod(0o777)
    (problem,) = shared_folder(folder)
    assert problem.remedy.endswith(f"chmod o-w {folder.parent}")


def test_what_terraform_does_not_read_does_not_count(folder):
    (folder / ".git/objects").mkdir(parents=True)
    (folder / ".git/objects").chmod(0o777)
    assert problems(folder) == []


def test_a_provider_of_the_plugin_cache_is_left_to_the_lock_file(folder, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    providers = folder / ".terraform" / "providers"
    providers.mkdir(parents=True)
    (providers / "linux_amd64").symlink_to(tmp_path / "cache")
    assert problems(folder) == []
    (folder / "modules").symlink_to(tmp_path / "cache")
    assert len(problems(folder)) == 1


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
        f"{folder / name} belongs to another user (uid {OTHER}): what they put there would run with the MFA session."
    ]
