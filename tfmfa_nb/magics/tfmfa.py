"""The subcommands of `%tfmfa`: variables, level, policy, trust-policy, and doctor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from IPython.core.error import UsageError

from tfmfa_nb.authentication.session_durations import APPLY_SECONDS
from tfmfa_nb.magics.arguments import read_level
from tfmfa_nb.magics.forms.show import show_status, show_variables
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.visible import say
from tfmfa_nb.organization.trust_policies import trust_policies
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.gate.level_setting import set_level
from tfmfa_nb.runs.gate.levels import new_environment
from tfmfa_nb.views.mfa_status import print_already_enabled, print_level, print_policy, trust_policy_documents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy


class Organization(Protocol):
    """The organization as the magics know it.

    Attributes:
        profile: AWS profile that holds the person's variables.
        session_duration: duration of an MFA session in seconds, before the policy limits it.
    """

    profile: str
    session_duration: int

    def read_policy(self) -> Policy:
        """The organization policy."""
        ...

    def enable_policy(self, environment: Environment) -> None:
        """Write a policy that enables MFA."""
        ...


class Subcommands:
    """The subcommands for one call of `%tfmfa`.

    Args:
        shell: shell of the call.
        environment: environment selected by the call.
        organization: its policy, and the AWS profile that holds the organization variables.
    """

    def __init__(self, shell: InteractiveShell, environment: Environment, organization: Organization) -> None:
        self._shell, self._environment = shell, environment
        self._organization, self._profile = organization, organization.profile

    async def run(self, subcommand: str, arguments: Sequence[str]) -> None:
        """Run `subcommand` with its arguments.

        Raises:
            UsageError: the arguments are invalid.
            TfmfaError: the subcommand fails.
        """
        commands: dict[str, Callable[[Sequence[str]], Awaitable[None]]] = {
            "": self._status, "level": self._level, "policy": self._policy, "trust-policy": self._trust_policy,
            "doctor": self._doctor, "variables": self._variables,
        }  # fmt: skip
        await commands[subcommand](arguments)

    async def _status(self, _arguments: Sequence[str]) -> None:
        show_status(self._shell, self._environment, os.environ, self._profile, self._organization.read_policy)

    async def _variables(self, arguments: Sequence[str]) -> None:
        if arguments:
            raise UsageError("%tfmfa variables takes no arguments: never write keys into a cell")
        await show_variables(self._shell, os.environ, self._profile)

    async def _level(self, arguments: Sequence[str]) -> None:
        policy = self._organization.read_policy()
        if not arguments:
            print_level(self._environment, policy, os.environ)
            return
        if not self._environment.files.private.exists() and (sentence := new_environment(self._environment)):
            say(sentence)
        set_level(self._environment, read_level(" ".join(arguments)), policy, os.environ)
        print_level(self._environment, policy, os.environ)

    async def _policy(self, arguments: Sequence[str]) -> None:
        if list(arguments) == ["on"]:
            policy = self._organization.read_policy()
            if policy.mfa:  # a second file would forbid what it does not allow itself
                print_already_enabled(policy)
            else:
                self._organization.enable_policy(self._environment)
        elif arguments:
            raise UsageError("%tfmfa policy shows the policy; %tfmfa policy on enables MFA")
        print_policy(self._organization.read_policy())

    async def _trust_policy(self, arguments: Sequence[str]) -> None:
        if len(arguments) != 1:
            raise UsageError("%tfmfa trust-policy requires the name or ARN of a role")
        from tfmfa_nb.authentication.mfa_session import identify  # noqa: PLC0415 - boto3 is slow to import
        from tfmfa_nb.magics.reports import show_documents  # noqa: PLC0415

        variables = read_variables(os.environ, self._profile)
        identity = await identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
        seconds = self._organization.read_policy().session_of(self._organization.session_duration or APPLY_SECONDS)
        documents = trust_policy_documents(trust_policies(arguments[0], identity.arn, seconds), seconds)
        show_documents([*documents], self._shell)

    async def _doctor(self, arguments: Sequence[str]) -> None:
        if arguments:
            raise UsageError("%tfmfa doctor takes no arguments; select an environment with -e or -C")
        from tfmfa_nb.doctor import examine, worst  # noqa: PLC0415 - until needed
        from tfmfa_nb.magics.reports import DoctorReport  # noqa: PLC0415

        findings, report = [], DoctorReport(self._shell)
        async for finding in examine(os.environ, self._profile, self._environment, self._organization.read_policy):
            report.add(finding)
            findings.append(finding)
        if worst(findings).exit_code > 1:
            errors = sum(finding.severity == "error" for finding in findings)
            raise ConfigurationError(
                f"The doctor found {errors} {'error' if errors == 1 else 'errors'}.", "Follow the remedies above."
            )
