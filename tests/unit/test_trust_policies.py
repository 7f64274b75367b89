import json

import boto3
import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.trust_policies import trust_policies
from tfmfa_nb.sandbox.inprocess import strict_aws
from tfmfa_nb.sandbox.provision import provision

ALICE = "arn:aws:iam::123456789012:user/alice"


@pytest.mark.parametrize(
    ("caller", "role", "arn"),
    [
        (ALICE, "deploy", "arn:aws:iam::123456789012:role/deploy"),
        (ALICE, "arn:aws:iam::444455556666:role/team/deploy", "arn:aws:iam::444455556666:role/team/deploy"),
        ("arn:aws-us-gov:iam::123456789012:user/a/b", "deploy", "arn:aws-us-gov:iam::123456789012:role/deploy"),
        ("arn:aws-cn:iam::123456789012:user/alice", "deploy", "arn:aws-cn:iam::123456789012:role/deploy"),
    ],
)
def test_role_and_principal_are_in_the_caller_s_partition(caller, role, arn):
    found = trust_policies(role, caller)
    assert (found.role_arn, found.principal) == (arn, caller)
    (trust,) = json.loads(found.trust)["Statement"]
    assert trust["Principal"] == {"AWS": caller}
    assert trust["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    (permission,) = json.loads(found.permission)["Statement"]
    assert permission == {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}


@pytest.mark.parametrize(
    ("role", "caller", "words"),
    [
        ("arn:aws:iam::1:role/x", ALICE, "is not the ARN of a role"),
        ("arn:aws:iam::123456789012:user/x", ALICE, "is not the ARN of a role"),
        ("arn:aws-cn:iam::123456789012:role/x", ALICE, "is in the partition aws-cn"),
        ('x", "*', ALICE, "is not a role name"),
        ("", ALICE, "is not a role name"),
        ("x", "arn:aws:sts::123456789012:assumed-role/x/y", "is not an IAM user"),
        ("x", "", "The caller is not an IAM user"),
    ],
)
def test_invalid_roles_and_callers_are_rejected(role, caller, words):
    with pytest.raises(ConfigurationError, match=words):
        trust_policies(role, caller)


def test_with_these_policies_the_strict_aws_lets_alice_in_with_mfa_only():
    with strict_aws() as (aws, admin):
        iam = boto3.client("iam", **admin)
        alice = provision(iam)
        found = trust_policies("mine", ALICE)
        iam.create_role(RoleName="mine", AssumeRolePolicyDocument=found.trust)
        iam.put_user_policy(UserName="alice", PolicyName="mine", PolicyDocument=found.permission)
        keys = {"aws_access_key_id": alice["access_key_id"], "aws_secret_access_key": alice["secret_access_key"]}
        sts = boto3.client("sts", region_name="eu-west-1", **keys)
        with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=found.role_arn, RoleSessionName="without")
        code, _ = aws.devices.next_code(alice["serial_number"])
        given = sts.get_session_token(SerialNumber=alice["serial_number"], TokenCode=code)["Credentials"]
        with_mfa = boto3.client(
            "sts", region_name="eu-west-1", aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"],
        )  # fmt: skip
        assert with_mfa.assume_role(RoleArn=found.role_arn, RoleSessionName="with-mfa")["Credentials"]
