"""Finding a mirror of the provider."""

import time

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform import provider_mirror
from tfmfa_nb.terraform.provider_mirror import find_mirror, provider_environ, write_cli_config

HOSTS = ["registry.terraform.io", "registry.opentofu.org"]


@pytest.fixture
def surroundings(tmp_path, monkeypatch):
    """A home and a base without anything in them, in place of this machine's."""
    home, base = tmp_path / "home", tmp_path / "base"
    home.mkdir()
    base.mkdir()
    monkeypatch.setattr(provider_mirror, "_BASES", {str(base): 2})
    return {"HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "data")}


def provide(folder, mode=0o755, host="registry.terraform.io"):
    (folder / host / "hashicorp" / "aws").mkdir(parents=True)
    folder.chmod(mode)
    return folder


def test_none(surroundings):
    assert find_mirror(surroundings) is None


@pytest.mark.parametrize(
    "place",
    [
        "home/.terraform.d/plugins",
        "home/.local/share/terraform/plugins",
        "data/terraform/plugins",
        "home/.local/share/opentofu/plugins",
        "base",
        "base/mirror",
        "base/terraform/mirror",
        "home/mirror",
        "home/work/mirror",
    ],
)
@pytest.mark.parametrize("host", HOSTS)
def test_the_places(surroundings, tmp_path, place, host):
    expected = provide(tmp_path / place, host=host)
    assert find_mirror(surroundings) == expected


@pytest.mark.parametrize("place", ["base/a/b/c", "home/.cache/mirror"])
def test_not_too_deep_and_not_in_hidden_folders(surroundings, tmp_path, place):
    provide(tmp_path / place)
    assert find_mirror(surroundings) is None


def test_a_link_is_not_followed(surroundings, tmp_path):
    (tmp_path / "base" / "link").symlink_to(provide(tmp_path / "elsewhere"))
    assert find_mirror(surroundings) is None


def test_what_everybody_may_write_to_counts_only_if_it_is_named(surroundings, tmp_path):
    open_to_all = provide(tmp_path / "base" / "mirror", mode=0o777)
    assert find_mirror(surroundings) is None
    assert find_mirror({**surroundings, "TFMFA_PROVIDER_MIRROR": str(open_to_all)}) == open_to_all


def test_the_one_that_is_named_wins_and_must_be_one(surroundings, tmp_path):
    provide(tmp_path / "base" / "mirror")
    mine = provide(tmp_path / "mine")
    assert find_mirror({**surroundings, "TFMFA_PROVIDER_MIRROR": str(mine)}) == mine
    with pytest.raises(ConfigurationError, match="does not contain registry"):
        find_mirror({**surroundings, "TFMFA_PROVIDER_MIRROR": str(tmp_path / "none")})


@pytest.mark.quiet
def test_a_world_of_folders_costs_little(surroundings, tmp_path):
    for outer in range(60):
        for inner in range(60):
            (tmp_path / "base" / str(outer) / str(inner)).mkdir(parents=True)
    spent = []
    while not spent or (min(spent) >= 0.3 and len(spent) < 4):  # what else the machine does only ever adds
        began = time.monotonic()
        assert find_mirror(surroundings) is None
        spent.append(time.monotonic() - began)
    assert min(spent) < 0.3, spent


def test_the_cli_configuration(tmp_path):
    write_cli_config(tmp_path / 'a "b" ${c}', tmp_path / "rc")
    text = (tmp_path / "rc").read_text()
    assert f'path    = "{tmp_path}/a \\"b\\" $${{c}}"' in text
    assert text.count('["registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"]') == 2
    assert text.index("include") < text.index("direct") < text.index("exclude")


def test_the_variable_for_terraform(surroundings, tmp_path):
    assert provider_environ(surroundings, tmp_path) == {}
    named = {**surroundings, "TFMFA_PROVIDER_MIRROR": str(provide(tmp_path / "mine"))}
    config = tmp_path / "terraform.rc"
    provide(tmp_path / "mine", host="registry.opentofu.org")
    assert provider_environ(named, tmp_path) == {"TF_CLI_CONFIG_FILE": str(config)}
    assert str(tmp_path / "mine") in config.read_text()


@pytest.mark.parametrize("host", HOSTS)
def test_a_mirror_of_one_program_serves_the_other_too(surroundings, tmp_path, host):
    mine, links = provide(tmp_path / "mine", host=host), tmp_path / "generated" / "mirror"
    provider = mine / host / "hashicorp" / "aws"
    (provider / "5.100.0" / "linux_amd64").mkdir(parents=True)
    (provider / "5.100.0" / "linux_amd64" / "terraform-provider-aws_v5.100.0_x5").touch()
    (provider / "terraform-provider-aws_6.0.0_linux_amd64.zip").touch()
    (provider / "index.json").touch()
    links.parent.mkdir()
    for _ in range(2):  # as another start of a sandbox in the same folder
        provider_environ({**surroundings, "TFMFA_PROVIDER_MIRROR": str(mine)}, links.parent)
        assert f'"{links}"' in (links.parent / "terraform.rc").read_text()
        for each in HOSTS:
            found = links / each / "hashicorp" / "aws"
            assert (found / "5.100.0" / "linux_amd64" / "terraform-provider-aws_v5.100.0_x5").is_file()
            assert not (found / "5.100.0").is_symlink()
            assert (found / "terraform-provider-aws_6.0.0_linux_amd64.zip").is_file()
            assert not (found / "index.json").exists()


def test_the_persons_own_configuration_of_terraform_is_left_alone(surroundings, tmp_path):
    provide(tmp_path / "base" / "mirror")
    own = tmp_path / "own.rc"
    own.touch()
    assert provider_environ({**surroundings, "TF_CLI_CONFIG_FILE": str(own)}, tmp_path) == {}
    missing = {**surroundings, "TF_CLI_CONFIG_FILE": str(tmp_path / "missing")}
    assert provider_environ(missing, tmp_path) == {"TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc")}
