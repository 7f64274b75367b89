"""A schema in a few words: the type of an attribute, how often a block may appear, a function's signature."""

from __future__ import annotations

from typing import Any


def type_name(schema: dict[str, Any]) -> str:
    """An attribute's type as Terraform writes it: list(string)."""
    if nested := schema.get("nested_type"):
        inner = ", ".join(nested.get("attributes", {}))
        mode = nested.get("nesting_mode", "single")
        return f"object({{{inner}}})" if mode == "single" else f"{mode}(object({{{inner}}}))"
    return _written(schema.get("type", "any"))


def _written(given: Any) -> str:
    match given:
        case "dynamic":
            return "any"
        case str():
            return given
        case ["object", dict() as members, *_]:
            return f"object({{{', '.join(members)}}})"
        case ["tuple", list() as members]:
            return f"tuple([{', '.join(map(_written, members))}])"
        case [collection, inner]:
            return f"{collection}({_written(inner)})"
    return "any"


def attribute_about(schema: dict[str, Any]) -> str:
    """Its type, and what may or must be done with it."""
    words = [type_name(schema)]
    if schema.get("required"):
        words.append("required")
    elif schema.get("optional"):
        words.append("optional")
    else:
        words.append("read only")
    words += [word for word in ("sensitive", "deprecated") if schema.get(word)]
    words += ["write only"] if schema.get("write_only") else []
    return ", ".join(words)


def block_about(nested: dict[str, Any]) -> str:
    """Whether a nested block must be there, and how often it may be."""
    least, most = nested.get("min_items", 0), nested.get("max_items", 0)
    words = ["block", "required"] if least else ["block"]
    if most == 1 or nested.get("nesting_mode") == "single":
        words.append("at most once")
    return ", ".join(words)


def signature(name: str, function: dict[str, Any]) -> str:
    """cidrsubnet(prefix string, newbits number, netnum number) string."""
    given = [f"{each.get('name', '')} {_written(each.get('type', 'any'))}" for each in function.get("parameters", ())]
    if more := function.get("variadic_parameter"):
        given.append(f"{more.get('name', '')} …{_written(more.get('type', 'any'))}")
    return f"{name}({', '.join(given)}) {_written(function.get('return_type', 'any'))}"
