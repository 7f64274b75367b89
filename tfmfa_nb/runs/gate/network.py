"""Where Terraform's own calls of STS go: held against the policy as the way of a code is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.network_route import route_to
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.terraform.network_settings import NetworkSetting
    from tfmfa_nb.terraform.role_chains import Findings

# Process variables of the AWS provider's and the S3 backend's own, besides those of all AWS SDKs
# (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/custom-service-endpoints).
_VARIABLES = ("AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT", "TF_AWS_STS_ENDPOINT")
_ALL_SERVICES = "AWS_ENDPOINT_URL"
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # of Go's TLS on Unix: https://pkg.go.dev/crypto/x509
_OWN = re.compile(r"https://sts(?:-fips)?(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?/?")
_NOT_OWN = "which is not AWS's own, and the organization policy does not allow it"
_ENDPOINT_REMEDY = 'Or have the owner of the policy add the endpoint to "endpoints" of [allow].'
_WAY_REMEDY = "Remove it: the policy allows neither proxies nor certificate authorities other than the usual ones."


def ways_not_allowed(findings: Findings, policy: Policy, environ: Mapping[str, str]) -> Iterator[Problem]:
    """The endpoints, the proxies, and the authorities that the policy does not allow, each with its name.

    Args:
        findings: what the configuration says.
        policy: organization policy; while MFA is off, nothing is refused.
        environ: process environment of Terraform.
    """
    if policy.mfa:
        yield from _endpoints_of_variables(policy, environ)
        for setting in findings.network:
            if setting.is_endpoint:
                yield from _other_endpoints(setting, policy)
        if not policy.proxies:
            files = ", ".join(map(str, policy.files_setting("proxies")))
            yield from _ways(findings, environ, f"which is not allowed (organization policy {files})")


def _other_endpoints(setting: NetworkSetting, policy: Policy) -> Iterator[Problem]:
    for value in setting.values():
        if isinstance(value, str) and _allows(policy, value):
            continue
        to = f"to {value}, {_NOT_OWN}" if isinstance(value, str) else "elsewhere; where to is not known yet"
        text = f"{setting.owner} sends its requests to STS {to} (`{setting.name}`)."
        yield Problem(text, f"Remove it. {_ENDPOINT_REMEDY}", setting.place, setting.name)


def _endpoints_of_variables(policy: Policy, environ: Mapping[str, str]) -> Iterator[Problem]:
    for name in _VARIABLES if environ.get(_VARIABLES[0]) else (*_VARIABLES, _ALL_SERVICES):
        url = environ.get(name, "").strip()
        if url and not _allows(policy, url):
            text = f"{name} sends Terraform's requests to STS to {url}, {_NOT_OWN}."
            yield Problem(text, f"Unset {name}. {_ENDPOINT_REMEDY}", name=name)


def _ways(findings: Findings, environ: Mapping[str, str], forbidden: str) -> Iterator[Problem]:
    for setting in findings.network:
        if setting.leads_there:
            text = f"{setting.owner} sets `{setting.name}`, {forbidden}."
            yield Problem(text, _WAY_REMEDY, setting.place, setting.name)
    for name in _AUTHORITIES:
        if environ.get(name):
            text = f"{name} names certificate authorities for Terraform, {forbidden}."
            yield Problem(text, f"Unset {name}.", name=name)
    for region in sorted({chain.region for chain in findings.chains if chain.region}):
        if way := str(route_to(Endpoint(region))):
            remedy = "Unset HTTPS_PROXY and AWS_CA_BUNDLE, or add .amazonaws.com to NO_PROXY."
            yield Problem(f"Terraform would call STS in {region} {way}, {forbidden}.", remedy)


def _allows(policy: Policy, url: str) -> bool:
    return bool(_OWN.fullmatch(url)) or policy.allows_endpoint(url)
