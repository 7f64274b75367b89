"""Where accounts decide what is allowed, Terraform uses the credentials whose account was asked for, and no others."""

from pathlib import Path

import boto3
import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import AccountNotAllowed
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.real_aws import RealAws
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.sandbox.callers import ACCOUNT

READS = 'provider "aws" {\n}\ndata "aws_ssm_parameters_by_path" "all" {\n  path = "/"\n}\n'
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def another_key(lenient_sandbox):
    """Another key of alice's: its ID, and its secret."""
    given = lenient_sandbox.environ()
    settings = {name.lower(): given[name] for name in KEYS}
    iam = boto3.client("iam", endpoint_url=given["AWS_ENDPOINT_URL"], region_name="eu-west-1", **settings)
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture
def profile(lenient_sandbox, tmp_path, monkeypatch):
    """The sandbox's own key in a profile with a Region, in files that AWS's SDKs find, and in no variable."""
    given = lenient_sandbox.environ()
    credentials, config = tmp_path / "credentials", tmp_path / "config"
    credentials.write_text(f"[ops]\naws_access_key_id = {given[KEYS[0]]}\naws_secret_access_key = {given[KEYS[1]]}\n")
    config.write_text("[profile ops]\nregion = eu-west-1\n")
    variables = {
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "ops",
    }
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", *KEYS):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


class Told(RealAws):
    """Calls `then` once AWS has said whose the credentials are."""

    def __init__(self, then):
        self.then = then

    async def identify_default(self, *given):
        found = await super().identify_default(*given)
        self.then()
        return found


@pytest.fixture
def plan_at_never(gate_of, lenient_sandbox, profile, tmp_path):
    """Plans under a policy that allows this account only; returns the IDs of the keys that AWS saw."""

    async def run(account=ACCOUNT, then=lambda: None, **environ):
        gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
        gate.environ = {name: value for name, value in gate.environ.items() if name not in {*KEYS, "AWS_REGION"}}
        gate.environ |= {**profile, **environ}
        layer = Layer(Path("/etc/policy"), mfa=True, endpoints=("http://127.0.0.1:*",), accounts=frozenset({account}))
        gate.policy, gate.aws = Policy((layer,)), Told(then)
        environment = Environment.named("dev", tmp_path)
        environment.ensure()
        environment.write_configuration(READS)
        before = len(lenient_sandbox.calls())
        await plan(Run(environment, Options(), tmp_path).driver, gate)
        calls = lenient_sandbox.calls()[before:]
        assert "GetParametersByPath" in {call["action"] for call in calls}
        return {call["access_key_id"] for call in calls}

    return run


async def test_an_ordinary_profile_with_its_region_plans(plan_at_never, lenient_sandbox):
    assert await plan_at_never() == {lenient_sandbox.environ()[KEYS[0]]}


@pytest.mark.thorough
async def test_no_older_name_of_a_key_brings_another_one(plan_at_never, lenient_sandbox, another_key):
    """Terraform's SDK reads these names, and the SDK that asks for the account does not."""
    key, secret = another_key
    assert await plan_at_never(AWS_ACCESS_KEY=key, AWS_SECRET_KEY=secret) == {lenient_sandbox.environ()[KEYS[0]]}


@pytest.mark.thorough
async def test_no_web_identity_comes_before_the_profile(plan_at_never, lenient_sandbox, tmp_path):
    """Terraform's SDK prefers it, and the SDK that asks for the account prefers the profile."""
    (tmp_path / "token").write_text("x")
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/x"}
    assert await plan_at_never(**web) == {lenient_sandbox.environ()[KEYS[0]]}


@pytest.mark.thorough
async def test_what_was_identified_is_used_although_the_file_changes(plan_at_never, profile, another_key):
    """Whose the new ones are is asked again: the account counts, not the key."""
    key, secret = another_key

    def rewrite():
        text = f"[ops]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        Path(profile["AWS_SHARED_CREDENTIALS_FILE"]).write_text(text)

    assert key in await plan_at_never(then=rewrite)


async def test_another_account_is_refused(plan_at_never):
    with pytest.raises(AccountNotAllowed, match=f"Runs in account {ACCOUNT} are not allowed"):
        await plan_at_never(account="999999999999")
