"""The states of the lock indicator."""

from __future__ import annotations

from enum import StrEnum


class LockIndicator(StrEnum):
    """The state of MFA for a run, shown as a lock. It is unrelated to the lock of an environment.

    `FAILED` is whatever the MFA gate does not let through: also an accepted code, with a role that cannot be assumed.
    """

    OPEN = "open"
    REQUIRED = "required"
    VERIFYING = "verifying"
    AUTHENTICATED = "authenticated"
    FAILED = "failed"
