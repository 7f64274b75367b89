"""The roles that Terraform will assume, and the settings that bypass the MFA session."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.roles import RoleChain
from tfmfa_nb.terraform.assume_role import DeclaredRole, roles_of_backend, roles_of_block
from tfmfa_nb.terraform.cli_config import cli_bypasses
from tfmfa_nb.terraform.evaluation import UNKNOWN, Evaluator, Loop, Question
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.mfa_bypasses import DeclaredBypass, bypasses_of_block, bypasses_of_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

# With or without a registry's host name; without a namespace, hashicorp is meant.
_SOURCE = re.compile(r"(?:[^/]+/)?(?:hashicorp|opentofu)/aws|aws", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a configuration says about roles and credentials.

    Attributes:
        chains: one for each configuration of the AWS provider, S3 backend and remote state.
        bypasses: settings that bring credentials other than the MFA session's.
        problems: files that cannot be read, and roles that are not known.
        declared: pairs of a provider's or remote state's address and a setting of it that was examined, whatever its
            value: ("module.net.aws.audit", "profile").
        backend: the type of the backend: "s3", "cloud", "remote", …; "local" if none is configured.
    """

    chains: tuple[RoleChain, ...] = ()
    bypasses: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    declared: frozenset[tuple[str, str]] = frozenset()
    backend: str = "local"


@dataclass(frozen=True, slots=True)
class _DeclaredChain:
    """A chain in the configuration; the value of `keys` has the key of each repetition."""

    name: str
    place: str
    roles: Sequence[DeclaredRole]
    bypasses: Sequence[DeclaredBypass]
    keys: Question | None = None
    region: Question | None = None
    backend: Question | None = None  # the backend of a remote state: only "s3" has roles

    def questions(self) -> Iterator[Question]:
        yield from (question for role in self.roles for question in role.questions())
        yield from (bypass.question for bypass in self.bypasses if bypass.question)
        yield from (question for question in (self.keys, self.region, self.backend) if question)

    @property
    def uses_aws(self) -> bool:
        return self.backend is None or self.backend.value is UNKNOWN or self.backend.value == "s3"

    def chains(self) -> Iterator[RoleChain]:
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


def find_chains(
    configuration: Configuration,
    *,
    executable: Executable,
    environ: Mapping[str, str],
    var: Sequence[str] = (),
    var_files: Sequence[Path] = (),
) -> Findings:
    """The roles and bypasses of a configuration and its modules; a broken configuration does not raise.

    Args:
        configuration: as it is now.
        executable: the Terraform whose `console` evaluates expressions.
        environ: for `TF_VAR_…`, `TF_WORKSPACE`, `TF_DATA_DIR` and the path of the CLI configuration.
        var: values of `--var`.
        var_files: files of `--var-file`.
    """
    problems = list(configuration.problems)
    declared = [one for module in configuration.modules for one in _declared_chains(module)]
    questions = [question for one in declared for question in one.questions()]
    if not Evaluator(configuration.folder, executable, environ, var, var_files).answer(questions):
        problems.append(Problem(f"{executable.product} console cannot evaluate the values in this configuration."))
    used = [one for one in declared if one.uses_aws]
    chains = tuple(chain for one in used for chain in one.chains())
    problems += [
        Problem(f"The role {hop.expression} is sensitive or not known before Terraform runs.", place=hop.place)
        for chain in chains
        for hop in chain.hops
        if hop.role_arn is None
    ]
    bypasses = [problem for one in used for bypass in one.bypasses if (problem := bypass.problem())]
    bypasses += cli_bypasses(environ)
    declared_settings = frozenset((one.name, bypass.name) for one in used for bypass in one.bypasses)
    return Findings(chains, tuple(bypasses), tuple(problems), declared_settings, _backend_type(configuration.blocks))


def _backend_type(blocks: Sequence[Block]) -> str:
    """The backend of the root module (https://developer.hashicorp.com/terraform/language/backend)."""
    for block in blocks:
        if block.type == "terraform":
            for inner in block.blocks:
                if inner.type == "backend" and inner.labels:
                    return inner.labels[0]
                if inner.type == "cloud":
                    return "cloud"
    return "local"


def _declared_chains(module: Module) -> Iterator[_DeclaredChain]:
    names = _local_names(module.blocks)
    for block in module.blocks:
        if block.type == "provider" and block.labels[:1] and block.labels[0] in names:
            yield _provider(module, block)
        elif block.type == "terraform" and not module.name:  # a child's backend is not used
            yield from (_backend(module, backend) for backend in block.all("backend") if backend.labels == ("s3",))
        elif block.type == "data":
            yield from _remote_backend_type(module, block)
        elif block.type == "check":
            for data in block.all("data"):
                yield from _remote_backend_type(module, data)


def _local_names(blocks: Sequence[Block]) -> set[str]:
    """The local names of the AWS provider: "aws", unless `required_providers` says otherwise."""
    names = {"aws"}
    for block in blocks:
        for required in (inner for inner in block.all("required_providers") if block.type == "terraform"):
            for name, expression in required.attributes.items():
                source = expression.members.get("source")
                if source is not None and source.literal is not None:
                    (names.add if _SOURCE.fullmatch(source.literal) else names.discard)(name)
    return names


def _provider(module: Module, block: Block) -> _DeclaredChain:
    alias, region = block.attributes.get("alias"), block.attributes.get("region")
    name = f"{module.address}{block.labels[0]}"
    if alias is not None:
        name += f".{alias.literal or alias.text}"
    loops, keys = _repeated(module, block)
    return _DeclaredChain(
        name,
        block.place,
        roles_of_block(module, block, loops),
        list(bypasses_of_block(module, block, f'provider "{block.labels[0]}"', loops)),
        keys,
        Question(module, region, loops) if region else None,
    )


def _backend(module: Module, block: Block) -> _DeclaredChain:
    roles = roles_of_backend(module, block.attributes.get) + roles_of_block(module, block)
    name = 'backend "s3"'
    return _DeclaredChain(name, block.place, roles, list(bypasses_of_block(module, block, name)))


def _remote_backend_type(module: Module, block: Block) -> Iterator[_DeclaredChain]:
    config = block.attributes.get("config")
    if block.labels[:1] != ("terraform_remote_state",) or config is None:
        return
    name = f"{module.address}data.{'.'.join(block.labels)}"
    loops, keys = _repeated(module, block)
    backend = block.attributes.get("backend")
    yield _DeclaredChain(
        name,
        block.place,
        roles_of_backend(module, config.member, loops),
        list(bypasses_of_settings(module, config.member, name, loops)),
        keys,
        backend=Question(module, backend) if backend else None,
    )


def _repeated(module: Module, block: Block) -> tuple[tuple[Loop, ...], Question | None]:
    """The loops around a block, and the question for its keys."""
    if (over := block.attributes.get("for_each")) is not None:
        loops = (Loop("each", over),)
        return loops, Question(module, Expression("each.key"), loops)
    if block.type == "data" and (over := block.attributes.get("count")) is not None:
        loops = (Loop("count", over),)
        return loops, Question(module, Expression("count.index"), loops)
    return (), None
