"""The actions that a plan proposes for a resource, with their signs."""

from __future__ import annotations

from types import MappingProxyType

# The signs of Terraform's own plans; Terraform has none for an import.
SIGNS = MappingProxyType(
    {
        "create": "+",
        "update": "~",
        "delete": "-",
        "replace": "-/+",
        "read": "<=",
        "forget": ".",
        "import": "<-",
        "no-op": "",
    }
)


def sign(action: str) -> str:
    """The sign of an action, right-aligned in three columns; blanks for an unknown action."""
    return f"{SIGNS.get(action, ''):>3}"
