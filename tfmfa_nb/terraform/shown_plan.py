"""A saved plan as data, by `terraform show -json`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.terraform.credentials import offline_environ
from tfmfa_nb.terraform.decimals import decimal_number
from tfmfa_nb.terraform.dependencies import locals_of
from tfmfa_nb.terraform.garbage_collection import fewer_collections
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.variable_arguments import VariableArguments


def show_plan(
    executable: Executable,
    plan: BinaryIO,
    configuration: Configuration,
    environ: Mapping[str, str],
    variables: VariableArguments = NO_VARIABLES,
) -> Plan:
    """The saved plan in the file `plan`, which may have been deleted since it was opened.

    Args:
        executable: Terraform or OpenTofu.
        plan: file of the plan, open for reading.
        configuration: what it was made from; it has the names that the plan does not have.
        environ: process environment; its secrets are not passed on.
        variables: values that an OpenTofu needs to read the configuration; see `Executable.evaluates_early`.

    Raises:
        TerraformFailed: Terraform could not show it.
    """
    child = offline_environ(environ)
    process = subprocess.run(
        [*executable.command, "show", "-json", f"/dev/fd/{plan.fileno()}"],
        pass_fds=(plan.fileno(),),
        cwd=configuration.folder,
        env={**child, **fewer_collections(child), **variables.environ("show")},
        capture_output=True,
        check=False,
        start_new_session=True,  # so that the kernel's interrupt does not reach it
    )
    try:
        document = json.loads(process.stdout, parse_float=decimal_number)
        return Plan(document, locals_of(configuration.modules))
    except ValueError:
        raise TerraformFailed("Terraform could not show the saved plan.", "Plan again with %tfplan.") from None
