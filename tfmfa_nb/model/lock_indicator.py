"""The lock indicator."""

from __future__ import annotations

from enum import StrEnum


class LockIndicator(StrEnum):
    """The lock indicator: about MFA, never about who holds the environment."""

    OPEN = "open"
    REQUIRED = "required"
    VERIFYING = "verifying"
    AUTHENTICATED = "authenticated"
    FAILED = "failed"
