"""`jupyter tfmfa mcp`: serves one agent on standard input and output."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """\
Serve an agent on standard input and output, by the Model Context Protocol: it
plans, reads plans and runs, and asks for applies. A person gives the codes.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "--folder", default=".", metavar="DIR", help="folder of the environments; by default the working directory"
    )
    parser.set_defaults(execute=_execute)


def _execute(options: argparse.Namespace) -> int:
    folder = Path(options.folder)
    if not folder.is_dir():
        raise ConfigurationError(f"The folder {folder} does not exist.", "Use --folder with an existing folder.")
    try:
        from tfmfa_nb.agents.mcp_tools import server_in  # noqa: PLC0415 - optional, and slow
    except ImportError:
        raise ConfigurationError("The package mcp is not installed.", "pip install 'tfmfa-nb[mcp]'") from None
    os.chdir(folder)
    asyncio.run(server_in(Path.cwd()).run_stdio_async())
    return 0
