"""Process variables with secrets that no provider of the configuration uses: tokens of other clouds and tools.

A run under MFA does not hand them to Terraform: whatever Terraform starts could read them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.secret_variables import sounds_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

# Beside what sounds secret anywhere: who has such a variable, and no use for it, misses nothing.
_SECRET = re.compile(
    r".*(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CLIENT_?KEY"
    r"|SECRET_?KEY|ACCESS_?KEY_?ID|AUTH_?KEY|AUTH_CONFIG|DATABASE_URL|_KEY|_PAT|_PSK|_PWD|_DSN)(?:_\w+)?",
    re.IGNORECASE,
)
_FOLDERS = frozenset({"PWD", "OLDPWD"})  # of a shell
# Terraform's own: values of variables, tokens of registries, passwords of the http backend. And the names of settings
# of git, which gets modules: it ends if one is missing (https://git-scm.com/docs/git-config#ENVIRONMENT).
_KEPT = ("TF_", "GIT_CONFIG_KEY_")
# The floor under the AWS SDK, and a setting of the S3 backend. A session takes the place of all other AWS credentials.
_AWS = frozenset({"AWS_SHARED_CREDENTIALS_FILE", "AWS_SSE_CUSTOMER_KEY"})
# What the documentation of each provider or backend names, where that does not begin with the provider's own name.
_PREFIXES = {
    "alicloud": "ALIBABA_CLOUD_",
    "argocd": "ARGOCD_",
    "artifactory": "JFROG_",
    "azapi": "ARM_ AZURE_",
    "azuread": "ARM_ AZURE_",
    "azuredevops": "AZDO_",
    "azurerm": "ARM_ AZURE_",
    "azurestack": "ARM_",
    "better-uptime": "BETTERUPTIME_",
    "cloudflare": "CF_",
    "cos": "TENCENTCLOUD_",
    "datadog": "DD_",
    "digitalocean": "SPACES_",
    "docker": "DOCKER_",
    "ec": "EC_",
    "elasticstack": "ELASTICSEARCH_ KIBANA_ FLEET_",
    "gcs": "GOOGLE_ GCLOUD_",
    "github": "GH_",
    "google": "GCLOUD_ GCP_ CLOUDSDK_",
    "google-beta": "GOOGLE_ GCLOUD_ GCP_ CLOUDSDK_",
    "googleworkspace": "GOOGLE_",
    "helm": "KUBE_",
    "ibm": "IC_ IBMCLOUD_ BM_ BLUEMIX_ SL_ SOFTLAYER_",
    "kubectl": "KUBE_",
    "kubernetes": "KUBE_",
    "logtail": "LOGTAIL_ BETTERSTACK_",
    "metal": "METAL_ PACKET_",
    "mongodbatlas": "MONGODB_ATLAS_ MCLI_",
    "neon": "NEON_",
    "newrelic": "NEW_RELIC_",
    "oci": "OCI_",
    "onepassword": "OP_",
    "openstack": "OS_",
    "opensearch": "OPENSEARCH_ ELASTICSEARCH_",
    "oss": "ALICLOUD_ ALIBABA_CLOUD_",
    "pg": "PG",
    "platform": "JFROG_",
    "postgresql": "PG",
    "project": "JFROG_",
    "rancher2": "RANCHER_",
    "scaleway": "SCW_",
    "signalfx": "SFX_",
    "sops": "SOPS_ AGE_",
    "splunk": "SPLUNK_",
    "tailscale": "TAILSCALE_",
    "vcd": "VCD_",
    "xray": "JFROG_",
}


def withheld(names: Iterable[str], providers: Iterable[str], backend: str) -> list[str]:
    """The variables among `names` that sound secret and that nothing in the configuration uses.

    Args:
        names: of the process variables, without those of AWS credentials.
        providers: the source addresses of the configuration's providers: registry.terraform.io/datadog/datadog.
        backend: type of the backend: "s3".
    """
    used = [*_KEPT]
    for kind in {address.rpartition("/")[2] for address in providers} | {backend}:
        used += [f"{kind.upper().replace('-', '_')}_", *_PREFIXES.get(kind, "").split()] if kind else []
    prefixes = tuple(used)

    def is_used(name: str) -> bool:
        return name in _AWS if name.startswith("AWS_") else name.upper().startswith(prefixes)

    return sorted(name for name in names if _is_secret(name) and not is_used(name))


def _is_secret(name: str) -> bool:
    return name not in _FOLDERS and (_SECRET.fullmatch(name) is not None or sounds_secret(name.lower()))
