"""What stands between a code and AWS: shown wherever codes go, and refused where the policy says so."""

import hashlib
from pathlib import Path

import pytest
from strict_world import strict_world

from tfmfa_nb.authentication.network_route import NetworkRoute, route_to, route_to_url
from tfmfa_nb.doctor.finding import Severity
from tfmfa_nb.doctor.floor_checks import check_endpoint
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import AuthenticationError
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.mfa_status import policy_lines

pytestmark = pytest.mark.usefixtures("direct")
REGION = Endpoint("eu-west-1")
FORBIDDEN = Policy((Layer(Path("/etc/p"), mfa=True, proxies=False), Layer(Path("/etc/q"), proxies=True)))


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    path = tmp_path / "own.pem"
    path.write_text("an authority")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
    monkeypatch.setenv("HTTPS_PROXY", "http://alice:hunter2@proxy.corp:3128")
    return path


@pytest.mark.parametrize(
    ("variable", "value", "proxy"),
    [
        ("HTTPS_PROXY", "http://alice:hunter2@proxy.corp:3128", "http://proxy.corp:3128"),
        ("https_proxy", "proxy.corp:3128", "http://proxy.corp:3128"),
        ("HTTP_PROXY", "http://proxy.corp:3128", ""),
        ("HTTPS_PROXY", "", ""),
    ],
)
def test_a_proxy_is_named_without_user_and_password(monkeypatch, variable, value, proxy):
    monkeypatch.setenv(variable, value)
    assert route_to(REGION) == NetworkRoute(proxy)
    monkeypatch.setenv("NO_PROXY", "sts.eu-west-1.amazonaws.com")
    assert route_to(REGION) == NetworkRoute()


@pytest.mark.parametrize("place", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle"])
def test_a_bundle_is_found_wherever_botocore_finds_it(monkeypatch, tmp_path, place):
    path = tmp_path / "own.pem"
    path.write_text("an authority")
    if place == "ca_bundle":
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {path}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    else:
        monkeypatch.setenv(place, str(path))
    assert route_to(REGION) == NetworkRoute("", str(path), hashlib.sha256(b"an authority").hexdigest())
    assert route_to(Endpoint(url="http://127.0.0.1:5000")) == NetworkRoute()  # no certificate is checked
    path.unlink()
    assert route_to(REGION).ca_bundle_sha256 == ""


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        (Endpoint("cn-north-1"), "sts.cn-north-1.amazonaws.com.cn"),
        (Endpoint(), "sts.us-east-1.amazonaws.com"),  # never the global one
        (Endpoint(url="https://sts.corp:8443"), "sts.corp:8443"),
    ],
)
def test_the_route_is_that_of_the_endpoint(monkeypatch, endpoint, host):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", host)
    assert route_to(endpoint) == route_to_url(f"https://{host}") == NetworkRoute()
    monkeypatch.setenv("NO_PROXY", "another")
    assert route_to(endpoint) == NetworkRoute("http://proxy:1")


def test_one_file_of_the_policy_is_enough_to_forbid_it(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("[allow]\nproxies = false\n")
    path.chmod(0o644)
    assert not Policy((read_policy_file(path),)).proxies
    assert not FORBIDDEN.proxies
    assert Policy().proxies
    said = "Proxies and other certificate authorities for codes: not allowed  (organization policy /etc/p, /etc/q)"
    assert said in policy_lines(FORBIDDEN)


def test_the_doctor_shows_what_stands_between_a_code_and_aws(bundle):
    way = f"through the proxy http://proxy.corp:3128, with the certificate authorities of {bundle}"
    found = check_endpoint(Policy(), REGION)
    assert (found.severity, found.text) == (Severity.OK, f"codes go to AWS's own in eu-west-1, over HTTPS, {way}.")
    found = check_endpoint(FORBIDDEN, REGION)
    assert found.severity is Severity.ERROR
    assert found.text.startswith(f"codes would go to AWS {way}, which is not allowed (organization policy /etc/p")
    assert "Unset HTTPS_PROXY" in found.remedy


class Typed:
    max_attempts = kind = None
    asked = 0

    async def ask(self, _request):
        self.asked += 1
        return Secret(self.code)


@pytest.fixture
def run(tmp_path):
    return Run(Environment.named("staging", tmp_path), Options(), tmp_path)


ENVIRON = {
    "AWS_ACCESS_KEY_ID": "AKIA1234567890123456",
    "AWS_SECRET_ACCESS_KEY": "x" * 40,
    "AWS_MFA_SERIAL_NUMBER": "arn:aws:iam::123456789012:mfa/alice",
    "AWS_REGION": "eu-west-1",
}


async def test_a_policy_refuses_it_before_a_code_and_before_anything_is_signed(run, bundle):
    prompt = Typed()
    with pytest.raises(AuthenticationError, match=f"Codes would go to AWS .*{bundle}, which is not allowed"):
        await Gate(prompt, ENVIRON, policy=FORBIDDEN).pass_through(run.driver, Phase.PLAN, ())
    assert prompt.asked == 0
    assert run.lock_indicator == "failed"


async def test_the_run_says_it_and_the_line_of_the_authentication_has_it(run, bundle, monkeypatch):
    with strict_world() as world:
        environ = {
            **ENVIRON,
            "AWS_ACCESS_KEY_ID": world.key,
            "AWS_SECRET_ACCESS_KEY": world.secret.reveal(),
            "AWS_MFA_SERIAL_NUMBER": world.serial,
        }
        prompt = Typed()
        prompt.code = world.code()
        monkeypatch.delenv("HTTPS_PROXY")
        session = await Gate(prompt, environ).pass_through(run.driver, Phase.PLAN, ())
        session.forget()
    assert run.driver.notes == [f"Codes go to AWS with the certificate authorities of {bundle}."]
    (line,) = [line for line in run.driver.store.trail.lines() if line["event"] == "mfa"]
    assert (line["proxy"], line["ca_bundle"]) == ("", str(bundle))
    assert line["ca_bundle_sha256"] == hashlib.sha256(b"an authority").hexdigest()
