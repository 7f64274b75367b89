"""What assumes roles: configurations of the AWS provider and its kin, S3 backends, remote states, KMS key providers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.roles import RoleChain
from tfmfa_nb.terraform.assume_role import DeclaredRole, roles_of_backend, roles_of_block, roles_of_setting
from tfmfa_nb.terraform.evaluation import UNKNOWN, Loop, Question
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.hcl import Block
from tfmfa_nb.terraform.mfa_bypasses import DeclaredBypass, bypasses_of_block, bypasses_of_settings
from tfmfa_nb.terraform.network_settings import NetworkSetting, network_settings, network_settings_of_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tfmfa_nb.terraform.modules import Module


_REMOTE_STATE = "terraform_remote_state"


@dataclass(frozen=True, slots=True)
class DeclaredChain:
    """A chain in the configuration; the value of `keys` has the key of each repetition."""

    name: str
    place: str
    roles: Sequence[DeclaredRole]
    bypasses: Sequence[DeclaredBypass]
    keys: Question | None = None
    region: Question | None = None
    network: Sequence[NetworkSetting] = ()
    backend: Question | None = None  # the backend of a remote state: only "s3" has roles

    def questions(self) -> Iterator[Question]:
        """Every question about the chain."""
        yield from (question for role in self.roles for question in role.questions())
        yield from (question for bypass in self.bypasses for question in bypass.questions())
        yield from (setting.question for setting in self.network)
        yield from (question for question in (self.keys, self.region, self.backend) if question)

    @property
    def examined(self) -> Iterator[str]:
        """The names of the settings that are examined, whatever their values."""
        yield from (bypass.name for bypass in self.bypasses)
        yield from (setting.name for setting in self.network)

    @property
    def uses_aws(self) -> bool:
        """Whether it calls AWS, once the questions are answered."""
        return self.backend is None or self.backend.value is UNKNOWN or self.backend.value == "s3"

    def chains(self) -> Iterator[RoleChain]:
        """One chain for each repetition, once the questions are answered."""
        if self.keys is None:
            yield self._chain(self.name, 0)
        elif isinstance(self.keys.value, list):
            for index, key in enumerate(self.keys.value):
                label = str(key) if isinstance(key, int) else f'"{key}"'
                yield self._chain(f"{self.name}[{label}]", index)
        else:
            yield self._chain(f"{self.name}[*]", 0)

    def _chain(self, name: str, index: int) -> RoleChain:
        hops = tuple(hop for role in self.roles for hop in role.hops(index))
        region: Any = self.region.value if self.region else None
        if isinstance(region, list):
            region = region[index] if index < len(region) else None
        return RoleChain(name, hops, self.place, region if isinstance(region, str) and region else None)


def provider_chain(module: Module, block: Block) -> DeclaredChain:
    """The chain of a `provider` block of the AWS provider or its kin."""
    alias, region = block.attributes.get("alias"), block.attributes.get("region")
    name = f"{module.address}{block.labels[0]}"
    if alias is not None:
        name += f".{alias.literal or alias.text}"
    loops, keys = repetitions(module, block)
    return DeclaredChain(
        name,
        block.place,
        [*roles_of_block(module, block, loops), *roles_of_setting(module, block.attributes.get("assume_role"), loops)],
        list(bypasses_of_block(module, block, provider_owner(block), loops)),
        keys,
        Question(module, region, loops) if region else None,
        list(network_settings(module, block, provider_owner(block), loops)),
    )


def provider_owner(block: Block) -> str:
    """How messages name a provider block."""
    return f'provider "{block.labels[0]}"'


def settings_chain(module: Module, block: Block, name: str) -> DeclaredChain:
    """The chain of a block with an S3 backend's settings: that backend, or a KMS key provider."""
    roles = roles_of_backend(module, block.attributes.get) + roles_of_block(module, block)
    network = list(network_settings(module, block, name))
    return DeclaredChain(name, block.place, roles, list(bypasses_of_block(module, block, name)), network=network)


def remote_state_chains(module: Module) -> Iterator[DeclaredChain]:
    """The chains of the remote states that a module reads."""
    for block in module.blocks:
        if block.type == "data":
            yield from _remote_state(module, block)
        elif block.type == "check":
            for data in block.all("data"):
                yield from _remote_state(module, data)


def other_remote_states(module: Module) -> Iterator[tuple[Block, str]]:
    """The settings of remote states in other backends than S3, as blocks, each with its name for messages."""
    for block in module.blocks:
        inner = [block] if block.type == "data" else block.all("data") if block.type == "check" else ()
        for data in inner:
            config, backend = data.attributes.get("config"), data.attributes.get("backend")
            if data.labels[:1] == (_REMOTE_STATE,) and config and (backend is None or backend.literal != "s3"):
                settings = config.members or {"config": config}
                name = f"data.{'.'.join(data.labels)}"
                yield Block(data.type, data.labels, data.file, data.line, attributes=settings), name


def _remote_state(module: Module, block: Block) -> Iterator[DeclaredChain]:
    config = block.attributes.get("config")
    if block.labels[:1] != (_REMOTE_STATE,) or config is None:
        return
    name = f"{module.address}data.{'.'.join(block.labels)}"
    loops, keys = repetitions(module, block)
    backend = block.attributes.get("backend")
    yield DeclaredChain(
        name,
        block.place,
        roles_of_backend(module, config.member, loops),
        list(bypasses_of_settings(module, config.member, name, loops)),
        keys,
        network=list(network_settings_of_config(module, config.member, name, loops)),
        backend=Question(module, backend) if backend else None,
    )


def repetitions(module: Module, block: Block) -> tuple[tuple[Loop, ...], Question | None]:
    """The loops around a block, and the question for its keys."""
    if (over := block.attributes.get("for_each")) is not None:
        loops = (Loop("each", over),)
        return loops, Question(module, Expression("each.key"), loops)
    if block.type == "data" and (over := block.attributes.get("count")) is not None:
        loops = (Loop("count", over),)
        return loops, Question(module, Expression("count.index"), loops)
    return (), None
