"""Which environments a fleet has: folders by a pattern, or the rows of a table."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Environment
from tfmfa_nb.fleet.member import Member
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.protocol.layout import EnvironmentFiles
from tfmfa_nb.terraform.hcl_values import to_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tfmfa_nb.runs.options import Options

_EXAMPLE = "Use a pattern of folders, such as 'accounts/*', or a table: a file (.csv, .json, .yaml), or rows."
# Columns that are no variables.
_NAME, _FOLDER, _WORKSPACE, _LEVEL, _VARIABLES = "name", "folder", "workspace", "level", "variables"
_DIGITS = re.compile(r"(\d+)")


def members_of(each: object, base: Path, options: Options) -> list[Member]:
    """The environments of a fleet, in the order of the table, or of their names.

    Args:
        each: a pattern of folders with configurations ("accounts/*"); a table in a file (.csv, .json, .yaml); a data
            frame; or mappings. A row has a `name`, and may have a `folder` with a configuration, a `workspace`, a
            `level`, and `variables` (a mapping); every other column is a variable of that name. A cell without a value
            leaves the variable unset.
        base: folder of the notebook, to which paths refer.
        options: options of every run; with a configuration, each row's environment gets it as its `main.tf`.

    Raises:
        ConfigurationError: there are no such environments, the table cannot be read, or two rows are one environment.
    """
    if isinstance(each, str | os.PathLike):
        path = base / Path(each).expanduser()
        reader = _READERS.get(path.suffix.lower())
        members = _of_rows(reader(path), base, options) if reader else _of_pattern(os.fspath(each), base, options)
    else:
        members = _of_rows(_rows_of(each), base, options)
    _check_different(members)
    return members


def _of_pattern(pattern: str, base: Path, options: Options) -> list[Member]:
    if options.configuration is not None:
        raise ConfigurationError(
            "A cell's configuration needs the names of its environments, and a pattern finds folders that have one.",
            "Use a table with a name in each row, or leave the configuration out.",
        )
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise ConfigurationError(f"{pattern!r} is not a pattern of folders below the notebook's.", _EXAMPLE)
    folders = [path for path in base.glob(pattern) if path.is_dir() and not path.name.startswith(".")]
    folders.sort(key=lambda path: [int(part) if part.isdigit() else part for part in _DIGITS.split(str(path))])
    found = [_environment_in(folder, base) for folder in folders]
    members = [Member(each.name, each, options) for each in found if each.has_configuration]
    if not members:
        raise ConfigurationError(f"No folder with a Terraform configuration matches {pattern!r}.", _EXAMPLE)
    return members


def _environment_in(folder: Path, base: Path) -> Environment:
    """The environment in `folder`: one that cells write keeps its name, another one is known by its path."""
    if folder.parent == base and EnvironmentFiles(folder).configuration_digest.exists():
        return Environment.named(folder.name, base)
    return Environment(folder.relative_to(base).as_posix(), folder.resolve(), owned=False)


def _of_rows(rows: Sequence[Mapping[str, Any]], base: Path, options: Options) -> list[Member]:
    if not rows:
        raise ConfigurationError("The table has no rows.", _EXAMPLE)
    return [_of_row(number, row, base, options) for number, row in enumerate(rows, 1)]


def _of_row(number: int, row: Mapping[str, Any], base: Path, options: Options) -> Member:
    row = {str(column).strip(): value for column, value in row.items() if column and not _is_empty(value)}
    name, folder = str(row.pop(_NAME, "")).strip(), str(row.pop(_FOLDER, "")).strip()
    if not (name or folder):
        raise ConfigurationError(f"Row {number} of the table has no name.", 'Add a column "name".')
    try:
        environment = Environment.at(folder, base) if folder else Environment.named(name, base)
        if folder and options.configuration is not None:
            raise ConfigurationError("A folder with a configuration gets none from a cell.", "Leave one of them out.")
        if not folder and options.configuration is None and not environment.files.configuration.is_file():
            raise ConfigurationError(
                f'"{name}" has no configuration.', 'Add a column "folder", or give it in the cell.'
            )
        workspace = str(row.pop(_WORKSPACE, options.workspace))
        level = Level.strictest(options.level, Level(str(row.pop(_LEVEL, Level.NEVER))))
        more = row.pop(_VARIABLES, {})
        variables = {**row, **(more if isinstance(more, Mapping) else {_VARIABLES: more})}
        values = tuple(("value", f"{variable}={to_variable(value)}") for variable, value in variables.items())
    except ConfigurationError as error:
        raise ConfigurationError(f"Row {number} of the table: {error.problem}", error.remedy) from None
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"Row {number} of the table: {error}.", "Correct the value.") from None
    own = replace(options, workspace=workspace, level=level, variables=(*options.variables, *values))
    own.check()
    return Member(name or folder, environment, own)


def _is_empty(value: Any) -> bool:
    """True for what leaves a variable unset: None, a missing value of a data frame, a cell of a file without text."""
    return value is None or value == "" or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def _rows_of(each: Any) -> list[Mapping[str, Any]]:
    """The rows of a data frame, or of any iterable of mappings."""
    if hasattr(each, "to_dicts"):  # polars
        each = each.to_dicts()
    elif hasattr(each, "to_dict") and hasattr(each, "columns"):  # pandas
        each = each.to_dict("records")
    try:
        rows = list(each)
    except TypeError:
        raise ConfigurationError(f"{type(each).__name__} is not a table.", _EXAMPLE) from None
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise ConfigurationError(f"Row {number} of the table is not a mapping: {type(row).__name__}.", _EXAMPLE)
    return [*rows]


def _read(path: Path, parse: Callable[[str], Iterable[Any]]) -> list[Mapping[str, Any]]:
    try:
        return _rows_of(parse(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}."
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.problem}", error.remedy) from None
    except Exception as error:  # noqa: BLE001 - of the parser
        problem = f"{path} cannot be understood: {str(error).splitlines()[0]}."
    raise ConfigurationError(problem, "Correct the file: one row for each environment.")


def _parse_csv(text: str) -> list[Mapping[str, Any]]:
    lines = text.splitlines()
    rows: list[dict[Any, Any]] = list(csv.DictReader(lines, strict=True))
    for row in rows:
        if None in row:
            raise ValueError(f"a row has more cells than there are columns: {row.pop(None)}")
    return [*rows]


def _parse_yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 - until needed

    return yaml.safe_load(text)


_READERS: dict[str, Callable[[Path], list[Mapping[str, Any]]]] = {
    ".csv": lambda path: _read(path, _parse_csv),
    ".json": lambda path: _read(path, json.loads),
    ".yaml": lambda path: _read(path, _parse_yaml),
    ".yml": lambda path: _read(path, _parse_yaml),
}


def _check_different(members: Sequence[Member]) -> None:
    """Make sure that no two members have one folder: their runs would wait for each other.

    Raises:
        ConfigurationError: two have.
    """
    known: dict[Path, str] = {}
    for member in members:
        folder = member.environment.folder.resolve()
        if folder in known:
            raise ConfigurationError(
                f'"{known[folder]}" and "{member.name}" of the fleet are one environment: {folder}.',
                "Give each row a name of its own, and the configuration in the cell: each then has its own folder.",
            )
        known[folder] = member.name
    if len({member.name for member in members}) < len(members):
        raise ConfigurationError("Two rows of the table have one name.", "Give each its own.")
