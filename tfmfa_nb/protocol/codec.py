"""Messages as JSON values and back: one function encodes, one parses what nobody vouches for.

A message is a frozen dataclass. Its fields, with their types, are the format; `type`, a literal with a default, tells
the messages of one direction apart. `typescript` writes the front end's half from the same fields.
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
    """How many characters a text has at the most: what is longer was not typed, and is not read."""

    characters: int


def encode(message: Any) -> Any:
    """`message` as a JSON value; a field that is None and need not be given is left out."""
    if is_dataclass(message) and not isinstance(message, type):
        given = ((each, getattr(message, each.name)) for each in fields(message))
        return {each.name: encode(value) for each, value in given if value is not None or not optional(each)}
    if isinstance(message, Mapping):
        return {str(name): encode(value) for name, value in message.items()}
    if isinstance(message, list | tuple):
        return [encode(value) for value in message]
    return message.value if isinstance(message, Enum) else message


def parse(message: object, *kinds: type[M]) -> M | None:
    """The message of one of `kinds` that a JSON value is; None where it is none, whatever else it is.

    Fields that no kind knows are ignored: a later version may have added them.
    """
    if isinstance(message, dict):
        for kind in kinds:
            try:
                found: M = _object(kind, message)
            except _NotThis:
                continue
            return found
    return None


class _NotThis(Exception):
    """The value is not of the type that is wanted."""


def _object(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise _NotThis
    found = {}
    for each, hint in types_of(kind).values():
        if each.name in value:
            found[each.name] = _value(hint, value[each.name])
        elif needed(each):
            raise _NotThis
    return kind(**found)


def _value(hint: Any, value: Any) -> Any:
    """`value` as what `hint` says.

    Raises:
        _NotThis: it is something else.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        read = _value(arguments[0], value)
        if any(len(read) > each.characters for each in arguments[1:] if isinstance(each, Longest)):
            raise _NotThis
        return read
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
    raise _NotThis


def _first(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        try:
            return _value(hint, value)
        except _NotThis:
            continue
    raise _NotThis


def _scalar(hint: Any, value: Any) -> Any:
    if hint is NoneType and value is None:
        return value
    if get_origin(hint) is Literal and isinstance(value, str) and value in get_args(hint):
        return value
    if hint is float and type(value) in {int, float} and abs(value) <= sys.float_info.max:
        return float(value)
    if hint in {str, int, bool} and type(value) is hint:  # a bool is no number here
        return value
    if isinstance(hint, type) and issubclass(hint, Enum) and value in {each.value for each in hint}:
        return hint(value)
    raise _NotThis


def needed(field: Field[Any]) -> bool:
    """Whether a message without the field is none: what a message is has a default only for whoever sends it."""
    return field.name in {"type", "protocol"} or (field.default is MISSING and field.default_factory is MISSING)


def optional(field: Field[Any]) -> bool:
    """Whether `encode` may leave the field out."""
    return field.default is None


@cache
def types_of(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """Each field of a message, with its type."""
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: (each, hints[each.name]) for each in fields(kind)}
