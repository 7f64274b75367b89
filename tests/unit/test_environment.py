import errno
import json
import os
import shlex
import subprocess
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.doctor.version_control import check_version_control
from tfmfa_nb.environments import Environment
from tfmfa_nb.environments.atomic_files import one_at_a_time
from tfmfa_nb.environments.environment_names import check_name
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level


@pytest.mark.parametrize("name", ["default", "staging", "prod-eu", "prod_1", "v1.2", "größe", "環境"])
def test_ordinary_names_are_accepted(name, tmp_path):
    assert check_name(name, tmp_path) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/etc", ".git", ".terraform", "-rf", "a b", "a\nb", "a\x00", "trailing."]
    + ["con", "NUL", "com1.txt", "__pycache__", "x" * 65, "~", "$HOME", "{x}", "a\u202eb"]
    + [unicodedata.normalize("NFD", "größe")],
)
def test_names_that_are_not_one_folder_are_refused(name, tmp_path):
    with pytest.raises(ConfigurationError):
        check_name(name, tmp_path)


@given(st.text(max_size=80))
def test_no_name_leads_out_of_its_folder(name):
    base = Path("/nowhere/base")
    try:
        accepted = check_name(name, base)
    except ConfigurationError as error:
        assert error.remedy or error.problem
    else:
        assert (base / accepted).resolve().parent == base.resolve()
        assert not accepted.startswith((".", "-"))


@pytest.mark.parametrize("other", ["STAGING", "ｓtaging"])
def test_names_that_differ_by_case_or_form_only_are_refused(other, tmp_path):
    (tmp_path / "staging").mkdir()
    with pytest.raises(ConfigurationError, match="only by case or Unicode form"):
        check_name(other, tmp_path)


def test_a_folder_with_foreign_files_is_no_environment(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1")
    with pytest.raises(ConfigurationError, match="is not an environment"):
        Environment.named("data", tmp_path)


def test_a_link_is_no_environment(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigurationError, match="is not a regular folder"):
        Environment.named("linked", tmp_path)


def test_an_environment_from_version_control_is_accepted(tmp_path):
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "main.tf").write_text("x")
    (tmp_path / "prod" / "tfmfa.json").write_text('{"aws_multi_factor_authentication": "applies only"}')
    assert Environment.named("prod", tmp_path).level is Level.APPLIES_ONLY


def test_chdir_needs_a_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match="does not exist"):
        Environment.at("missing", tmp_path)
    with pytest.raises(ConfigurationError, match="contains no Terraform configuration"):
        Environment.at(".", tmp_path)
    (tmp_path / "x.tf.json").write_text("{}")
    assert Environment.at(".", tmp_path).folder == tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("terragrunt.hcl", "Terragrunt"),
        ("app.tftest.hcl", "terraform test"),
        ("all.tfquery.hcl", "terraform query"),
        ("app.tfcomponent.hcl", "a Stack"),
        ("app.tfdeploy.hcl", "a Stack"),
    ],
)
def test_what_is_there_in_place_of_a_configuration_is_named(tmp_path, name, words):
    (tmp_path / name).write_text("x")
    with pytest.raises(ConfigurationError, match=rf"no Terraform configuration: {name} .*{words}.*, and is not run"):
        Environment.at(".", tmp_path)
    (tmp_path / "main.tf").write_text("")
    assert Environment.at(".", tmp_path).folder == tmp_path


def test_nobody_has_set_a_level_at_first_and_one_is_kept(tmp_path):
    environment = Environment.named("staging", tmp_path)
    assert environment.level is None
    for level in Level:
        environment.set_level(level)
        assert Environment.named("staging", tmp_path).level is level


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"aws_multi_factor_authentication": "sometimes"}',
        '{"aws_multi_factor_authentication": 1}',
    ]
    + [
        '{"aws_multi_factor_authentication": null}',
        '{"aws_multi_factor_authentication": []}',
        "\x00",
        "null",
    ],
)
def test_settings_that_are_not_understood_never_mean_never(text, tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.set_level(Level.PLANS_AND_APPLIES)
    path = environment.folder / "tfmfa.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="is not a valid settings file"):
        _ = environment.level
    with pytest.raises(ConfigurationError):
        environment.set_level(Level.NEVER)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ('{"note": "ours"}', "note", "Supported keys: aws_multi_factor_authentication, format_version."),
        ('{"aws_multi_factor_authenticaton": "never"}', "aws_multi_factor_authenticaton", "Did you mean"),
        ('{"AWS_Multi_Factor_Authentication": "never"}', "AWS_Multi_Factor_Authentication", "Did you mean"),
        (
            '{"aws_multi_factor_authentication": "plans and applies", "AWS_MULTI_FACTOR_AUTHENTICATION": "never"}',
            "AWS_MULTI_FACTOR_AUTHENTICATION",
            'Did you mean "aws_multi_factor_authentication"?',
        ),
        (
            '{"aws_multi_factor_authentication": "plans and applies", "aws_multi_factor_authentication": "never"}',
            "aws_multi_factor_authentication",
            "Keep one of them.",
        ),
    ],
)
def test_a_key_that_is_unknown_or_there_twice_is_named_and_never_ignored(tmp_path, text, key, remedy):
    environment = Environment.named("staging", tmp_path)
    environment.ensure()
    environment.files.settings.write_text(text)
    for use in (lambda: environment.level, lambda: environment.set_level(Level.NEVER)):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert f'the key "{key}" is ' in caught.value.problem
        assert str(environment.files.settings) in caught.value.problem
        assert remedy in caught.value.remedy
    assert environment.files.settings.read_text() == text


def test_two_writers_take_turns_and_neither_writes_over_what_it_has_not_read(tmp_path):
    environment, refused = Environment.named("staging", tmp_path), []
    environment.ensure()

    def write():
        try:
            environment.set_level(Level.APPLIES_ONLY)
        except ConfigurationError as error:
            refused.append(error.problem)

    with one_at_a_time(environment.files.private / "settings.lock"):
        other = threading.Thread(target=write)
        other.start()
        other.join(0.2)
        assert other.is_alive()
        environment.files.settings.write_text('{"note": "written meanwhile"}')
    other.join(60)
    assert refused == [f'{environment.files.settings}: the key "note" is unknown.']
    assert environment.files.settings.read_text() == '{"note": "written meanwhile"}'


def test_settings_behind_a_link_are_not_replaced(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.ensure()
    (tmp_path / "shared.json").write_text("{}")
    (environment.folder / "tfmfa.json").symlink_to(tmp_path / "shared.json")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        environment.set_level(Level.APPLIES_ONLY)
    assert (tmp_path / "shared.json").read_text() == "{}"


def test_the_cell_becomes_main_tf_only_when_it_changed(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.write_configuration("locals {}")
    path = environment.folder / "main.tf"
    assert path.read_text() == "locals {}\n"
    before = path.stat()
    environment.write_configuration("locals {}\n")
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    environment.write_configuration("# new")
    assert path.read_text() == "# new\n"


def test_a_main_tf_changed_by_hand_is_not_overwritten_unasked(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.write_configuration("locals {}")
    (environment.folder / "main.tf").write_text("locals { by = hand }\n")
    with pytest.raises(ConfigurationError, match="edited by hand") as caught:
        environment.write_configuration("# cell")
    assert "--overwrite" in caught.value.remedy
    assert "-C staging" in caught.value.remedy
    assert (environment.folder / "main.tf").read_text() == "locals { by = hand }\n"
    environment.write_configuration("# cell", overwrite=True)
    assert (environment.folder / "main.tf").read_text() == "# cell\n"


def test_private_files_are_private_and_outside_version_control(tmp_path):
    environment = Environment.named("staging", tmp_path)
    assert not environment.files.private.exists()  # a path is only a name
    before = os.umask(0)
    try:
        environment.ensure()
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (environment.folder, environment.files.private)} == {0o700}
    assert (environment.files.private / ".gitignore").read_text() == "*\n"


def git(folder, *words):
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout


def test_state_stays_out_of_git(tmp_path):
    git(tmp_path, "init", "--quiet")
    environment = Environment.named("staging", tmp_path)
    environment.write_configuration("locals {}")
    (environment.folder / ".terraform").mkdir()
    for name in (
        "terraform.tfstate",
        "terraform.tfstate.backup",
        ".terraform/terraform.tfstate",
        "run.tfstate.1.backup",
    ):
        (environment.folder / name).touch()
    git(tmp_path, "add", ".")
    assert git(tmp_path, "ls-files").splitlines() == ["staging/.gitignore", "staging/main.tf"]
    assert check_version_control(environment.folder).severity == "ok"


def test_the_ignore_file_of_a_person_is_left_alone(tmp_path):
    (tmp_path / "main.tf").touch()
    Environment.at(".", tmp_path).ensure()
    assert not (tmp_path / ".gitignore").exists()
    environment = Environment.named("staging", tmp_path)
    environment.ensure()
    environment.files.state_ignore.write_text("mine\n")
    environment.ensure()
    assert environment.files.state_ignore.read_text() == "mine\n"


def test_the_doctor_says_what_git_keeps(tmp_path):
    assert check_version_control(tmp_path).severity == "ok"  # no repository
    git(tmp_path, "init", "--quiet")
    (tmp_path / "terraform.tfstate").touch()
    open_to_git = check_version_control(tmp_path)
    assert "terraform.tfstate, terraform.tfstate.backup, .terraform/ out of Git" in open_to_git.text
    git(tmp_path, "add", ".")
    assert "Git keeps terraform.tfstate; state may hold secrets" in check_version_control(tmp_path).text
    git(tmp_path, "rm", "--cached", "--quiet", "terraform.tfstate")
    (tmp_path / ".gitignore").write_text(".terraform/\n*.tfstate\n*.tfstate.*\n")
    assert check_version_control(tmp_path).severity == "ok"


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    environment = Environment.named("staging", tmp_path)
    environment.set_level(Level.PLANS_AND_APPLIES)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left on device"):
        environment.set_level(Level.NEVER)
    assert environment.level is Level.PLANS_AND_APPLIES
    assert sorted(path.name for path in environment.folder.iterdir()) == [".gitignore", ".tfmfa", "tfmfa.json"]


def test_settings_without_end_are_torn(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.folder.mkdir()
    (environment.folder / "tfmfa.json").write_text("[" * 100_000)
    with pytest.raises(ConfigurationError, match="is not a valid settings file"):
        _ = environment.level


@pytest.mark.parametrize("content", [b"\xff", b"\xff" * 64])
def test_a_garbled_mark_means_changed_by_hand(tmp_path, content):
    environment = Environment.named("staging", tmp_path)
    environment.write_configuration("# one")
    (environment.files.private / "configuration.sha256").write_bytes(content)
    with pytest.raises(ConfigurationError, match="edited by hand"):
        environment.write_configuration("# two")
    environment.write_configuration("# two", overwrite=True)
    environment.write_configuration("# three")


def test_a_folder_in_the_configuration_s_place_is_named(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.files.configuration.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"main.tf cannot be used: Is a directory"):
        environment.write_configuration("# one")


def test_a_private_folder_that_belongs_to_somebody_else_is_refused(tmp_path, monkeypatch):
    environment = Environment.named("staging", tmp_path)
    environment.ensure()

    def chmod(path, _mode):
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", chmod)
    with pytest.raises(ConfigurationError, match=r"\.tfmfa cannot be used: Operation not permitted"):
        environment.ensure()


def test_settings_of_a_newer_version_are_refused_and_kept(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.set_level(Level.APPLIES_ONLY)
    assert json.loads(environment.files.settings.read_text())["format_version"] == 1
    newer = '{"format_version": 2, "aws_multi_factor_authentication": "never"}'
    environment.files.settings.write_text(newer)
    for use in (lambda: environment.level, lambda: environment.set_level(Level.NEVER)):
        with pytest.raises(ConfigurationError, match=r"tfmfa.json was written by a newer version of tfmfa_nb.*Upgrade"):
            use()
    assert environment.files.settings.read_text() == newer


def test_what_was_created_is_removed_again_unless_something_is_kept_there(tmp_path):
    there = Environment.named("staging", tmp_path)
    there.ensure()()
    assert list(tmp_path.iterdir()) == []
    remove = there.ensure()
    there.set_level(Level.APPLIES_ONLY)
    remove()
    assert there.level is Level.APPLIES_ONLY
    assert there.files.ignore.exists()


def test_what_was_there_before_stays(tmp_path):
    (folder := tmp_path / "staging").mkdir()
    there = Environment.named("staging", tmp_path)
    there.ensure()()
    assert list(folder.iterdir()) == []
    there.ensure()
    there.ensure()()
    assert there.files.ignore.exists()


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("name", ["staging", "prod restore-state --auto-approve", "it's"])
def test_its_option_is_one_word_after_the_flag(tmp_path, name, owned):
    flag, *words = shlex.split(Environment(name, tmp_path, owned=owned).option)
    assert (flag, words) == ("-e" if owned else "-C", [name])


def test_a_configuration_that_no_run_has_written_is_not_called_edited(tmp_path):
    (tmp_path / "hand").mkdir()
    (tmp_path / "hand" / "main.tf").write_text("# by hand")
    Environment.at("hand", tmp_path).ensure()
    with pytest.raises(ConfigurationError, match=r"main\.tf was not written by a run\. To keep that file, use -C hand"):
        Environment.named("hand", tmp_path).write_configuration("# cell")
