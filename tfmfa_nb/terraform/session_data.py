"""What is known before Terraform runs of the credentials and the phase that it will run with.

Configurations name their roles by `data.aws_caller_identity`, `data.aws_partition`, and `terraform.applying`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfmfa_nb.terraform.expressions import Name
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

# Attributes of the data sources that both tell: https://registry.terraform.io/providers/hashicorp/aws/latest/docs
_ACCOUNT = {"account_id", "id"}
_PARTITION = {"partition", "id"}
# Arguments and blocks by which a provider acts as somebody else than the session.
_OTHER_CREDENTIALS = {
    *("assume_role", "assume_role_with_web_identity", "dynamic", "profile", "access_key", "secret_key", "token"),
    *("shared_credentials_file", "shared_credentials_files", "shared_config_files"),
}
_REPEATS = {"count", "for_each"}
_APPLYING = ("terraform", "applying")
# The blocks whose values decide about roles.
_EVALUATED = {"provider", "locals", "module", "output", "data", "terraform"}


@dataclass(frozen=True, slots=True)
class KnownSession:
    """What is known of the session and of the phase.

    Attributes:
        account: ID of the account of the session; "" if it is not known.
        partition: the partition of that account: "aws", "aws-cn"; "" if it is not known.
        applying: True for an apply, False for a plan; None if the phase is not known.
    """

    account: str = ""
    partition: str = ""
    applying: bool | None = None

    def value(self, module: Module, name: Name) -> str | None:
        """HCL that stands for the first word of a reference, if the session or the phase tells its value.

        Args:
            module: the module in which the reference stands.
            name: the reference.
        """
        match name.path:
            case ("terraform", "applying") if self.applying is not None:
                return f"({{ applying = {json.dumps(self.applying)} }})"
            case ("data", "aws_partition", label, attribute, *_) if self.partition and attribute in _PARTITION:
                known = self.partition if _data(module, "aws_partition", label) else ""
            case ("data", "aws_caller_identity", label, attribute, *_) if self.account and attribute in _ACCOUNT:
                block = _data(module, "aws_caller_identity", label)
                known = self.account if block is not None and _acts_as_session(module, block) else ""
            case _:
                return None
        path = name.path[1:4]
        return f"({{ {path[0]} = {{ {path[1]} = {{ {path[2]} = {json.dumps(known)} }} }} }})" if known else None


def names_the_phase(module: Module) -> bool:
    """True if a role in this module may be another one in the apply than in the plan."""
    waiting = [block for block in module.blocks if block.type in _EVALUATED]
    while waiting:
        block = waiting.pop()
        if any(name.path[:2] == _APPLYING for value in block.attributes.values() for name in value.names):
            return True
        waiting += block.blocks
    return False


def _data(module: Module, kind: str, label: str) -> Block | None:
    """The data source in this module; None if there is none, or several instances of it."""
    found = (block for block in module.blocks if block.type == "data" and block.labels == (kind, label))
    return next((block for block in found if not _REPEATS & block.attributes.keys()), None)


def _acts_as_session(module: Module, data: Block) -> bool:
    """True if the provider of a data source certainly acts as the session, and assumes no role."""
    provider = data.attributes.get("provider")
    name = (provider.literal or provider.text) if provider is not None else "aws"
    local, _, alias = name.partition(".")
    return local == "aws" and _provider_acts_as_session(module, alias)


def _provider_acts_as_session(module: Module, alias: str) -> bool:
    own = [block for block in module.blocks if block.type == "provider" and block.labels == ("aws",)]
    for block in own:
        named = block.attributes.get("alias")
        if (named.literal if named is not None else "") == alias:
            inner = {one.type for one in block.blocks} | block.attributes.keys()
            return not inner & _OTHER_CREDENTIALS
    if alias:  # passed by a module above, or missing
        return False
    if module.parent is None or module.call is None:
        return True  # the implicit provider
    # A default provider is inherited, unless the call passes providers of its choice.
    return "providers" not in module.call.attributes and _provider_acts_as_session(module.parent, "")
