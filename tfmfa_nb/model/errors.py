"""Every error that a person can meet: what is wrong, and what to do.

They show as one line, without frames: a frame of ours says nothing to the person, and `%xmode Verbose` would
print every local in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.problems import Document


class TfmfaError(Exception):
    """The root of all errors of this package.

    Attributes:
        problem: one sentence, what is wrong and where.
        remedy: one sentence, what to do; may be empty.
        documents: what mends it, ready to paste; for the card and the log, never for the one line.
    """

    def __init__(self, problem: str, remedy: str = "", documents: Sequence[Document] = ()) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy
        self.documents = tuple(documents)

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for exceptions that show themselves; one line whatever `%xmode` says."""
        return [f"{type(self).__name__}: {self}"]


class ConfigurationError(TfmfaError):
    """A setting, a name, a file or a variable is not what it must be."""


class EnvironmentLocked(TfmfaError):
    """Another run holds the environment."""


class TerraformNotFound(TfmfaError):
    """Neither `terraform` nor `tofu` can be found or started."""


class TerraformFailed(TfmfaError):
    """Terraform ended with an error of its own; its diagnostics are in the run's log."""


class AuthenticationError(TfmfaError):
    """MFA was required and was not given."""


class PromptUnavailable(AuthenticationError):
    """A code is needed and there is nobody, and no command, that could give one."""


class PromptTimedOut(AuthenticationError):
    """Nobody answered in the time that was set for it."""


class MfaBypass(AuthenticationError):
    """The configuration would use other credentials than the MFA session's."""


class AccountNotAllowed(AuthenticationError):
    """The organization's policy does not allow runs in the account that the keys belong to."""


class RoleRefused(AuthenticationError):
    """A role of the configuration cannot be assumed with this session."""


class RunCanceled(TfmfaError):
    """The person stopped the run."""


class RunDiscarded(TfmfaError):
    """The person discarded the plan."""


class PlanOnly(TfmfaError):
    """The runbook's runner was told to apply nothing, and this is where it would have."""


class RunStateError(TfmfaError):
    """The run is not in a status that allows what was asked."""


class SandboxError(TfmfaError):
    """The sandbox cannot start, or none is running."""


class RunbookFailed(TfmfaError):
    """A runbook stopped before its end."""
