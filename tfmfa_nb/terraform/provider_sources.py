"""The providers of a configuration, by their source addresses.

https://developer.hashicorp.com/terraform/language/providers/requirements#source-addresses
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.configuration_files import unreadable
from tfmfa_nb.terraform.hcl import parse
from tfmfa_nb.terraform.known_providers import BUILT_IN, is_known
from tfmfa_nb.terraform.working_directory import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.expressions import Expression
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

# The AWS provider, its kin, and their forks: types with the same settings for credentials and roles.
AWS_TYPES = frozenset({"aws", "awscc", "awsutils"})
_HOSTS = {"terraform": "registry.terraform.io", "tofu": "registry.opentofu.org"}
_OBJECTS = frozenset({"resource", "data", "ephemeral", "action"})
_EMPTY = re.compile(r"\s*\{\s*\}\s*")
_LOCAL_NAME = re.compile(r'"?([\w-]+)')


@dataclass(frozen=True, slots=True)
class ProviderNames:
    """The local names of the providers in one module.

    Attributes:
        required: source address of each name in `required_providers`, and its place.
        unclear: entries whose source cannot be told without an evaluation.
    """

    product: str
    required: dict[str, tuple[str, str]]
    unclear: tuple[Problem, ...]

    @classmethod
    def of(cls, module: Module, product: str) -> ProviderNames:
        """The names that a module's `required_providers` give."""
        required: dict[str, tuple[str, str]] = {}
        unclear: dict[str, Problem] = {}
        for block in module.blocks:
            for entries in block.all("required_providers") if block.type == "terraform" else ():
                for name, entry in entries.attributes.items():
                    unclear.pop(name, None)
                    source = _source(name, entry)
                    if source is None:
                        text = (
                            f"The source of the provider {name} is not a plain string, so it is not known which it is."
                        )
                        unclear[name] = unreadable(text, entry.place)
                    required[name] = full_name(source or name, product), entry.place
        return cls(product, required, tuple(unclear.values()))

    def address(self, name: str) -> str:
        """The source address of a local name."""
        found = self.required.get(name)
        return found[0] if found else BUILT_IN if name == "terraform" else full_name(name, self.product)

    def is_aws(self, name: str) -> bool:
        """Whether a provider has the AWS provider's settings: by the type in its source, or by its name here."""
        return name in AWS_TYPES or self.address(name).rpartition("/")[2] in AWS_TYPES


def full_name(source: str, product: str) -> str:
    """A source address in full and in lower case: "hashicorp/aws" is registry.terraform.io/hashicorp/aws."""
    parts = unicodedata.normalize("NFKC", source).lower().split("/")
    missing = (_HOSTS.get(product, _HOSTS["terraform"]), "hashicorp")
    return "/".join((*missing[: max(0, 3 - len(parts))], *parts))


def provider_addresses(configuration: Configuration) -> dict[str, str]:
    """The source address of each provider that the configuration requires, uses or has locked, and its first place."""
    found: dict[str, str] = {}
    for module in configuration.modules:
        names = ProviderNames.of(module, configuration.product)
        for address, place in names.required.values():
            found.setdefault(address, place)
        for block in module.blocks:
            for name, place in _used(block):
                found.setdefault(names.address(name), place)
    for address, place in _locked(configuration.folder):
        found.setdefault(address, place)
    return found


def unknown_providers(addresses: dict[str, str]) -> tuple[Problem, ...]:
    """Those providers that may use AWS credentials of their own, for all that is known; named by their address."""
    return tuple(
        Problem(
            f"The provider {address} is not known here: it may use AWS credentials other than the MFA session's.",
            "Have the owner of the organization policy allow it by this name.",
            place,
            address,
        )
        for address, place in addresses.items()
        if not is_known(address)
    )


def _source(name: str, entry: Expression) -> str | None:
    """The source in an entry of `required_providers`; None if it is not a literal."""
    if entry.literal is not None:
        return name  # as Terraform 0.12 wrote it: a version
    source = entry.members.get("source")
    if source is not None:
        return source.literal
    return name if entry.members or _EMPTY.fullmatch(entry.text) else None


def _used(block: Block) -> Iterator[tuple[str, str]]:
    """The local names of the providers that a block uses."""
    if block.type == "provider" and block.labels:
        yield block.labels[0], block.place
    elif block.type in _OBJECTS and block.labels:
        chosen = block.attributes.get("provider")
        written = _LOCAL_NAME.match(chosen.text.lstrip("( ")) if chosen else None
        yield (written[1] if written else block.labels[0].partition("_")[0]), block.place
    elif block.type == "check":
        for data in block.all("data"):
            yield from _used(data)


def _locked(folder: Path) -> Iterator[tuple[str, str]]:
    """The providers in the dependency lock file, which also holds those that only the state still needs."""
    file = folder / LOCK_FILE
    try:
        blocks, _ = parse(file.read_bytes() if file.is_file() else b"", LOCK_FILE)
    except OSError:
        return  # Terraform cannot read it either
    for block in blocks:
        if block.type == "provider" and block.labels:
            yield block.labels[0].lower(), block.place
