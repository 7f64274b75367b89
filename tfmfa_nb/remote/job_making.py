"""What a command of a run becomes before it leaves this machine: a sealed job, and a relay in its place."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.assumed_roles import assume
from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.authentication.session_durations import APPLY_SECONDS, SHORTEST_SECONDS
from tfmfa_nb.model.errors import AuthenticationError
from tfmfa_nb.model.version import __version__
from tfmfa_nb.remote.archive import contents_of, pack
from tfmfa_nb.remote.movable import roles_of
from tfmfa_nb.remote.sealed_jobs import RemoteJob, RoleSession
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.python_command import python_command
from tfmfa_nb.terraform.working_directory import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tfmfa_nb.authentication.assumed_roles import AssumedRole
    from tfmfa_nb.remote.archive import Contents
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.process import Job

# What Terraform's process on a worker has of this machine's variables; everything else is the worker's own.
_SENT = (
    "TF_IN_AUTOMATION",
    "TF_INPUT",
    "TF_APPEND_USER_AGENT",
    "TF_ENCRYPTION",  # without it, OpenTofu would read, or write, a state that is not encrypted
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)
_SENT_ALL = ("AWS_ENDPOINT_URL", "AWS_USE_")
_VARIABLE = "TF_VAR_"
_OUT, _VAR_FILE = "-out=", "-var-file="


class JobMaker:
    """Makes the job of one command.

    Args:
        driver: driver of the run.
        job: the command, as it would run here.
        words: "plan" or "apply", and its arguments.
        executable: Terraform or OpenTofu.
    """

    def __init__(self, driver: Driver, job: Job, words: Sequence[str], executable: Executable) -> None:
        self._driver, self._job, self._executable = driver, job, executable
        self._command, *rest = words
        self._plan = self._command == "apply"
        self._words = tuple(rest[:-1] if self._plan else (word for word in rest if not word.startswith(_OUT)))
        self.new_plan = next((word.removeprefix(_OUT) for word in rest if word.startswith(_OUT)), "")
        """Where the plan is written; "" for an apply."""

    async def sealed(self, job_id: str, reply_key: bytes, worker_key: bytes) -> tuple[bytes, list[dict[str, Any]]]:
        """The job as only the worker with this key can read it, and what the trail says of its roles.

        Raises:
            AuthenticationError: there is no MFA session, or AWS refuses a role.
            ConfigurationError: the configuration cannot be sent.
        """
        driver, session = self._driver, self._job.credentials
        if not isinstance(session, MfaSession) or driver.findings is None:
            raise AuthenticationError("Only roles that an MFA session has assumed are sent to a worker.", "Plan again.")
        seconds = APPLY_SECONDS if self._command == "apply" else SHORTEST_SECONDS
        assumed: list[AssumedRole] = []
        try:
            for chain in roles_of(driver.findings):
                assumed += [await assume(session, chain, seconds)]  # what has come is forgotten if the next is refused
            endpoint = session.endpoint
            job = await asyncio.to_thread(
                self._made, job_id, reply_key, assumed, (endpoint.region or "", endpoint.url or "")
            )
            return job.sealed_to(worker_key), [each.evidence() for each in assumed]
        finally:
            for each in assumed:
                each.forget()

    def relayed(self, order: str) -> Job:
        """The command that stands in for Terraform on this machine: it gets no credentials."""
        environ, _ = child_environ(os.environ, credentials=False)
        return replace(
            self._job,
            argv=python_command("-P", "-m", "tfmfa_nb.remote.relay", deaf=True),
            environ=environ,
            credentials=None,
            stdin=order,
        )

    def _made(
        self, job_id: str, reply_key: bytes, assumed: Sequence[AssumedRole], endpoint: tuple[str, str]
    ) -> RemoteJob:
        driver, given = self._driver, self._job.environ
        configuration = driver.read_configuration(self._executable, given)
        contents = sendable(configuration, driver, given)
        arguments = driver.options.variable_arguments(driver.base)
        has_values = f"TF_CLI_ARGS_{self._command}" in given  # an apply has those of ephemeral variables alone
        files = arguments.files if has_values else []
        numbers = iter(range(len(files)))
        variables = tuple(
            next(numbers) if word.startswith(_VAR_FILE) else word for word in (arguments.words if has_values else ())
        )
        return RemoteJob(
            id=job_id,
            reply_key=reply_key,
            version=__version__,
            product=f"{self._executable.product} {self._executable.version}",
            sha256=self._executable.sha256,
            command=self._command,
            words=self._words,
            variables=variables,
            files=tuple(file.read_bytes() for file in files),
            archive=pack(configuration, contents),
            folder=str(contents.inside),
            # What is sent is what was compared: the roles may have taken seconds, in which a file can change.
            plan=driver.store.read_plan(driver.record.plan_sha256) if self._plan else b"",
            environ=_environ(given, configuration.root.variables) | {WORKSPACE: driver.record.workspace},
            masked=tuple(secret.reveal() for secret in self._job.secrets),
            roles=tuple(_session_of(each) for each in assumed),
            region=endpoint[0],
            endpoint=endpoint[1],
        )


def sendable(configuration: Configuration, driver: Driver, environ: Mapping[str, str]) -> Contents:
    """What of a configuration is sent for a run.

    Raises:
        ConfigurationError: it is too large, cannot be read, or has what cannot be sent.
    """
    plan = driver.store.files.plan
    others = [*driver.options.variable_arguments(driver.base).files, *([plan] if plan.exists() else [])]
    return contents_of(configuration, environ, others)


def _environ(given: Mapping[str, str], declared: Collection[str]) -> dict[str, str]:
    """The variables that are sent: of those with values for a configuration, the ones that it declares."""
    return {
        name: text
        for name, text in given.items()
        if name in _SENT
        or name.startswith(_SENT_ALL)
        or (name.startswith(_VARIABLE) and name.removeprefix(_VARIABLE) in declared)
    }


def _session_of(role: AssumedRole) -> RoleSession:
    key, secret, token = (each.reveal() for each in role.credentials)
    return RoleSession(role.hops, role.evidence()["until"], (key, secret, token))
