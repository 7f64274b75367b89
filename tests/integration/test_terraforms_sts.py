"""Whom Terraform itself takes for STS: a server of somebody else's would hand out other credentials."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from device import Device
from stranger import stranger
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.ports import InstalledTerraform, Ports
from tfmfa_nb.runs.run import Run
from tfmfa_nb.sandbox.callers import ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
USES = """
provider "aws" {
%s
  assume_role {
    role_arn = "{ROLE}"
  }
}
data "aws_ssm_parameters_by_path" "all" {
  path = "/"
}
""".replace("{ROLE}", ROLE)
BACKEND = """
terraform {
  backend "s3" {
    bucket           = "states"
    key              = "app"
    region           = "eu-west-1"
    use_path_style   = true
    skip_s3_checksum = true
    assume_role = {
      role_arn = "{ROLE}"
    }
%s
  }
}
""".replace("{ROLE}", ROLE)
STATE = """
data "terraform_remote_state" "net" {
  backend = "s3"
  config = {
    bucket = "states"
    key    = "net"
    region = "eu-west-1"
    %s
  }
}
"""


@pytest.fixture
def other(lenient_sandbox):
    """Somebody else's STS, which hands out the long-term key as a role's."""
    given = lenient_sandbox.environ()
    with stranger() as server:
        server.key = given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"]
        yield server


@pytest.fixture
def run(gate_of, lenient_sandbox, tmp_path):
    """Plans with a code, under a policy that allows the sandbox's endpoint."""

    async def run(*hcl, level=Level.PLANS_AND_APPLIES, ports=None, proxies=None, kept=None, **environ):
        gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
        own = gate.environ["AWS_ENDPOINT_URL"]
        gate.environ = {**gate.environ, **environ}
        layer = Layer(Path("/etc/policy"), mfa=True, endpoints=(own,), proxies=proxies)
        gate.policy = Policy((layer,))
        environment = Environment.named("app", tmp_path)
        environment.ensure()
        environment.set_level(level)
        environment.write_configuration("\n".join(hcl))
        if kept is not None:
            file = environment.folder / ".terraform" / "terraform.tfstate"
            file.parent.mkdir()
            file.write_text(json.dumps({"version": 3, "backend": {"type": "s3", "config": kept}}))
        planning = Run(environment, Options(), tmp_path, ports=ports or Ports())
        await plan(planning.driver, gate)
        return planning

    return run


def provider(settings):
    return USES % settings


WAYS = {
    "a block": provider('endpoints {\n  sts = "URL"\n}'),
    "a variable": 'variable "url" {\n  default = "URL"\n}\n' + provider("endpoints {\n  sts = var.url\n}"),
    "a dynamic block": provider(
        'dynamic "endpoints" {\n  for_each = ["URL"]\n  content {\n    sts = endpoints.value\n  }\n}'
    ),
    "unknown": 'resource "terraform_data" "one" {\n  input = "URL"\n}\n'
    + provider("endpoints {\n  sts = terraform_data.one.output\n}"),
    "the backend": BACKEND % 'endpoints = {\n  sts = "URL"\n}',
    "the backend, by its older name": BACKEND % 'sts_endpoint = "URL"',
    "a remote state": STATE % 'endpoints = {\n  sts = "URL"\n}',
    "a remote state, merged": STATE.replace("config = {", 'config = merge({ endpoints = { sts = "URL" } }, {').replace(
        "    %s\n  }", "  })"
    ),
}


@pytest.mark.parametrize("way", WAYS)
async def test_an_endpoint_for_sts_in_the_configuration_is_refused(run, other, lenient_sandbox, way):
    with pytest.raises(MfaBypass, match=r"sends its requests to STS (to http://127|elsewhere).*sts"):
        await run(WAYS[way].replace("URL", other.url))
    assert other.seen == []
    assert calls_without_mfa(lenient_sandbox) == []


@pytest.mark.parametrize("name", ["AWS_STS_ENDPOINT", "TF_AWS_STS_ENDPOINT", "AWS_ENDPOINT_URL_STS"])
async def test_an_endpoint_for_sts_in_a_variable_is_refused(run, other, lenient_sandbox, name):
    ignored = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"} if name == "AWS_ENDPOINT_URL_STS" else {}
    with pytest.raises(MfaBypass, match=f"{name} sends Terraform's requests to STS to {other.url}"):
        await run(provider(""), **ignored, **{name: other.url})
    assert other.seen == []
    assert calls_without_mfa(lenient_sandbox) == []


async def test_what_init_has_kept_of_the_backend_counts(run, other):
    kept = {"bucket": "states", "key": "app", "endpoints": {"sts": other.url, "s3": None}}
    with pytest.raises(MfaBypass, match="sends its requests to STS to http://127"):
        await run('terraform {\n  backend "s3" {\n  }\n}\n', kept=kept)


@pytest.mark.parametrize("settings", ['endpoints {\n  sts = "URL"\n}', 'https_proxy = "URL"'])
@pytest.mark.thorough
async def test_terraforms_own_word_counts_where_the_reader_misses_it(run, other, settings):
    class Blind(InstalledTerraform):
        def inspect(self, configuration, **how):
            found = super().inspect(configuration, **how)
            names = {(name, setting) for name, setting in found.declared if setting == "profile"}
            return replace(found, network=(), declared=frozenset(names))

    hcl = f'provider "aws" {{\n{settings.replace("URL", other.url)}\n}}\noutput "a" {{\n  value = 1\n}}\n'
    hcl += 'data "aws_region" "here" {\n}\n'
    with pytest.raises(MfaBypass, match=r"Terraform's plan says that aws sets `(endpoints\.sts|https_proxy)`, but"):
        await run(hcl, ports=Ports(terraform=Blind()))


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("setting", ["http_proxy", "https_proxy", "custom_ca_bundle", "insecure"])
async def test_a_way_of_the_provider_s_own_is_refused_where_the_policy_forbids_proxies(run, other, setting):
    value = "true" if setting == "insecure" else f'"{other.url}"'
    with pytest.raises(MfaBypass, match=f"sets `{setting}`, which is not allowed .organization policy /etc/policy"):
        await run(provider(f"{setting} = {value}"), proxies=False)
    assert other.seen == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.usefixtures("direct")
async def test_authorities_for_terraform_only_are_refused_where_the_policy_forbids_them(run, name):
    with pytest.raises(MfaBypass, match=f"{name} names certificate authorities for Terraform, which is not allowed"):
        await run(provider(""), proxies=False, **{name: "/own"})


@pytest.mark.usefixtures("direct")
async def test_a_proxy_that_only_another_region_goes_through_is_refused(run, other, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", other.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,sts.eu-west-1.amazonaws.com")
    with pytest.raises(MfaBypass, match="Terraform would call STS in us-west-2 through the proxy"):
        await run(provider('region = "us-west-2"'), proxies=False)


@pytest.mark.thorough
async def test_ordinary_settings_go_on(run, lenient_sandbox, other):
    """Endpoints of other services, one for STS that the policy names, and a way that it does not forbid."""
    url = lenient_sandbox.environ()["AWS_ENDPOINT_URL"]
    settings = f'insecure = true\nendpoints {{\n  sts = "{url}"\n  s3  = "{other.url}"\n  ssm = "{url}"\n}}'
    planning = await run(provider(settings))
    assert planning.authenticated_by == "alice"
    assert 'main.tf:3: provider "aws" sets `insecure` for its calls of AWS.' in planning.driver.notes
    assert calls_without_mfa(lenient_sandbox) == []


@pytest.mark.thorough
async def test_without_a_code_anything_may_answer_as_on_localstack(run, other):
    planning = await run(provider(f'endpoints {{\n  sts = "{other.url}"\n}}'), level=Level.NEVER)
    assert planning.authenticated_by == ""
    assert ("AssumeRole", "") in other.seen
