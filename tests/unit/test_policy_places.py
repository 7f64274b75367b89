"""The owner's policy is in force whatever the process environment says, or no run starts."""

import errno
import hashlib
import os
import re
import subprocess
from pathlib import Path

import platformdirs
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension, unload_ipython_extension
from tfmfa_nb.doctor import Severity
from tfmfa_nb.doctor.local_checks import check_policy
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization import policy_files, policy_places
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_files import enable_mfa, read_policy, read_policy_file
from tfmfa_nb.organization.policy_places import PolicyFolders, constant_folders, policy_environ, policy_folders

OTHER_USER = 12345
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's file can be made by root only")


def write(folder, text="mfa = true\n", name="policy.toml"):
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)
    return path


@pytest.fixture
def constant(tmp_path):
    """This machine's folders: two of the system, and one in the home that the password database knows."""
    return PolicyFolders(
        (tmp_path / "etc/xdg/tfmfa_nb", tmp_path / "etc/tfmfa_nb"), (tmp_path / "home/.config/tfmfa_nb",)
    )


def files(policy):
    return [path for path, _ in policy.files]


def magics_of(shell):
    return shell.magics_manager.registry["TfmfaMagics"]


def test_each_entry_of_xdg_config_dirs_is_read(tmp_path, constant):
    paths = [write(tmp_path / name / "tfmfa_nb") for name in "ab"]
    assert files(read_policy({"XDG_CONFIG_DIRS": f"{tmp_path}/a:{tmp_path}/b"}, constant)) == paths
    assert files(read_policy({"XDG_CONFIG_DIRS": f"{tmp_path}/none::{tmp_path}/b"}, constant)) == paths[1:]


@pytest.mark.parametrize("environ", [
    {},
    {"XDG_CONFIG_DIRS": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent", "HOME": "/nonexistent"},
    {"XDG_CONFIG_DIRS": "", "XDG_CONFIG_HOME": "", "HOME": "", "TFMFA_POLICY": ""},
    {"XDG_CONFIG_DIRS": "relative", "XDG_CONFIG_HOME": "relative", "HOME": "relative"},
])  # fmt: skip
def test_no_variable_takes_a_constant_folder_away(constant, environ):
    paths = [write(folder) for folder in (*constant.system, *constant.user)]
    assert files(read_policy(environ, constant)) == paths


def test_the_user_s_folder_is_found_by_variables_and_by_the_password_database(tmp_path, constant):
    home = write(tmp_path / "elsewhere/.config/tfmfa_nb")
    database = write(constant.user[0])
    config = write(tmp_path / "config/tfmfa_nb")
    environ = {"HOME": str(tmp_path / "elsewhere"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert files(read_policy(environ, constant)) == [home, database, config]


def test_a_folder_that_is_named_twice_is_read_once(constant):
    path = write(constant.system[0])
    listed = f"{constant.system[0].parent}:{constant.system[0].parent}"
    assert files(read_policy({"XDG_CONFIG_DIRS": listed}, constant)) == [path]


def test_the_strictest_of_all_folders_holds(tmp_path, constant):
    write(constant.system[0], "mfa = true\n[session]\nlongest = 7200\n")
    write(constant.system[1], "mfa = false\n[session]\nlongest = 3600\n")
    write(tmp_path / "b/tfmfa_nb", "[session]\nlongest = 129600\n")
    policy = read_policy({"XDG_CONFIG_DIRS": f"{tmp_path}/a:{tmp_path}/b"}, constant)
    assert policy.mfa
    assert policy.session_bounds == (900, 3600)


def test_what_the_process_environment_becomes_later_does_not_matter(tmp_path, constant, monkeypatch):
    """Not even if the extension is loaded again, which a cell could do too."""
    monkeypatch.setattr(policy_places, "constant_folders", lambda: constant)
    path = write(tmp_path / "b/tfmfa_nb")
    named = write(tmp_path, name="named.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path}/a:{tmp_path}/b")
    monkeypatch.setenv("TFMFA_POLICY", "named.toml")
    shell = InteractiveShell()  # makes a folder in its home
    load_ipython_extension(shell)
    assert files(magics_of(shell).read_policy()) == [path, named]
    for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.delenv("TFMFA_POLICY")
    monkeypatch.chdir("/")
    assert files(magics_of(shell).read_policy()) == [path, named]
    unload_ipython_extension(shell)
    load_ipython_extension(shell)
    assert files(magics_of(shell).read_policy()) == [path, named]


def test_only_what_says_where_policies_are_is_kept():
    environ = {"HOME": "/home/alice", "XDG_CONFIG_DIRS": "", "TFMFA_POLICY": "/p.toml", "AWS_SECRET_ACCESS_KEY": "x"}
    assert policy_environ(environ) == {"HOME": "/home/alice", "TFMFA_POLICY": "/p.toml"}


def test_without_any_folder_of_one_s_own_none_is_written(constant):
    assert policy_folders({}, constant).own == constant.user[0]
    assert policy_folders({"XDG_CONFIG_HOME": "/x"}, constant).own == Path("/x/tfmfa_nb")
    with pytest.raises(ConfigurationError, match="no home folder"):
        _ = policy_folders({}, PolicyFolders((), ())).own


def test_a_user_that_the_password_database_does_not_know_has_the_system_s_folders(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 987_654_321)
    assert constant_folders() == PolicyFolders((Path("/etc/xdg/tfmfa_nb"), Path("/etc/tfmfa_nb")), ())


@pytest.mark.parametrize("which", ["system", "user", "listed", "parent"])
@pytest.mark.parametrize("kind", ["broken link", "file"])
def test_what_stands_in_a_folder_s_place_stops_every_run(tmp_path, constant, which, kind):
    place = {
        "system": constant.system[1], "user": constant.user[0], "listed": tmp_path / "xdg/tfmfa_nb",
        "parent": tmp_path / "xdg",
    }[which]  # fmt: skip
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        place.write_text("mfa = true\n")
    else:
        place.symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigurationError) as caught:
        read_policy({"XDG_CONFIG_DIRS": str(tmp_path / "xdg")}, constant)
    what = "not a folder" if kind == "file" else "a broken symbolic link"
    assert caught.value.problem == f"{place} is {what}, so it is unknown whether a policy is in force."
    assert "No run can start until this is fixed." in caught.value.remedy


def test_a_folder_behind_a_link_is_read(tmp_path, constant):
    path = write(tmp_path / "opt")
    constant.system[1].parent.mkdir(parents=True)
    constant.system[1].symlink_to(tmp_path / "opt")
    assert read_policy({}, constant).files == (
        (constant.system[1] / "policy.toml", hashlib.sha256(path.read_bytes()).hexdigest()),
    )


def refused_until_its_command_is_run(path, words):
    """The command of the remedy is exact: after it has run, the policy is read."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_policy_file(path)
    command = re.fullmatch(r"Check its content, then run: (.*)", caught.value.remedy)[1]
    subprocess.run(command, shell=True, check=True)
    assert read_policy_file(path).mfa
    return command


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646, 0o1666, 0o1664])
def test_a_file_that_others_may_write_is_refused_with_or_without_the_sticky_bit(tmp_path, mode):
    path = write(tmp_path / "etc/tfmfa_nb")
    path.chmod(mode)
    assert refused_until_its_command_is_run(path, "can write to .*policy.toml") == f"chmod go-w {path}"


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_a_folder_above_that_others_may_write_is_refused(tmp_path, depth, mode):
    path = write(tmp_path / "a/b/tfmfa_nb")
    folder = path.parents[depth]
    folder.chmod(mode)
    assert refused_until_its_command_is_run(path, f"can write to {folder}[.]") == f"chmod go-w {folder}"


def test_a_folder_with_the_sticky_bit_may_be_above(tmp_path):
    path = write(tmp_path / "tmp/tfmfa_nb")
    path.parents[1].chmod(0o1777)
    assert read_policy_file(path).mfa


@as_root
@pytest.mark.parametrize("depth", [-1, 0, 1, 2])
def test_what_belongs_to_another_user_is_refused_also_below_a_sticky_folder(tmp_path, depth):
    path = write(tmp_path / "tmp/b/tfmfa_nb")
    path.parents[2].chmod(0o1777)
    place = path if depth < 0 else path.parents[depth]
    os.chown(place, OTHER_USER, OTHER_USER)
    assert refused_until_its_command_is_run(path, f"{place} belongs to another user") == f"chown root {place}"


@as_root
def test_root_is_trusted_by_everyone_and_a_user_by_nobody_else(tmp_path, monkeypatch):
    path = write(tmp_path / "tfmfa_nb")
    monkeypatch.setattr(policy_files.os, "geteuid", lambda: OTHER_USER)
    assert read_policy_file(path).mfa
    os.chown(path, 1, 1)
    with pytest.raises(ConfigurationError, match=r"belongs to another user \(uid 1\)"):
        read_policy_file(path)


def test_what_a_link_above_leads_to_is_looked_at_too(tmp_path):
    path = write(tmp_path / "real/deep/tfmfa_nb")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/tfmfa_nb").symlink_to("../real/deep/tfmfa_nb")
    by_link = tmp_path / "etc/tfmfa_nb/policy.toml"
    assert read_policy_file(by_link).mfa
    path.parents[1].chmod(0o777)
    refused_until_its_command_is_run(by_link, "can write to .*deep[.]")
    (tmp_path / "etc").chmod(0o777)
    refused_until_its_command_is_run(by_link, "can write to .*etc[.]")


@as_root
def test_a_link_of_another_user_in_a_sticky_folder_is_refused(tmp_path):
    """They could turn it to a policy that says less."""
    write(tmp_path / "real")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    link = tmp_path / "tmp/tfmfa_nb"
    link.symlink_to(tmp_path / "real")
    os.chown(link, OTHER_USER, OTHER_USER, follow_symlinks=False)
    assert refused_until_its_command_is_run(link / "policy.toml", f"{link} belongs to") == f"chown -h root {link}"


def test_a_policy_that_nobody_could_trust_is_not_written(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config").chmod(0o777)
    with pytest.raises(ConfigurationError, match=r"can write to .*config[.]"):
        enable_mfa(tmp_path / "config/tfmfa_nb", "alice")
    assert list((tmp_path / "config/tfmfa_nb").iterdir()) == []


def test_a_doubled_key_of_the_json_form_is_refused(tmp_path):
    path = write(tmp_path, '{"mfa": true, "environments": {"prod": "applies only", "prod": "never"}}', "policy.json")
    with pytest.raises(ConfigurationError) as caught:
        read_policy_file(path)
    assert caught.value.problem == f'The policy {path} is invalid: the key "prod" is there twice.'


def test_the_files_and_their_hashes_are_what_sha256sum_says(constant):
    assert (Policy().files, Policy().digest) == ((), "none")
    paths = [write(constant.system[0]), write(constant.user[0], "mfa = true\n# more\n")]
    policy = read_policy({}, constant)
    printed = subprocess.run(["sha256sum", *paths], capture_output=True, check=True).stdout
    assert [f"{sha256}  {path}" for path, sha256 in policy.files] == printed.decode().splitlines()
    assert policy.digest == hashlib.sha256(printed).hexdigest()
    paths[0].write_text("mfa = true\n\n")
    assert read_policy({}, constant).digest != policy.digest


def test_the_doctor_names_the_files_in_force_and_what_is_wrong_with_one(constant):
    path = write(constant.system[0])
    policy, finding = check_policy(lambda: read_policy({}, constant))
    assert policy.mfa
    assert finding.severity is Severity.OK
    assert f"Files in force: {path} (SHA-256 {policy.files[0][1][:12]}…)." in finding.text
    path.chmod(0o1666)
    policy, finding = check_policy(lambda: read_policy({}, constant))
    assert (policy, finding.severity) == (None, Severity.ERROR)
    assert finding.remedy == f"Check its content, then run: chmod go-w {path}"


def test_a_mac_has_folders_of_its_own_as_well(monkeypatch):
    of_linux = constant_folders()
    monkeypatch.setattr(policy_places.sys, "platform", "darwin")
    monkeypatch.setattr(platformdirs, "site_config_dir", lambda name: f"/Library/{name}")
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: f"/Users/me/Library/{name}")
    folders = constant_folders()
    assert folders.system == (*of_linux.system, Path("/Library/tfmfa_nb"))
    assert folders.user == (Path("/Users/me/Library/tfmfa_nb"), *of_linux.user)


@pytest.mark.parametrize("environ", [{}, {"HOME": "here", "XDG_CONFIG_HOME": "here", "XDG_CONFIG_DIRS": "here:"}])
def test_a_folder_that_is_relative_or_not_named_is_none(constant, environ):
    assert policy_folders(environ, constant) == constant


def test_a_folder_that_cannot_be_examined_stops_every_run(constant, monkeypatch):
    """It may have a policy."""

    def forbidden(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "lstat", forbidden)
    with pytest.raises(ConfigurationError, match=r"^The policy .+ cannot be accessed: Permission denied\.") as caught:
        read_policy({}, constant)
    assert caught.value.remedy.startswith("Grant everyone access to its folder. ")
