"""Parameters, compatible with papermill's: a cell tagged `parameters` has the defaults, the next one the values.

A value has the type of its default. A name that sounds like a secret is refused, because the executed notebook keeps
its parameters (https://papermill.readthedocs.io/en/latest/usage-parameterize.html).
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.runbooks.notebook import INJECTED_TAG, PARAMETERS_TAG, tags
from tfmfa_nb.terraform.secret_variables import sounds_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Beside what sounds secret anywhere: a name that is refused here is only renamed.
_SECRET_WORDS = {
    *("password", "passwd", "passphrase", "pass", "pwd", "pin", "secret", "secrets", "token", "tokens"),
    *("key", "keys", "credential", "credentials", "otp", "code", "mfa", "seed"),
}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def read_file(path: Path) -> dict[str, Any]:
    """Read the parameters in a YAML, JSON, or TOML file.

    Raises:
        ConfigurationError: the file cannot be read, or is not a mapping of names to values.
    """
    import yaml  # noqa: PLC0415 - until needed

    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text) or {}
    except OSError as error:
        raise ConfigurationError(
            f"Cannot read the parameters file {path}: {error.strerror}.", "Correct the path after -f."
        ) from None
    except (ValueError, yaml.YAMLError):
        raise ConfigurationError(
            f"The parameters file {path} is not valid YAML, JSON, or TOML.", "Fix the file."
        ) from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ConfigurationError(
            f"The parameters file {path} must map names to values.", "Write one `name: value` per line."
        )
    return values


def defaults(notebook: Any) -> dict[str, tuple[str, Any]]:
    """What the cells tagged `parameters` assign.

    Returns:
        The annotation ("" if none) and the default of each name; `...` for a default that is not a literal.

    Raises:
        ConfigurationError: such a cell is not valid Python.
    """
    found: dict[str, tuple[str, Any]] = {}
    for cell in _parameter_cells(notebook):
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:
            raise ConfigurationError(
                "The cell tagged parameters is not valid Python.", "Write only assignments in it."
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
    """Insert a cell with the values after the cell with the defaults.

    Args:
        notebook: the runbook; a cell that was injected before is removed.
        texts: names and values from the command line; they override `values`.
        values: names and values from a parameters file.

    Returns:
        The values, with the types of their defaults.

    Raises:
        ConfigurationError: a parameter is unknown, has another type, or sounds like a secret.
    """
    notebook.cells = [cell for cell in notebook.cells if INJECTED_TAG not in tags(cell)]
    known = defaults(notebook)
    injected: dict[str, Any] = {}
    for name, value in values.items():
        _check_name(name, known)
        injected[name] = _check_type(name, value, *known[name])
    for name, text in texts:
        _check_name(name, known)
        injected[name] = _parse(name, text, *known[name])
    if injected:
        lines = [f"{name} = {value!r}" for name, value in injected.items()]
        cell = nbformat.v4.new_code_cell("\n".join(["# Parameters", *lines]), metadata={"tags": [INJECTED_TAG]})
        index = max(number for number, one in enumerate(notebook.cells) if PARAMETERS_TAG in tags(one))
        notebook.cells.insert(index + 1, cell)
    return injected


def _parameter_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and PARAMETERS_TAG in tags(cell)]


def _literal(node: ast.expr | None) -> Any:
    try:
        return ... if node is None else ast.literal_eval(node)
    except ValueError:
        return ...


def _check_name(name: str, known: Mapping[str, Any]) -> None:
    words = {word.lower() for word in _WORDS.findall(name)}
    if words & _SECRET_WORDS or sounds_secret(name):
        raise ConfigurationError(
            f"The name of the parameter {name} sounds like a secret, and an executed notebook keeps its parameters.",
            f"Pass a secret in the process environment, as TF_VAR_{name} for Terraform. "
            "If the value is not secret, rename the parameter.",
        )
    if name in known:
        return
    if not known:
        raise ConfigurationError(
            f"The runbook has no parameter {name}: it has no cell tagged parameters.",
            "Add the tag to the cell that assigns the defaults.",
        )
    suggestion = did_you_mean(name, known, "{}") or f"Its parameters are: {', '.join(known)}."
    raise ConfigurationError(f"The runbook has no parameter {name}.", suggestion)


def _parse(name: str, text: str, annotation: str, default: Any) -> Any:
    kind = _type_name(annotation, default)
    if kind == "str":
        return text
    if kind == "bool":
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise _type_error(name, text, "true or false")
    if kind in {"int", "float"}:
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            raise _type_error(name, text, "a whole number" if kind == "int" else "a number") from None
    try:
        value = json.loads(text)
    except ValueError:
        if kind in {"list", "dict"}:
            raise _type_error(name, text, f"a {kind} in JSON") from None
        return text  # the default does not have a type
    return _check_type(name, value, annotation, default)


def _check_type(name: str, value: Any, annotation: str, default: Any) -> Any:
    kind = _type_name(annotation, default)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind and type(value).__name__ != kind:
        raise _type_error(name, value, f"of type {kind}")
    return value


def _type_name(annotation: str, default: Any) -> str:
    """The type by annotation or default: str, int, float, bool, list, or dict; "" if it is none of these."""
    kinds = {"str", "int", "float", "bool", "list", "dict"}
    if (named := annotation.partition("[")[0].partition("|")[0].strip()) in kinds:
        return named
    found = type(default).__name__
    return found if found in kinds else ""


def _type_error(name: str, value: Any, expected: str) -> ConfigurationError:
    return ConfigurationError(
        f"The parameter {name} must be {expected}, not {value!r}.", "The type is that of the default."
    )
