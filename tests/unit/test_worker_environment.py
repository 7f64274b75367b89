"""What of a worker's own process variables reaches Terraform there, and what a policy says of them."""

import json
from pathlib import Path

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.remote.cluster import Worker
from tfmfa_nb.remote.worker_environment import registry_tokens, worker_environ
from tfmfa_nb.remote.worker_jobs import hello

# What changes another state, starts another program, asks somebody else, or is a secret of the worker's own.
NEVER = [
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_VAR_word",
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_plan",
    "TF_LOG",
    "TF_REATTACH_PROVIDERS",
    "TF_TOKEN_app_terraform_io",
    "TF_AWS_STS_ENDPOINT",
    "TF_STATE_PERSIST_INTERVAL",
    "TF_REGISTRY_DISCOVERY_RETRY",
    "TF_ENCRYPTION",
    "TF_PLUGIN_MAGIC_COOKIE",
    "LD_PRELOAD",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "DYLD_INSERT_LIBRARIES",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_PROFILE",
    "AWS_STS_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_S3",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "VAULT_TOKEN",
    "VAULT_ADDR",
    "GITHUB_TOKEN",
    "GOOGLE_CREDENTIALS",
    "ARM_CLIENT_SECRET",
    "KUBECONFIG",
    "PGPASSWORD",
    "DASK_TOKEN",
    "GODEBUG",
]
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TF_PLUGIN_CACHE_DIR", "HTTPS_PROXY", "AWS_CA_BUNDLE")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    return tmp_path


@pytest.mark.usefixtures("home")
def test_terraform_has_nothing_of_a_worker_that_decides_or_is_secret(monkeypatch):
    for name in (*NEVER, *KEPT[1:]):
        monkeypatch.setenv(name, "the worker's own")
    found = worker_environ({"TF_WORKSPACE": "blue", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1/x"})
    assert {name for name, text in found.items() if text == "the worker's own"} == {*KEPT[1:]}
    assert found["TF_WORKSPACE"] == "blue"
    assert found["AWS_ENDPOINT_URL_STS"] == "http://127.0.0.1:1/x"
    assert "TF_WORKSPACE" not in worker_environ()


def test_init_alone_has_the_workers_own_tokens_of_registries(monkeypatch):
    monkeypatch.setenv("TF_TOKEN_registry_example", "the worker's own")
    monkeypatch.setenv("TF_TOKEN_app_terraform_io", "")
    assert registry_tokens() == {"TF_TOKEN_registry_example": "the worker's own"}


def worker(**more):
    return Worker("tls://10.0.0.3:1", "host", b"", "terraform 1.11.4", "", 1, **more)


def said():
    found = json.loads(hello())
    return worker(foreign=tuple(Problem(**each) for each in found["foreign"]), ways=tuple(found["ways"]))


def test_a_worker_says_what_puts_other_programs_in_terraforms_place(home, monkeypatch):
    (home / ".terraformrc").write_text(
        'provider_installation {\n  dev_overrides {\n    "hashicorp/aws" = "/x"\n  }\n}\n'
    )
    monkeypatch.setenv("TF_REATTACH_PROVIDERS", "{}")  # does not reach Terraform, so that it does no harm
    found = said()
    assert [each.name for each in found.foreign] == ["dev_overrides"]
    with pytest.raises(ConfigurationError, match=r"The worker host \(tls://10\.0\.0\.3:1\): .*dev_overrides.*:2"):
        found.check(Policy())
    found.check(Policy((Layer(Path("p.toml"), bypasses=("dev_overrides",)),)))


@pytest.mark.usefixtures("home")
def test_a_worker_says_which_variables_lead_its_calls_elsewhere_and_a_policy_may_forbid_that(monkeypatch):
    for name in ("HTTP_PROXY", "https_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@proxy:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/own.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", "")
    monkeypatch.setenv("NO_PROXY", "localhost")
    found = said()
    assert found.ways == ("HTTPS_PROXY", "SSL_CERT_FILE")
    assert "password" not in hello()
    found.check(Policy())
    with pytest.raises(ConfigurationError, match=r"sets HTTPS_PROXY, SSL_CERT_FILE, which is not allowed .*p\.toml"):
        found.check(Policy((Layer(Path("p.toml"), mfa=True, proxies=False),)))
