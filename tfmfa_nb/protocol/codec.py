"""Encodes messages as JSON values, and parses untrusted JSON values as messages.

A message is a frozen dataclass whose typed fields define the format. `type`, a literal with a default, tells the
messages of one direction apart. `typescript` generates the front end's types from the same fields.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Longest:
    """The maximum length of a text, in characters. A message with a longer text is not read: no person typed it."""

    characters: int


def encode(message: Any) -> Any:
    """`message` as a JSON value, without optional fields that are None."""
    if is_dataclass(message) and not isinstance(message, type):
        values = ((each, getattr(message, each.name)) for each in fields(message))
        return {each.name: encode(value) for each, value in values if value is not None or not optional(each)}
    if isinstance(message, Mapping):
        return {str(name): encode(value) for name, value in message.items()}
    if isinstance(message, list | tuple):
        return [encode(value) for value in message]
    return message.value if isinstance(message, Enum) else message


def parse(message: object, *kinds: type[M]) -> M | None:
    """The message in a JSON value, as one of `kinds`; None if the value is not such a message.

    Unknown fields are ignored, because a later version may have added them.
    """
    if isinstance(message, dict):
        for kind in kinds:
            try:
                parsed: M = _object(kind, message)
            except _Mismatch:
                continue
            return parsed
    return None


class _Mismatch(Exception):
    """A value does not have the expected type."""


def _object(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise _Mismatch
    values = {}
    for each, hint in types_of(kind).values():
        if each.name in value:
            values[each.name] = _value(hint, value[each.name])
        elif is_required(each):
            raise _Mismatch
    return kind(**values)


def _value(hint: Any, value: Any) -> Any:
    """`value` as the type `hint`.

    Raises:
        _Mismatch: the value has another type.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        text = _value(arguments[0], value)
        if any(len(text) > each.characters for each in arguments[1:] if isinstance(each, Longest)):
            raise _Mismatch
        return text
    if origin in {Union, UnionType}:
        return _first(arguments, value)
    if origin in {tuple, Mapping}:
        return _container(origin, arguments, value)
    return _object(hint, value) if is_dataclass(hint) else _scalar(hint, value)


def _container(origin: Any, hints: tuple[Any, ...], value: Any) -> Any:
    if origin is Mapping and isinstance(value, dict):
        return {_value(hints[0], name): _value(hints[1], item) for name, item in value.items()}
    if origin is tuple and isinstance(value, list):
        each = [hints[0]] * len(value) if hints[1] is Ellipsis else hints
        if len(each) == len(value):
            return tuple(map(_value, each, value))
    raise _Mismatch


def _first(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        try:
            return _value(hint, value)
        except _Mismatch:
            continue
    raise _Mismatch


def _scalar(hint: Any, value: Any) -> Any:
    if hint is NoneType and value is None:
        return value
    if get_origin(hint) is Literal and isinstance(value, str) and value in get_args(hint):
        return value
    if hint is float and type(value) in {int, float} and abs(value) <= sys.float_info.max:
        return float(value)
    if hint in {str, int, bool} and type(value) is hint:  # a bool does not count as a number
        return value
    if isinstance(hint, type) and issubclass(hint, Enum) and value in {each.value for each in hint}:
        return hint(value)
    raise _Mismatch


def is_required(field: Field[Any]) -> bool:
    """True if a message must have the field. The defaults of `type` and `protocol` are only for the sender."""
    return field.name in {"type", "protocol"} or (field.default is MISSING and field.default_factory is MISSING)


def optional(field: Field[Any]) -> bool:
    """True if `encode` may omit the field."""
    return field.default is None


@cache
def types_of(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """The fields of a message with their types, by name."""
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: (each, hints[each.name]) for each in fields(kind)}
