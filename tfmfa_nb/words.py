"""The project's words: levels, phases, statuses, lock states, roles. The ground floor, which imports nothing.

The levels are those of Terraform Enterprise's setting "AWS Multi-Factor Authentication"; the statuses are
HCP Terraform's run states (https://developer.hashicorp.com/terraform/cloud-docs/run/states).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a code can be asked for: the two halves of a run, and the freeing of a lock that a dead one left."""

    PLAN = "plan"
    APPLY = "apply"
    UNLOCK = "unlock"


class Level(StrEnum):
    """When a person must prove themselves with a one-time code; ordered from the weakest to the strictest."""

    NEVER = "never"
    APPLIES_ONLY = "applies only"
    PLANS_AND_APPLIES = "plans and applies"

    @property
    def strictness(self) -> int:
        """0 for `never`, 2 for `plans and applies`."""
        return list(Level).index(self)

    def asks_before(self, phase: Phase) -> bool:
        """Whether a code is needed before `phase` starts."""
        if phase is Phase.PLAN:
            return self is Level.PLANS_AND_APPLIES
        return self is not Level.NEVER

    @staticmethod
    def strictest(*levels: Level) -> Level:
        """The level that satisfies all of `levels`; `never` where there is none."""
        return max(levels, key=lambda level: level.strictness, default=Level.NEVER)


class Status(StrEnum):
    """A run's status."""

    PENDING = "pending"
    PLANNING = "planning"
    PLANNED = "planned"
    PLANNED_AND_FINISHED = "planned_and_finished"
    CONFIRMED = "confirmed"
    APPLYING = "applying"
    APPLIED = "applied"
    ERRORED = "errored"
    DISCARDED = "discarded"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """Whether a run in this status has ended for good."""
        return self in _FINAL


_FINAL = frozenset({Status.PLANNED_AND_FINISHED, Status.APPLIED, Status.ERRORED, Status.DISCARDED, Status.CANCELED})


class LockState(StrEnum):
    """The lock indicator: about MFA, never about who holds the environment."""

    OPEN = "open"
    REQUIRED = "required"
    VERIFYING = "verifying"
    AUTHENTICATED = "authenticated"
    FAILED = "failed"


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


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where STS is asked.

    Attributes:
        region: None for the global endpoint.
        url: None for AWS's own.
    """

    region: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says that a set of credentials is (STS GetCallerIdentity)."""

    account: str
    arn: str

    @property
    def user(self) -> str:
        """The IAM user's name, without its path; "root" for the account's root."""
        resource = self.arn.rpartition(":")[2]
        return resource.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person has to mend: what is wrong, and what to do about it.

    Attributes:
        name: the setting that it is about, where a policy may allow it by that name: "profile".
    """

    what: str
    remedy: str = ""
    place: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """Text that is ready to paste.

    Attributes:
        title: what it is, and where it belongs.
        text: a policy as JSON, or a few lines of HCL.
    """

    title: str
    text: str
