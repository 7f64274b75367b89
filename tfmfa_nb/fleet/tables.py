"""Tables of environments: a file, a data frame, or any iterable of mappings, as rows that know where they stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.json_objects import DoubledKeyError, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

EXAMPLE = "Use a pattern of folders, such as 'accounts/*', or a table: a file (.csv, .json, .yaml), or rows."
_CORRECT = "Correct the file: one row for each environment."
_TABLE = "the table"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        number: counts from 1, without the row of the columns' names.
        table: the file's name; "the table" for one that is no file.
        cells: values by column, without those of empty cells.
    """

    number: int
    table: str
    cells: Mapping[str, Any] = field(repr=False)

    def error(self, column: str, problem: str, remedy: str = "Correct the value.") -> ConfigurationError:
        """An error that says where it is.

        Args:
            column: the name of the column; "" for the whole row.
            problem: what is wrong there, in a clause, without the value, which may be a secret.
            remedy: what to do, in a sentence.
        """
        name = self.cells.get("name")
        named = f' ("{name}")' if isinstance(name, str) and column != "name" else ""
        where = f', column "{column}"' if column else ""
        return ConfigurationError(f"Row {self.number} of {self.table}{named}{where}: {problem}.", remedy)


def is_table(path: Path) -> bool:
    """Whether the name of a file says that it is a table."""
    return path.suffix.lower() in _PARSERS


def read_table(path: Path) -> list[Row]:
    """The rows of a table in a file: .csv, .json, .yaml, .yml.

    Raises:
        ConfigurationError: the file cannot be read, or is not a table.
    """
    try:
        found = _PARSERS[path.suffix.lower()](path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}."
    except UnicodeDecodeError:
        problem = f"{path} cannot be understood: it is not in UTF-8."
    except DoubledKeyError as error:
        problem = f'{path} cannot be understood: the key "{error.key}" is there twice in one object.'
    except Exception as error:  # noqa: BLE001 - of the parser
        problem = f"{path} cannot be understood: {_first_line(error)}."
    else:
        return rows_of(found, path.name)
    raise ConfigurationError(problem, _CORRECT)


def rows_of(each: Any, table: str = _TABLE) -> list[Row]:
    """The rows of a data frame of pandas or polars, or of any iterable of mappings.

    Args:
        each: the table.
        table: its name, for errors.

    Raises:
        ConfigurationError: it is no table, or has no rows.
    """
    if hasattr(each, "columns"):
        _check_columns([str(column).strip() for column in each.columns], table)
    if hasattr(each, "to_dicts"):  # polars
        each = each.to_dicts()
    elif hasattr(each, "to_dict") and hasattr(each, "columns"):  # pandas
        each = each.to_dict("records")
    try:
        found = list(each)
    except TypeError:
        raise ConfigurationError(f"{type(each).__name__} is not a table.", EXAMPLE) from None
    if not found:
        raise ConfigurationError(f"{table.capitalize() if table == _TABLE else table} has no rows.", EXAMPLE)
    return [_row(number, cells, table) for number, cells in enumerate(found, 1)]


def _row(number: int, cells: Any, table: str) -> Row:
    if not isinstance(cells, Mapping):
        raise ConfigurationError(f"Row {number} of {table} is not a mapping: {type(cells).__name__}.", EXAMPLE)
    _check_columns([str(column).strip() for column in cells], f"row {number} of {table}")
    try:
        named = {str(column).strip(): _plain(value) for column, value in cells.items() if not _is_empty(value)}
    except RecursionError:
        raise ConfigurationError(f"Row {number} of {table} contains itself.", EXAMPLE) from None
    return Row(number, table, named)


def _is_empty(value: Any) -> bool:
    """True for what leaves a variable unset: None, a missing value of a data frame, a text without characters."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:  # of pandas; they answer no comparison
        return True
    return value == "" if isinstance(value, str) else isinstance(value, float) and value != value  # noqa: PLR0124 - NaN


def _plain(value: Any) -> Any:
    """A value as Python has it: those of NumPy and polars, alone or in lists, are values of their own kinds."""
    for method in ("tolist", "to_list"):
        if hasattr(value, method):
            value = getattr(value, method)()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _check_columns(columns: Sequence[str], table: str) -> None:
    """Make sure that each column has a name of its own.

    Raises:
        ConfigurationError: two have one name, or one has none.
    """
    for number, column in enumerate(columns, 1):
        if not column:
            raise ConfigurationError(f"Column {number} of {table} has no name.", "Give it one, or remove it.")
        if column in columns[: number - 1]:
            first = columns.index(column) + 1
            raise ConfigurationError(
                f'Columns {first} and {number} of {table} have one name, "{column}".', "Keep one of them."
            )


def _parse_csv(text: str) -> list[Mapping[str, Any]]:
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    if not lines:
        return []
    columns, *rows = lines
    columns = [column.strip() for column in columns]
    if len(columns) == 1 and ";" in columns[0]:
        raise ValueError('its columns are separated by ";", not by ","')
    _check_columns(columns, "the file")
    for number, cells in enumerate(rows, 1):
        if len(cells) != len(columns):
            count = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
            raise ValueError(f"row {number} has {count}, and there are {len(columns)} columns")
    return [dict(zip(columns, cells, strict=True)) for cells in rows]


def _parse_yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 - until needed

    _check_keys(yaml.compose(text, Loader=yaml.SafeLoader))
    return yaml.safe_load(text)


def _check_keys(root: Any) -> None:
    """Make sure that no mapping of YAML has a key twice: YAML would take the last one.

    Raises:
        DoubledKeyError: one has.
    """
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "mapping":
            keys = [key.value for key, _ in node.value if key.id == "scalar"]
            if doubled := next((key for key in keys if keys.count(key) > 1), None):
                raise DoubledKeyError(doubled)
            waiting += [one for pair in node.value for one in pair]
        elif node.id == "sequence":
            waiting += node.value


def _first_line(error: Exception) -> str:
    """What a parser says, with the line that it says it of."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:  # of YAML, which begins with what it was about to do
        return f"{getattr(error, 'problem', '')} in line {mark.line + 1}"
    said = error.problem if isinstance(error, ConfigurationError) else str(error)
    return (said.splitlines() or [type(error).__name__])[0].rstrip(".")


_PARSERS: dict[str, Callable[[str], Iterable[Any]]] = {
    ".csv": _parse_csv,
    ".json": parse_json,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}
