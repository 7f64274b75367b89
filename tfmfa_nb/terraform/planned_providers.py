"""The provider configurations of a saved plan, as Terraform itself names them in `terraform show -json`.

This is Terraform's own word for what the plan's apply will use: modules included, whatever the text of the
configuration looks like. `dynamic` blocks are not part of it.

https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.network_settings import planned_network_settings
from tfmfa_nb.terraform.provider_sources import AWS_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class PlannedProvider:
    """One provider configuration, or a remote state. It keeps the names of settings, and no value but a role's ARN.

    Attributes:
        address: "aws", "module.net.aws.audit", "data.terraform_remote_state.net".
        source: the provider's source address with its host: "registry.terraform.io/hashicorp/aws".
        literals: settings and blocks whose values are literals, neither null nor empty.
        computed: settings whose values Terraform computes from others.
        network: settings that lead calls of AWS elsewhere; see `network_settings`.
        roles: the ARNs of the roles to assume that are literals.
    """

    address: str
    source: str
    literals: frozenset[str]
    computed: frozenset[str]
    roles: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()

    @property
    def is_aws(self) -> bool:
        """True for a provider of AWS, also of another namespace than hashicorp, and for a remote state in S3."""
        return not self.source or self.source.rpartition("/")[2] in AWS_TYPES


def planned_providers(document: Any) -> tuple[PlannedProvider, ...]:
    """The providers and the remote states in S3 of a plan.

    Args:
        document: the output of `terraform show -json PLAN`, from JSON.

    Raises:
        ValueError: the document has no configuration, so it says nothing about its providers.
    """
    configuration = document.get("configuration") if isinstance(document, dict) else None
    if not isinstance(configuration, dict):
        raise ValueError("not a plan with its configuration")  # noqa: TRY004 - the same error as for invalid JSON
    providers = [_provider(each) for each in _table(configuration.get("provider_config")).values()]
    return (*providers, *_remote_states(_table(configuration.get("root_module")), ""))


def _provider(provider: Any) -> PlannedProvider:
    provider = _table(provider)
    module, alias = provider.get("module_address"), provider.get("alias")
    address = ".".join(str(part) for part in (module, provider.get("name"), alias) if part)
    expressions = _table(provider.get("expressions"))
    return PlannedProvider(
        address,
        str(provider.get("full_name", "")),
        frozenset(name for name, value in expressions.items() if _is_literal(value)),
        frozenset(name for name, value in expressions.items() if _is_computed(value)),
        frozenset(_roles(expressions.get("assume_role"))),
        frozenset(planned_network_settings(expressions, lambda value: not (_is_literal(value) or _is_computed(value)))),
    )


def _remote_states(module: dict[str, Any], prefix: str) -> Iterator[PlannedProvider]:
    for resource in _list(module.get("resources")):
        if (resource.get("mode"), resource.get("type")) == ("data", "terraform_remote_state"):
            expressions = _table(resource.get("expressions"))
            if _table(expressions.get("backend")).get("constant_value", "s3") != "s3":
                continue  # no other backend has AWS credentials
            config = _table(expressions.get("config")).get("constant_value")
            literals = frozenset(name for name, value in _table(config).items() if not _is_empty(value))
            network = frozenset(planned_network_settings(_table(config), _is_empty))
            yield PlannedProvider(f"{prefix}{resource.get('address')}", "", literals, frozenset(), network=network)
    for name, call in _table(module.get("module_calls")).items():
        yield from _remote_states(_table(_table(call).get("module")), f"{prefix}module.{name}.")


def _is_literal(value: Any) -> bool:
    """Whether an expression is a literal with a value; blocks are lists of objects of expressions."""
    if isinstance(value, list):
        return bool(value)
    return "constant_value" in _table(value) and not _is_empty(_table(value)["constant_value"])


def _is_computed(value: Any) -> bool:
    return isinstance(value, dict) and "constant_value" not in value


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _roles(blocks: Any) -> Iterator[str]:
    for block in _list(blocks):
        role = _table(block.get("role_arn")).get("constant_value")
        if isinstance(role, str) and role:
            yield role


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
