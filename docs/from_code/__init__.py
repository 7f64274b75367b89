"""The parts of the reference that are made from the code, by the names with which its pages ask for them.

A page has a line `<!-- from the code: magics -->`, and below it a sentence for whoever reads it in a checkout; the part
takes the place of both when the site is built.
"""

from __future__ import annotations

import re

from from_code import benchmarks, command_line, errors, files, magics, protocol, python_api, settings

PARTS = {
    "benchmarks": benchmarks.benchmarks,
    "commands": command_line.commands,
    "errors": errors.errors,
    "exit codes": command_line.exit_codes,
    "formats": files.formats,
    "levels": settings.levels,
    "magics": magics.magics,
    "messages": protocol.messages,
    "python": python_api.functions,
    "refused options": magics.refused_options,
    "run": python_api.run,
    "run record": files.run_record,
    "settings": settings.settings,
    "statuses": settings.statuses,
    "terraform commands": magics.terraform_commands,
}
_PLACE = re.compile(r"^<!-- from the code: ([\w ]+) -->(?:\n\*In a checkout, .+\*)?$", re.MULTILINE)


def filled(page: str) -> str:
    """A page with the parts in their places.

    Raises:
        KeyError: there is no such part.
    """
    return _PLACE.sub(lambda place: PARTS[place[1]](), page)
