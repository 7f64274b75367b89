"""The roles that Terraform will assume, and the settings that bypass the MFA session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.backend_arguments import NO_BACKEND_ARGUMENTS
from tfmfa_nb.terraform.backends import Backends
from tfmfa_nb.terraform.declared_settings import DeclaredSettings
from tfmfa_nb.terraform.evaluation import Evaluator
from tfmfa_nb.terraform.provider_sources import provider_addresses, unknown_providers
from tfmfa_nb.terraform.session_data import KnownSession, names_the_phase
from tfmfa_nb.terraform.syntax_check import syntax_problems
from tfmfa_nb.terraform.variable_arguments import VariableArguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tfmfa_nb.model.roles import RoleChain, RoleHop
    from tfmfa_nb.terraform.backend_arguments import BackendArguments
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.declared_chains import (
        DeclaredChain,
    )
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.network_settings import NetworkSetting

_NOTHING_KNOWN = KnownSession()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a configuration says about roles and credentials.

    Attributes:
        chains: one for each configuration of the AWS provider or its kin, S3 backend, remote state, KMS key provider.
        bypasses: settings that bring credentials other than the MFA session's.
        problems: syntax errors, modules that are not installed yet, and roles that are not known.
        declared: pairs of a provider's or remote state's address and a setting of it that was examined, whatever its
            value: ("module.net.aws.audit", "profile").
        backend: the type of the backend: "s3", "cloud", "remote", …; "local" if none is configured.
        backend_key: where the state lies in its backend; "" if it has no key, None if that is not known.
        backend_prefix: what stands before the workspace in the key of an S3 backend.
        profiles: profiles that are not known before the apply: with MFA, none exists; without, one is used.
        providers: source addresses of all providers that are required, used or locked, sorted:
            registry.terraform.io/hashicorp/aws.
        unknown_providers: those that may use AWS credentials of their own; named by their address.
        programs: what Terraform runs with the session's credentials; named "local-exec", "external", "exec", ….
        network: settings that lead calls of AWS elsewhere, whatever their values.
        other_phase: the chains of the run's other phase, as far as they are others (`terraform.applying`).
        applying: True if the chains are those of an apply, so that the other phase is the plan.
        unreadable: files and modules that Terraform may read, and that cannot be read here; named "unreadable".
    """

    chains: tuple[RoleChain, ...] = ()
    bypasses: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    backend: str = "local"
    backend_key: str | None = ""
    backend_prefix: str = ""
    profiles: tuple[Problem, ...] = ()
    providers: tuple[str, ...] = ()
    unknown_providers: tuple[Problem, ...] = ()
    programs: tuple[Problem, ...] = ()
    unreadable: tuple[Problem, ...] = ()
    declared: frozenset[tuple[str, str]] = frozenset()
    network: tuple[NetworkSetting, ...] = ()
    other_phase: tuple[RoleChain, ...] = ()
    applying: bool = False

    def phase_notes(self) -> Iterator[Problem]:
        """Which roles the other phase has."""
        other = "plan" if self.applying else "apply"
        for chain in self.other_phase:
            roles = ", then ".join(hop.role_arn or f"one that is not known ({hop.expression})" for hop in chain.hops)
            yield Problem(f"{chain.provider} assumes in the {other}: {roles or 'no role'}.", place=chain.place)

    def notes(self) -> Iterator[Problem]:
        """What a person should know: what is not known, which programs run, and what stands before AWS."""
        yield from (*self.problems, *self.programs)
        for setting in self.network:
            if setting.leads_there:
                yield Problem(f"{setting.owner} sets `{setting.name}` for its calls of AWS.", place=setting.place)


def find_chains(
    configuration: Configuration,
    *,
    executable: Executable,
    environ: Mapping[str, str],
    variables: VariableArguments | None = None,
    session: KnownSession = _NOTHING_KNOWN,
    backend: BackendArguments = NO_BACKEND_ARGUMENTS,
) -> Findings:
    """The roles and bypasses of a configuration and its modules; a broken configuration does not raise.

    Args:
        configuration: as it is now.
        executable: the Terraform whose `console` evaluates expressions, and which tells a syntax error.
        environ: for `TF_VAR_…`, `TF_WORKSPACE`, `TF_DATA_DIR` and `TF_ENCRYPTION`.
        variables: values of `--var` and `--var-file`.
        session: what is known of the credentials and the phase that Terraform will run with.
        backend: what the next `init` gets about the backend.
    """
    variables = variables or VariableArguments()
    evaluator = Evaluator(configuration.folder, executable, environ, variables, session)
    found = _findings(configuration, evaluator, backend)
    if session.applying is None or not any(map(names_the_phase, configuration.modules)):
        return found
    other_session = replace(session, applying=not session.applying)
    other = _findings(configuration, replace(evaluator, session=other_session), backend)
    others = tuple(chain for chain in other.chains if chain not in found.chains)
    return replace(found, other_phase=others, applying=session.applying)


def _findings(configuration: Configuration, evaluator: Evaluator, backend: BackendArguments) -> Findings:
    """What is found for the phase that the evaluator knows; see `find_chains`."""
    executable, environ = evaluator.executable, evaluator.environ
    backends, declared = Backends.of(configuration, environ, backend), DeclaredSettings()
    declared.chains += backends.chains
    for module in configuration.modules:
        declared.add(module, configuration.product)
    for block in backends.others:
        declared.add_other(configuration.root, block, f'backend "{block.labels[0]}"')
    kept = [backends.kept] if backends.kept else []
    questions = [*declared.questions(), *(question for chain in kept for question in chain.questions())]
    problems, gaps = syntax_problems(configuration, executable, environ)
    if not evaluator.answer(questions):
        problems.append(Problem(f"{executable.product} console cannot evaluate the values in this configuration."))
    declared.chains += [chain for chain in kept if _differs(chain, backends.chains)]
    chains = tuple(chain for one in declared.chains if one.uses_aws for chain in one.chains())
    problems += [
        Problem(f"The role {hop.expression} is sensitive or not known before Terraform runs.", place=hop.place)
        for chain in chains
        for hop in chain.hops
        if hop.role_arn is None
    ]
    providers = provider_addresses(configuration)
    return Findings(
        chains,
        (*declared.bypasses(), *backends.bypasses),
        tuple(problems),
        backends.type,
        backends.key,
        backends.prefix,
        tuple(declared.profiles()),
        tuple(sorted(providers)),
        unknown_providers(providers),
        tuple(dict.fromkeys([*declared.programs, *backends.programs])),
        tuple(dict.fromkeys([*configuration.unreadable, *gaps, *declared.unclear, *backends.unreadable])),
        frozenset((chain.name, name) for chain in declared.chains for name in chain.examined),
        tuple(setting for chain in declared.chains if chain.uses_aws for setting in chain.network),
    )


def _differs(kept: DeclaredChain, chains: Sequence[DeclaredChain]) -> bool:
    """Whether what `init` has kept of the backend says other than the configuration does."""
    said = [_essence(chain) for chain in chains if chain.name == kept.name]
    return _essence(kept) not in said


def _essence(declared: DeclaredChain) -> tuple[list[RoleHop], set[str], set[tuple[str, str]]]:
    """Roles, bypasses, and ways without their places."""
    hops = [replace(hop, expression="", place="") for chain in declared.chains() for hop in chain.hops]
    ways = {(one.name, repr(values)) for one in declared.network if (values := one.values())}
    return hops, {bypass.name for bypass in declared.bypasses if bypass.problem()}, ways
