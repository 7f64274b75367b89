"""The `check` blocks of a configuration that failed, from Terraform's output; they stop no command.

The output is read, and not `terraform show -json`, because everything in it that must not be shown is masked already,
and because it is the same text in a plan, in an apply, and in the log of a run that another kernel started.

https://developer.hashicorp.com/terraform/language/checks
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors

if TYPE_CHECKING:
    from collections.abc import Iterable

_FAILED = "Check block assertion failed"
_NOT_KNOWN = "Check block assertion known after apply"
_WARNING = "Warning: "
_PLACE = re.compile(r'^\s*on (\S.*?) line (\d+), in check "([^"]+)":')
# With `-compact-warnings`: no names, and no messages.
_COMPACT, _COMPACT_PLACE = f"- {_FAILED}", re.compile(r"^\s*on (\S.*?) line (\d+)")


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that failed.

    Attributes:
        name: the label of the `check` block; "" if Terraform does not say it (`-compact-warnings`).
        place: file and line, "main.tf:3".
        message: the check's own `error_message`, or why its data source cannot be read; in one line.
    """

    name: str
    place: str
    message: str


def failed_checks(lines: Iterable[str]) -> tuple[FailedCheck, ...]:
    """The checks that failed, according to the lines of a plan or an apply; those that say the same are one."""
    found: dict[FailedCheck, None] = {}
    box: list[str] | None = None
    compact = False
    for line in lines:
        if box is None and not compact and "╷" not in line and _COMPACT not in line:
            continue
        plain = strip_colors(line).rstrip()
        check = None
        if plain == "╷":
            box = []
        elif plain == "╵":
            check, box = _check(box or []), None
        elif box is not None:
            box.append(plain.removeprefix("│").removeprefix(" "))
        elif compact and (place := _COMPACT_PLACE.match(plain)):
            check = FailedCheck("", f"{place[1]}:{place[2]}", _FAILED)
        compact = box is None and plain == _COMPACT
        if check is not None:
            found[check] = None
    return tuple(found)


def _check(box: list[str]) -> FailedCheck | None:
    """The check that a diagnostic is about; its first two paragraphs are the summary and the place."""
    place = next((match for line in box if (match := _PLACE.match(line))), None)
    if place is None or not box[0].startswith(_WARNING):
        return None
    summary, *paragraphs = "\n".join(box).removeprefix(_WARNING).split("\n\n")
    if summary == _NOT_KNOWN:
        return None
    detail = " ".join(" ".join(paragraphs[1:]).split())
    message = detail if summary == _FAILED else f"{' '.join(summary.split())}: {detail}".removesuffix(": ")
    return FailedCheck(place[3], f"{place[1]}:{place[2]}", message)
