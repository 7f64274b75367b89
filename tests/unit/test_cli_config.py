import pytest

from tfmfa_nb.terraform.cli_config import cli_bypasses

HELPER = """
plugin_cache_dir = "cache"
credentials_helper "vault" {
  args = ["--host", "x"]
}
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".terraform.d").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", [".terraformrc", ".terraform.d/credentials.tfrc"])
def test_a_credentials_helper_is_named_with_its_file_and_line(home, name):
    (home / name).write_text(HELPER)
    (problem,) = cli_bypasses({"HOME": str(home)})
    assert problem.place == f"{home / name}:3"
    assert "vault" in problem.what
    assert problem.name == "credentials_helper"
    assert "TF_CLI_CONFIG_FILE" in problem.remedy


def test_a_configuration_that_is_named_stands_for_the_home_s(home):
    (home / ".terraformrc").write_text(HELPER)
    other = home / "other.rc"
    other.write_text("provider_installation {\n  direct {}\n}\n")
    assert cli_bypasses({"HOME": str(home), "TF_CLI_CONFIG_FILE": str(other)}) == []
    other.write_text(HELPER)
    (problem,) = cli_bypasses({"HOME": str(home), "TF_CLI_CONFIG_FILE": str(other)})
    assert problem.place == f"{other}:3"


def test_none_and_garbled_ones_are_no_helper(home):
    assert cli_bypasses({"HOME": str(home)}) == []
    assert cli_bypasses({"HOME": str(home), "TF_CLI_CONFIG_FILE": str(home / "gone")}) == []
    (home / ".terraformrc").write_bytes(b"\xff\x00 {{{ credentials_helper")
    assert cli_bypasses({"HOME": str(home)}) == []
