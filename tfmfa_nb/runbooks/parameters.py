"""Parameters, in papermill's manner: a cell tagged `parameters` has the defaults, one after it the values.

Values have the type of their defaults. What by its name is a secret is refused: the notebook keeps its parameters.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runbooks.notebook import INJECTED, PARAMETERS, tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = {
    *("password", "passwd", "passphrase", "pass", "pwd", "pin", "secret", "secrets", "token", "tokens"),
    *("key", "keys", "credential", "credentials", "otp", "code", "mfa", "seed"),
}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def read_file(path: Path) -> dict[str, Any]:
    """The parameters in a YAML, JSON or TOML file.

    Raises:
        ConfigurationError: it cannot be read, or holds something else.
    """
    import yaml  # noqa: PLC0415 - until needed

    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text) or {}
    except OSError as error:
        raise ConfigurationError(f"The parameters {path} cannot be read: {error.strerror}.", "Correct -f.") from None
    except (ValueError, yaml.YAMLError):
        raise ConfigurationError(f"The parameters {path} are neither YAML, JSON nor TOML.", "Mend the file.") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ConfigurationError(f"The parameters {path} are no names with values.", "Write one `name: value` a line.")
    return values


def defaults(notebook: Any) -> dict[str, tuple[str, Any]]:
    """What the cell tagged `parameters` assigns: name to (annotation, default); a default may be ... for unknown."""
    found: dict[str, tuple[str, Any]] = {}
    for cell in _tagged(notebook, PARAMETERS):
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:
            raise ConfigurationError(
                "The cell tagged parameters is no Python.", "Let it hold assignments only."
            ) from None
        for statement in body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                found[statement.target.id] = ast.unparse(statement.annotation), _literal(statement.value)
            elif isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        found[target.id] = "", _literal(statement.value)
    return found


def inject(notebook: Any, texts: Iterable[tuple[str, str]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Put a cell with the values behind the one with the defaults; the result is the values.

    Args:
        notebook: the runbook; cells injected earlier are taken out.
        texts: names and values as they were typed; they go before `values`.
        values: from a file.

    Raises:
        ConfigurationError: a parameter is unknown, of another type, or by its name a secret.
    """
    notebook.cells = [cell for cell in notebook.cells if INJECTED not in tags(cell)]
    known = defaults(notebook)
    given: dict[str, Any] = {}
    for name, value in values.items():
        _check(name, known)
        given[name] = _same_type(name, value, *known[name])
    for name, text in texts:
        _check(name, known)
        given[name] = _parse(name, text, *known[name])
    if given:
        lines = [f"{name} = {value!r}" for name, value in given.items()]
        cell = nbformat.v4.new_code_cell("\n".join(["# Parameters", *lines]), metadata={"tags": [INJECTED]})
        place = max(index for index, one in enumerate(notebook.cells) if PARAMETERS in tags(one))
        notebook.cells.insert(place + 1, cell)
    return given


def _tagged(notebook: Any, tag: str) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and tag in tags(cell)]


def _literal(node: ast.expr | None) -> Any:
    try:
        return ... if node is None else ast.literal_eval(node)
    except ValueError:
        return ...


def _check(name: str, known: Mapping[str, Any]) -> None:
    words = {word.lower() for word in _WORDS.findall(name)}
    if words & _SECRET:
        raise ConfigurationError(
            f"The parameter {name} is a secret by its name, and an executed notebook keeps its parameters.",
            f"Pass it in the environment: TF_VAR_{name} for Terraform, os.environ for Python. "
            "If it is none, give it another name.",
        )
    if name in known:
        return
    if not known:
        raise ConfigurationError(
            f"The runbook has no parameter {name}: no cell of it is tagged parameters.",
            "Tag the cell that assigns the defaults.",
        )
    near = difflib.get_close_matches(name, known, 1)
    meant = f"Did you mean {near[0]}?" if near else f"It has {', '.join(known)}."
    raise ConfigurationError(f"The runbook has no parameter {name}.", meant)


def _parse(name: str, text: str, annotation: str, default: Any) -> Any:
    kind = _kind(annotation, default)
    if kind == "str":
        return text
    if kind == "bool":
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise _wrong(name, text, "true or false")
    if kind in {"int", "float"}:
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            raise _wrong(name, text, "a whole number" if kind == "int" else "a number") from None
    try:
        value = json.loads(text)
    except ValueError:
        if kind in {"list", "dict"}:
            raise _wrong(name, text, f"JSON, a {kind}") from None
        return text  # nothing is known of its type
    return _same_type(name, value, annotation, default)


def _same_type(name: str, value: Any, annotation: str, default: Any) -> Any:
    kind = _kind(annotation, default)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind and type(value).__name__ != kind:
        raise _wrong(name, value, f"of type {kind}")
    return value


def _kind(annotation: str, default: Any) -> str:
    """str, int, float, bool, list or dict; empty where the default does not say."""
    kinds = {"str", "int", "float", "bool", "list", "dict"}
    if (named := annotation.partition("[")[0].partition("|")[0].strip()) in kinds:
        return named
    found = type(default).__name__
    return found if found in kinds else ""


def _wrong(name: str, value: Any, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"The parameter {name} must be {wanted}, not {value!r}.", "Its default says which.")
