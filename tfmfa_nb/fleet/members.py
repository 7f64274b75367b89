"""Which environments a fleet has: folders by a pattern, or the rows of a table."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Environment
from tfmfa_nb.fleet.declared import Declared
from tfmfa_nb.fleet.member import Member, name_in_fleet
from tfmfa_nb.fleet.own_states import check_states
from tfmfa_nb.fleet.tables import EXAMPLE, is_table, read_table, rows_of
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.protocol.layout import EnvironmentFiles
from tfmfa_nb.terraform.hcl_values import to_variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.fleet.tables import Row
    from tfmfa_nb.runs.options import Options

# Columns that are no variables.
_NAME, _FOLDER, _WORKSPACE, _LEVEL, _VARIABLES = "name", "folder", "workspace", "level", "variables"
_BACKEND = "backend_config"
_OWN = frozenset({_NAME, _FOLDER, _WORKSPACE, _LEVEL, _VARIABLES, _BACKEND})
_DIGITS = re.compile(r"(\d+)")


def members_of(each: object, base: Path, options: Options) -> list[Member]:
    """The environments of a fleet, in the order of the table, or of their names. Nothing is written.

    Args:
        each: a pattern of folders with configurations ("accounts/*"); a table in a file (.csv, .json, .yaml); a data
            frame; or mappings. A row has a `name`, and may have a `folder` with a configuration, a `workspace`, a
            `backend_config` ("KEY=VALUE", a list of these, or a mapping), a `level`, and `variables` (a mapping); every
            other column is a variable of that name. A cell without a value leaves the variable unset.
        base: folder of the notebook, to which paths refer.
        options: options of every run; with a configuration, each row's environment gets it as its `main.tf`.

    Raises:
        ConfigurationError: there are no such environments, the table cannot be read, a cell is wrong, or two rows are
            one environment, or have one state.
    """
    if isinstance(each, str | os.PathLike):
        path = base / Path(each).expanduser()
        rows = read_table(path) if is_table(path) else []
        members = _of_rows(rows, base, options) if rows else _of_pattern(os.fspath(each), base, options)
    else:
        members = _of_rows(rows_of(each), base, options)
    _check_different(members)
    check_states(members, base)
    return members


def _of_pattern(pattern: str, base: Path, options: Options) -> list[Member]:
    if options.configuration is not None:
        raise ConfigurationError(
            "A cell's configuration needs the names of its environments, and a pattern finds folders that have one.",
            "Use a table with a name in each row, or leave the configuration out.",
        )
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise ConfigurationError(f"{pattern!r} is not a pattern of folders below the notebook's.", EXAMPLE)
    folders = [path for path in base.glob(pattern) if path.is_dir() and not path.name.startswith(".")]
    folders.sort(key=lambda path: [int(part) if part.isdigit() else part for part in _DIGITS.split(str(path))])
    found = [_environment_in(folder, base) for folder in folders]
    members = [Member(each.name, each, options) for each in found if each.has_configuration]
    if not members:
        raise ConfigurationError(f"No folder with a Terraform configuration matches {pattern!r}.", EXAMPLE)
    return members


def _environment_in(folder: Path, base: Path) -> Environment:
    """The environment in `folder`: one that cells write keeps its name, another one is known by its path."""
    if folder.parent == base and EnvironmentFiles(folder).configuration_digest.exists():
        return Environment.named(folder.name, base)
    return Environment(folder.relative_to(base).as_posix(), folder.resolve(), owned=False)


def _of_rows(rows: Sequence[Row], base: Path, options: Options) -> list[Member]:
    declared = Declared.in_cell(options.configuration) if options.configuration is not None else None
    return [_of_row(row, base, options, declared) for row in rows]


def _of_row(row: Row, base: Path, options: Options, declared: Declared | None) -> Member:
    name, folder = _text(row, _NAME), _text(row, _FOLDER)
    environment = _environment(row, name, folder, base, options)
    variables = {column: value for column, value in row.cells.items() if column not in _OWN}
    more = row.cells.get(_VARIABLES, {})
    if not isinstance(more, Mapping):
        raise row.error(_VARIABLES, f"it has to be a mapping of names to values, and is {_kind(more)}")
    if doubled := next((str(each) for each in more if each in variables), ""):
        raise row.error(_VARIABLES, f'"{doubled}" is a column too', "Keep one of them.")
    variables |= {str(each): value for each, value in more.items() if value is not None}
    values = []
    for column, value in variables.items():
        try:
            values.append(("value", f"{column}={to_variable(value)}"))
        except TypeError as error:
            raise row.error(column, str(error), "Write it as text, or as a number, list, or mapping.") from None
    own = replace(
        options,
        workspace=_text(row, _WORKSPACE) or options.workspace,
        level=_level(row, options),
        backend_config=(*options.backend_config, *_backend_config(row)),
        variables=(*options.variables, *values),
    )
    (declared or Declared.in_folder(environment)).check(row, variables, own, environment)
    own.check()
    return Member(name_in_fleet(name, folder), environment, own)


def _environment(row: Row, name: str, folder: str, base: Path, options: Options) -> Environment:
    if not (name or folder):
        raise row.error(_NAME, "it has no name", 'Each row needs one: the column is called "name".')
    column = _FOLDER if folder else _NAME
    try:
        environment = Environment.at(folder, base) if folder else Environment.named(name, base)
    except ConfigurationError as error:
        raise row.error(column, error.problem.removesuffix("."), error.remedy) from None
    if folder and options.configuration is not None:
        raise row.error(_FOLDER, "a folder with a configuration gets none from a cell", "Leave one of them out.")
    if not folder and options.configuration is None and not environment.files.configuration.is_file():
        remedy = 'Give it in the cell, or add a column "folder".'
        raise row.error(_NAME, f'"{name}" has no configuration', remedy)
    return environment


def _text(row: Row, column: str) -> str:
    """The text in a cell; "" for an empty one.

    Raises:
        ConfigurationError: it is something else, of which nobody knows how it was written: 0123 is 83 in YAML.
    """
    value = row.cells.get(column, "")
    if not isinstance(value, str):
        raise row.error(column, f"it has to be a text, and is {_kind(value)}", "Write it as text, in quotes.")
    return value.strip()


def _level(row: Row, options: Options) -> Level:
    text = _text(row, _LEVEL)
    try:
        return Level.strictest(options.level, Level(text)) if text else options.level
    except ValueError:
        choices = ", ".join(f'"{level}"' for level in Level)
        raise row.error(_LEVEL, f"{text!r} is not a level", f"Levels: {choices}.") from None


def _backend_config(row: Row) -> tuple[str, ...]:
    given = row.cells.get(_BACKEND, ())
    if isinstance(given, Mapping):
        given = [f"{name}={value}" for name, value in given.items()]
    found = [given] if isinstance(given, str) else given
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        remedy = 'Write "KEY=VALUE", a list of these, or a mapping.'
        raise row.error(_BACKEND, f"it is {_kind(given)}, and no setting of a backend", remedy)
    return tuple(found)


def _kind(value: Any) -> str:
    return f"{'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}"


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
