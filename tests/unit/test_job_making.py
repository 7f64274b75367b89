"""What is in the job of a command, and so what a worker has; only the roles of AWS are made up."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from nacl.public import PrivateKey, SealedBox

from tfmfa_nb.authentication.assumed_roles import AssumedRole
from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.identity import Endpoint, Identity
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.remote import archive, job_making
from tfmfa_nb.remote.job_making import JobMaker, sendable
from tfmfa_nb.remote.sealed_jobs import RemoteJob
from tfmfa_nb.runs.driver import Driver
from tfmfa_nb.runs.options import Options
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.process import Job
from tfmfa_nb.terraform.role_chains import Findings

ROLE = "arn:aws:iam::1:role/deploy"
PLAN = b"the plan that was shown"


@pytest.fixture
def driver(tmp_path):
    """Of a run with a saved plan."""
    (folder := tmp_path / "a").mkdir()
    (folder / "main.tf").write_text('variable "declared" {}\n')
    (tmp_path / "x.tfvars").write_text("declared = 1\n")
    options = Options(variables=(("var_file", "x.tfvars"),))
    driver = Driver(Environment("a", folder, owned=False), options, tmp_path)
    driver.findings = Findings((RoleChain("aws", (RoleHop(ROLE),)),), backend="s3")
    driver.store.files.plan.write_bytes(PLAN)
    driver.record = replace(driver.record, plan_sha256=hashlib.sha256(PLAN).hexdigest(), workspace="blue")
    yield driver
    driver.store.remove()


@pytest.fixture
def assumed(monkeypatch):
    """What AWS does meanwhile: it hands out a session, after what is in this list."""
    meanwhile = []

    async def assume(*_):
        for act in meanwhile:
            await asyncio.to_thread(act)
        secrets = (Secret("ASIAROLE"), Secret("secret of the role"), Secret("token of the role"))
        return AssumedRole(({"RoleArn": ROLE},), secrets, datetime.now(UTC), "request")

    monkeypatch.setattr(job_making, "assume", assume)
    return meanwhile


async def opened(driver, *words, environ=None):
    """The job as its worker opens it."""
    mfa = (Secret("ASIAMFA"), Secret("secret of the MFA session"), Secret("token of the MFA session"))
    identity = Identity("1", "arn:aws:iam::1:user/alice")
    job = Job(
        argv=("terraform", *words),
        cwd=driver.environment.folder,
        environ=environ or {},
        secrets=(Secret("a sensitive value"),),
        keys=(Secret("the long-term key"),),
        log=driver.store.files.log,
        exit=driver.store.files.folder / "exit",
        credentials=MfaSession(*mfa, datetime.now(UTC), identity, "serial", Endpoint("eu-west-1")),
    )
    private = PrivateKey.generate()
    making = JobMaker(driver, job, words, Executable(("terraform",), "terraform", "1.11.4"))
    sealed, _ = await making.sealed("tfmfa-1", b"k" * 32, private.public_key.encode())
    content = SealedBox(private).decrypt(sealed)
    for never in (b"long-term", b"MFA"):
        assert never not in content
    return RemoteJob.opened(content)


@pytest.mark.usefixtures("assumed")
async def test_an_apply_has_the_plan_that_was_shown(driver):
    job = await opened(driver, "apply", "-input=false", str(driver.store.files.plan))
    assert job.plan == PLAN
    assert job.words == ("-input=false",)
    assert job.masked == ("a sensitive value",)
    assert job.roles[0].credentials[1] == "secret of the role"


async def test_a_plan_that_is_replaced_while_roles_are_assumed_is_not_sent(driver, assumed):
    assumed.append(lambda: driver.store.files.plan.write_bytes(b"another plan"))
    with pytest.raises(RunStateError, match="is not the one that was shown: its content has changed"):
        await opened(driver, "apply", str(driver.store.files.plan))


async def test_a_plan_that_is_deleted_while_roles_are_assumed(driver, assumed):
    assumed.append(driver.store.files.plan.unlink)
    with pytest.raises(RunStateError, match="no longer exists"):
        await opened(driver, "apply", str(driver.store.files.plan))


@pytest.mark.usefixtures("assumed")
async def test_of_the_variables_those_that_the_configuration_reads(driver):
    environ = {
        "TF_VAR_declared": "1",
        "TF_VAR_other": "a secret of another project",
        "TF_WORKSPACE": "another one",
        "TF_ENCRYPTION": "key_provider {}",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_S3": "https://s3.example",
        "GITHUB_TOKEN": "token",
        "PATH": "/bin",
        "TF_CLI_ARGS_plan": "-var-file=x.tfvars",
    }
    job = await opened(driver, "plan", "-out=plan", environ=environ)
    sent = {"TF_VAR_declared", "TF_ENCRYPTION", "AWS_REGION", "AWS_ENDPOINT_URL_S3"}
    assert job.environ == {**{name: environ[name] for name in sent}, "TF_WORKSPACE": "blue"}
    assert job.files == (b"declared = 1\n",)
    assert job.plan == b""


def test_plans_and_files_of_variables_count_before_a_code(driver, monkeypatch):
    configuration = Configuration(driver.environment.folder, "terraform", {})
    assert sendable(configuration, driver, {})
    monkeypatch.setattr(archive, "LARGEST", 40)  # main.tf alone has 23
    with pytest.raises(ConfigurationError, match="with its plan and its files of variables"):
        sendable(configuration, driver, {})
