"""What a cell does, as far as its source tells: apply, or only prepare what other cells use."""

from __future__ import annotations

import ast
import re
from typing import Any

from tfmfa_nb.runbooks.notebook import INJECTED, PARAMETERS, tags

_APPLIES = re.compile(r"^\s*(?:\w+\s*=\s*)?%{1,2}tfapply\b", re.MULTILINE)
_MAGIC = re.compile(r"^\s*%{1,2}(\w+)")
# Magics that only prepare, so that a resumed runbook may do them again.
_PREPARING = {"load_ext", "reload_ext", "config", "matplotlib"}
_HARMLESS = {
    *("all", "any", "bool", "dict", "display", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min"),
    *("print", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
}
_HARMLESS_METHODS = {
    *(
        "endswith",
        "format",
        "get",
        "isalnum",
        "items",
        "join",
        "keys",
        "lower",
        "replace",
        "split",
        "startswith",
        "strip",
        "upper",
        "values",
    ),
}


def applies(source: str) -> bool:
    """Whether a cell says that it applies."""
    return _APPLIES.search(source) is not None


def applies_configuration(source: str) -> bool:
    """Whether a cell plans what is in it, and applies that."""
    return source.lstrip().startswith("%%tfapply") and bool(source.strip().partition("\n")[2].strip())


def only_prepares(cell: Any) -> bool:
    """Whether doing a cell again does nothing but prepare: it imports, defines, names, asserts, or is tagged so."""
    if {PARAMETERS, INJECTED, "setup"} & set(tags(cell)):
        return True
    python = []
    for line in cell.source.splitlines():
        if (magic := _MAGIC.match(line)) is None:
            python.append(line)
        elif magic[1] not in _PREPARING:
            return False
    try:
        body = ast.parse("\n".join(python)).body
    except SyntaxError:
        return False
    return all(_prepares(statement) for statement in body)


def _prepares(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    nodes = list(ast.walk(statement))
    return not any(isinstance(node, ast.Await | ast.Delete) for node in nodes) and all(
        _harmless(node.func) for node in nodes if isinstance(node, ast.Call)
    )


def _harmless(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _HARMLESS
    return isinstance(called, ast.Attribute) and called.attr in _HARMLESS_METHODS
