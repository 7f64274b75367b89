"""Problems for the user to fix, and documents that fix them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that the user has to fix.

    Attributes:
        what: the problem in one sentence.
        remedy: how to fix it.
        place: location in the configuration: "main.tf:4"; "" if there is none.
        name: name by which the organization policy can allow the setting at fault: "profile"; "" if it cannot.
    """

    what: str
    remedy: str = ""
    place: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is ready to paste, or what a policy check printed.

    Attributes:
        title: name of the document and where to paste it.
        text: policy as JSON, a few lines of HCL, or lines of output.
    """

    title: str
    text: str
