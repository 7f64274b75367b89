"""A plan's changes as a data frame, of the library that the person has."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.terraform.resource_changes import ResourceChange

_LIBRARIES = ("pandas", "polars")
_TEXTS = ("address", "action", "reason", "module", "type", "name", "mode", "provider", "moved_from", "deferred")
_VALUES = ("before", "after")


def to_dataframe(changes: Sequence[ResourceChange], library: str = "") -> Any:
    """One row for each change, in the order of the plan.

    Args:
        changes: N changes.
        library: "pandas" or "polars"; "" for the one that is imported already, or else the one that is installed.

    Returns:
        A `pandas.DataFrame` or a `polars.DataFrame` of N rows, with the same columns for every plan: texts, `imported`
        (bool), and `before` and `after`, whose values are dictionaries or None.

    Raises:
        ConfigurationError: there is no such library.
    """
    name = library or next((each for each in _LIBRARIES if each in sys.modules), "")
    name = name or next((each for each in _LIBRARIES if find_spec(each)), "")
    if name not in _LIBRARIES or not find_spec(name):
        what = f"{library} is" if library else "Neither pandas nor polars is"
        raise ConfigurationError(f"{what} not installed.", "Install one of them: pip install pandas")
    frames = importlib.import_module(name)
    columns: dict[str, Any] = {each: [getattr(change, each) for change in changes] for each in _TEXTS}
    columns["imported"] = [change.imported for change in changes]
    values = {each: [getattr(change, each) for change in changes] for each in _VALUES}
    if name == "pandas":
        return frames.DataFrame({**columns, **{each: frames.Series(values[each], dtype=object) for each in _VALUES}})
    # Dictionaries of different resources have different members, which is no type of a column.
    objects = {each: frames.Series(each, values[each], dtype=frames.Object) for each in _VALUES}
    return frames.DataFrame({**columns, **objects})
