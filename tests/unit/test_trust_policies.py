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
    found = trust_policies(role, caller, 3600)
    assert (found.role_arn, found.principal) == (arn, caller)
    (trust,) = json.loads(found.trust)["Statement"]
    assert trust["Principal"] == {"AWS": caller}
    assert trust["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
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
        trust_policies(role, caller, 3600)


@pytest.fixture
def aws():
    """The strict AWS, and how alice calls it: with her key, or with a session for which she gave a code."""
    with strict_aws() as (strict, admin):
        iam = boto3.client("iam", **admin)
        yield Account(strict, iam, provision(iam))


class Account:
    def __init__(self, strict, iam, alice):
        self.strict, self.iam, self.alice = strict, iam, alice

    def sts(self, key, secret, token=None):
        return boto3.client(
            "sts", region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token
        )

    def key(self):
        return self.sts(self.alice["access_key_id"], self.alice["secret_access_key"])

    def session(self, seconds=43_200):
        serial = self.alice["serial_number"]
        code, _ = self.strict.devices.next_code(serial)
        given = self.key().get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=seconds)
        return self.sts(*(given["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))

    def role(self, trust, permission):
        """A role that alice may assume by these two policies alone."""
        self.iam.create_role(RoleName="mine", AssumeRolePolicyDocument=trust)
        for name in self.iam.list_user_policies(UserName="alice")["PolicyNames"]:
            self.iam.delete_user_policy(UserName="alice", PolicyName=name)
        self.iam.put_user_policy(UserName="alice", PolicyName="mine", PolicyDocument=permission)


MINE = "arn:aws:iam::123456789012:role/mine"


def assume(sts, name="aws-go-sdk-1795000000000000000", **more):
    """The ARN of the role's session; what AWS refused, if it refuses."""
    try:
        return sts.assume_role(RoleArn=MINE, RoleSessionName=name, **more)["AssumedRoleUser"]["Arn"]
    except sts.exceptions.ClientError as error:
        return error.response["Error"]["Message"].partition(" perform: ")[2].partition(" on ")[0]


def test_the_policies_let_alice_in_with_mfa_only_and_whatever_the_session_is_called(aws):
    found = trust_policies("mine", ALICE, 3600)
    aws.role(found.trust, found.permission)
    assert assume(aws.key()) == "sts:AssumeRole"
    session = aws.session()
    for name in ("aws-go-sdk-1795000000000000000", "tfmfa-check"):
        assert assume(session, name).endswith(f"/{name}")


def test_an_old_session_is_refused_by_its_age_although_it_has_not_expired(aws):
    found = trust_policies("mine", ALICE, 3600)
    aws.role(found.trust, found.permission)
    old = aws.session()
    aws.strict.advance(3599)
    assert assume(old).startswith("arn:")
    aws.strict.advance(2)
    assert assume(old) == "sts:AssumeRole"
    assert assume(aws.session()).startswith("arn:")  # of now


@pytest.mark.parametrize("name", ["bob", "Alice", "aws-go-sdk-1795000000000000000", "alice-2"])
def test_an_option_refuses_each_session_that_is_not_called_like_the_user(aws, name):
    named, _ = trust_policies("mine", ALICE, 3600).stricter
    assert named.argument == 'session_name = "alice"'
    aws.role(named.trust, named.permission)
    session = aws.session()
    assert assume(session, "alice").endswith("assumed-role/mine/alice")
    assert not assume(session, name).startswith("arn:")
    assert assume(aws.key(), "alice") == "sts:AssumeRole"


def test_another_option_refuses_each_session_without_the_users_source_identity(aws):
    _, sourced = trust_policies("mine", ALICE, 3600).stricter
    assert sourced.argument == 'source_identity = "alice"'
    aws.role(sourced.trust, sourced.permission)
    session = aws.session()
    assert assume(session, SourceIdentity="alice").startswith("arn:")
    assert assume(session, SourceIdentity="bob") == "sts:AssumeRole"
    assert assume(session) == "sts:AssumeRole"


def test_a_source_identity_needs_a_permission_of_its_own(aws):
    """On both sides: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html."""
    found = trust_policies("mine", ALICE, 3600)
    aws.role(found.trust, found.stricter[1].permission)
    assert assume(aws.session(), SourceIdentity="alice") == "sts:SetSourceIdentity"


def test_the_name_of_a_user_with_a_path_is_its_last_part():
    named, sourced = trust_policies("mine", "arn:aws:iam::123456789012:user/team/alice", 3600).stricter
    assert (named.argument, sourced.argument) == ('session_name = "alice"', 'source_identity = "alice"')


def test_the_root_user_has_no_name_that_a_policy_could_require():
    assert trust_policies("mine", "arn:aws:iam::123456789012:root", 3600).stricter == ()
