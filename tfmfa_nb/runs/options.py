"""The options of a run, under the names that Terraform uses."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.suggestions import close_to
from tfmfa_nb.organization.policy_checks import check_of_line
from tfmfa_nb.terraform.backend_arguments import backend_arguments
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES, variable_arguments
from tfmfa_nb.terraform.working_directory import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from tfmfa_nb.terraform.backend_arguments import BackendArguments
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# What cannot be combined, in Terraform's and OpenTofu's own rules.
_EXCLUSIVE = (
    ("destroy", "refresh_only"),
    ("no_refresh", "refresh_only"),
    ("migrate_state", "reconfigure"),
    ("target", "exclude"),
)
_FLAGS = {"no_refresh": "-refresh=false"}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `%%tfplan`, `%%tfapply`, and the other commands; the names are Terraform's.

    Attributes:
        variables: ("var", "NAME=VALUE"), ("value", "NAME=VALUE") for one that comes from Python and stands in no
            notebook, and ("var_file", "FILE"), in the order of the line, where the last value counts.
        target, replace, exclude: addresses of resources.
        refresh: whether the plan compares the state with AWS.
        parallelism: how many operations run at once; 0 for Terraform's own number.
        generate_config_out: file in the environment's folder for the configuration of imported resources; "" for none.
        backend_config: "KEY=VALUE" or "FILE", for `init`.
        reconfigure, migrate_state, upgrade: what the next `init` does with the backend and the providers.
        policy_checks: command lines that judge the plan before it can be applied.
        workspace: workspace of this run; "" for the one that is selected.
        or_create: create the workspace if it does not exist.
        lock_timeout: how long to wait for the environment's lock, and for Terraform's state lock; Terraform's
            form of a duration: "0s", "90s", "1h30m".
        level: a stricter level for this run only.
        level_given: whether the call names a level, which has no effect where a stricter one holds.
        configuration: the cell's HCL, which becomes `main.tf`; None for the configuration that is there.
        overwrite: replace a `main.tf` that was changed by hand.
        auto_approve: skip the confirmation; a code may still be required.
        requested_by: an agent that asked for the run, by the name that it gave itself; "" for a person.
        call: another command than `plan` and `apply`; None for those.
        fleet: ID of the fleet that the run is part of; "" for none.
    """

    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    target: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    destroy: bool = False
    refresh_only: bool = False
    refresh: bool = True
    parallelism: int = 0
    compact_warnings: bool = False
    generate_config_out: str = ""
    backend_config: tuple[str, ...] = field(default=(), repr=False)
    reconfigure: bool = False
    migrate_state: bool = False
    upgrade: bool = False
    policy_checks: tuple[str, ...] = ()
    workspace: str = ""
    or_create: bool = False
    lock_timeout: str = "0s"
    level: Level = Level.NEVER
    level_given: bool = False
    configuration: str | None = field(default=None, repr=False)
    overwrite: bool = False
    auto_approve: bool = False
    requested_by: str = ""
    call: Call | None = field(default=None, repr=False)
    fleet: str = ""

    @property
    def no_refresh(self) -> bool:
        """Whether the plan takes the state for true."""
        return not self.refresh

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

    def check(self) -> None:
        """Report, before anything is created, what Terraform would refuse only after a code was used.

        Raises:
            ConfigurationError: the lock timeout is not a duration, a variable has no value, options exclude each other,
                or an address is none.
        """
        _ = self.lock_seconds
        for kind, text in self.variables:
            name, equals, _ = text.partition("=")
            if kind != "var_file" and not (name.strip() and equals):
                raise ConfigurationError(f"--var {text!r} is not a name and a value.", "Write it as --var NAME=VALUE.")
        _check_named("var-file", [text for kind, text in self.variables if kind == "var_file"])
        _check_named("backend-config", self.backend_config)
        for first, second in _EXCLUSIVE:
            if getattr(self, first) and getattr(self, second):
                names = [_FLAGS.get(name, f"--{name.replace('_', '-')}") for name in (first, second)]
                raise ConfigurationError(f"{names[0]} and {names[1]} cannot be combined.", "Use only one of them.")
        for line in self.policy_checks:
            check_of_line(line)
        for option, texts in (("target", self.target), ("replace", self.replace), ("exclude", self.exclude)):
            for text in texts:
                _check_address(option, text)
        if self.or_create and not self.workspace:
            raise ConfigurationError("--or-create needs a workspace.", "Name it with --workspace NAME.")

    @property
    def names_on_line(self) -> list[str]:
        """The variables whose values stand in the notebook."""
        return [text.partition("=")[0].strip() for kind, text in self.variables if kind == "var"]

    @property
    def values_of_python(self) -> dict[str, str]:
        """The values of variables that come from Python."""
        pairs = (text.partition("=") for kind, text in self.variables if kind == "value")
        return {name.strip(): value for name, _, value in pairs}

    @property
    def changes_state(self) -> bool:
        """Whether the plan itself changes a state: `init` copies it, or a workspace comes into being."""
        return self.migrate_state or self.or_create

    @property
    def environ(self) -> dict[str, str]:
        """The process variables that these options stand for.

        `TF_WORKSPACE` selects a workspace for the run's own processes, so that the folder's selection remains what it
        is for everybody else (https://developer.hashicorp.com/terraform/cli/config/environment-variables#tf_workspace).
        """
        return {WORKSPACE: self.workspace} if self.workspace else {}

    def in_workspace_of(self, environ: Mapping[str, str]) -> Self:
        """With the workspace that `TF_WORKSPACE` names as the chosen one: Terraform would create it, and we do not."""
        return replace(self, workspace=self.workspace or environ.get(WORKSPACE, ""))

    def initialized(self) -> Self:
        """Without what `init` has done by now, and need not do again."""
        return replace(self, reconfigure=False, migrate_state=False, upgrade=False)

    def check_files(self, base: Path, folder: Path) -> None:
        """Make sure that no file is missing whose path has a typing error, or leads where `terraform -chdir` looks.

        Args:
            base: folder of the notebook, to which relative paths refer.
            folder: the environment's.

        Raises:
            ConfigurationError: one is, with the path that was meant.
        """
        files = [("--var-file", text) for kind, text in self.variables if kind == "var_file"]
        files += [("--backend-config", text) for text in self.backend_config if "=" not in text]
        for option, text in files:
            file = base / Path(text).expanduser()
            if not file.exists() and (meant := _file_meant(file, folder / text, option, base)):
                raise ConfigurationError(
                    f"The file {file.absolute()} does not exist.",
                    f"{meant} Files are relative to the notebook, also with -C.",
                )

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
                raise ConfigurationError(
                    f"The variable file {file} does not exist.",
                    "Correct --var-file: a file relative to the notebook, also with -C.",
                )
        return arguments

    def early_variables(self, base: Path, executable: Executable) -> VariableArguments:
        """The values for a command that only an OpenTofu needs that evaluates the backend and the modules' sources.

        Args:
            base: folder of the notebook, to which relative paths refer.
            executable: Terraform or OpenTofu.

        Raises:
            ConfigurationError: a variable file does not exist.
        """
        return self.variable_arguments(base) if executable.evaluates_early else NO_VARIABLES

    def backend_arguments(self, base: Path) -> BackendArguments:
        """What `init` is given about the backend.

        Args:
            base: folder of the notebook, to which relative paths refer.

        Raises:
            ConfigurationError: a file with settings does not exist.
        """
        arguments = backend_arguments(self.backend_config, base, reconfigure=self.reconfigure)
        for file in arguments.files:
            if not file.is_file():
                raise ConfigurationError(
                    f"The file {file} does not exist.",
                    "Correct --backend-config: KEY=VALUE, or a file relative to the notebook, also with -C.",
                )
        return arguments

    def init_arguments(self, base: Path, *, backend: bool = True) -> list[str]:
        """These options as arguments of `terraform init`.

        Args:
            base: folder of the notebook, to which relative paths refer.
            backend: whether it initializes the backend too.
        """
        if not backend:
            return ["-backend=false", *(["-upgrade"] if self.upgrade else [])]
        return [
            *self.backend_arguments(base).arguments,
            *(["-reconfigure"] if self.reconfigure else []),
            # Nobody can answer a question of Terraform's; ours comes before.
            *(["-migrate-state", "-force-copy"] if self.migrate_state else []),
            *(["-upgrade"] if self.upgrade else []),
        ]

    def plan_arguments(self, product: str = "terraform") -> list[str]:
        """These options as arguments of `terraform plan`, without the values of variables.

        Args:
            product: "terraform" or "tofu".

        Raises:
            ConfigurationError: this product does not have an option.
        """
        if self.exclude and product != "tofu":
            raise ConfigurationError(
                "--exclude is an option of OpenTofu, and Terraform does not have it.",
                "Name with --target what the plan is limited to, or set TFMFA_TERRAFORM to tofu.",
            )
        return [
            f"-lock-timeout={self.lock_timeout}",
            *(f"-target={address}" for address in self.target),
            *(f"-replace={address}" for address in self.replace),
            *(f"-exclude={address}" for address in self.exclude),
            *(["-destroy"] if self.destroy else []),
            *(["-refresh-only"] if self.refresh_only else []),
            *([] if self.refresh else ["-refresh=false"]),
            *(["-compact-warnings"] if self.compact_warnings else []),
            *([f"-generate-config-out={self.generate_config_out}"] if self.generate_config_out else []),
            *self._parallelism(),
        ]

    def generated_file(self, folder: Path) -> Path | None:
        """The file in the environment's `folder` into which Terraform writes configuration; None if it writes none."""
        return folder / self.generate_config_out if self.generate_config_out else None

    def apply_arguments(self) -> list[str]:
        """These options as arguments of `terraform apply`, without the values of variables."""
        return [f"-lock-timeout={self.lock_timeout}", *self._parallelism()]

    def _parallelism(self) -> list[str]:
        return [f"-parallelism={self.parallelism}"] if self.parallelism else []


def _check_named(option: str, texts: Iterable[str]) -> None:
    """Make sure that no text is empty, which would name a folder.

    Raises:
        ConfigurationError: one is.
    """
    if not all(map(str.strip, texts)):
        raise ConfigurationError(f"--{option} has no value.", f"Name a file: --{option} FILE.")


def _file_meant(missing: Path, elsewhere: Path, option: str, base: Path) -> str:
    """The question about the file that is meant by a missing one: the same name elsewhere, or a close name; or ""."""
    for place in (elsewhere, missing):
        if place.is_file():
            return f"Did you mean {option} {os.path.relpath(place, base)}?"
    for place in (missing, elsewhere):
        with suppress(OSError):
            files = {file.stem: file for file in place.parent.iterdir() if file.suffix == missing.suffix}
            if close := close_to(missing.stem, files):
                return f"Did you mean {option} {os.path.relpath(files[close], base)}?"
    return ""


def _check_address(option: str, text: str) -> None:
    """Make sure that Terraform will take an address.

    Raises:
        ConfigurationError: it will not.
    """
    from tfmfa_nb.terraform.addresses import parse_address  # noqa: PLC0415 - until needed

    try:
        address = parse_address(text)
    except ValueError:
        address = None
    if address is None:
        raise ConfigurationError(
            f"--{option} {text} is not the address of a resource.",
            'Examples: aws_instance.web, aws_instance.web[0], aws_instance.web["blue"], module.network.aws_vpc.main',
        )
    if option == "replace" and address.mode != "resource":
        raise ConfigurationError(f"--replace {text} is not a managed resource.", "Name the resource to replace.")
