"""Data frames, of the library that the person has."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_LIBRARIES = ("pandas", "polars")


def data_frame(columns: Mapping[str, Sequence[Any]], library: str = "", objects: Collection[str] = ()) -> Any:
    """A data frame.

    Args:
        columns: N values of each column, by its name.
        library: "pandas" or "polars"; "" for the one that is imported already, or else the one that is installed.
        objects: names of the columns whose values have members of many kinds, which is no type of a column.

    Returns:
        A `pandas.DataFrame` or a `polars.DataFrame` of N rows.

    Raises:
        ConfigurationError: there is no such library.
    """
    name = library or next((each for each in _LIBRARIES if each in sys.modules), "")
    name = name or next((each for each in _LIBRARIES if find_spec(each)), "")
    if name not in _LIBRARIES or not find_spec(name):
        what = f"{library} is" if library else "Neither pandas nor polars is"
        raise ConfigurationError(f"{what} not installed.", "Install one of them: pip install pandas")
    frames = importlib.import_module(name)
    if name == "pandas":
        special = {each: frames.Series(columns[each], dtype=object) for each in objects}
    else:
        special = {each: frames.Series(each, columns[each], dtype=frames.Object) for each in objects}
    return frames.DataFrame({**columns, **special})
