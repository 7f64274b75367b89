"""The options of a run, under the names that Terraform uses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.terraform.variable_arguments import variable_arguments

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `%%tfplan` and `%%tfapply`; the names are Terraform's.

    Attributes:
        variables: ("var", "NAME=VALUE") and ("var_file", "FILE") in the order of the line, where the last value counts.
        lock_timeout: how long to wait for the environment's lock, and for Terraform's state lock; Terraform's
            form of a duration: "0s", "90s", "1h30m".
        level: a stricter level for this run only.
        configuration: the cell's HCL, which becomes `main.tf`; None for the configuration that is there.
        overwrite: replace a `main.tf` that was changed by hand.
        auto_approve: skip the confirmation; a code may still be required.
    """

    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    target: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    destroy: bool = False
    refresh_only: bool = False
    lock_timeout: str = "0s"
    level: Level = Level.NEVER
    configuration: str | None = field(default=None, repr=False)
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

    def variable_arguments(self, base: Path) -> VariableArguments:
        """The values of variables as arguments of Terraform.

        Args:
            base: folder of the notebook, to which relative paths refer.

        Raises:
            ConfigurationError: a variable file does not exist.
        """
        arguments = variable_arguments(self.variables, base)
        for file in arguments.files:
            if not file.is_file():
                raise ConfigurationError(f"The variable file {file} does not exist.", "Correct --var-file.")
        return arguments

    def plan_arguments(self) -> list[str]:
        """These options as arguments of `terraform plan`, without the values of variables.

        Raises:
            ConfigurationError: two options cannot be combined.
        """
        if self.destroy and self.refresh_only:
            raise ConfigurationError("--destroy and --refresh-only cannot be combined.", "Use only one of them.")
        return [
            f"-lock-timeout={self.lock_timeout}",
            *(f"-target={address}" for address in self.target),
            *(f"-replace={address}" for address in self.replace),
            *(["-destroy"] if self.destroy else []),
            *(["-refresh-only"] if self.refresh_only else []),
        ]
