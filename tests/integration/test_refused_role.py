"""A role that is refused by its external id: explained before Terraform starts, wherever the run is shown."""

import json

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RoleRefused
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.summary import summary_html, summary_text

ALICE = "arn:aws:iam::123456789012:user/alice"
PARTNER = "arn:aws:iam::123456789012:role/partner"
HCL = f"""
provider "aws" {{
  assume_role {{
    role_arn    = "{PARTNER}"
    external_id = "mine"
    duration    = "1h"
  }}
}}
resource "aws_ssm_parameter" "one" {{
  name  = "/partner/one"
  type  = "String"
  value = "1"
}}
"""
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def iam(sandbox):
    """An administrator's IAM, with a partner's role that alice may look at, and that asks for an external id."""
    client = sandbox.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": ALICE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "agreed"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    client.create_role(RoleName="partner", AssumeRolePolicyDocument=policy(trust))
    client.put_role_policy(RoleName="partner", PolicyName="all", PolicyDocument=policy(EVERYTHING))
    return client


def new_run(tmp_path):
    environment = Environment.named("partner", tmp_path)
    environment.write_configuration(HCL)
    environment.set_level(Level.PLANS_AND_APPLIES)
    return Run(environment, Options(), tmp_path)


@pytest.mark.thorough
async def test_a_wrong_external_id_is_named_and_the_shown_policy_fixes_it(tmp_path, sandbox, gate_of, iam):
    look = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
    iam.put_user_policy(UserName="alice", PolicyName="look", PolicyDocument=policy(look))
    gate, refused = gate_of(sandbox, Device(sandbox)), new_run(tmp_path)
    with pytest.raises(RoleRefused, match="requires a different external ID from the one sent") as caught:
        await plan(refused.driver, gate)
    assert str(caught.value).count("\n") == 0
    assert (refused.status, refused.lock_indicator) == ("errored", "failed")
    (document,) = refused.error_documents
    mended = json.loads(document["text"])
    assert mended["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] == ["agreed", "mine"]
    for shown in (summary_text(refused), "\n".join(refused.log_text())):
        assert '"mine"' in shown
        assert f"Trust policy of {PARTNER}, corrected:" in shown
    assert "&quot;mine&quot;" in summary_html(refused)
    log = "\n".join(refused.log_text())
    assert document["text"] in log
    assert "Terraform will perform" not in log
    for secret in (gate.environ["AWS_SECRET_ACCESS_KEY"], *gate.prompt.given):
        assert secret not in log + summary_html(refused)

    iam.update_assume_role_policy(RoleName="partner", PolicyDocument=document["text"])
    again = new_run(tmp_path)
    await plan(again.driver, gate)
    assert (again.status, again.error_documents) == ("planned", [])
    # An MFA session of half an hour cannot renew a role that is held for one: said before the apply starts.
    gate.session_seconds = 1800
    await apply(again.driver, gate)
    assert again.status == "applied"
    (note,) = [note for note in again.notes if "session" in note]
    assert note.startswith("The MFA session lasts 30 min, but the longest role session of aws (main.tf:2) lasts 1 h")
    lines = again.log_text()
    assert lines.index(note) < next(number for number, line in enumerate(lines) if "Creating..." in line)


@pytest.mark.usefixtures("iam")
async def test_without_evidence_no_cause_is_claimed(tmp_path, sandbox, gate_of):
    run = new_run(tmp_path)
    possible = "Possible causes: the role does not exist; its trust policy does not allow this principal;"
    with pytest.raises(RoleRefused, match=possible):
        await plan(run.driver, gate_of(sandbox, Device(sandbox)))
    assert [document["title"] for document in run.error_documents] == [
        f"Required in the trust policy of {PARTNER}",
        f"Required in a policy of {ALICE}",
    ]
    assert "agreed" not in summary_text(run)
