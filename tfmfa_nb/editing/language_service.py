"""Answers an editor's questions about a cell, for front ends and for IPython's completer.

Positions of front ends are in UTF-16 code units, as JavaScript counts. Hidden characters in texts are made visible.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.editing.block_places import block_start
from tfmfa_nb.editing.cell import Cell, from_utf16, to_utf16
from tfmfa_nb.editing.cell_commands import CellCommands
from tfmfa_nb.editing.completion import complete
from tfmfa_nb.editing.completion_items import Completions
from tfmfa_nb.editing.hover import hover
from tfmfa_nb.editing.magic_line import complete_line, environment_of, hover_line
from tfmfa_nb.editing.module_schemas import SchemasWithModules
from tfmfa_nb.editing.schemas import Schemas, SchemaStore
from tfmfa_nb.model.errors import TerraformNotFound
from tfmfa_nb.protocol.editor import (
    AboutBlock,
    AboutCell,
    AboutPosition,
    BlockAnswer,
    CompletionAnswer,
    CompletionItem,
    Diagnostic,
    FormatAnswer,
    HoverAnswer,
    ValidateAnswer,
)
from tfmfa_nb.protocol.layout import CONFIGURATION as MAIN
from tfmfa_nb.terraform.executable import find_executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.editing.hover import Hover
    from tfmfa_nb.editing.options import Option
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.editor import EditorAnswer, EditorQuestion

_LARGEST = 1_000_000  # bytes of a file, or characters of a cell; larger ones are not read
_MAX_FILES = 50


@dataclass(slots=True)
class LanguageService:
    """Answers questions about the cells of one kernel. Its methods block, and may be called on any thread.

    Attributes:
        environ: the variables of this process.
        base: returns the folder of the notebook.
        default: returns the environment of cells that name none.
        options: the options of each magic.
        store: the schemas of the providers.
    """

    environ: Mapping[str, str] = field(repr=False)
    base: Callable[[], Path]
    default: Callable[[], str]
    options: Mapping[str, tuple[Option, ...]]
    store: SchemaStore = field(default_factory=SchemaStore)
    _commands: CellCommands | None = None

    def close(self) -> None:
        """Stop everything in progress."""
        self.store.close()
        if self._commands is not None:
            self._commands.close()

    def complete(self, cell: Cell, position: int) -> Completions:
        """The completions at a position of the cell, in characters."""
        if position <= cell.line_end:
            if position < cell.line_start or len(cell.text) > _LARGEST:
                return Completions(position)
            return complete_line(cell, position, self.options.get(cell.magic, ()), self.base())
        environment = self.environment(cell)
        within = position - cell.body_start
        found = complete(cell.body, within, _others(environment), self._schemas(environment, cell.body, within))
        return Completions(found.start + cell.body_start, found.items)

    def environment(self, cell: Cell) -> Environment | None:
        """The environment of the cell; None if it cannot be one."""
        return environment_of(cell.line, self.base(), self.default())

    def answer(self, question: EditorQuestion, visible: Callable[[str], str]) -> EditorAnswer | None:
        """The answer to a front end's question; None where there is nothing to say.

        Args:
            question: any but that for a level, which is not known here.
            visible: makes hidden characters visible.

        Raises:
            TfmfaError: Terraform, or the environment, cannot be asked.
        """
        cell = Cell.read(question.text)
        if cell is None:
            return None
        match question:
            case AboutPosition(offset=offset):
                position = from_utf16(cell.text, max(offset, 0))
                about = self._completions if question.type == "complete" else self._hover
                return about(cell, position, visible)
            case AboutBlock(address=address):
                start = block_start(cell.body, address)
                return None if start is None else BlockAnswer(offset=to_utf16(cell.text, cell.body_start + start))
            case AboutCell(type="format"):
                return self._formatted(cell)
            case AboutCell(type="validate"):
                return self._diagnostics(cell, visible)
        return None

    def _formatted(self, cell: Cell) -> FormatAnswer:
        body = self._terraform().format(cell.body) if cell.body.strip() else cell.body
        return FormatAnswer(text=cell.text[: cell.body_start] + body.removesuffix("\n"))

    def _completions(self, cell: Cell, position: int, visible: Callable[[str], str]) -> CompletionAnswer:
        found = self.complete(cell, position)
        items = tuple(
            CompletionItem(
                label=item.label,
                kind=item.kind,
                insert=item.insert or None,
                about=visible(item.about) or None,
                text=visible(item.text) or None,
                deprecated=item.deprecated or None,
            )
            for item in found.items
        )
        return CompletionAnswer(start=to_utf16(cell.text, found.start), end=to_utf16(cell.text, position), items=items)

    def _hover(self, cell: Cell, position: int, visible: Callable[[str], str]) -> HoverAnswer | None:
        found: Hover | None
        shift = 0
        if position <= cell.line_end:
            found = hover_line(cell, position, self.options.get(cell.magic, ()))
        else:
            shift, environment = cell.body_start, self.environment(cell)
            schemas = self._schemas(environment, cell.body, position - shift)
            found = hover(cell.body, position - shift, _others(environment), schemas)
        if found is None:
            return None
        start, end = (to_utf16(cell.text, each + shift) for each in (found.start, found.end))
        return HoverAnswer(start=start, end=end, title=visible(found.title), text=visible(found.text))

    def _diagnostics(self, cell: Cell, visible: Callable[[str], str]) -> ValidateAnswer:
        environment = self.environment(cell)
        if environment is None or not cell.body.strip():
            return ValidateAnswer(diagnostics=())
        found = self._terraform().validate(cell.body, environment.folder)
        return ValidateAnswer(
            diagnostics=tuple(
                Diagnostic(
                    start=to_utf16(cell.text, each.start + cell.body_start),
                    end=to_utf16(cell.text, each.end + cell.body_start),
                    severity=each.severity,
                    summary=visible(each.summary),
                    detail=visible(each.detail),
                )
                for each in found
            )
        )

    def _schemas(self, environment: Environment | None, body: str, position: int) -> Schemas:
        if environment is None:
            return Schemas(None)
        try:
            executable = find_executable(self.environ)
        except TerraformNotFound:
            return Schemas(None)
        found = self.store.find(environment.folder, executable, self.environ)
        folder, product, others = environment.folder, executable.product, partial(_others, environment)
        return SchemasWithModules(found.path, folder, product, self.environ, body, position, others)

    def _terraform(self) -> CellCommands:
        if self._commands is None:
            self._commands = CellCommands(find_executable(self.environ), self.environ)
        return self._commands


def _others(environment: Environment | None) -> Iterator[str]:
    """The texts of the configuration's files, without the one that the cell becomes."""
    if environment is None:
        return
    with suppress(OSError):
        found = sorted(path for path in environment.folder.glob("*.tf") if path.name != MAIN)
        for path in found[:_MAX_FILES]:
            if path.stat().st_size <= _LARGEST:
                yield path.read_text(encoding="utf-8", errors="replace")
