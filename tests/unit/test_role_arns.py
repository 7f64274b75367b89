"""What stands in `role_arn` and is no role is told with its place, before a code is asked for."""

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.runs.gate.roles import refuse_what_is_no_role
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

ROLE = "arn:aws:iam::111122223333:role/team/deploy"


@pytest.fixture
def run(tmp_path):
    return Run(Environment.named("staging", tmp_path), Options(level=Level.APPLIES_ONLY), tmp_path)


@pytest.mark.parametrize(
    "arn",
    ["deploy", "role/deploy", "arn:aws:iam::111122223333:user/deploy", "arn:aws:iam::1111:role/deploy"]
    + ["arn:aws:iam::111122223333:role/", "arn:aws:sts::111122223333:assumed-role/deploy/me", f" {ROLE}"],
)
def test_what_is_no_role_is_refused_with_file_and_line(run, arn):
    chains = [RoleChain("aws", (RoleHop(ROLE, place="main.tf:4"), RoleHop(arn, place="main.tf:9")), "main.tf:3")]
    with pytest.raises(RoleRefused) as raised:
        refuse_what_is_no_role(run.driver, chains)
    assert raised.value.problem == f"main.tf:9: {arn!r} is not a role ARN."
    assert "arn:aws:iam::111122223333:role/" in raised.value.remedy
    assert (run.lock_indicator, run.lock_indicator_text) == ("failed", raised.value.problem)


@pytest.mark.parametrize(
    "arn", [ROLE, "arn:aws-us-gov:iam::111122223333:role/x", "arn:aws-cn:iam::111122223333:role/x", None]
)
def test_a_role_of_each_partition_and_one_that_is_not_known_are_not(run, arn):
    refuse_what_is_no_role(run.driver, [RoleChain("aws", (RoleHop(arn),)), RoleChain("aws.none")])
