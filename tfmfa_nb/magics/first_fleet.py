"""The magics of fleets, made when the first fleet is asked for, so that loading is fast."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.fleet_records import FLEETS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.fleet_magics import FleetMagics
    from tfmfa_nb.magics.magics import TfmfaMagics


def fleets_of(shell: InteractiveShell, magics: TfmfaMagics) -> Callable[..., Awaitable[object]]:
    """What performs a phase of a fleet; made when it is first used."""

    @cache
    def made() -> FleetMagics:
        from tfmfa_nb.magics.fleet_magics import FleetMagics  # noqa: PLC0415 - until needed

        fleets = FleetMagics(shell, magics)
        magics.closing.append(fleets.close)
        return fleets

    async def perform(what: str, *given: object) -> object:
        if what == "list" and not _has_fleets():
            return None
        return await made().perform(what, *given)  # type: ignore[arg-type]

    return perform


def _has_fleets() -> bool:
    """Whether the notebook's folder has fleets to name."""
    return Path(FLEETS).is_dir()
