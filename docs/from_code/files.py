"""The formats of the files, and the run record."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields

from from_code.markdown import attributes, code, table
from tfmfa_nb.protocol import formats as versions
from tfmfa_nb.protocol.records import RunRecord

_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def formats() -> str:
    """The formats with a version."""
    where = {name: place for name, place, _ in _ROW.findall(inspect.getdoc(versions) or "")}
    known = [each for each in vars(versions).values() if isinstance(each, versions.Format)]
    names = {"record of an audit trail": "record of a trail"}
    rows = [(each.name, where[names.get(each.name, each.name)], str(each.version), str(each.oldest)) for each in known]
    return table(("Format", "File", "Version", "Oldest version that is read"), rows)


def run_record() -> str:
    """The fields of a run record."""
    said = attributes(RunRecord)
    rows = [
        (
            code(each.name),
            code(str(each.type)),
            said[each.name],
            "yes" if each.default is each.default_factory is MISSING else "",
        )
        for each in fields(RunRecord)
    ]
    return table(("Field", "Type", "Meaning", "Has no default"), rows)
