"""The formats of the files that this package writes, each with a version.

A file that a newer version wrote is refused, because ignoring what it adds could weaken a rule. A file without a
version was written before formats had one; it counts as version 0.

| format | where | schema |
|---|---|---|
| run record | `run.json` | `protocol.records.RunRecord` |
| audit trail | `audit.jsonl` | `runs.audit.AuditTrail` |
| environment settings | `tfmfa.json` | `{"aws_multi_factor_authentication": LEVEL}` |
| executed runbook | `.ipynb`, metadata `tfmfa_nb` | `runbooks` |
| sandbox | `sandbox.json` | `sandbox.server.Sandbox` |

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
    """A file was written by a version of this package whose format this version does not read."""


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    Attributes:
        name: how a sentence calls a file of it: "run record".
        version: what this version of the package writes.
        oldest: the oldest version that it reads; 0 for files without a version.
    """

    name: str
    version: int
    oldest: int = 0

    def stamp(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """`document` with the version of its format as its first member."""
        return {KEY: self.version, **{name: value for name, value in document.items() if name != KEY}}

    def check(self, document: Mapping[str, Any], place: object) -> None:
        """Make sure that this version can read `document`.

        Args:
            document: the parsed file.
            place: the file, as the sentence names it.

        Raises:
            FormatError: its version is newer, too old, or not a whole number.
        """
        found = document.get(KEY, 0)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise FormatError(f"{place}: {KEY} must be a whole number.", "Restore the file, or remove it.")
        if found > self.version:
            raise FormatError(
                f"{place} was written by a newer version of tfmfa_nb ({self.name} format {found}; this version reads "
                f"up to {self.version}).",
                "Upgrade tfmfa_nb.",
            )
        if found < self.oldest:
            raise FormatError(
                f"{place} was written by an old version of tfmfa_nb ({self.name} format {found}; this version reads "
                f"{self.oldest} and later).",
                "Finish the work with that version, or start again with this one.",
            )


RUN_RECORD = Format("run record", 1)
AUDIT_TRAIL = Format("audit trail", 1)
SETTINGS = Format("environment settings", 1)
EXECUTED_RUNBOOK = Format("executed runbook", 1)
SANDBOX = Format("sandbox", 1)
