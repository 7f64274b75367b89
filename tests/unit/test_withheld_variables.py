import pytest

from tfmfa_nb.terraform.credentials import session_environ
from tfmfa_nb.terraform.withheld_variables import withheld

AWS = "registry.terraform.io/hashicorp/aws"


def providers(*kinds):
    return [AWS, *(f"registry.terraform.io/someone/{kind}" for kind in kinds)]


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "VAULT_TOKEN", "ARM_CLIENT_SECRET", "DD_API_KEY", "PGPASSWORD", "GOOGLE_APPLICATION_CREDENTIALS"]
    + ["JUPYTERHUB_API_TOKEN", "ANTHROPIC_API_KEY", "npm_config_token", "DOCKER_PASSWORD", "OPENAI_API_KEY", "X_PAT"]
    + ["SLACK_BOT_TOKEN_FILE", "DATABASE_URL", "MYSQL_PWD", "DOCKER_AUTH_CONFIG", "SENTRY_DSN"]
    + ["REDIS_URL", "SUPABASE_JWT", "STORAGE_CONNECTION_STRING", "API_KEYS", "VPN_PSK", "SLACK_WEBHOOK_URL"]
    + ["AWS_ACCESS_KEY_ID_PROD", "AWS_SECRET_ACCESS_KEY_PROD", "DB_PASSWORD_PROD", "GITHUB_TOKEN_CI", "VAULT_TOKEN_2"],
)
def test_secrets_of_others_are_withheld(name):
    assert withheld([name, "PATH"], [AWS], "s3") == [name]


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LANG", "HTTPS_PROXY", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "SSL_CERT_FILE", "TF_VAR_db_password"]
    + ["TF_TOKEN_app_terraform_io", "TF_HTTP_PASSWORD", "AWS_REGION", "AWS_CA_BUNDLE", "XDG_RUNTIME_DIR", "KEYBOARD"]
    + ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED", "OLDPWD", "PWD"]
    + ["AWS_SSE_CUSTOMER_KEY", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_STS_ENDPOINT", "AWS_MAX_ATTEMPTS"]
    + ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"]  # git ends if one of them is missing
    + ["TF_PLUGIN_CACHE_DIR", "NO_PROXY", "USER", "TMPDIR", "MONKEY", "GOPATH"],
)
def test_what_terraform_needs_is_not(name):
    assert withheld([name], [AWS], "s3") == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [("github", "GITHUB_TOKEN"), ("github", "GH_TOKEN"), ("datadog", "DD_API_KEY"), ("azurerm", "ARM_CLIENT_SECRET")]
    + [
        ("google-beta", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("cloudflare", "CLOUDFLARE_API_TOKEN"),
        ("vault", "VAULT_TOKEN"),
    ]
    + [("postgresql", "PGPASSWORD"), ("something-new", "SOMETHING_NEW_TOKEN"), ("newrelic", "NEW_RELIC_API_KEY")],
)
def test_a_provider_of_the_configuration_gets_its_own(kind, name):
    assert withheld([name], providers(kind), "s3") == []
    assert withheld([name], providers(), "s3") == [name]


def test_what_keeps_other_credentials_from_terraform_is_never_withheld():
    floor = session_environ({}, {}, files=False)
    assert {"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"} <= floor.keys()
    assert withheld(floor, [], "") == withheld(floor, [AWS], "s3") == []


def test_a_backend_too():
    assert withheld(["ARM_ACCESS_KEY", "PGPASSWORD"], [AWS], "azurerm") == ["PGPASSWORD"]
    assert withheld(["ARM_ACCESS_KEY", "PGPASSWORD"], [AWS], "pg") == ["ARM_ACCESS_KEY"]
    assert withheld(["ARM_ACCESS_KEY"], [AWS], "") == ["ARM_ACCESS_KEY"]
