"""Checks of what holds whatever a configuration says: what Terraform can find, and where codes go, under MFA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.authentication.network_route import route_to
from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.withheld_variables import withheld

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.role_chains import Findings


def check_floor(
    policy: Policy, executable: Executable | None, environ: Mapping[str, str], findings: Findings
) -> Iterator[Finding]:
    """The findings about what Terraform is, and what it cannot find while a code is required.

    Args:
        policy: organization policy.
        executable: Terraform or OpenTofu; None if it was not found.
        environ: process environment.
        findings: what the configuration says; its providers may use further variables.
    """
    if executable is not None:
        yield _program(policy, executable)
    child, _ = child_environ(environ, credentials=False)
    hidden = sorted(name for name in environ.keys() - child.keys() if name.startswith("AWS_"))
    named = f" Hidden from it: {', '.join(hidden)}." if hidden else ""
    if policy.allows_bypass("profile"):
        files = ", ".join(map(str, policy.files_setting("bypasses")))
        text = f"the organization policy allows profiles ({files}), so Terraform can read the AWS files.{named}"
        yield Finding("credentials", Severity.WARNING, text, "Remove profile from [allow] bypasses.")
    else:
        text = f"with a code, Terraform finds only those of the MFA session: no AWS files, no instance metadata.{named}"
        yield Finding("credentials", Severity.OK, text)
    names = withheld(child, findings.providers, findings.backend)
    names = [name for name in names if not policy.allows_process_variable(name)]
    text = f"withheld from Terraform: {', '.join(names)}." if names else "no variable has a secret for others."
    yield Finding("tokens of others", Severity.OK, text)


def check_endpoint(policy: Policy, endpoint: Endpoint) -> Finding:
    """The finding about where codes and signatures go."""
    if endpoint.url and policy.mfa and not policy.allows_endpoint(endpoint.url):
        return Finding(
            "STS endpoint",
            Severity.ERROR,
            f"{endpoint.url} is not AWS's own, and the organization policy does not allow it.",
            "Unset AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL, and remove endpoint_url from the AWS configuration file.",
        )
    route = str(route_to(endpoint))
    if route and not policy.proxies:
        files = ", ".join(map(str, policy.files_setting("proxies")))
        return Finding(
            "STS endpoint",
            Severity.ERROR,
            f"codes would go to AWS {route}, which is not allowed (organization policy {files}).",
            "Unset HTTPS_PROXY, AWS_CA_BUNDLE, and REQUESTS_CA_BUNDLE, and remove ca_bundle from the AWS configuration "
            "file.",
        )
    where = endpoint.url or f"AWS's own in {endpoint.region or 'the Region of the first provider'}, over HTTPS"
    return Finding("STS endpoint", Severity.OK, f"codes go to {where}{f', {route}' if route else ''}.")


def _program(policy: Policy, executable: Executable) -> Finding:
    """The finding about the program that gets the session's credentials."""
    text = f"{executable.file} (SHA-256 {executable.sha256[:12]}…) gets the session's credentials."
    if not policy.allows_program(str(executable.file)):
        files = ", ".join(map(str, policy.files_setting("programs")))
        return Finding(
            "program",
            Severity.ERROR,
            f"{executable.file} may not run as Terraform (organization policy {files}).",
            "Set TFMFA_TERRAFORM to an allowed program.",
        )
    return Finding("program", Severity.OK, text)
