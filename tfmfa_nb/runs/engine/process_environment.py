"""What the processes of one phase get: variables and credentials, and no secret that they do not need."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.aws_config import settings_without_credentials
from tfmfa_nb.runs.gate.default_credentials import default_credentials
from tfmfa_nb.terraform.credentials import child_environ, session_environ
from tfmfa_nb.terraform.plugin_cache import shared_cache
from tfmfa_nb.terraform.secret_variables import secrets_in_environ
from tfmfa_nb.terraform.withheld_variables import withheld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.credentials import Credentials
    from tfmfa_nb.terraform.executable import Executable

_OF_JUPYTER = ("JPY_", "JUPYTER_", "JUPYTERHUB_")  # nobody expects Terraform to get these


@dataclass(frozen=True, slots=True)
class ProcessEnvironment:
    """What Terraform's processes get in one phase.

    Attributes:
        environ: their variables, without `credentials`.
        policy: organization policy, which may hand on further variables.
        session: whether AWS sees no other credentials than those of an MFA session, if any.
        credentials: MFA session or long-term key; each process reads the values again, so no copy outlives them.
        keys: AWS secrets of this kernel, to be masked in Terraform's output.
        secrets: values of secret variables, to be masked too.
    """

    environ: Mapping[str, str] = field(repr=False)
    policy: Policy
    session: bool
    credentials: Credentials | None
    keys: tuple[Secret, ...]
    secrets: tuple[Secret, ...]

    def environ_for(self, driver: Driver) -> dict[str, str]:
        """The variables of the next process. With a session, secrets that no provider uses are withheld.

        Asked for each process, because `init` may install modules with further providers.
        """
        findings = driver.findings
        names: list[str] = []
        if self.session and findings is not None:
            names = withheld(self.environ, findings.providers, findings.backend)
            names = [name for name in names if not self.policy.allows_process_variable(name)]
        if told := [name for name in names if not name.startswith(_OF_JUPYTER)]:
            driver.note(
                f"Withheld from Terraform, because no provider of the configuration uses them: {', '.join(told)}. "
                "The organization policy can allow them (process_variables)."
            )
        return {name: value for name, value in self.environ.items() if name not in names}


@asynccontextmanager
async def process_environment(
    driver: Driver, gate: Gate, executable: Executable, session: MfaSession | None
) -> AsyncIterator[ProcessEnvironment]:
    """What the processes of one phase get. At its end, all credentials are forgotten.

    Args:
        driver: driver of the run.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu.
        session: MFA session; None for a phase without a code.
    """
    credentials: Credentials | None = session
    try:
        credentials = session or await default_credentials(driver, gate)
        environ, notes = child_environ(gate.environ, credentials=credentials is None)
        if session is not None or driver.default_account:  # no others are to be found
            # In a thread, because the first call imports botocore.
            carried = await asyncio.to_thread(settings_without_credentials, gate.environ, gate.profile)
            files = session is None or gate.policy.allows_bypass("profile")
            environ = session_environ(environ, carried, files=files)
        for note in notes:
            driver.note(note)
        # CloudTrail records it with every call of Terraform's provider, so that a run's events are found by the run.
        agents = (environ.get("TF_APPEND_USER_AGENT", ""), f"tfmfa_nb/{driver.record.id}")
        environ["TF_APPEND_USER_AGENT"] = " ".join(filter(None, agents))
        environ |= _shared_cache(driver, environ)
        with _masks(driver, gate, executable) as (keys, secrets):
            yield ProcessEnvironment(environ, gate.policy, session is not None, credentials, keys, secrets)
    finally:
        if credentials is not None:
            credentials.forget()


@asynccontextmanager
async def without_credentials(driver: Driver, gate: Gate, executable: Executable) -> AsyncIterator[ProcessEnvironment]:
    """What processes get that need no AWS credentials: they can find none, as with a session."""
    environ, _ = child_environ(gate.environ, credentials=False)
    environ = session_environ(environ, {}, files=False)
    environ |= _shared_cache(driver, environ)
    with _masks(driver, gate, executable) as (keys, secrets):
        yield ProcessEnvironment(environ, gate.policy, session=True, credentials=None, keys=keys, secrets=secrets)


def _shared_cache(driver: Driver, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the plugin cache that the runs of a fleet share."""
    environment = driver.environment
    return shared_cache(environ, environment.folder, owned=environment.owned) if driver.options.fleet else {}


@contextmanager
def _masks(driver: Driver, gate: Gate, executable: Executable) -> Iterator[tuple[tuple[Secret, ...], ...]]:
    """What to mask in Terraform's output: the kernel's own keys, and the values of secret variables.

    A program that Terraform starts may find the keys elsewhere and print them.
    """
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    keys = tuple(Secret(gate.environ[name]) for name in names if gate.environ.get(name))
    secrets: tuple[Secret, ...] = ()
    try:
        root = driver.read_configuration(executable, gate.environ).root
        given = {f"TF_VAR_{name}": value for name, value in driver.options.values_of_python.items()}
        secrets = (*secrets_in_environ(root, gate.environ), *secrets_in_environ(root, given))
        yield keys, secrets
    finally:
        for secret in (*keys, *secrets):
            secret.forget()
