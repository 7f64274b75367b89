"""What stands in a configuration about roles, credentials, and programs, before its values are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.credential_settings import CredentialSettings
from tfmfa_nb.terraform.declared_chains import (
    DeclaredChain,
    other_remote_states,
    provider_chain,
    provider_owner,
    remote_state_chains,
    repetitions,
)
from tfmfa_nb.terraform.programs import program, programs_of
from tfmfa_nb.terraform.provider_sources import ProviderNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.terraform.evaluation import Question
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module


@dataclass(slots=True)
class DeclaredSettings:
    """What stands in a configuration; see the module."""

    chains: list[DeclaredChain] = field(default_factory=list)
    others: list[CredentialSettings] = field(default_factory=list)
    programs: list[Problem] = field(default_factory=list)
    unclear: list[Problem] = field(default_factory=list)

    def questions(self) -> Iterator[Question]:
        """Every question about it."""
        yield from (question for chain in self.chains for question in chain.questions())
        for settings in self.others:
            yield from (question for bypass in settings.bypasses for question in bypass.questions())
            yield from (question for plugin in settings.plugins for question in plugin.questions())

    def add(self, module: Module, product: str) -> None:
        """Add what stands in a module."""
        names = ProviderNames.of(module, product)
        self.unclear += names.unclear
        for block in module.blocks:
            if block.type != "provider" or not block.labels:
                continue
            if names.is_aws(block.labels[0]):
                self.chains.append(provider_chain(module, block))
            else:
                self.add_other(module, block, provider_owner(block))
        self.chains += remote_state_chains(module)
        for block, owner in other_remote_states(module):
            self.add_other(module, block, owner)
        self.programs += programs_of(module)

    def add_other(self, module: Module, block: Block, owner: str) -> None:
        """Add a block of another provider or backend."""
        loops, _ = repetitions(module, block)
        settings = CredentialSettings.of(module, block, owner, loops)
        self.others.append(settings)
        self.programs += [program("exec", plugin.place, f"exec of {owner}") for plugin in settings.plugins]
        self.programs += [program("exec", place, f"A kubeconfig of {owner}") for place in settings.kubeconfigs]

    def profiles(self) -> Iterator[Problem]:
        """The profiles that are not known, once the questions are answered."""
        declared = [one for chain in self.chains if chain.uses_aws for one in chain.bypasses]
        declared += [one for settings in self.others for one in settings.bypasses]
        yield from (problem for one in declared if (problem := one.unknown_profile()))

    def bypasses(self) -> Iterator[Problem]:
        """The bypasses, once the questions are answered."""
        declared = [one for chain in self.chains if chain.uses_aws for one in chain.bypasses]
        declared += [one for settings in self.others for one in settings.bypasses]
        yield from (problem for one in declared if (problem := one.problem()))
        plugins = (plugin for settings in self.others for plugin in settings.plugins)
        yield from (problem for plugin in plugins if (problem := plugin.problem()))
