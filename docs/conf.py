"""The site, for Sphinx: `make docs`.

Sphinx because it is alive, checks each reference, and gives every page an address that does not depend on a script.
MyST, so that the pages are Markdown, which GitHub shows too. Nothing is fetched, neither here nor by a page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from cells import CellLexer  # noqa: E402 - found by the line above
from flowchart import Flowchart  # noqa: E402
from from_code import filled  # noqa: E402

from tfmfa_nb import __version__  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "tfmfa_nb"
version = release = __version__
project_copyright = "the contributors of tfmfa_nb"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
nitpicky = True
smartquotes = False  # options begin with two dashes
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
html_theme = "furo"
html_title = "tfmfa_nb"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "default"
pygments_dark_style = "github-dark"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what is the site's own."""
    app.add_lexer("cell", CellLexer)
    app.add_directive("mermaid", Flowchart)
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fill(_app: Sphinx, _name: str, source: list[str]) -> None:
    source[0] = filled(source[0])
