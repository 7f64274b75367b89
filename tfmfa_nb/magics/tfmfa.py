"""What `%tfmfa` can do: variables, level, policy, a role's trust policy, the doctor."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from tfmfa_nb.magics.arguments import read_level
from tfmfa_nb.magics.forms.show import show_status, show_variables
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy_files import enable_mfa, policy_folders, read_policy
from tfmfa_nb.organization.trust_policies import trust_policies
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.gate.levels import set_level
from tfmfa_nb.views.mfa_status import print_level, print_policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment


class Subcommands:
    """One call of `%tfmfa`.

    Args:
        shell: where it was called.
        environment: the environment that is meant.
        profile: the AWS profile of the organization variables; "" for none.
    """

    def __init__(self, shell: InteractiveShell, environment: Environment, profile: str) -> None:
        self._shell, self._environment, self._profile = shell, environment, profile

    async def run(self, what: str, words: Sequence[str]) -> None:
        """Do `what` with the rest of the line.

        Raises:
            UsageError: the line is not understood.
            TfmfaError: it cannot be done.
        """
        commands: dict[str, Callable[[Sequence[str]], Awaitable[None]]] = {
            "": self._status, "level": self._level, "policy": self._policy, "trust-policy": self._trust_policy,
            "doctor": self._doctor, "variables": self._variables,
        }  # fmt: skip
        await commands[what](words)

    async def _status(self, _words: Sequence[str]) -> None:
        show_status(self._shell, self._environment, os.environ, self._profile)

    async def _variables(self, words: Sequence[str]) -> None:
        if words:
            raise UsageError("%tfmfa variables takes no further words: nothing of a key belongs into a cell")
        await show_variables(self._shell, os.environ, self._profile)

    async def _level(self, words: Sequence[str]) -> None:
        if not words:
            raise UsageError('%tfmfa level: which level? For example: %tfmfa level "applies only" -e staging')
        policy = read_policy(os.environ)
        set_level(self._environment, read_level(" ".join(words)), policy)
        print_level(self._environment, policy)

    async def _policy(self, words: Sequence[str]) -> None:
        if list(words) == ["on"]:
            enable_mfa(policy_folders()[1], getpass.getuser())
        elif words:
            raise UsageError("%tfmfa policy shows the policy; %tfmfa policy on switches MFA on")
        print_policy(read_policy(os.environ))

    async def _trust_policy(self, words: Sequence[str]) -> None:
        if len(words) != 1:
            raise UsageError("%tfmfa trust-policy: which role? Give its name or its ARN")
        from tfmfa_nb.authentication.mfa_session import identify  # noqa: PLC0415 - boto3 is heavy

        variables = read_variables(os.environ, self._profile)
        identity = await identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
        found = trust_policies(words[0], identity.arn)
        _say(f"Trust policy of {found.role_arn} (who may assume it, and only with MFA):\n{found.trust}\n")
        _say(f"Policy for {found.principal} (so that it may):\n{found.permission}")

    async def _doctor(self, words: Sequence[str]) -> None:
        if words:
            raise UsageError("%tfmfa doctor takes no further words; -e or -C says which environment")
        from tfmfa_nb.doctor import examine, worst  # noqa: PLC0415 - until needed

        found = []
        async for finding in examine(os.environ, self._profile, self._environment):
            _say(str(finding))
            found.append(finding)
        if worst(found).exit_code > 1:
            bad = sum(finding.severity == "error" for finding in found)
            raise ConfigurationError(f"{bad} {'thing is' if bad == 1 else 'things are'} wrong.", "See the lines above.")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a magic speaks on the cell's standard output
