"""JSON whose objects have each key once. Of a key that is there twice, people read one value and programs another."""

from __future__ import annotations

import json
from typing import Any


class DoubledKeyError(ValueError):
    """An object has a key twice.

    Attributes:
        key: the key.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def parse_json(text: str | bytes) -> Any:
    """The value in a JSON text.

    Raises:
        DoubledKeyError: an object has a key twice.
        ValueError: the text is not JSON.
        RecursionError: the text is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise DoubledKeyError(key)
        members[key] = value
    return members
