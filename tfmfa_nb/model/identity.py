"""Who a set of credentials belongs to, and where AWS is asked."""

from __future__ import annotations

from dataclasses import dataclass


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
