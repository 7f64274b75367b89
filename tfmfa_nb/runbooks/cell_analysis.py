"""What a cell does, by its source: whether it applies, and whether a resumed runbook may execute it again."""

from __future__ import annotations

import ast
import re
from typing import Any

from tfmfa_nb.protocol.words import CELL_MAGICS, COMMAND_MAGICS
from tfmfa_nb.runbooks.notebook import INJECTED_TAG, PARAMETERS_TAG, tags

_APPLIES = re.compile(r"^\s*(?:\w+\s*=\s*)?%{1,2}tfapply\b|\btfmfa_nb\.apply(?:_all)?\(", re.MULTILINE)
_CODE = r"""^(?:[^#'"\n]|"[^"\n]*"|'[^'\n]*')"""  # no comment, and no string that is still open
_ASKING = f"(?:{'|'.join([*CELL_MAGICS, *COMMAND_MAGICS, 'tfruns'])})"
_CHANGES = re.compile(
    r"^\s*(?:\w+\s*=\s*)?%{1,2}(?:tf|tfstate|tfimport|tftest|tfruns)\b|\btfmfa_nb\.command\(", re.MULTILINE
)
_ASKS = re.compile(
    rf"""^(?:[^#'"\n]*=)?\s*%{{1,2}}{_ASKING}\b|\brun_(?:line|cell)_magic\(\s*['"]{_ASKING}['"]|{_CODE}*?\btfmfa_nb\.(?:plan(?:_all)?|apply(?:_all)?|command)\(""",
    re.MULTILINE,
)
_MAGIC = re.compile(r"^\s*%{1,2}(\w+)")
_REPEATABLE_MAGICS = frozenset({"load_ext", "reload_ext", "config", "matplotlib"})
_REPEATABLE_FUNCTIONS = frozenset({
    *("all", "any", "bool", "dict", "display", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min"),
    *("print", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
})  # fmt: skip
_REPEATABLE_METHODS = frozenset({
    *("endswith", "format", "get", "isalnum", "items", "join", "keys", "lower", "replace", "split", "startswith"),
    *("strip", "upper", "values"),
})  # fmt: skip


def applies(source: str) -> bool:
    """Whether a cell has a magic that applies."""
    return _APPLIES.search(source) is not None


def may_change(source: str) -> bool:
    """Whether a cell has a magic that applies, or one that may change something in another way."""
    return applies(source) or _CHANGES.search(source) is not None


def asks(source: str) -> bool:
    """Whether a cell has a magic that may ask for a code or a confirmation."""
    return _ASKS.search(source) is not None


def applies_configuration(source: str) -> bool:
    """Whether a cell plans its own HCL and applies that plan."""
    return source.lstrip().startswith("%%tfapply") and bool(source.strip().partition("\n")[2].strip())


def is_repeatable(cell: Any) -> bool:
    """Whether a cell may be executed again: it imports, defines, assigns, or asserts, or its tags say so."""
    if {PARAMETERS_TAG, INJECTED_TAG, "setup"} & set(tags(cell)):
        return True
    python = []
    for line in cell.source.splitlines():
        if (magic := _MAGIC.match(line)) is None:
            python.append(line)
        elif magic[1] not in _REPEATABLE_MAGICS:
            return False
    try:
        body = ast.parse("\n".join(python)).body
    except SyntaxError:
        return False
    return all(_is_repeatable_statement(statement) for statement in body)


def _is_repeatable_statement(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    nodes = list(ast.walk(statement))
    return not any(isinstance(node, ast.Await | ast.Delete) for node in nodes) and all(
        _is_repeatable_call(node.func) for node in nodes if isinstance(node, ast.Call)
    )


def _is_repeatable_call(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _REPEATABLE_FUNCTIONS
    return isinstance(function, ast.Attribute) and function.attr in _REPEATABLE_METHODS
