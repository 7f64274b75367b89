"""The options of one execution of a runbook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """The options of one execution of a runbook.

    Attributes:
        runbook: the notebook to execute.
        output: the executed notebook; its folder is the kernel's working folder.
        environ: the kernel's process environment.
        parameters: names and values from the command line, as text.
        file_parameters: names and values from a parameters file.
        environment: the only environment that the runbook may act on; "" for any.
        plan_only: apply nothing.
        policy_checks: command lines that judge each plan before it can be applied.
        stop_after: the tag of the last cell to execute; "" for all cells.
        resume: continue the execution that `output` holds.
        cell_timeout: the time limit of each cell in seconds; 0 for none.
        token_command: prints an MFA code; "" to ask at the terminal.
        use_terminal: whether the terminal may be used.
    """

    runbook: Path
    output: Path
    environ: Mapping[str, str] = field(repr=False)
    parameters: tuple[tuple[str, str], ...] = ()
    file_parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: str = ""
    plan_only: bool = False
    policy_checks: tuple[str, ...] = ()
    stop_after: str = ""
    resume: bool = False
    cell_timeout: float = 0.0
    token_command: str = ""
    use_terminal: bool = True
