"""What can go to a worker: told from what the inspection has found, before a code is asked for."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.remote.movable import check_movable, roles_of
from tfmfa_nb.runs.options import Options
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.evaluation import UNKNOWN, Question
from tfmfa_nb.terraform.network_settings import NetworkSetting
from tfmfa_nb.terraform.role_chains import Findings

DEPLOY, STATES = RoleHop("arn:aws:iam::1:role/deploy", place="main.tf:3"), RoleHop("arn:aws:iam::1:role/states")
AWS, S3 = RoleChain("aws", (DEPLOY,)), RoleChain('backend "s3"')


@pytest.fixture
def written(tmp_path):
    """Makes a configuration."""

    def make(hcl="", product="terraform"):
        (tmp_path / "main.tf").write_text(hcl)
        return Configuration(tmp_path, product, {})

    return make


def driver(**options):
    environment = SimpleNamespace(name="a", folder=Path("a"))
    return SimpleNamespace(environment=environment, options=Options(**options))


def test_one_role_opens_the_state_too(written):
    found = Findings((S3, AWS), backend="s3")
    check_movable(found, driver(), written())
    assert roles_of(found) == (AWS,)


def test_the_session_of_terraform_itself_is_a_provider_s(written):
    state = RoleChain('backend "s3"', (STATES,))
    again = RoleChain("aws.west", (RoleHop(DEPLOY.role_arn, session_name="other", place="main.tf:9"),))
    found = Findings((state, AWS, again), backend="s3")
    check_movable(found, driver(), written())
    assert roles_of(found) == (AWS, state)


@pytest.mark.parametrize(
    ("findings", "problem"),
    [
        (Findings((AWS,)), '"a" keeps its state on this machine'),
        (Findings((AWS,), backend="gcs"), 'in the backend "gcs", whose credentials are sent to no worker'),
        (Findings((S3,), backend="s3"), "assumes no role whose session could be sent"),
        (Findings((S3, AWS, RoleChain("aws.x", place="main.tf:7")), backend="s3"), r"main\.tf:7: aws\.x .* no role"),
        (Findings((S3, AWS, RoleChain("aws.x", (STATES,))), backend="s3"), "its providers assume several"),
        (
            Findings((S3, RoleChain("aws.x", (STATES, DEPLOY)), RoleChain("aws.y", (DEPLOY,))), backend="s3"),
            r'main\.tf:3: aws\.y and aws\.x of "a" come to the same role in different ways',
        ),
        (
            Findings((RoleChain("module.a.module.b.data.terraform_remote_state.x"),), backend="s3"),
            "assumes no role whose session could be sent",
        ),
        (Findings((RoleChain("module.data.aws", place="main.tf:7"),), backend="s3"), r"module\.data\.aws .* no role"),
        (
            Findings((S3, RoleChain("aws", (RoleHop(None, "local.role", place="main.tf:3"),))), backend="s3"),
            "the role that aws .* assumes is not known before Terraform runs",
        ),
        (
            Findings((S3, RoleChain("aws", (RoleHop("arn", place="main.tf:3", unknown=("policy",)),))), backend="s3"),
            "`policy` of the role that aws",
        ),
    ],
)
def test_what_is_refused_says_where_and_what_to_do(written, findings, problem):
    with pytest.raises(ConfigurationError, match=problem) as caught:
        check_movable(findings, driver(), written())
    assert "--on" in caught.value.remedy


def test_a_file_that_would_stay_there(written):
    with pytest.raises(ConfigurationError, match="--generate-config-out writes a file"):
        check_movable(Findings((S3, AWS), backend="s3"), driver(generate_config_out="x.tf"), written())


def test_the_roles_of_remote_states_in_modules_come_last():
    """Terraform's own session is a provider's, whatever module a state is read in."""
    state = RoleChain("module.net.data.terraform_remote_state.x", (STATES,))
    assert roles_of(Findings((state, AWS), backend="s3")) == (AWS, state)


@pytest.mark.parametrize(
    ("hcl", "place"),
    [
        ('resource "aws_instance" "one" {}\n', "main.tf:1"),
        ('provider "aws" {\n  alias = "west"\n}\n', "main.tf:1"),
        ('terraform {\n  required_providers {\n    x = { source = "hashicorp/aws" }\n  }\n}\n', "main.tf:3"),
    ],
)
def test_a_provider_that_terraform_would_make_up(written, hcl, place):
    """It acts as the first role, whichever that is."""
    west = RoleChain("aws.west", (DEPLOY,))
    with pytest.raises(ConfigurationError, match="has no configuration without an alias in the root module") as caught:
        check_movable(Findings((S3, west), backend="s3"), driver(), written(hcl))
    assert str(caught.value).startswith(f"{place}: the provider registry.terraform.io/hashicorp/aws ")
    assert caught.value.remedy == 'Add provider "aws" with an assume_role block, or plan it without --on.'


def test_a_provider_of_another_name_and_registry(written):
    """A lock file that Terraform has written, and OpenTofu reads."""
    hcl = 'terraform {\n  required_providers {\n    x = { source = "hashicorp/aws" }\n  }\n}\nprovider "x" {}\n'
    configuration = written(hcl, "tofu")
    (configuration.folder / ".terraform.lock.hcl").write_text('provider "registry.terraform.io/hashicorp/aws" {}\n')
    check_movable(Findings((S3, RoleChain("x", (DEPLOY,))), backend="s3"), driver(), configuration)


@pytest.mark.parametrize("value", ["https://sts.example", UNKNOWN])
def test_an_sts_of_ones_own(written, value):
    """A worker's Terraform would ask it for roles: what it has to offer is another's."""
    question = Question(None, None)
    question.value = value
    setting = NetworkSetting('provider "aws"', "endpoints.sts", "main.tf:2", question)
    with pytest.raises(ConfigurationError, match=r'main\.tf:2: provider "aws" of "a" sets `endpoints\.sts`'):
        check_movable(Findings((S3, AWS), backend="s3", network=(setting,)), driver(), written())
    question.value = None
    check_movable(Findings((S3, AWS), backend="s3", network=(setting,)), driver(), written())


@pytest.mark.parametrize(
    ("hcl", "path"),
    [
        ('locals {\n  a = file("/etc/hostname")\n}\n', "main.tf:2: /etc/hostname"),
        ('locals {\n  a = templatefile("~/x.tpl", {})\n}\n', "main.tf:2: ~/x.tpl"),
        ('module "a" {\n  source = "/opt/modules/a"\n}\n', "main.tf:2: /opt/modules/a"),
        ('module "a" {\n  source = "~/modules/a"\n}\n', "main.tf:2: ~/modules/a"),
    ],
)
def test_a_path_on_this_machine(written, hcl, path):
    with pytest.raises(ConfigurationError) as caught:
        check_movable(Findings((S3, AWS), backend="s3"), driver(), written(hcl))
    assert str(caught.value).startswith(f"{path} is a path on this machine, which means another file on a worker")


def test_paths_in_the_configuration(written):
    hcl = """
locals {
  a = file("${path.module}/x")
  b = file("x")
  # c = file("~/.ssh/id_rsa.pub")
  d = file("${path.cwd}/x")
}
"""
    check_movable(Findings((S3, AWS), backend="s3"), driver(), written(hcl))
