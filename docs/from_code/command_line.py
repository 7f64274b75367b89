"""The commands of `jupyter tfmfa`, from their own help."""

from __future__ import annotations

import re
from contextlib import redirect_stdout, suppress
from functools import cache
from io import StringIO
from unittest import mock

from from_code.markdown import prose, table
from tfmfa_nb.app import main

_COMMANDS = "\ncommands:\n  COMMAND\n"
_CODES = re.compile(r"^exit codes[^\n]*:\n((?:  .*\n?)+)", re.MULTILINE)
_CODE = re.compile(r"^  (\d+) +(.*)$", re.MULTILINE)


@cache
def helps(*command: str) -> dict[str, str]:
    """What `--help` prints for a command and for each command below it, by the words of the command."""
    shown = StringIO()
    with (
        redirect_stdout(shown),
        suppress(SystemExit),
        mock.patch.dict("os.environ", {"COLUMNS": "80", "NO_COLOR": "1"}),
    ):
        main([*command, "--help"])
    found = {" ".join(command): shown.getvalue()}
    listed = found[" ".join(command)].partition(_COMMANDS)[2].partition("\n\n")[0]
    for name in re.findall(r"^    (\w+) ", listed, re.MULTILINE):
        found |= helps(*command, name)
    return found


def commands() -> str:
    """Each command with its help."""
    return "\n".join(f"## `{_named(name)}`\n\n```text\n{text.strip()}\n```\n" for name, text in helps().items())


def codes() -> dict[str, dict[int, str]]:
    """The exit codes that the help of each command lists, with their meanings."""
    found = {name: _CODES.search(f"{text}\n") for name, text in helps().items()}
    return {name: {int(code): text for code, text in _CODE.findall(each[1])} for name, each in found.items() if each}


def exit_codes() -> str:
    """A table of the exit codes of each command that has its own, and of all others."""
    rows = [
        (f"`{_named(name)}`" if name else "every other command", str(code), prose(text))
        for name, listed in sorted(codes().items(), reverse=True)
        for code, text in listed.items()
    ]
    return table(("Command", "Code", "Meaning"), rows)


def _named(command: str) -> str:
    return f"jupyter tfmfa {command}".strip()
