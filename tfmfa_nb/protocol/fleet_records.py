"""The record of a fleet: which runs belong to it, for a kernel that did not start it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tfmfa_nb.model.json_objects import DoubledKeyError, parse_json
from tfmfa_nb.protocol import formats
from tfmfa_nb.protocol.codec import encode, parse
from tfmfa_nb.protocol.layout import RUN_ID

if TYPE_CHECKING:
    from pathlib import Path

FLEETS = ".tfmfa-fleets"
"""The folder of the fleets' records, beside the notebook; mode 0700, not under version control."""
FLEET_ID = re.compile(r"fleet-\d{8}-\d{6}-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMember:
    """An environment of a fleet.

    Attributes:
        name: its name in the fleet.
        folder: its folder, relative to the notebook's where possible.
        owned: whether cells write its configuration.
        run: ID of its run.
    """

    name: str
    folder: str
    owned: bool
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRecord:
    """A fleet and its runs."""

    id: str
    environments: tuple[FleetMember, ...]

    @property
    def started_at(self) -> float:
        """When the fleet was made, in seconds since the epoch; its ID says so."""
        return datetime.strptime(f"{self.id[:-7]} +0000", "fleet-%Y%m%d-%H%M%S %z").timestamp()

    def text(self) -> str:
        """The content of its file."""
        return json.dumps(formats.FLEET_RECORD.stamp(encode(self)), indent=1) + "\n"


def fleet_record(path: Path) -> FleetRecord | None:
    """The record in a file; None if there is none, or if it is no record.

    Raises:
        FormatError: a newer version has written it.
    """
    try:
        document = parse_json(path.read_bytes())
    except (OSError, ValueError, RecursionError, DoubledKeyError):
        return None
    if not isinstance(document, dict):
        return None
    formats.FLEET_RECORD.check(document, path)
    record = parse(document, FleetRecord)
    if record is None or record.id != path.stem or not FLEET_ID.fullmatch(record.id):
        return None
    known = all(RUN_ID.fullmatch(each.run) and each.folder.isprintable() for each in record.environments)
    return record if known else None
