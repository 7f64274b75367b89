"""The providers that are known here.

"Known" means that whatever calls AWS inside the provider, if anything does, takes its credentials from one of:

- settings of its `provider` block that the reader examines: those of the aws family, names such as `aws_profile` and
  `sasl_aws_access_key`, `aws_config { … }`, and `exec` plugins (`credential_settings`);
- the environment of Terraform's process, where the session is;
- a profile of the shared AWS files, which a run under MFA does not see.

It does not mean that the provider is safe, or that no other credentials go through it: `vault` returns keys as values,
and where those stand in another provider's settings, they are examined there.

What a provider reads from its own files is not examined. Of those listed: `sops` finds names of profiles and roles in
the encrypted file; `kubernetes`, `helm`, `kubectl`, `flux` and `argocd` may run an `exec` plugin that a kubeconfig
names, so a kubeconfig counts as a program; `docker` may run a credential helper, which has the session's environment.

Not listed, for example: `vancluever/acme` (its resources may hold AWS keys for Route 53), `hashicorp/boundary` (a
text in HCL of its own may hold AWS keys), `scottwinkler/shell` (runs what its resources say).
"""

from __future__ import annotations

# Names in lower case, as Terraform compares them.
_KNOWN = {
    "hashicorp": """
        ad archive aws awscc azuread azurerm azurestack cloudinit consul dns external github google google-beta
        googleworkspace hcp hcs helm http kubernetes local nomad null oci opc oraclepaas random template tfcoremock tfe
        time tls vault vsphere
    """,
    "opentofu": """
        ad archive aws awscc azuread azurerm cloudinit consul dns external google google-beta googleworkspace hcp helm
        http kubernetes local nomad null random template tfcoremock tfe time tls vault vsphere
    """,
    # Of AWS's own world.
    "cloudposse": "awsutils context utils",
    "terraform-aws-modules": "http",
    # Other clouds.
    "aliyun": "alicloud",
    "azure": "azapi modtm",
    "civo": "civo",
    "digitalocean": "digitalocean",
    "equinix": "equinix metal",
    "exoscale": "exoscale",
    "heroku": "heroku",
    "hetznercloud": "hcloud",
    "ibm-cloud": "ibm",
    "linode": "linode",
    "netlify": "netlify",
    "oracle": "oci",
    "ovh": "ovh",
    "render-oss": "render",
    "scaleway": "scaleway",
    "terraform-provider-openstack": "openstack",
    "vercel": "vercel",
    "vmware": "nsxt vcd vsphere",
    "vultr": "vultr",
    "bpg": "proxmox",
    "telmate": "proxmox",
    # Code, builds, names and content delivery.
    "akamai": "akamai",
    "buildkite": "buildkite",
    "cloudflare": "cloudflare",
    "dnsimple": "dnsimple",
    "env0": "env0",
    "fastly": "fastly",
    "gitlabhq": "gitlab",
    "integrations": "github",
    "jfrog": "artifactory platform project xray",
    "launchdarkly": "launchdarkly",
    "microsoft": "azuredevops",
    "ns1-terraform": "ns1",
    "sonatype-nexus-community": "nexus",
    "datadrivers": "nexus",
    "spacelift-io": "spacelift",
    # Observation and alarms.
    "betterstackhq": "better-uptime logtail",
    "checkly": "checkly",
    "coralogix": "coralogix",
    "datadog": "datadog",
    "dynatrace-oss": "dynatrace",
    "elastic": "ec elasticstack",
    "grafana": "grafana",
    "honeycombio": "honeycombio",
    "incident-io": "incident",
    "jianyuan": "sentry",
    "lacework": "lacework",
    "logzio": "logzio",
    "newrelic": "newrelic",
    "opsgenie": "opsgenie",
    "pagerduty": "pagerduty",
    "rollbar": "rollbar",
    "splunk": "splunk",
    "splunk-terraform": "signalfx",
    "statuscakedev": "statuscake",
    "sumologic": "sumologic",
    # Data. Those that sign requests to AWS take `aws_…` settings, or the environment.
    "airbytehq": "airbyte",
    "aiven": "aiven",
    "brainly": "redshift",
    "chanzuckerberg": "snowflake",
    "clickhouse": "clickhouse",
    "cockroachdb": "cockroach",
    "confluentinc": "confluent",
    "cyrilgdn": "postgresql rabbitmq",
    "databricks": "databricks",
    "dbt-labs": "dbtcloud",
    "fivetran": "fivetran",
    "kislerdm": "neon",
    "mongey": "kafka kafka-connect",
    "mongodb": "mongodbatlas",
    "opensearch-project": "opensearch",
    "petoju": "mysql",
    "phillbaker": "elasticsearch",
    "planetscale": "planetscale",
    "redislabs": "rediscloud",
    "snowflake-labs": "snowflake",
    "snowflakedb": "snowflake",
    "timescale": "timescale",
    # Identity and secrets.
    "1password": "onepassword",
    "auth0": "auth0",
    "carlpett": "sops",
    "dopplerhq": "doppler",
    "keycloak": "keycloak",
    "mrparkers": "keycloak",
    "okta": "okta",
    "onelogin": "onelogin",
    "tailscale": "tailscale",
    "twingate": "twingate",
    "venafi": "venafi",
    # Kubernetes and what runs on it.
    "alekc": "kubectl",
    "argoproj-labs": "argocd",
    "castai": "castai",
    "fluxcd": "flux",
    "gavinbunney": "kubectl",
    "kreuzwerker": "docker",
    "oboukili": "argocd",
    "rancher": "rancher2",
    "siderolabs": "talos",
    "spotinst": "spotinst",
    # Others that never call AWS.
    "bwoznicki": "assert",
    "ciscodevnet": "aci meraki",
    "f5networks": "bigip",
    "fortinetdev": "fortios",
    "hashicorp-education": "hashicups",
    "isometry": "deepmerge",
    "loafoe": "ssh",
    "paloaltonetworks": "panos prismacloud",
    "tenstad": "remote",
    "twilio": "twilio",
}
_NAMES = frozenset(f"{namespace}/{name}" for namespace, names in _KNOWN.items() for name in names.split())
# The public registries. A namespace of another registry is somebody else's.
_HOSTS = frozenset({"registry.terraform.io", "registry.opentofu.org"})
BUILT_IN = "terraform.io/builtin/terraform"


def is_known(address: str) -> bool:
    """Whether a provider is known, by its source address: registry.terraform.io/hashicorp/aws."""
    host, _, name = address.partition("/")
    return address == BUILT_IN or (host in _HOSTS and name in _NAMES)
