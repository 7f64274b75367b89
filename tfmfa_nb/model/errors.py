"""All errors that users see, each with a problem and a remedy.

IPython shows them as one line without a traceback: a traceback would not help the user, and `%xmode Verbose` would
print every local variable in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.visible import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.problems import Document


class TfmfaError(Exception):
    """The base class of all errors of this package.

    Attributes:
        problem: one sentence that names the problem and its location.
        remedy: one sentence that says how to fix it; may be "".
        documents: policies or HCL that fix it, ready to paste; shown on the card and in the log, not in the error line.
    """

    def __init__(self, problem: str, remedy: str = "", documents: Sequence[Document] = ()) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy
        self.documents = tuple(documents)

    def __str__(self) -> str:
        # It goes to terminals, and names folders, workspaces, and resources that strangers may have named.
        return plain(f"{self.problem} {self.remedy}".strip())

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for exceptions with their own display: one line, whatever `%xmode` is set to."""
        return [f"{type(self).__name__}: {self}"]


class ConfigurationError(TfmfaError):
    """A setting, name, file, or variable is missing or invalid."""


class EnvironmentLocked(TfmfaError):
    """Another run has locked the environment."""


class TerraformNotFound(TfmfaError):
    """No `terraform` and no `tofu` can be found and started, or the one that is found is too old."""


class PolicyCheckFailed(TfmfaError):
    """A policy check of the plan failed, so the plan cannot be applied."""


class TerraformFailed(TfmfaError):
    """Terraform failed; its diagnostics are in the run's log."""


class AuthenticationError(TfmfaError):
    """MFA is required and was not completed."""


class PromptUnavailable(AuthenticationError):
    """A code or a confirmation is required, and no prompt can obtain it."""


class PromptTimedOut(AuthenticationError):
    """The prompt was not answered within the configured time."""


class SecretUnreadable(TfmfaError):
    """A typed secret arrived changed, for another prompt, or unencrypted from a page that encrypts."""


class MfaBypass(AuthenticationError):
    """The configuration would use credentials other than the MFA session's."""


class ApprovalsMissing(AuthenticationError):
    """The organization policy demands approvals that an apply does not have."""


class ApprovalRefused(AuthenticationError):
    """The answer to a request for an approval does not count."""


class AccountNotAllowed(AuthenticationError):
    """The organization policy does not allow runs in the account of the keys."""


class RoleRefused(AuthenticationError):
    """The session cannot assume a role of the configuration."""


class RunCanceled(TfmfaError):
    """The user canceled the run."""


class RunDiscarded(TfmfaError):
    """The user discarded the plan."""


class FleetStopped(TfmfaError):
    """Runs of a fleet were stopped, each for its own reason."""


class PlanOnly(TfmfaError):
    """The runbook reached an apply, but runs with --plan-only."""


class RunStateError(TfmfaError):
    """The run's status does not allow the requested action."""


class SandboxError(TfmfaError):
    """The sandbox cannot be started, or is not running."""


class RunbookFailed(TfmfaError):
    """A runbook failed before it reached its end."""
