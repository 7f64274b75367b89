"""What a person gives `init` about the backend: `-backend-config`, and whether it takes the place of what is kept.

https://developer.hashicorp.com/terraform/language/backend#partial-configuration
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.hcl import Block, parse
from tfmfa_nb.terraform.json_syntax import parse_json
from tfmfa_nb.terraform.secret_variables import sounds_secret
from tfmfa_nb.terraform.string_literals import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTION = "-backend-config"
# In a URL, or in a connection string (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING).
_PASSWORD = re.compile(r"://[^/@\s:]*:[^/@\s]+@|\bpassword\s*=", re.IGNORECASE)
_JUDGED_BY_VALUE = "conn_str"  # of the pg backend; without a password, it is no secret


@dataclass(frozen=True, slots=True)
class BackendArguments:
    """Settings of the backend beside those in its block; later ones take precedence.

    Attributes:
        words: "KEY=VALUE", or the absolute path of a file with settings.
        reconfigure: whether `init` forgets the backend that it has kept.
    """

    words: tuple[str, ...] = field(default=(), repr=False)
    reconfigure: bool = False

    @property
    def arguments(self) -> list[str]:
        """As arguments of `terraform init`."""
        return [f"{OPTION}={word}" for word in self.words]

    @property
    def files(self) -> list[Path]:
        """The files with settings."""
        return [Path(word) for word in self.words if "=" not in word]

    @property
    def secrets(self) -> list[str]:
        """The names of settings that are given with a secret, not in a file: `init` would keep it in plain text."""
        pairs = [word.partition("=") for word in self.words if "=" in word]
        return [
            name
            for name, _, value in pairs
            if _PASSWORD.search(value) or (name.strip() != _JUDGED_BY_VALUE and sounds_secret(name.strip()))
        ]

    def over(self, block: Block) -> Block:
        """A backend's block with these settings over its own.

        Raises:
            OSError: a file cannot be read.
            ValueError: a file is neither HCL nor JSON.
        """
        attributes, blocks = dict(block.attributes), list(block.blocks)
        for word in self.words:
            for given in _given(word):
                names = {*given.attributes, *(inner.type for inner in given.blocks)}
                kept = {name: value for name, value in attributes.items() if name not in names}
                attributes = {**kept, **given.attributes}
                blocks = [inner for inner in blocks if inner.type not in names] + list(given.blocks)
        return replace(block, attributes=attributes, blocks=tuple(blocks))


NO_BACKEND_ARGUMENTS = BackendArguments()


def backend_arguments(given: tuple[str, ...], base: Path, *, reconfigure: bool = False) -> BackendArguments:
    """The arguments for what a person has written.

    Args:
        given: "KEY=VALUE" or "FILE", in order; what has no "=" is a file, as in Terraform.
        base: the folder to which relative paths refer.
        reconfigure: whether `init` forgets what it has kept.
    """
    words = (word if "=" in word else str((base / Path(word).expanduser()).absolute()) for word in given)
    return BackendArguments(tuple(words), reconfigure)


def _given(word: str) -> Iterator[Block]:
    """What one argument sets, as the body of a backend's block."""
    name, is_pair, value = word.partition("=")
    if is_pair:
        # Terraform reads text as it is, and an object or a list as HCL.
        text = value if value.lstrip().startswith(("{", "[")) else encode(value)
        yield Block("backend", ("",), OPTION, 0, attributes={name.strip(): Expression(text, OPTION)})
        return
    file = Path(word)
    source = file.read_bytes()
    if file.suffix == ".json":
        outer = parse_json(b'{"terraform": {"backend": {"x": ' + source + b"}}}", file.name)
    else:
        outer, line = parse(b'terraform { backend "x" { ' + source + b"\n}\n}\n", file.name)
        if line is not None:
            raise ValueError(f"{file.name}:{line} is not HCL")
    yield from (inner for block in outer for inner in block.blocks if inner.type == "backend")
