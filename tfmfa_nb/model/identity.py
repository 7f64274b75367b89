"""The identity behind a set of credentials, and the AWS endpoint to call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The STS endpoint to call.

    Attributes:
        region: AWS Region; None for the first one of the public partition.
        url: endpoint URL; None for AWS's own.
    """

    region: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The owner of a set of credentials according to AWS (STS GetCallerIdentity)."""

    account: str
    arn: str

    @property
    def user(self) -> str:
        """The IAM user's name without its path; "root" for the account's root user."""
        resource = self.arn.rpartition(":")[2]
        return resource.rpartition("/")[2]


def same_person(one: str, other: str) -> bool:
    """True if two ARNs of one account may be the same person's, as far as it is known: the names at their ends agree.

    The last part is the name of a user, or that of a role's session, which is the user's where a trust policy demands
    it. IAM does not tell names apart by case
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names).
    """
    (*_, account, person), (*_, other_account, other_person) = (("", "", *each.split(":")) for each in (one, other))
    names = (each.rpartition("/")[2].casefold() for each in (person, other_person))
    return account == other_account and len(set(names)) == 1
