"""Prepares a runbook for its execution: its parameters, and how each cell is handled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.encodable import check_encodable
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.runbooks.cell_analysis import applies, applies_configuration
from tfmfa_nb.runbooks.cell_handling import CellHandling, RunbookStopped
from tfmfa_nb.runbooks.kernel_choice import check_kernel
from tfmfa_nb.runbooks.notebook import METADATA_KEY, RECORD_TAG, code_cells, read_runbook, tags
from tfmfa_nb.runbooks.parameters import defaults, inject
from tfmfa_nb.runbooks.resume import check_same, plan_resumption

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runbooks.execution_options import ExecutionOptions


class PreparedRunbook:
    """The notebook to execute: the runbook with its parameters injected, or the one whose execution is resumed.

    Args:
        options: of the execution.

    Attributes:
        notebook: as nbformat has it.
        parameters: the injected parameters.
        policy: the organization policy.

    Raises:
        ConfigurationError: the notebook, its kernel, a parameter, or a tag does not exist, a text cannot be saved,
            there is nothing that can be resumed, or the organization policy is invalid or allows no token command.
    """

    def __init__(self, options: ExecutionOptions) -> None:
        self._options = options
        self._handlings: dict[int, CellHandling] = {}
        self._last: int | None = None
        self.policy = read_policy(options.environ)
        _check_token_command(options, self.policy)
        runbook = read_runbook(options.runbook)
        check_kernel(runbook)
        _check_tag(runbook, options.stop_after)
        _check_encodable(runbook, options)
        self.notebook, self.parameters = _executed(runbook, options) if options.resume else _injected(runbook, options)

    async def plan_cells(self, note: Callable[[str], None]) -> bool:
        """Plan how each cell is handled, once the notebook has all its cells; whether any is left to execute.

        Args:
            note: gets a sentence for each run that is waited for, and for the cell where the execution resumes.

        Raises:
            RunStateError: the execution cannot be resumed.
        """
        if self._options.resume:
            folder = self._options.output.absolute().parent
            handlings = await plan_resumption(self.notebook, folder, note, self.policy)
            if handlings is None:
                return False
            self._handlings = handlings
        cells = code_cells(self.notebook)
        self._last = max((index for index, cell in cells if self._options.stop_after in tags(cell)), default=None)
        return True

    def handle_cell(self, cell: Any, index: int) -> CellHandling:
        """How to handle a cell.

        Raises:
            RunbookStopped: the execution ends before this cell.
        """
        if self._last is not None and index > self._last:
            raise RunbookStopped
        if index in self._handlings:
            return self._handlings[index]
        if self._options.plan_only and applies(cell.source) and not applies_configuration(cell.source):
            raise RunbookStopped
        return CellHandling()


def _check_encodable(runbook: Any, options: ExecutionOptions) -> None:
    """Make sure that the executed notebook can be saved with all that is in it."""
    for index, cell in code_cells(runbook):
        check_encodable(cell.source, f"Cell {index + 1}")
    for name, value in options.parameters:
        check_encodable(f"{name} {value}", f"The parameter {name!a}")


def _check_tag(notebook: Any, tag: str) -> None:
    known = sorted({known for _, cell in code_cells(notebook) for known in tags(cell)})
    if tag and tag not in known:
        raise ConfigurationError(f"No cell has the tag {tag}.", f"The tags are: {', '.join(known)}." if known else "")


def _executed(runbook: Any, options: ExecutionOptions) -> tuple[Any, dict[str, Any]]:
    if options.parameters or options.file_parameters:
        raise ConfigurationError(
            "A resumed runbook keeps its parameters.", "Omit -p and -f, or run it without --resume."
        )
    executed = read_runbook(options.output)
    check_same(runbook, executed, options.output)
    return executed, dict(executed.metadata[METADATA_KEY]["parameters"])


def _injected(notebook: Any, options: ExecutionOptions) -> tuple[Any, dict[str, Any]]:
    notebook.cells = [cell for cell in notebook.cells if RECORD_TAG not in tags(cell)]
    for _, cell in code_cells(notebook):
        cell.metadata.pop(METADATA_KEY, None)
        cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop(METADATA_KEY, None)
    texts = list(options.parameters)
    if options.environment and "environment" in defaults(notebook):
        texts.append(("environment", options.environment))
    return notebook, inject(notebook, texts, options.file_parameters)


def _check_token_command(options: ExecutionOptions, policy: Policy) -> None:
    """Make sure that the organization policy allows the token command, if there is one.

    Raises:
        ConfigurationError: it does not.
    """
    if options.token_command and not policy.allows_prompt(PromptKind.COMMAND):
        files = ", ".join(map(str, policy.files_setting("prompts")))
        raise ConfigurationError(
            f"A token command is not allowed (organization policy {files}).",
            "Run it in a terminal without --token-command, and unset TFMFA_TOKEN_COMMAND.",
        )
