"""Answers an editor's questions about a cell, for front ends and for IPython's completer.

Positions of front ends are in UTF-16 code units, as JavaScript counts. Hidden characters in texts are made visible.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.cell import Cell, from_utf16, to_utf16
from tfmfa_nb.editing.cell_commands import CellCommands
from tfmfa_nb.editing.completion import complete
from tfmfa_nb.editing.completion_items import Completions
from tfmfa_nb.editing.hover import hover
from tfmfa_nb.editing.magic_line import complete_line, environment_of, hover_line
from tfmfa_nb.editing.module_schemas import SchemasWithModules
from tfmfa_nb.editing.schemas import Schemas, SchemaStore
from tfmfa_nb.model.errors import TerraformNotFound, TfmfaError
from tfmfa_nb.protocol.layout import CONFIGURATION as MAIN
from tfmfa_nb.terraform.executable import find_executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.editing.hover import Hover
    from tfmfa_nb.editing.options import Option
    from tfmfa_nb.environments import Environment

_LARGEST = 1_000_000  # bytes of a file, or characters of a cell; larger ones are not read
_MOST_FILES = 50


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

    def answer(self, question: Mapping[str, Any], visible: Callable[[str], str]) -> dict[str, Any]:
        """The answer to a front end's question.

        Args:
            question: `type` ("complete", "hover", "format" or "validate"), `text` (the whole cell) and, for the first
                two, `offset`.
            visible: makes hidden characters visible.

        Returns:
            The answer, or `error`: the reason for none. Empty for an unknown or malformed question.
        """
        text, offset = question.get("text"), question.get("offset", 0)
        if not isinstance(text, str) or not isinstance(offset, int) or len(text) > _LARGEST:
            return {}
        cell = Cell.read(text)
        if cell is None:
            return {}
        position = from_utf16(text, max(offset, 0))
        answers = {
            "complete": lambda: self._completions(cell, position, visible),
            "hover": lambda: self._hover(cell, position, visible),
            "format": lambda: self._formatted(cell),
            "validate": lambda: self._diagnostics(cell, visible),
        }
        try:
            return answers.get(str(question.get("type")), dict)()
        except TfmfaError as error:
            return {"error": visible(str(error))}

    def _formatted(self, cell: Cell) -> dict[str, Any]:
        body = self._terraform().format(cell.body) if cell.body.strip() else cell.body
        return {"text": cell.text[: cell.body_start] + body.removesuffix("\n")}

    def _completions(self, cell: Cell, position: int, visible: Callable[[str], str]) -> dict[str, Any]:
        found = self.complete(cell, position)
        items = []
        for item in found.items:
            about = {
                "insert": item.insert,
                "about": visible(item.about),
                "text": visible(item.text),
                "deprecated": item.deprecated,
            }
            items.append({"label": item.label, "kind": item.kind, **{k: v for k, v in about.items() if v}})
        start, end = (to_utf16(cell.text, each) for each in (found.start, position))
        return {"start": start, "end": end, "items": items}

    def _hover(self, cell: Cell, position: int, visible: Callable[[str], str]) -> dict[str, Any]:
        found: Hover | None
        shift = 0
        if position <= cell.line_end:
            found = hover_line(cell, position, self.options.get(cell.magic, ()))
        else:
            shift, environment = cell.body_start, self.environment(cell)
            schemas = self._schemas(environment, cell.body, position - shift)
            found = hover(cell.body, position - shift, _others(environment), schemas)
        if found is None:
            return {}
        start, end = (to_utf16(cell.text, each + shift) for each in (found.start, found.end))
        return {"start": start, "end": end, "title": visible(found.title), "text": visible(found.text)}

    def _diagnostics(self, cell: Cell, visible: Callable[[str], str]) -> dict[str, Any]:
        environment = self.environment(cell)
        if environment is None or not cell.body.strip():
            return {"diagnostics": []}
        found = []
        for each in self._terraform().validate(cell.body, environment.folder):
            start, end = (to_utf16(cell.text, at + cell.body_start) for at in (each.start, each.end))
            words = {"severity": each.severity, "summary": visible(each.summary), "detail": visible(each.detail)}
            found.append({"start": start, "end": end, **words})
        return {"diagnostics": found}

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
        for path in found[:_MOST_FILES]:
            if path.stat().st_size <= _LARGEST:
                yield path.read_text(encoding="utf-8", errors="replace")
