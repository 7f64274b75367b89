"""The formats of the files that this package writes, each with a version.

A file of a newer version is refused, because ignoring an addition could weaken a rule. A file without a version was
written before versions were introduced, and counts as version 0.

| format | where | schema |
|---|---|---|
| run record | `run.json` | `protocol.records.RunRecord` |
| audit trail | `audit.jsonl` | `runs.audit.trail.AuditTrail` |
| record of a trail | in the user's state folder | `runs.audit.witness.Witnessed` |
| fleet record | `fleet-….json` | `protocol.fleet_records.FleetRecord` |
| environment settings | `tfmfa.json` | `{"aws_multi_factor_authentication": LEVEL}` |
| executed runbook | `.ipynb`, metadata `tfmfa_nb` | `runbooks.execution_record.ExecutionRecord` |
| doctor's report | printed by `jupyter tfmfa doctor --json` | `doctor.command.report` |
| sandbox | `sandbox.json` | `sandbox.handle.Sandbox` |

`apply.jsonl` is Terraform's own format (https://developer.hashicorp.com/terraform/internals/machine-readable-ui).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "format_version"


class FormatError(ConfigurationError):
    """A file has a format version that this version of the package does not support."""


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    Attributes:
        name: name of the format in errors: "run record".
        version: version that this package writes.
        oldest: oldest supported version; 0 for files without a version.
    """

    name: str
    version: int
    oldest: int = 0

    def stamp(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """`document` with the format version as its first member."""
        return {KEY: self.version, **{name: value for name, value in document.items() if name != KEY}}

    def check(self, document: Mapping[str, Any], place: object) -> None:
        """Make sure that this version can read `document`.

        Args:
            document: the parsed file.
            place: path of the file, for errors.

        Raises:
            FormatError: the version is newer, too old, or not a whole number.
        """
        version = document.get(KEY, 0)
        if not isinstance(version, int) or isinstance(version, bool) or version < 0:
            raise FormatError(f"{place}: {KEY} must be a whole number.", "Restore the file, or remove it.")
        if version > self.version:
            raise FormatError(
                f"{place} was written by a newer version of tfmfa_nb ({self.name} format {version}; this version reads "
                f"up to {self.version}).",
                "Upgrade tfmfa_nb.",
            )
        if version < self.oldest:
            raise FormatError(
                f"{place} was written by an old version of tfmfa_nb ({self.name} format {version}; this version reads "
                f"{self.oldest} and later).",
                "Use that version, or start over with this one.",
            )


RUN_RECORD = Format("run record", 1)
AUDIT_TRAIL = Format("audit trail", 1)
TRAIL_WITNESS = Format("record of an audit trail", 1)
FLEET_RECORD = Format("fleet record", 1)
SETTINGS = Format("environment settings", 1)
EXECUTED_RUNBOOK = Format("executed runbook", 1)
DOCTOR_REPORT = Format("doctor's report", 1)
SANDBOX = Format("sandbox", 1)
