"""Whether a configuration can be planned and applied on another machine, told before a code is asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.provider_sources import AWS_TYPES, ProviderNames, provider_addresses

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.model.roles import RoleChain, RoleHop
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.role_chains import Findings

_BACKEND = "s3"  # the one that needs no other credentials than a role's
_S3 = 'Configure backend "s3", or plan it without --on.'
_OTHERS = re.compile(r'backend "|(?:module\.[^.]+\.)*data\.terraform_remote_state\.')
_ELSEWHERE = ("/", "~")


def check_movable(findings: Findings, driver: Driver, configuration: Configuration) -> None:
    """Make sure that a worker can do with the sessions of roles, and with what it is sent.

    Raises:
        ConfigurationError: it cannot.
    """
    name = driver.environment.name
    if findings.backend == "local":
        raise ConfigurationError(f'"{name}" keeps its state on this machine, where no worker finds it.', _S3)
    if findings.backend != _BACKEND:
        raise ConfigurationError(
            f'"{name}" keeps its state in the backend "{findings.backend}", whose credentials are sent to no worker.',
            _S3,
        )
    if driver.options.generated_file(driver.environment.folder) is not None:
        raise ConfigurationError(
            f'"{name}": --generate-config-out writes a file, which would stay on a worker.', "Plan it without --on."
        )
    _check_roles(findings, name)
    _check_providers(findings, configuration)
    _check_endpoints(findings, name)
    _check_paths(configuration)


def roles_of(findings: Findings) -> tuple[RoleChain, ...]:
    """The chains of different roles, those of providers first: the first session is Terraform's own on a worker."""
    different: dict[object, RoleChain] = {}
    for chain in sorted(findings.chains, key=_is_other):
        if chain.hops:
            different.setdefault(_essence(chain), chain)
    return tuple(different.values())


def _check_ways(roles: tuple[RoleChain, ...], name: str) -> None:
    """Make sure that what Terraform asks for tells one role from another: who asks is not a part of it.

    Raises:
        ConfigurationError: it does not.
    """
    ends: dict[RoleHop, RoleChain] = {}
    for chain in roles:
        other = ends.setdefault(_essence(chain)[-1], chain)
        if other is not chain:
            raise ConfigurationError(
                f'{chain.hops[-1].place}: {chain.provider} and {other.provider} of "{name}" come to the same role in '
                "different ways, which a worker cannot tell apart.",
                "Give one of them a role, or an external_id, of its own, or plan it without --on.",
            )


def _check_roles(findings: Findings, name: str) -> None:
    remedy = "Add an assume_role block to it, or plan it without --on."
    for chain in findings.chains:
        for hop in chain.hops:
            if hop.role_arn is None or hop.unknown:
                what = "the role" if hop.role_arn is None else f"`{hop.unknown[0]}` of the role"
                raise ConfigurationError(
                    f'{hop.place}: {what} that {chain.provider} of "{name}" assumes is not known before Terraform '
                    "runs, so that its session cannot be sent to a worker.",
                    "Make it a value that is known, or plan it without --on.",
                )
        if not chain.hops and not _is_other(chain):
            raise ConfigurationError(
                f'{chain.place}: {chain.provider} of "{name}" assumes no role. It would use the MFA session itself, '
                "which never leaves this machine.",
                remedy,
            )
    roles = roles_of(findings)
    if not roles:
        raise ConfigurationError(f'"{name}" assumes no role whose session could be sent to a worker.', remedy)
    _check_ways(roles, name)
    for chain in findings.chains:
        if not chain.hops and len(roles) > 1:
            raise ConfigurationError(
                f'{chain.place}: {chain.provider} of "{name}" assumes no role, and its providers assume several: which '
                "one opens the state on a worker is not said.",
                remedy,
            )


def _check_providers(findings: Findings, configuration: Configuration) -> None:
    """What names no configuration of its provider, as a resource that only the state has left, uses the default one.

    Where that has no block, Terraform makes one up, which acts as Terraform itself does: on a worker, as any role.
    """
    names = ProviderNames.of(configuration.root, configuration.product)
    acting = {_kind(names.address(chain.provider)) for chain in findings.chains if chain.hops}
    for address, place in provider_addresses(configuration).items():
        provider = address.rpartition("/")[2]
        if provider in AWS_TYPES and _kind(address) not in acting:
            raise ConfigurationError(
                f"{place}: the provider {address} has no configuration without an alias in the root module. "
                "On a worker, what uses it by default would act as another role than here.",
                f'Add provider "{provider}" with an assume_role block, or plan it without --on.',
            )


def _kind(address: str) -> str:
    """A provider without its registry, which OpenTofu's lock file may name otherwise."""
    return address.partition("/")[2]


def _check_endpoints(findings: Findings, name: str) -> None:
    for setting in findings.network:
        if setting.is_endpoint and setting.values():
            raise ConfigurationError(
                f'{setting.place}: {setting.owner} of "{name}" sets `{setting.name}`. On a worker, roles are not '
                "assumed there, but handed out by what this machine has sent.",
                "Remove it, or plan it without --on.",
            )


def _check_paths(configuration: Configuration) -> None:
    """A path outside of what is sent means another file on a worker, or none."""
    paths = [
        (place, path)
        for file in configuration.files
        for path in configuration.parsed[file].data
        if path.startswith(_ELSEWHERE) and (place := _place_of(path, file, configuration.folder))
    ]
    for module in configuration.modules:
        for block in module.blocks:
            source = block.attributes.get("source") if block.type == "module" else None
            if source is not None and source.literal is not None:
                paths.append((source.place, source.literal))
    for place, path in paths:
        if path.startswith(_ELSEWHERE):
            raise ConfigurationError(
                f"{place}: {path} is a path on this machine, which means another file on a worker, or none.",
                "Use a path from the module: ${path.module}/… for a file, ./… or ../… for a module. Or plan it "
                "without --on.",
            )


def _place_of(path: str, file: str, folder: Path) -> str:
    """Where a file of the configuration has a path; "" if only lines of comments have it."""
    try:
        lines = (folder / file).read_text("utf-8", "replace").splitlines()
    except OSError:  # it has just changed, and is inspected again
        return file
    found = (number for number, line in enumerate(lines, 1) if path in line and not _is_comment(line))
    return next((f"{file}:{number}" for number in found), "")


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", "//"))


def _is_other(chain: RoleChain) -> bool:
    """Whether this is a state's, not a provider's."""
    return _OTHERS.match(chain.provider) is not None


def _essence(chain: RoleChain) -> tuple[RoleHop, ...]:
    """What AWS is asked for, whatever the session is called and wherever that is said."""
    return tuple(replace(hop, expression="", place="", session_name=None, duration_seconds=None) for hop in chain.hops)
