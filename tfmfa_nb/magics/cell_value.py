"""The value of a cell that has shown it already: there, it is not shown a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell


class Shown(Protocol):
    """What a notebook shows by its `bundle`."""

    bundle: Callable[[], Mapping[str, str]]


def show_as_value(value: Shown, shell: InteractiveShell, bundle: Callable[[], Mapping[str, str]]) -> None:
    """Show `value` by `bundle` as the value of a cell, except in this one, where its view leaves all of it."""
    here = shell.execution_count
    value.bundle = lambda: {} if shell.execution_count == here else bundle()
