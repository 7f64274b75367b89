"""Whether a run that a cell displays waits for a code by its environment's audit trail too.

What a cell displays is the cell's own to say: also an earlier run, as if it still waited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError, PromptUnavailable
from tfmfa_nb.protocol.layout import EnvironmentFiles
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tfmfa_nb.runbooks.current_cell import CodePrompt


def check_phase_is_open(base: Path, prompt: CodePrompt) -> None:
    """Make sure that the trail has begun the phase, and that no code was accepted since.

    Args:
        base: the kernel's folder, to which the environment's folder is relative.
        prompt: the prompt that the cell displays.

    Raises:
        PromptUnavailable: the phase is not open, or the trail cannot be read.
    """
    try:
        trail = AuditTrail(EnvironmentFiles(base / prompt.folder).audit_trail)
        lines = trail.of_runs({prompt.run}, since_change=False).get(prompt.run, [])
    except ConfigurationError as error:
        raise PromptUnavailable(error.problem, error.remedy) from None
    if not _is_open(lines, prompt.phase):
        raise PromptUnavailable(
            f"A cell shows that {one_line(prompt.run)} waits for a code to {prompt.phase}, but by the audit trail of "
            f'"{one_line(prompt.environment)}" it does not.',
            "Leave the output of a run to %tfplan, %tfapply, and %tfruns.",
        )


def _is_open(lines: list[dict[str, Any]], phase: str) -> bool:
    """Whether the newest of a run's lines about authentications begins this phase, or refuses a code of it."""
    begun = ""
    for line in lines:
        if line.get("event") == "phase":
            begun = line.get("phase", "")
        elif line.get("event") == "mfa" and line.get("result") == "authenticated":
            begun = ""
    return begun == phase
