"""A cell of ours: the magic's line, and the HCL below it; and positions as the front ends count them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfmfa_nb.protocol.words import CELL_MAGICS

# The front end has the same rule (labextension/src/hcl/magic.ts), and one table of cases holds both to it.
_MAGIC = re.compile(
    r"(?:[^\S\r\n\ufeff]*(?:\r\n?|\n))*"  # lines with nothing to see
    rf"[ \t]*%%(?P<magic>{'|'.join(CELL_MAGICS)})(?P<line>(?:[ \t][^\r\n]*)?)(?:\r\n?|\n|\Z)"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that begins with one of our magics.

    Attributes:
        text: the whole of it.
        magic: "tfplan" or "tfapply".
        line: what stands after the magic's name.
        line_start: where that begins in `text`.
        body_start: where the HCL begins in `text`.
    """

    text: str
    magic: str
    line: str
    line_start: int
    body_start: int

    @classmethod
    def read(cls, text: str) -> Cell | None:
        """The cell; None for one of another kind."""
        match = _MAGIC.match(text)
        if match is None:
            return None
        return cls(text, match["magic"], match["line"], match.start("line"), match.end())

    @property
    def line_end(self) -> int:
        """Where the magic's line ends in `text`."""
        return self.line_start + len(self.line)

    @property
    def body(self) -> str:
        """The HCL."""
        return self.text[self.body_start :]


def from_utf16(text: str, offset: int) -> int:
    """A position that JavaScript counts, in UTF-16 code units, as Python counts it."""
    return (
        min(offset, len(text))
        if text.isascii()
        else len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le", "ignore"))
    )


def to_utf16(text: str, index: int) -> int:
    """And back."""
    return index if text.isascii() else len(text[:index].encode("utf-16-le")) // 2


def from_bytes(text: str, offset: int) -> int:
    """A position that Terraform counts, in bytes of UTF-8, as Python counts it."""
    return min(offset, len(text)) if text.isascii() else len(text.encode()[:offset].decode("utf-8", "ignore"))
