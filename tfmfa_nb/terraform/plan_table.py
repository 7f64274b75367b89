"""A plan's changes as a data frame, of the library that the person has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.data_frames import data_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.terraform.resource_changes import ResourceChange

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
    columns: dict[str, Any] = {each: [getattr(change, each) for change in changes] for each in _TEXTS}
    columns["imported"] = [change.imported for change in changes]
    columns |= {each: [getattr(change, each) for change in changes] for each in _VALUES}
    return data_frame(columns, library, objects=_VALUES)
