"""The roles that provider configurations assume."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HopState(StrEnum):
    """The states of a role during the check of its chain."""

    UNCHECKED = "unchecked"
    CHECKING = "checking"
    ASSUMED = "assumed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RoleHop:
    """One `assume_role` block of a provider, with the parameters of AssumeRole.

    Attributes:
        role_arn: ARN of the role; None if it is unknown until Terraform runs.
        expression: HCL expression of the role, for messages about an unknown ARN.
        duration_seconds: duration of the session, 900 to 43,200; None for the provider's default of 900.
        place: location of the role in the configuration: "main.tf:4".
        unknown: names of the other arguments whose values are sensitive, or unknown until Terraform runs.
    """

    role_arn: str | None
    expression: str = ""
    session_name: str | None = None
    external_id: str | None = None
    duration_seconds: int | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    place: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def can_be_tried(self) -> bool:
        """True if the known arguments suffice to assume the role; without its external ID it would be refused."""
        return self.role_arn is not None and "external_id" not in self.unknown


@dataclass(frozen=True, slots=True)
class RoleChain:
    """The roles that one provider configuration assumes, in order; the provider acts as the last one.

    Attributes:
        provider: Terraform's name of the provider configuration: "aws", "module.net.aws.west", 'backend "s3"',
            "data.terraform_remote_state.net".
        hops: the roles; empty if the provider assumes none.
        place: location of the block in the configuration: "main.tf:3".
        region: the provider's Region; None if unknown.
    """

    provider: str
    hops: tuple[RoleHop, ...] = ()
    place: str = ""
    region: str | None = None
