"""What every live view of a run is; a view renders, and decides nothing."""

from __future__ import annotations

from typing import Protocol


class View(Protocol):
    """Shows a run between `begin` and `end`, and leaves behind what stays in the notebook."""

    def begin(self) -> None:
        """Show the run as it is, and follow it."""
        ...

    def end(self) -> None:
        """Stop following, and leave what stays."""
        ...
