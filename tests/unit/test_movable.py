"""What can go to a worker: told from what the inspection has found, before a code is asked for."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.remote.movable import check_movable, roles_of
from tfmfa_nb.runs.options import Options
from tfmfa_nb.terraform.role_chains import Findings

DEPLOY, STATES = RoleHop("arn:aws:iam::1:role/deploy", place="main.tf:3"), RoleHop("arn:aws:iam::1:role/states")
AWS, S3 = RoleChain("aws", (DEPLOY,)), RoleChain('backend "s3"')


def driver(**options):
    environment = SimpleNamespace(name="a", folder=Path("a"))
    return SimpleNamespace(environment=environment, options=Options(**options))


def test_one_role_opens_the_state_too():
    found = Findings((S3, AWS), backend="s3")
    check_movable(found, driver())
    assert roles_of(found) == (AWS,)


def test_the_session_of_terraform_itself_is_a_provider_s():
    state = RoleChain('backend "s3"', (STATES,))
    again = RoleChain("aws.west", (RoleHop(DEPLOY.role_arn, session_name="other", place="main.tf:9"),))
    found = Findings((state, AWS, again), backend="s3")
    check_movable(found, driver())
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
            Findings((S3, RoleChain("aws", (RoleHop(None, "local.role", place="main.tf:3"),))), backend="s3"),
            "the role that aws .* assumes is not known before Terraform runs",
        ),
        (
            Findings((S3, RoleChain("aws", (RoleHop("arn", place="main.tf:3", unknown=("policy",)),))), backend="s3"),
            "`policy` of the role that aws",
        ),
    ],
)
def test_what_is_refused_says_where_and_what_to_do(findings, problem):
    with pytest.raises(ConfigurationError, match=problem) as caught:
        check_movable(findings, driver())
    assert "--on" in caught.value.remedy


def test_a_file_that_would_stay_there():
    with pytest.raises(ConfigurationError, match="--generate-config-out writes a file"):
        check_movable(Findings((S3, AWS), backend="s3"), driver(generate_config_out="x.tf"))
