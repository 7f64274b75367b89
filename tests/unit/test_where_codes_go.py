"""Which server gets a code, whatever botocore can be told about its data, its endpoints, and its plugins."""

import json
import os
import subprocess
import sys

import pytest
from stranger import stranger

from tfmfa_nb.authentication.aws_endpoints import sts_url
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.identity import Endpoint

KEY = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA",
    "AWS_SECRET_ACCESS_KEY": "x" * 40,
    "AWS_MFA_SERIAL_NUMBER": "arn:aws:iam::123456789012:mfa/alice",
}
# As the gate does it, in a process with the test's surroundings: a proxy that refuses all keeps it on this machine.
GETS_A_SESSION = """
import asyncio, os
from tfmfa_nb.authentication import aws_client
from tfmfa_nb.authentication.default_identity import identify_default
from tfmfa_nb.authentication.mfa_session import get_session
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.variables import read_variables

variables = read_variables(os.environ)
aws_client._RETRY_DELAYS = ()
def ask():
    yield get_session(variables.access_key_id, variables.secret_access_key, variables.serial_number, Secret("123456"),
        duration_seconds=900, endpoint=variables.endpoint)
    yield identify_default(os.environ, variables.endpoint)
for asking in ask():
    try:
        asyncio.run(asking)
    except Refused as error:
        print(error.refusal.problem)
"""
RULES = {
    "version": "1.0",
    "parameters": {
        "Region": {"builtIn": "AWS::Region", "required": False, "type": "String"},
        "UseDualStack": {"builtIn": "AWS::UseDualStack", "required": True, "default": False, "type": "Boolean"},
        "UseFIPS": {"builtIn": "AWS::UseFIPS", "required": True, "default": False, "type": "Boolean"},
        "Endpoint": {"builtIn": "SDK::Endpoint", "required": False, "type": "String"},
        "UseGlobalEndpoint": {
            "builtIn": "AWS::STS::UseGlobalEndpoint",
            "required": True,
            "default": False,
            "type": "Boolean",
        },
    },
}
PLUGIN = """
def initialize_client_plugin(client):
    def elsewhere(request, **_):
        request.url = "{url}/"
    client.meta.events.register("request-created.sts", elsewhere)
"""


@pytest.fixture
def other():
    with stranger() as server:
        yield server


@pytest.fixture
def proxy():
    with stranger() as server:
        yield server


@pytest.fixture
def get_session(tmp_path, proxy):
    """Gets a session in a process with these variables; returns what was said."""

    def run(**environ):
        (tmp_path / "home").mkdir(exist_ok=True)
        given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "HTTPS_PROXY": proxy.url, **KEY, **environ}
        command = [sys.executable, "-c", GETS_A_SESSION]
        return subprocess.run(command, check=True, env=given, stdout=subprocess.PIPE, text=True).stdout

    return run


@pytest.mark.parametrize("way", ["AWS_DATA_PATH", "~/.aws/models", "data_path"])
def test_no_data_of_ones_own_says_where_a_code_goes(other, proxy, get_session, tmp_path, way):
    config = tmp_path / "home" / ".aws"
    models = config / "models" if way == "~/.aws/models" else tmp_path / "data"
    folder = models / "sts" / "2011-06-15"
    folder.mkdir(parents=True)
    endpoint = {"url": other.url, "properties": {}, "headers": {}}
    rules = {**RULES, "rules": [{"conditions": [], "endpoint": endpoint, "type": "endpoint"}]}
    (folder / "endpoint-rule-set-1.json").write_text(json.dumps(rules))
    if way == "data_path":
        config.mkdir(parents=True)
        (config / "config").write_text(f"[default]\ndata_path = {models}\n")
    get_session(**({"AWS_DATA_PATH": str(models)} if way == "AWS_DATA_PATH" else {}))
    assert other.seen == []
    assert set(proxy.seen) == {("CONNECT", "sts.eu-west-1.amazonaws.com:443")}


@pytest.mark.parametrize("place", ["variable", "file"])
def test_the_global_endpoint_is_never_requested(proxy, get_session, tmp_path, place):
    if place == "file":
        (tmp_path / "home" / ".aws").mkdir(parents=True)
        (tmp_path / "home" / ".aws" / "config").write_text("[default]\nsts_regional_endpoints = legacy\n")
    get_session(**({"AWS_STS_REGIONAL_ENDPOINTS": "legacy"} if place == "variable" else {}))
    assert set(proxy.seen) == {("CONNECT", "sts.eu-west-1.amazonaws.com:443")}


def test_a_request_that_was_turned_elsewhere_is_not_sent(other, proxy, get_session, tmp_path):
    (tmp_path / "turning.py").write_text(PLUGIN.format(url=other.url))
    said = get_session(BOTOCORE_EXPERIMENTAL__PLUGINS="turning=turning", PYTHONPATH=str(tmp_path))
    assert other.seen == proxy.seen == []
    assert said.splitlines() == ["The request to AWS could not be built (AnotherEndpoint)."] * 2


@pytest.mark.parametrize("setting", [{}, {"AWS_USE_FIPS_ENDPOINT": "true"}])
def test_the_endpoint_that_was_named_gets_it(other, get_session, setting):
    get_session(AWS_ENDPOINT_URL=other.url, **setting)
    assert ("GetSessionToken", "123456") in other.seen


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize(
    ("region", "setting", "host"),
    [
        ("eu-west-1", "", "sts.eu-west-1.amazonaws.com"),
        ("us-east-1", "", "sts.us-east-1.amazonaws.com"),
        ("us-east-1", "AWS_USE_FIPS_ENDPOINT", "sts-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "AWS_USE_FIPS_ENDPOINT", "sts.us-gov-west-1.amazonaws.com"),
        ("eu-west-1", "AWS_USE_DUALSTACK_ENDPOINT", "sts.eu-west-1.api.aws"),
        ("cn-north-1", "", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-iso-east-1", "", "sts.us-iso-east-1.c2s.ic.gov"),
        ("eusc-de-east-1", "", "sts.eusc-de-east-1.amazonaws.eu"),
        ("aws-global", "", "sts.aws-global.amazonaws.com"),  # which does not exist
        ("moon-1", "", "sts.moon-1.amazonaws.com"),
    ],
)
def test_the_region_says_where_its_sts_is(monkeypatch, region, setting, host):
    if setting:
        monkeypatch.setenv(setting, "true")
    assert sts_url(Endpoint(region)) == f"https://{host}"


@pytest.mark.parametrize("region", ["evil.example.org/?", "a.b", "eu-west-1\n", "x" * 64, "eu_west"])
def test_a_region_leads_to_no_other_host(region):
    with pytest.raises(ConfigurationError, match="is not the name of an AWS Region"):
        sts_url(Endpoint(region))
