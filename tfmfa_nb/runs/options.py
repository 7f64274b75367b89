"""The options of a run, under the names that Terraform uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `%%tfplan` and `%%tfapply`; the names are Terraform's.

    Attributes:
        lock_timeout: how long to wait for the environment's lock, and for Terraform's state lock; Terraform's
            form of a duration: "0s", "90s", "1h30m".
        level: a stricter level for this run only.
        overwrite: replace a `main.tf` that was changed by hand.
        auto_approve: skip the confirmation; a code may still be required.
    """

    var: tuple[str, ...] = ()
    var_file: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    destroy: bool = False
    refresh_only: bool = False
    lock_timeout: str = "0s"
    level: Level = Level.NEVER
    overwrite: bool = False
    auto_approve: bool = False

    @property
    def lock_seconds(self) -> float:
        """`lock_timeout` in seconds.

        Raises:
            ConfigurationError: the value is not a duration.
        """
        parts = _DURATION.findall(self.lock_timeout)
        if not parts or "".join(number + unit for number, unit in parts) != self.lock_timeout:
            raise ConfigurationError(
                f"--lock-timeout {self.lock_timeout!r} is not a valid duration.", "Examples: 30s, 10m, 1h30m."
            )
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)

    def var_files(self, base: Path) -> tuple[Path, ...]:
        """The variable files as absolute paths.

        Args:
            base: folder of the notebook, to which relative paths refer.

        Raises:
            ConfigurationError: a file does not exist.
        """
        files = tuple((base / Path(name).expanduser()).absolute() for name in self.var_file)
        for file in files:
            if not file.is_file():
                raise ConfigurationError(f"The variable file {file} does not exist.", "Correct --var-file.")
        return files

    def plan_arguments(self, base: Path) -> list[str]:
        """These options as arguments of `terraform plan`.

        Raises:
            ConfigurationError: a variable file does not exist, or two options cannot be combined.
        """
        if self.destroy and self.refresh_only:
            raise ConfigurationError("--destroy and --refresh-only cannot be combined.", "Use only one of them.")
        return [
            f"-lock-timeout={self.lock_timeout}",
            *(f"-var={value}" for value in self.var),
            *(f"-var-file={file}" for file in self.var_files(base)),
            *(f"-target={address}" for address in self.target),
            *(f"-replace={address}" for address in self.replace),
            *(["-destroy"] if self.destroy else []),
            *(["-refresh-only"] if self.refresh_only else []),
        ]
