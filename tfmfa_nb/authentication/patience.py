"""How long a call waits for AWS: whoever makes it decides, because only they can tell a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
Patience = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Makes a call, and decides how often it is made again where AWS gives no answer."""


async def once(call: Callable[[], Awaitable[T]]) -> T:
    """The patience of those who do not wait."""
    return await call()
