"""What is to be executed, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """One execution of a runbook.

    Attributes:
        runbook: the notebook.
        output: where the executed one goes; its folder is where the kernel works.
        environ: the kernel's environment.
        parameters: names and values as they were typed.
        values: parameters from a file.
        environment: the only environment that it may act on; "" for any.
        plan_only: apply nothing.
        stop_after: the tag of the last cell that is executed; "" for the end.
        resume: go on with what is in `output`.
        cell_seconds: how long a cell may take; 0 for ever.
        token_command: prints a code; "" asks at the terminal.
        at_terminal: whether the terminal may be used.
    """

    runbook: Path
    output: Path
    environ: Mapping[str, str] = field(repr=False)
    parameters: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    environment: str = ""
    plan_only: bool = False
    stop_after: str = ""
    resume: bool = False
    cell_seconds: float = 0.0
    token_command: str = ""
    at_terminal: bool = True
