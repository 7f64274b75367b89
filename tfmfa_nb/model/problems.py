"""What a person has to mend, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person has to mend: what is wrong, and what to do about it.

    Attributes:
        name: the setting that it is about, where a policy may allow it by that name: "profile".
    """

    what: str
    remedy: str = ""
    place: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """Text that is ready to paste.

    Attributes:
        title: what it is, and where it belongs.
        text: a policy as JSON, or a few lines of HCL.
    """

    title: str
    text: str
