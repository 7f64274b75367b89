"""A cell with one of our magics: its first line and the HCL below; and positions as front ends count them."""

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
        text: the text of the whole cell.
        magic: "tfplan" or "tfapply".
        line: the rest of the first line, after the magic's name.
        line_start: the start of `line` in `text`.
        body_start: the start of the HCL in `text`.
    """

    text: str
    magic: str
    line: str
    line_start: int
    body_start: int

    @classmethod
    def read(cls, text: str) -> Cell | None:
        """The cell; None if it has none of our magics."""
        match = _MAGIC.match(text)
        if match is None:
            return None
        return cls(text, match["magic"], match["line"], match.start("line"), match.end())

    @property
    def line_end(self) -> int:
        """The end of `line` in `text`."""
        return self.line_start + len(self.line)

    @property
    def body(self) -> str:
        """The HCL."""
        return self.text[self.body_start :]


def from_utf16(text: str, offset: int) -> int:
    """Convert a position from UTF-16 code units, as JavaScript counts, to characters."""
    return (
        min(offset, len(text))
        if text.isascii()
        else len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le", "ignore"))
    )


def to_utf16(text: str, index: int) -> int:
    """Convert a position from characters to UTF-16 code units."""
    return index if text.isascii() else len(text[:index].encode("utf-16-le")) // 2


def from_bytes(text: str, offset: int) -> int:
    """Convert a position from bytes of UTF-8, as Terraform counts, to characters."""
    return min(offset, len(text)) if text.isascii() else len(text.encode()[:offset].decode("utf-8", "ignore"))
