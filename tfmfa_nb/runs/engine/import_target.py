"""The resource into which an import goes: whether it is declared, and has such an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.addresses import nearest, parse_address
from tfmfa_nb.terraform.evaluation import Evaluator
from tfmfa_nb.terraform.instances import Instances

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.modules import Module


def check_import(root: Module, call: Call) -> None:
    """Make sure that the resource of an import is declared.

    Raises:
        ConfigurationError: it is not, or the command has no address and ID.
    """
    try:
        text, _ = call.names
    except ValueError:
        raise ConfigurationError(
            "An import takes the address of a resource and its ID.", "Such as: %tfimport aws_instance.web i-0abc"
        ) from None
    try:
        address = parse_address(text)
    except ValueError:
        address = None
    if address is None or address.mode != "resource":
        raise ConfigurationError(f"{text} is not the address of a managed resource.", "Such as: aws_instance.web")
    if not address.declared_in(root):
        near = nearest(address, root)
        raise ConfigurationError(
            f"The configuration does not declare {address}, into which the import would go.",
            f"Did you mean {near}?" if near else "Declare the resource first.",
        )


def check_instance(driver: Driver, gate: Gate, executable: Executable, call: Call) -> None:
    """Make sure that the resource of an import has the instance, as far as that is known without credentials.

    Raises:
        ConfigurationError: it has not.
    """
    target, root = parse_address(call.names[0]), driver.read_configuration(executable, gate.environ).root
    values = driver.options.variable_arguments(driver.base)
    evaluator = Evaluator(driver.environment.folder, executable, gate.environ, values)
    if Instances([target], root, evaluator).exists(target) is False:
        raise ConfigurationError(
            f"There is no such instance as {target}.", "See its count or for_each, and those of its modules."
        )
