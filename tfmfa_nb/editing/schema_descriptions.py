"""A schema in a few words: the type of an attribute, how often a block may appear, a function's signature."""

from __future__ import annotations

from typing import Any


def type_name(schema: dict[str, Any]) -> str:
    """The type of an attribute in HCL: list(string)."""
    if nested := schema.get("nested_type"):
        inner = ", ".join(nested.get("attributes", {}))
        mode = nested.get("nesting_mode", "single")
        return f"object({{{inner}}})" if mode == "single" else f"{mode}(object({{{inner}}}))"
    return _type_text(schema.get("type", "any"))


def _type_text(kind: Any) -> str:
    match kind:
        case "dynamic":
            return "any"
        case str():
            return kind
        case ["object", dict() as members, *_]:
            return f"object({{{', '.join(members)}}})"
        case ["tuple", list() as members]:
            return f"tuple([{', '.join(map(_type_text, members))}])"
        case [collection, inner]:
            return f"{collection}({_type_text(inner)})"
    return "any"


def attribute_about(schema: dict[str, Any]) -> str:
    """The type of an attribute, and whether it is required, optional or read-only."""
    words = [type_name(schema)]
    if schema.get("required"):
        words.append("required")
    elif schema.get("optional"):
        words.append("optional")
    else:
        words.append("read-only")
    words += [word for word in ("sensitive", "deprecated") if schema.get(word)]
    words += ["write-only"] if schema.get("write_only") else []
    return ", ".join(words)


def block_about(nested: dict[str, Any]) -> str:
    """Whether a nested block is required, and can be repeated."""
    least, most = nested.get("min_items", 0), nested.get("max_items", 0)
    words = ["block", "required"] if least else ["block"]
    if most == 1 or nested.get("nesting_mode") == "single":
        words.append("at most once")
    return ", ".join(words)


def signature(name: str, function: dict[str, Any]) -> str:
    """The signature of a function: cidrsubnet(prefix string, newbits number, netnum number) string."""
    parameters = [
        f"{each.get('name', '')} {_type_text(each.get('type', 'any'))}" for each in function.get("parameters", ())
    ]
    if more := function.get("variadic_parameter"):
        parameters.append(f"{more.get('name', '')} …{_type_text(more.get('type', 'any'))}")
    return f"{name}({', '.join(parameters)}) {_type_text(function.get('return_type', 'any'))}"
