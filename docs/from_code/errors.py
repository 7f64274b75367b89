"""The errors that users see, from the places that raise them."""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import tfmfa_nb
from from_code.markdown import code, prose, summary, table
from tfmfa_nb.model import errors as model
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.runbooks.outcome import outcome_of_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_N = TypeVar("_N", bound=ast.AST)
_PACKAGE = Path(tfmfa_nb.__file__).parent
_UNKNOWN = "…"


@cache
def kinds() -> dict[str, type[TfmfaError]]:
    """The classes of errors, by name: in the order in which their module has them, and then those of other modules."""
    found = {
        name: kind
        for name, kind in vars(model).items()
        if inspect.isclass(kind) and issubclass(kind, TfmfaError) and kind is not TfmfaError
    }
    for path, node in _nodes(ast.ClassDef):
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if node.name not in found and bases & {TfmfaError.__name__, *found} and path != Path(model.__file__):
            module = ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts)
            found[node.name] = getattr(importlib.import_module(module), node.name)
    return found


def _nodes(kind: type[_N]) -> Iterator[tuple[Path, _N]]:
    """Each node of this kind in the package, with its file."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        yield from ((path, node) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kind))


@cache
def raised() -> dict[str, list[tuple[str, str]]]:
    """The problems and the remedies that the code states, by the name of the error's class."""
    found: dict[str, set[tuple[str, str]]] = {}
    for _, node in _nodes(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in kinds() and node.args:
            problem, remedy = (*map(_text, node.args[:2]), "")[:2]
            if problem.strip(f"{_UNKNOWN} ."):
                found.setdefault(node.func.id, set()).add((problem, remedy))
    return {name: sorted(each) for name, each in found.items()}


def errors() -> str:
    """Each class of errors, what it ends a runbook with, and the sentences that it comes with."""
    return "\n".join(part for name, kind in kinds().items() for part in _error(name, kind))


def _error(name: str, kind: type[TfmfaError]) -> Iterator[str]:
    ends = outcome_of_error(name, "", cell="").exit_code
    base = f" It is a kind of {code(base.__name__)}." if (base := kind.__base__) not in {None, TfmfaError} else ""
    yield f"## {code(name)}\n"
    place = "" if kind.__module__ == model.__name__ else f" It is in {code(kind.__module__)}."
    runbook = f" In a runbook, it ends {code('jupyter tfmfa run')} with exit code {int(ends)}."
    yield f"{summary(kind)}{base}{place}{runbook}\n"
    if name in raised():
        yield table(("Problem", "Remedy"), [(prose(problem), prose(remedy)) for problem, remedy in raised()[name]])


def _text(node: ast.expr) -> str:
    """A text as far as the code states it; each value that is put into it is named in angle brackets."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_text, parts))
        case ast.FormattedValue(value=value):
            return _named(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case ast.BoolOp(op=ast.Or(), values=[*_, last]):
            return _text(last)
        case _:
            return _UNKNOWN


def _named(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return f"<{name.strip('_').replace('_', ' ').lower()}>"
        case _:
            return _UNKNOWN
