"""How code blocks of notebook cells are colored: HCL below `%%tfplan` and `%%tfapply`, Python otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygments.lexer import Lexer
from pygments.lexers.configs import TerraformLexer
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Text

if TYPE_CHECKING:
    from collections.abc import Iterator


class CellLexer(Lexer):
    """A notebook cell; lines that begin with % are magics."""

    name = "Cell"
    aliases = ("cell",)
    _hcl = ("%%tfplan", "%%tfapply")

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Yields position, kind, and text of each token; see Pygments."""
        place = 0
        if text.startswith(self._hcl):
            place = text.find("\n") + 1 or len(text)
            yield 0, Keyword, text[:place]
            for at, kind, value in TerraformLexer().get_tokens_unprocessed(text[place:]):
                yield place + at, kind, value
            return
        for line in text.splitlines(keepends=True):
            if line.startswith("%"):
                magic, _, comment = line.partition("  #")
                yield place, Keyword, magic
                if comment:
                    yield place + len(magic), Comment, f"  #{comment}"
            else:
                for at, kind, value in PythonLexer().get_tokens_unprocessed(line):
                    yield place + at, kind, value
            place += len(line)
        if not text:
            yield 0, Text, ""
