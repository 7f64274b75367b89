"""The roles that a provider configuration assumes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HopState(StrEnum):
    """What is known of one role of a chain."""

    UNCHECKED = "unchecked"
    CHECKING = "checking"
    ASSUMED = "assumed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RoleHop:
    """One `assume_role` of a provider block, by AssumeRole's own parameters.

    Attributes:
        role_arn: the role, or None where its value cannot be known before Terraform runs.
        expression: the HCL it was written as, for what is unknown.
        duration_seconds: the session's length, 900 to 43,200; None means the provider's 900.
        place: "main.tf:4", where the role is written.
        unknown: the other arguments that are written, and whose values cannot be known before Terraform runs, or are
            sensitive.
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
        """Whether enough is known to assume it as Terraform will; without its external id it would be refused."""
        return self.role_arn is not None and "external_id" not in self.unknown


@dataclass(frozen=True, slots=True)
class RoleChain:
    """The roles that one provider configuration assumes, in order; the last one is used.

    Attributes:
        provider: Terraform's name of the configuration: "aws", "module.net.aws.west", 'backend "s3"',
            "data.terraform_remote_state.net".
        hops: the roles; empty for a provider that assumes none.
        place: "main.tf:3", where the block begins.
        region: the provider's region where it is known.
    """

    provider: str
    hops: tuple[RoleHop, ...] = ()
    place: str = ""
    region: str | None = None
