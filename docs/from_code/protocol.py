"""The messages between kernel and front ends, from the classes of which the front end's types are made too."""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from types import UnionType
from typing import Any, get_args

from from_code.markdown import attributes, code, summary, table
from tfmfa_nb.protocol import messages as all_messages
from tfmfa_nb.protocol.typescript import generate

_DECLARED = re.compile(r"^export interface (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  readonly (\w+\??): (.*);$", re.MULTILINE)


def known() -> dict[str, Any]:
    """The messages that front ends know, by name."""
    declared = dict(_DECLARED.findall(generate()))
    return {name: value for name, value in vars(all_messages).items() if is_dataclass(value) and name in declared}


def messages() -> str:
    """The unions of messages, then each message with its fields, as TypeScript has them."""
    unions = [(name, each) for name, each in vars(all_messages).items() if isinstance(each, UnionType)]
    declared = dict(_DECLARED.findall(generate()))
    parts = [
        f"The protocol has version {all_messages.PROTOCOL}.\n",
        "## Directions\n",
        table(
            ("Union", "Messages"),
            [(code(name), ", ".join(code(part.__name__) for part in get_args(each))) for name, each in unions],
        ),
    ]
    for name, kind in sorted(known().items()):
        said = attributes(kind)
        rows = [
            (code(field), code(hint), said.get(field.rstrip("?"), "")) for field, hint in _FIELD.findall(declared[name])
        ]
        parts += [f"## {code(name)}\n", f"{summary(kind)}\n", table(("Field", "Type", "Meaning"), rows)]
    return "\n".join(parts)
