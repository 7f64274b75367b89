"""What puts other programs in Terraform's place."""

import pytest

from tfmfa_nb.terraform.foreign_programs import foreign_programs

HCL = """
provider_installation {
  dev_overrides {
    "hashicorp/aws" = "/tmp/own"
  }
  direct {}
}
"""
JSON = '{"provider_installation": [{"dev_overrides": [{"hashicorp/aws": "/tmp/own"}], "direct": [{}]}]}'


def names(environ):
    return [problem.name for problem in foreign_programs(environ)]


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
    (problem,) = foreign_programs(environ)
    assert problem.name == "dev_overrides"
    assert str(files[place]) in problem.place


def test_an_ordinary_cli_configuration_and_a_credentials_helper_are_no_obstacle(tmp_path):
    text = 'credentials_helper "x" {\n  args = []\n}\nplugin_cache_dir = "/c"\n# no dev_overrides here\n'
    (tmp_path / ".terraformrc").write_text(text)
    (tmp_path / ".terraform.d").mkdir()
    (tmp_path / ".terraform.d" / "folder.tfrc").mkdir()
    assert names({"HOME": str(tmp_path)}) == []
