"""Settings that lead Terraform's own calls of AWS elsewhere: an endpoint for STS, a proxy, other authorities.

Whoever answers as STS hands out the credentials of the roles, so such a server decides as what Terraform calls AWS.
Endpoints of other services get signed requests, and can hand out nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.credential_settings import settings_of
from tfmfa_nb.terraform.evaluation import Question
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.hcl import Block
from tfmfa_nb.terraform.mfa_bypasses import is_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tfmfa_nb.terraform.evaluation import Loop
    from tfmfa_nb.terraform.modules import Module

STS = "endpoints.sts"
_FLAT_STS = "sts_endpoint"  # an older argument of the S3 backend
WAYS = frozenset({"http_proxy", "https_proxy", "custom_ca_bundle", "insecure"})
"""A proxy, authorities of one's own, or none at all."""
_ENDPOINTS = "endpoints"
_NAMES = (_ENDPOINTS, _FLAT_STS, *sorted(WAYS))


@dataclass(frozen=True, slots=True)
class NetworkSetting:
    """A setting in the configuration.

    Attributes:
        owner: 'provider "aws"'.
        name: "endpoints.sts", "sts_endpoint", "https_proxy", ….
        place: main.tf:3.
        question: asks for its value.
    """

    owner: str
    name: str
    place: str
    question: Question

    @property
    def is_endpoint(self) -> bool:
        """Whether it is an endpoint for STS, rather than a way to any."""
        return self.name not in WAYS

    @property
    def leads_there(self) -> bool:
        """Whether it is a proxy, authorities of one's own, or none, and is set."""
        return not self.is_endpoint and bool(self.values())

    def values(self) -> list[Any]:
        """The values that it has, once the question is answered; UNKNOWN among them for one that is not known."""
        waiting, found = [self.question.value], []
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += value
            elif is_set(value) and value is not False:
                found.append(value)
        return found


def network_settings(
    module: Module, block: Block, owner: str, loops: tuple[Loop, ...] = ()
) -> Iterator[NetworkSetting]:
    """Such settings in the block of a provider or a backend."""
    for setting in settings_of(module, block, loops):
        value = setting.value
        name = setting.path[0] if len(setting.path) == 1 else ".".join(setting.path)
        if name == _ENDPOINTS:  # an object that is not written here
            inner = f"try(({value.text}\n).sts, ({value.text}\n)[0].sts, null)"
            name, value = STS, Expression(inner, value.file, value.line, value.source)
        if name in {STS, _FLAT_STS, *WAYS}:
            yield NetworkSetting(owner, name, value.place, Question(setting.module, value, setting.loops))


def network_settings_of_config(
    module: Module, value: Callable[[str], Expression | None], owner: str, loops: tuple[Loop, ...] = ()
) -> Iterator[NetworkSetting]:
    """Such settings in the `config` of a remote state, which `value` looks up by name."""
    attributes = {name: found for name in _NAMES if (found := value(name)) is not None}
    yield from network_settings(module, Block("config", (), "", 0, attributes=attributes), owner, loops)


def planned_network_settings(expressions: Mapping[str, Any], is_empty: Callable[[Any], bool]) -> Iterator[str]:
    """The names of such settings in what Terraform says of a provider, or of a remote state's `config`.

    Args:
        expressions: by name; a block is a list of objects.
        is_empty: whether an expression has no value.
    """
    for name in (_FLAT_STS, *sorted(WAYS)):
        if name in expressions and not is_empty(expressions[name]):
            yield name
    endpoints = expressions.get(_ENDPOINTS)
    for each in endpoints if isinstance(endpoints, list) else [endpoints]:
        if isinstance(each, dict) and "sts" in each and not is_empty(each["sts"]):
            yield STS
