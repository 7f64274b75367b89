"""What Terraform itself said at the end of an apply, if nobody was left to follow its output and to record its exit."""

from __future__ import annotations

import contextlib
import json
import os

_TAIL = 1 << 16  # bytes; the last events are shorter


def exit_code_said(output: int) -> int | None:
    """The exit code of an apply that has ended, as its last events say; None if they do not.

    Terraform counts the applied changes only after an apply that succeeded
    (https://developer.hashicorp.com/terraform/internals/machine-readable-ui).

    Args:
        output: a descriptor of the file that Terraform wrote to. Nothing of it is shown: nothing in it is masked.
    """
    size = os.fstat(output).st_size
    tail = os.pread(output, _TAIL, max(0, size - _TAIL))
    events = [event for event in map(_event, tail.split(b"\n")) if event is not None]
    if any(event.get("@level") == "error" for event in events):
        return 1
    return 0 if any(map(_is_summary_of_apply, events)) else None


class LastEvents:
    """The end of Terraform's unnamed output file, which is kept open from before Terraform's end."""

    def __init__(self) -> None:
        self._fd = -1
        self._said: int | None = None

    def open(self, terraform: int) -> None:
        """Open the output of the running process `terraform`, once; only Linux has a name for it."""
        if self._fd < 0 and terraform:
            with contextlib.suppress(OSError):
                self._fd = os.open(f"/proc/{terraform}/fd/1", os.O_RDONLY | os.O_CLOEXEC)

    def exit_code(self) -> int | None:
        """What `exit_code_said` finds after Terraform's end, if the output was opened before; closes it."""
        if self._fd >= 0:
            self._said = exit_code_said(self._fd)
            os.close(self._fd)
            self._fd = -1
        return self._said


def _event(line: bytes) -> dict[str, object] | None:
    with contextlib.suppress(ValueError, RecursionError):
        event = json.loads(line)
        return event if isinstance(event, dict) else None
    return None


def _is_summary_of_apply(event: dict[str, object]) -> bool:
    changes = event.get("changes")
    return event.get("type") == "change_summary" and isinstance(changes, dict) and changes.get("operation") == "apply"
