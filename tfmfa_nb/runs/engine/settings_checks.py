"""What is wrong with the settings of a run, and can be read before a code: values, Regions, bundles, and addresses."""

from __future__ import annotations

import asyncio
import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.aws_regions import mistyped
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.aws_config import settings_without_credentials
from tfmfa_nb.organization.variables import endpoint_of
from tfmfa_nb.terraform.addresses import nearest, parse_address
from tfmfa_nb.terraform.console_expression import expression_problem
from tfmfa_nb.terraform.evaluation import Evaluator
from tfmfa_nb.terraform.local_state import local_instances
from tfmfa_nb.terraform.refactoring import refactoring_faults
from tfmfa_nb.terraform.required_values import missing_values, undeclared_values

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable

_BUNDLE = "AWS_CA_BUNDLE"
_BUNDLE_ARGUMENT = "custom_ca_bundle"


async def check_settings(driver: Driver, gate: Gate, executable: Executable, configuration: Configuration) -> None:
    """Make sure that what a phase needs of the settings is there.

    Raises:
        ConfigurationError: a variable has no value, a value has no variable, a block that refactors or the expression
            of a console is wrong, a Region does not exist, there is no file with certificate authorities where one is
            set, or a resource that is to be replaced is nowhere.
    """
    _check_values(driver, gate, configuration)
    _check_replaced(driver, gate, configuration)
    # In threads: the first two may run Terraform, and the others import botocore.
    await asyncio.to_thread(_check_expression, driver, gate, executable, configuration)
    await asyncio.to_thread(_check_statements, driver, gate, executable, configuration)
    await asyncio.to_thread(_check_regions, driver, gate, configuration)
    await asyncio.to_thread(_check_bundles, driver, gate, configuration)


def note_addresses(driver: Driver, configuration: Configuration) -> None:
    """Tell which addresses of the options the configuration does not declare: Terraform says nothing of them."""
    options = driver.options
    if options.generate_config_out:  # what is imported is not declared yet
        return
    given = {"--target": options.target, "--replace": options.replace, "--exclude": options.exclude}
    for option, texts in given.items():
        for text in texts:
            address = parse_address(text)
            if not address.declared_in(configuration.root):
                near = nearest(address, configuration.root)
                driver.note(
                    f"The configuration does not declare {address} ({option}): it has an effect only if it is still in "
                    f"the state.{f' Did you mean {near}?' if near else ''}"
                )


def _check_replaced(driver: Driver, gate: Gate, configuration: Configuration) -> None:
    """Make sure that what is to be replaced is declared, or in the state, if that is a file here."""
    # With a backend in the configuration, `init` may open another state than the one that is here.
    if any(inner.type in {"backend", "cloud"} for block in configuration.blocks for inner in block.blocks):
        return
    texts = () if driver.options.generate_config_out else driver.options.replace
    for address in map(parse_address, texts):
        if address.declared_in(configuration.root):
            continue
        instances = local_instances(driver.environment.folder, driver.record.workspace, gate.environ)
        if instances is not None and address not in instances:
            near = nearest(address, configuration.root)
            raise ConfigurationError(
                f"Neither the configuration nor the state has {address} (--replace).",
                f"Did you mean {near}?" if near else "%tfstate list shows what the state has.",
            )


def _check_expression(driver: Driver, gate: Gate, executable: Executable, configuration: Configuration) -> None:
    text = driver.options.call.stdin if driver.options.call is not None else ""
    if text and (problem := expression_problem(text, configuration.root, executable, gate.environ)):
        raise ConfigurationError(problem.what, problem.remedy)


def _check_statements(driver: Driver, gate: Gate, executable: Executable, configuration: Configuration) -> None:
    """Make sure that `moved`, `removed`, and `import` blocks do not stop the plan."""
    options = driver.options
    # Such plans leave blocks out, and other commands evaluate none.
    if options.call is not None or options.destroy or options.refresh_only or options.target or options.exclude:
        return
    values = options.variable_arguments(driver.base)
    evaluator = Evaluator(configuration.folder, executable, gate.environ, values)
    for fault in refactoring_faults(configuration.root, evaluator, generates=bool(options.generate_config_out)):
        raise ConfigurationError(f"{fault}.", fault.detail)


def _check_values(driver: Driver, gate: Gate, configuration: Configuration) -> None:
    variables = driver.options.variable_arguments(driver.base)
    for name in undeclared_values(configuration, variables):
        declared = [block.labels[0] for block in configuration.blocks if block.type == "variable" and block.labels]
        near = difflib.get_close_matches(name, declared, n=1)
        raise ConfigurationError(
            f"--var {name}=… is for a variable that the configuration does not declare.",
            f"Did you mean {near[0]}?" if near else f'Declare it: variable "{name}" {{}}',
        )
    missing = missing_values(configuration, variables, gate.environ)
    if missing:
        names = ", ".join(f"{block.labels[0]} ({block.place})" for block in missing)
        first = missing[0].labels[0]
        raise ConfigurationError(
            f"{'These variables have' if len(missing) > 1 else 'This variable has'} no value: {names}.",
            f"Pass --var {first}=… or --var-file, set TF_VAR_{first}, or add a default.",
        )


def _check_regions(driver: Driver, gate: Gate, configuration: Configuration) -> None:
    blocks = [block for module in configuration.modules for block in module.blocks]
    if any("skip_region_validation" in block.attributes for block in blocks):
        return
    regions = {chain.region: chain.place for chain in driver.record.chains if chain.region}
    endpoint = endpoint_of(gate.environ, "", profile=gate.profile)
    if endpoint.region and not endpoint.url:
        regions.setdefault(endpoint.region, "")
    for region, place in regions.items():
        if (meant := mistyped(region)) is not None:
            where = f"{place}: " if place else ""
            remedy = f"Did you mean {meant}?" if meant else "Set a Region such as us-east-1."
            raise ConfigurationError(f'{where}"{region}" is not an AWS Region.', remedy)


def _check_bundles(driver: Driver, gate: Gate, configuration: Configuration) -> None:
    """The AWS SDK in Terraform opens the file whatever it calls, also what is not encrypted."""
    folder = driver.environment.folder
    carried = settings_without_credentials(gate.environ, gate.profile)
    named = gate.environ.get(_BUNDLE) or carried.get(_BUNDLE)
    bundles = [("", _BUNDLE, named)] if named else []
    blocks = [block for module in configuration.modules for block in module.blocks if block.type == "provider"]
    blocks += [inner for block in configuration.blocks for inner in block.blocks if inner.type == "backend"]
    for block in blocks:
        argument = block.attributes.get(_BUNDLE_ARGUMENT)
        if argument is not None and argument.literal:
            bundles.append((f"{argument.place}: ", _BUNDLE_ARGUMENT, argument.literal))
    for place, name, file in bundles:
        if not (folder / Path(file).expanduser()).exists():
            raise ConfigurationError(
                f"{place}{name} is {file}, and there is no such file.",
                "Set it to a file with certificates in PEM format, or remove it.",
            )
