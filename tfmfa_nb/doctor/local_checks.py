"""Checks of this machine: policy, AWS provider, front end, and environment variables that affect Terraform."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from jupyter_core.paths import jupyter_path

from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.version import __version__
from tfmfa_nb.protocol.layout import plan_folders
from tfmfa_nb.runs.gate.level_setting import how_to_enable_mfa
from tfmfa_nb.runs.store import saved_plans
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.provider_mirror import find_mirror, mirror_of_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tfmfa_nb.organization.policy import Policy

_DAY = 86_400  # seconds
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT")
_AUTHORITIES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE")
_WIDGET_EVENTS = (7, 4)  # first ipykernel version that delivers widget events to a running async cell


def check_policy(read: Callable[[], Policy]) -> tuple[Policy | None, Finding]:
    """The organization policy, None if no run can start with it, and the finding about it and its files."""
    try:
        policy = read()
    except ConfigurationError as error:
        return None, Finding("policy", Severity.ERROR, error.problem, error.remedy)
    if not policy.mfa:
        return policy, Finding(
            "policy", Severity.WARNING, "MFA is not enabled for this organization.", how_to_enable_mfa(policy)
        )
    files = ", ".join(map(str, policy.files_setting("mfa")))
    in_force = ", ".join(f"{path} (SHA-256 {sha256[:12]}…)" for path, sha256 in policy.files)
    return policy, Finding(
        "policy", Severity.OK, f"MFA is enabled by organization policy {files}. Files in force: {in_force}."
    )


def check_provider(environ: Mapping[str, str]) -> Finding:
    """The finding about where a run's `init` gets hashicorp/aws from. Only the sandbox looks for mirrors by itself."""
    try:
        mirror = find_mirror(environ)
    except ConfigurationError as error:
        return Finding("provider", Severity.ERROR, error.problem, error.remedy)
    configuration, used = mirror_of_runs(environ)
    says = f", which {configuration} names" if configuration else ", which Terraform itself searches"
    if used is not None:
        return Finding("provider", Severity.OK, f"hashicorp/aws is in the mirror {used}{says}.")
    if configuration is not None:
        return Finding("provider", Severity.NOT_CHECKED, f"{configuration} says where providers come from.")
    unused = f" Only the sandbox uses the mirror {mirror}." if mirror else ""
    text = f"`init` gets hashicorp/aws from its registry, which was not asked.{unused}"
    return Finding("provider", Severity.NOT_CHECKED, text)


def check_extension() -> Finding:
    """The finding about the JupyterLab extension, without which there are no cards and no forms."""
    places = [Path(folder, "tfmfa_nb", "package.json") for folder in jupyter_path("labextensions")]
    found = next((place for place in places if place.is_file()), None)
    remedy = "Install it without SKIP_JUPYTER_BUILDER: pip install --force-reinstall --no-deps tfmfa-nb"
    if found is None:
        text = "the JupyterLab extension is not installed, so codes are requested at an input prompt, not on a card."
        return Finding("extension", Severity.WARNING, text, remedy)
    version = _version_in(found)
    if version != __version__:
        text = f"{found.parent} is of version {version or 'unknown'}, and the Python package of version {__version__}."
        return Finding("extension", Severity.WARNING, text, remedy)
    return Finding("extension", Severity.OK, f"the JupyterLab extension {version} is installed in {found.parent}.")


def _version_in(package: Path) -> str:
    try:
        return str(json.loads(package.read_bytes())["version"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def check_front_end() -> Iterator[Finding]:
    """The findings about showing the card and answering on it."""
    version = importlib.metadata.version("ipykernel")
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers >= _WIDGET_EVENTS:
        yield Finding("kernel", Severity.OK, f"ipykernel {version} supports entering codes on the card.")
    else:
        yield Finding(
            "kernel",
            Severity.WARNING,
            f"ipykernel {version} delivers no clicks to a running cell, so codes are requested at an input prompt.",
            "Upgrade it: pip install 'ipykernel>=7.4'",
        )
    if importlib.util.find_spec("jupyterlab") or importlib.util.find_spec("notebook"):
        yield Finding(
            "front end", Severity.OK, "JupyterLab or Jupyter Notebook is installed in this Python environment."
        )
    else:
        yield Finding(
            "front end",
            Severity.WARNING,
            "neither JupyterLab nor Jupyter Notebook is installed in this Python environment.",
            "If they run elsewhere, install tfmfa-nb there too.",
        )


def check_saved_plans() -> Finding:
    """The finding about plans that nobody has applied or discarded; they hold sensitive values in plain text."""
    left = [plan.name for plan in saved_plans(older_than=_DAY)]
    if not left:
        return Finding("saved plans", Severity.OK, "none is older than a day.")
    folders = " or ".join(map(str, plan_folders()))
    return Finding(
        "saved plans",
        Severity.WARNING,
        f"{len(left)} in {folders} {'is' if len(left) == 1 else 'are'} older than a day and may have sensitive values "
        f"in plain text: {', '.join(sorted(left))}.",
        "Apply them, or discard them with %tfruns discard; after a week, they are deleted.",
    )


def check_process_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about variables that would change Terraform's commands or print secrets; runs omit them and say so."""
    _, notes = child_environ(environ, credentials=False)
    for note in notes:
        yield Finding("process environment", Severity.WARNING, note)
    if not notes:
        yield Finding("process environment", Severity.OK, "no variable changes how Terraform runs.")


def check_network_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about variables that say where STS is, and whose certificates are trusted; none where none is set.

    AWS's libraries and Terraform read them:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html and https://pkg.go.dev/crypto/x509.
    """
    for name in (name for name in _ENDPOINTS if environ.get(name)):
        yield Finding("network", Severity.OK, f"{name} is {_without_user(environ[name])}.")
    for name in (name for name in _AUTHORITIES if environ.get(name)):
        path = Path(environ[name])
        if path.is_file():
            yield Finding("network", Severity.OK, f"{name} is {path}.")
        else:
            yield Finding(
                "network", Severity.WARNING, f"{name} is {path}, which is not a file.", f"Set or unset {name}."
            )


def _without_user(url: str) -> str:
    """`url` without a name and a password, and without a query."""
    try:
        parts = urlsplit(url)
        if not parts.hostname:
            return "not a URL"
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "not a URL"
