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
