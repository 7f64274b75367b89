"""What of a folder travels to a worker."""

import os
import re

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.remote import archive
from tfmfa_nb.remote.archive import contents_of, pack, unpack
from tfmfa_nb.terraform.configuration import Configuration

HCL = 'module "net" {\n  source = "../../modules/net"\n}\nlocals {\n  a = file("${path.module}/../shared.txt")\n}\n'


def packed(folder, environ=None):
    configuration = Configuration(folder, "terraform", environ or {})
    contents = contents_of(configuration, environ or {})
    return pack(configuration, contents), contents.inside


def written(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def live(tmp_path):
    """The folder of an environment that uses what lies beside it."""
    folder = tmp_path / "repository/live/a"
    for name in (
        "live/a/main.tf", "live/a/x.auto.tfvars", "live/a/templates/one.tpl", "live/a/.terraform.lock.hcl",
        "live/a/terraform.tfstate", "live/a/terraform.tfstate.d/x/terraform.tfstate", "live/a/.git/config",
        "live/a/.tfmfa/audit.jsonl", "live/a/.terraform/terraform.tfstate", "live/a/.terraform/environment",
        "live/a/.terraform/modules/modules.json", "live/a/.terraform/providers/x/y", "modules/net/main.tf",
        "modules/net/.terraform/x", "modules/other/main.tf", "live/shared.txt", "live/b/main.tf",
    ):  # fmt: skip
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (folder / "main.tf").write_text(HCL)
    (folder / ".terraform/modules/modules.json").unlink()
    return folder


def test_the_configuration_travels_and_nothing_else(live, tmp_path):
    content, inside = packed(live)
    assert str(inside) == "live/a"
    unpack(content, tmp_path / "there")
    assert written(tmp_path / "there") == {
        "live/a/main.tf", "live/a/x.auto.tfvars", "live/a/templates/one.tpl", "live/a/.terraform.lock.hcl",
        "live/a/.terraform/terraform.tfstate", "live/a/.terraform/environment", "modules/net/main.tf",
        "live/shared.txt",
    }  # fmt: skip


def test_a_data_folder_of_another_name(live, tmp_path):
    (live / ".terraform").rename(live / "data")
    environ = {"TF_DATA_DIR": "data"}
    content, inside = packed(live, environ)
    unpack(content, tmp_path / "there")
    found = written(tmp_path / "there" / inside)
    assert ".terraform/environment" in found
    assert not any(name.startswith("data/") for name in found)


def test_what_lies_beside_a_configuration_stays_here(live, tmp_path):
    """Secrets and plans that nothing names; what the configuration names is read there, whatever it is called."""
    for name in (
        ".env", ".netrc", ".aws/credentials", ".hidden.tf", "notes.ipynb", "old.tfplan", "x.tfstate",
        "x.tfstate.backup", "x.tfstate.1764.backup", "foo.tfstate.tpl", "tfmfa.json", "crash.log", ".named.json",
        ".parts/net/main.tf", ".parts/net/.read.txt",
    ):  # fmt: skip
        path = live / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (live / "main.tf").write_text(
        'module "parts" {\n  source = "./.parts/net"\n}\nlocals {\n  a = file(".named.json")\n}\n'
    )
    (live / ".parts/net/main.tf").write_text('locals {\n  a = file("${path.module}/.read.txt")\n}\n')
    unpack(packed(live)[0], tmp_path / "there")
    assert written(tmp_path / "there") == {
        "main.tf", "x.auto.tfvars", "templates/one.tpl", ".terraform.lock.hcl", "foo.tfstate.tpl", ".named.json",
        ".parts/net/main.tf", ".parts/net/.read.txt", ".terraform/terraform.tfstate", ".terraform/environment",
    }  # fmt: skip


KEYS = (
    "id_rsa",
    "keys/id_ed25519",
    "ca.PEM",
    "server.key",
    "credentials",
    "x.p12",
    "x.pfx",
    "x.ppk",
    "x.jks",
    "x.kdbx",
)


def test_what_may_have_a_key_by_its_name_stays_here_and_is_told(live, tmp_path):
    """But not what the configuration names, and not a public key."""
    for name in (*KEYS, "id_rsa.pub", "named.pem", "certificates/a.pem", "key.tf"):
        path = live / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (live / "main.tf").write_text(
        'locals {\n  a = file("${path.module}/named.pem")\n  b = fileset("${path.module}/certificates", "*.pem")\n}\n'
    )
    configuration = Configuration(live, "terraform", {})
    contents = contents_of(configuration, {})
    assert {str(path.relative_to(live)) for path in contents.keys} == set(KEYS)
    unpack(pack(configuration, contents), tmp_path / "there")
    assert written(tmp_path / "there") == {
        "main.tf", "x.auto.tfvars", "templates/one.tpl", ".terraform.lock.hcl", "id_rsa.pub", "named.pem",
        "certificates/a.pem", "key.tf", ".terraform/terraform.tfstate", ".terraform/environment",
    }  # fmt: skip


def test_what_a_function_lists_is_the_same_there(live, tmp_path):
    for name in ("site/.well-known/x", "site/old.ipynb", "site/index.html", "other/.hidden"):
        (live / name).parent.mkdir(parents=True, exist_ok=True)
        (live / name).write_text("")
    (live / "main.tf").write_text('locals {\n  a = fileset("${path.module}/site", "**")\n  b = fileset(".", "*")\n}\n')
    unpack(packed(live)[0], tmp_path / "there")
    there = written(tmp_path / "there")
    assert {"site/.well-known/x", "site/old.ipynb", "site/index.html"} <= there
    assert not {"other/.hidden", ".git/config", ".tfmfa/audit.jsonl"} & there


def test_links_to_what_is_sent_travel(live, tmp_path):
    (live / "link.tpl").symlink_to("templates/one.tpl")
    (live / "others").symlink_to("templates")
    unpack(packed(live)[0], tmp_path / "there")
    assert (tmp_path / "there/live/a/link.tpl").readlink().name == "one.tpl"
    assert (tmp_path / "there/live/a/others/one.tpl").is_file()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "is a symbolic link to /etc/hostname, which is not sent"),
        (lambda path: path.symlink_to("../../modules/other"), "is a symbolic link to ../../modules/other, which"),
        (lambda path: path.symlink_to(".env"), "is a symbolic link to .env, which is not sent"),
        (lambda path: path.symlink_to("nothing"), "is a symbolic link to nothing, which is not sent"),
        (os.mkfifo, "is a pipe, a socket, or a device"),
    ],
)
def test_what_is_no_file_on_another_machine(live, make, problem):
    (live / ".env").touch()
    make(live / "x")
    with pytest.raises(ConfigurationError, match=re.escape(f"{live / 'x'} {problem}")) as caught:
        contents_of(Configuration(live, "terraform", {}), {})
    assert "--on" in caught.value.remedy


def test_a_module_that_init_has_linked(live, tmp_path):
    """As Terraform does with the source /opt/modules/net."""
    (live / ".terraform/modules/net").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match=r"modules/net is a symbolic link to /.*, which is not sent"):
        contents_of(Configuration(live, "terraform", {}), {})


def test_what_is_too_large(live, tmp_path, monkeypatch):
    """With what is sent besides it, such as a saved plan."""
    (plan := tmp_path / "plan").write_bytes(bytes(3 << 20))
    configuration = Configuration(live, "terraform", {})
    monkeypatch.setattr(archive, "LARGEST", 2 << 20)
    assert contents_of(configuration, {})
    with pytest.raises(ConfigurationError, match=r"has 3 MB of files .* at most 2 MB can be sent"):
        contents_of(configuration, {}, [plan])
