"""Who is told of a run, by the policy or by `%config`: targets, events, and the names of what they need as a secret."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tfmfa_nb.organization.policy_audit import COMMAND, is_sink
from tfmfa_nb.organization.policy_patterns import are_about

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

APPRISE, WEBHOOK = "apprise:", "https://"
_NAME = re.compile("TFMFA_[A-Z0-9_]+")


class NotifiedEvent(StrEnum):
    """What somebody can be told of."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    APPLIED = "applied"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """Who is told of what.

    Attributes:
        to: targets: "command:" and a command, an https URL, or "apprise:" and the name of a process variable or
            keychain entry with a URL of Apprise's (https://appriseit.com/).
        key: name of the process variable or keychain entry with the key that signs what https URLs get.
        events: of `NotifiedEvent`.
        environments: patterns of the environments; None for all.
        authorities: path of the file with the certificate authorities (PEM) that vouch for the https URLs; None for
            the system's own.
    """

    to: tuple[str, ...]
    key: str = ""
    events: tuple[str, ...] = tuple(NotifiedEvent)
    environments: tuple[str, ...] | None = None
    authorities: Path | None = None

    @property
    def lacks_key(self) -> bool:
        """True if a webhook could not tell who speaks to it."""
        return not self.key and any(target.startswith(WEBHOOK) for target in self.to)

    def describe(self) -> str:
        """The rule in words: `applied, errored to https://chat.example.com of prod-*`."""
        places = f" of {', '.join(self.environments)}" if self.environments else ""
        return f"{', '.join(self.events)} to {', '.join(map(target_name, self.to))}{places}"

    def holds_for(self, names: Collection[str]) -> bool:
        """True if somebody is told of the runs of an environment with these names."""
        return are_about(self.environments, names)


def target_name(target: str) -> str:
    """The target as notes name it: the path of a URL and the arguments of a command may be nobody's business."""
    if target.startswith(COMMAND):
        return shlex.split(target.removeprefix(COMMAND))[0]
    return f"{WEBHOOK}{urlsplit(target).netloc}" if target.startswith(WEBHOOK) else target


def is_target(text: str) -> bool:
    """True if the text names a target. What is a secret has no place in it: only its name has."""
    if text.startswith(APPRISE):
        return is_secret_name(text.removeprefix(APPRISE))
    return text.startswith((COMMAND, WEBHOOK)) and is_sink(text)


def is_secret_name(text: str) -> bool:
    """True if the text can name such a secret; another name could send AWS's keys away."""
    return _NAME.fullmatch(text) is not None
