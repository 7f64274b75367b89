"""What puts other programs in Terraform's place."""

from pathlib import Path

import pytest

from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.foreign_programs import cli_configurations, foreign_programs

HCL = """
provider_installation {
  dev_overrides {
    "hashicorp/aws" = "/tmp/own"
  }
  direct {}
}
"""
JSON = '{"provider_installation": [{"dev_overrides": [{"hashicorp/aws": "/tmp/own"}], "direct": [{}]}]}'


def names(environ, folder=Path("/nonexistent")):
    return [problem.name for problem in foreign_programs(folder, environ)]


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "TF_REATTACH_PROVIDERS"])
def test_a_variable_that_loads_another_program_is_named(name, tmp_path):
    assert names({"HOME": str(tmp_path), name: "x"}) == [name]
    assert names({"HOME": str(tmp_path), name: ""}) == []


@pytest.mark.parametrize("content", [HCL, JSON])
@pytest.mark.parametrize("place", ["named", "home", "folder"])
def test_overrides_are_found_wherever_the_cli_configuration_is(content, place, tmp_path):
    environ = {"HOME": str(tmp_path)}
    (tmp_path / ".terraform.d").mkdir()
    ending = ".tfrc.json" if content is JSON else ".tfrc"
    files = {
        "named": tmp_path / "own.rc",
        "home": tmp_path / ".terraformrc",
        "folder": tmp_path / ".terraform.d" / f"x{ending}",
    }
    files[place].write_text(content)
    if place == "named":
        environ["TF_CLI_CONFIG_FILE"] = str(files[place])
    (problem,) = foreign_programs(tmp_path / "root", environ)
    assert problem.name == "dev_overrides"
    assert str(files[place]) in problem.place


@pytest.mark.parametrize(
    "text",
    [
        'provider_installation {\n  "dev\\u005foverrides" {\n  }\n}\n',
        'provider_installation {\n  "dev\\137overrides" {\n  }\n}\n',
        "/*\n# */ provider_installation { dev_overrides {} }\n",
        "provider_installation {\n  /* # */ dev_overrides {\n  }\n}\n",
        'x = "${\n#}" provider_installation { dev_overrides {} }\n',
    ],
)
def test_overrides_that_are_written_to_be_missed_are_found(text, tmp_path):
    (tmp_path / ".terraformrc").write_text(text)
    assert set(names({"HOME": str(tmp_path)})) == {"dev_overrides"}


def test_a_relative_cli_configuration_is_the_one_that_terraform_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.rc").write_text(HCL)
    environ = {"HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": "own.rc"}
    assert names(environ) == ["dev_overrides"]
    child, _ = child_environ(environ, credentials=False)
    assert child["TF_CLI_CONFIG_FILE"] == str(tmp_path / "own.rc")


def test_opentofu_s_own_cli_configuration_counts(tmp_path):
    (tmp_path / ".config" / "opentofu").mkdir(parents=True)
    (tmp_path / ".config" / "opentofu" / "tofurc").write_text(HCL)
    assert names({"HOME": str(tmp_path)}) == ["dev_overrides"]


@pytest.mark.parametrize(
    ("file", "counts_for"),
    [
        (".terraformrc", {"terraform", "tofu", ""}),
        (".tofurc", {"tofu", ""}),
        (".config/opentofu/tofurc", {"tofu", ""}),
        (".config/opentofu/one.tfrc", {"tofu", ""}),
        (".terraform.d/one.tfrc", {"terraform", "tofu", ""}),
    ],
)
def test_each_program_reads_its_own_files(tmp_path, file, counts_for):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(HCL)
    environ = {"HOME": str(tmp_path)}
    counted = {product for product in ("terraform", "tofu", "") if [*cli_configurations(environ, product)]}
    assert counted == counts_for
    assert {each for each in counted if [*foreign_programs(tmp_path / "root", environ, each)]} == counts_for


def test_opentofu_takes_its_own_file_in_place_of_terraform_s(tmp_path):
    (tmp_path / ".terraformrc").write_text(HCL)
    (tmp_path / ".tofurc").touch()
    environ = {"HOME": str(tmp_path)}
    assert [*cli_configurations(environ, "tofu")] == [tmp_path / ".tofurc"]
    named = environ | {"TF_CLI_CONFIG_FILE": str(tmp_path / ".terraformrc")}
    assert [*cli_configurations(named, "tofu")] == [tmp_path / ".terraformrc"]


def test_providers_in_the_folder_itself_are_named(tmp_path):
    (tmp_path / "terraform.d" / "plugins").mkdir(parents=True)
    assert names({"HOME": str(tmp_path)}, tmp_path) == ["terraform.d/plugins"]


def test_an_ordinary_cli_configuration_and_a_credentials_helper_are_no_obstacle(tmp_path):
    text = 'credentials_helper "x" {\n  args = []\n}\nplugin_cache_dir = "/c"\n# no dev_overrides here\n'
    (tmp_path / ".terraformrc").write_text(text)
    (tmp_path / ".terraform.d").mkdir()
    (tmp_path / ".terraform.d" / "folder.tfrc").mkdir()
    assert names({"HOME": str(tmp_path)}) == []
