"""What of a folder travels to a worker."""

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.remote import archive
from tfmfa_nb.remote.archive import pack, unpack
from tfmfa_nb.terraform.configuration import Configuration

HCL = 'module "net" {\n  source = "../../modules/net"\n}\nlocals {\n  a = file("${path.module}/../shared.txt")\n}\n'


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
    packed, inside = pack(Configuration(live, "terraform", {}), {})
    assert inside == "live/a"
    unpack(packed, tmp_path / "there")
    assert written(tmp_path / "there") == {
        "live/a/main.tf", "live/a/x.auto.tfvars", "live/a/templates/one.tpl", "live/a/.terraform.lock.hcl",
        "live/a/.terraform/terraform.tfstate", "live/a/.terraform/environment", "modules/net/main.tf",
        "live/shared.txt",
    }  # fmt: skip


def test_a_data_folder_of_another_name(live, tmp_path):
    (live / ".terraform").rename(live / "data")
    environ = {"TF_DATA_DIR": "data"}
    packed, inside = pack(Configuration(live, "terraform", environ), environ)
    unpack(packed, tmp_path / "there")
    found = written(tmp_path / "there" / inside)
    assert ".terraform/environment" in found
    assert not any(name.startswith("data/") for name in found)


def test_a_folder_that_is_too_large(live, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 10)
    with pytest.raises(ConfigurationError, match=r"has 0 MB of files besides providers and states"):
        pack(Configuration(live, "terraform", {}), {})
