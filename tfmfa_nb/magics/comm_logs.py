"""Keeps what people type into cards and forms out of the kernel's logs, where it arrives unencrypted.

At DEBUG, the loggers of comms and of ipykernel write each message before any handler has it, a code or a secret
included. Pages seal both (`protocol.sealing`), except those that browsers do not let encrypt: pages on plain HTTP from
another host. For these, those records are dropped while the extension is loaded.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_COMM = "Comm"  # the logger of the package `comm`


def drop_comm_messages(kernel_log: Any) -> Callable[[], None]:
    """Drop DEBUG records that show comm messages.

    Args:
        kernel_log: the logger of the kernel, or an adapter of it.

    Returns:
        A function that ends this.
    """
    loggers = [logging.getLogger(_COMM), getattr(kernel_log, "logger", kernel_log)]
    for logger in loggers:
        logger.addFilter(_is_safe)

    def end() -> None:
        for logger in loggers:
            logger.removeFilter(_is_safe)

    return end


def _is_safe(record: logging.LogRecord) -> bool:
    if record.levelno > logging.DEBUG:
        return True
    arguments = record.args if isinstance(record.args, tuple) else (record.args,)
    return not any(map(_is_comm_message, arguments))


def _is_comm_message(argument: Any) -> bool:
    """Whether this is a message of a comm, or its content."""
    if not isinstance(argument, dict):
        return isinstance(argument, list | tuple | bytes)  # frames as they came in, which may hold one
    content = argument.get("content")
    return "comm_id" in argument or (isinstance(content, dict) and "comm_id" in content)
