"""The planned change of one resource, from `terraform show -json`.

https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.words import action_sign
from tfmfa_nb.terraform.change_reasons import deferral_in_words, reason_in_words
from tfmfa_nb.terraform.planned_values import planned_value

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_OP = "no-op"
ACTIONS = {
    (NO_OP,): NO_OP,
    ("create",): "create",
    ("read",): "read",
    ("update",): "update",
    ("delete",): "delete",
    ("forget",): "forget",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "create",  # the old object remains, unmanaged
    ("forget", "create"): "create",
}
_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]")


class Addresses(tuple[str, ...]):
    """Addresses of resources."""

    __slots__ = ()

    def matching(self, pattern: str) -> Addresses:
        """The addresses that fit `pattern`, in which `*` stands for any text and `?` for one character.

        Args:
            pattern: fits a whole address, the address in its module, or the resource's type: "aws_db_*",
                "aws_instance.web[*]", "module.prod.*".
        """
        parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
        fits = re.compile("".join(parts), re.DOTALL).fullmatch
        return Addresses(address for address in self if any(map(fits, _names(address))))


def _names(address: str) -> Iterator[str]:
    """An address, the same without its modules, and the type: "module.a.aws_x.y[0]", "aws_x.y[0]", "aws_x"."""
    yield address
    plain = _INDEX.sub(lambda index: "\0" * len(index[0]), address)  # a key may have dots in it
    start = 0
    while plain.startswith("module.", start):
        start = plain.find(".", start + len("module.")) + 1
        if not start:
            return
    yield address[start:]
    yield address[start:].removeprefix("data.").partition(".")[0]


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """The change of one resource, with placeholders for sensitive and unknown values; see `planned_values`.

    Attributes:
        address: "module.net.aws_subnet.private[0]".
        type: "aws_subnet".
        name: "private".
        action: create, update, delete, replace, read, forget, import and move (without other changes).
        before: the attributes by name as they are; None for a resource that does not exist.
        after: the attributes by name as they are planned; None for a resource that will not exist.
        imported: whether the resource is imported, with or without changes.
        moved_from: the former address; "" if the resource was not moved.
        deposed: the key of a deposed object, if the change is about one; "" otherwise.
        reason: why this action is planned, in words: "tainted", "ami forces replacement"; "" if Terraform does not say.
        replace_paths: the paths of the attributes that force a replacement: (("root_block_device", 0, "encrypted"),).
        create_before_destroy: whether a replacement is created before the old object is destroyed.
        import_id: ID by which it is imported; "" if it is not, or by another identity.
        module: the address of its module; "" for the root module.
        mode: "managed", or "data" for a data source.
        provider: source address: "registry.terraform.io/hashicorp/aws".
        deferred: why the change is deferred to a later plan, in words; "" if it is not.
    """

    address: str
    type: str
    name: str
    action: str
    before: Any = field(repr=False, default=None)
    after: Any = field(repr=False, default=None)
    imported: bool = False
    moved_from: str = ""
    deposed: str = ""
    reason: str = ""
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    create_before_destroy: bool = False
    import_id: str = field(repr=False, default="")
    module: str = ""
    mode: str = "managed"
    provider: str = ""
    deferred: str = ""

    def __str__(self) -> str:
        deposed = f" (deposed object {self.deposed})" if self.deposed else ""
        moved = f" (moved from {self.moved_from})" if self.moved_from else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{action_sign(self.action):>3} {self.address}{deposed}{moved}{reason}"


def resource_change(resource: dict[str, Any], deferred: Any = None) -> ResourceChange:
    """The change of a resource in the JSON, whatever of it is missing or of another type.

    Args:
        resource: an element of `resource_changes`, `resource_drift`, or `deferred_changes`.
        deferred: the reason of a deferred change.
    """
    change = _table(resource.get("change"))
    action = action_of(change)
    importing = change.get("importing")
    imported = importing is not None
    moved_from = str(resource.get("previous_address") or "")
    paths = _paths(change.get("replace_paths"))
    return ResourceChange(
        address=str(resource.get("address", "")),
        type=str(resource.get("type", "")),
        name=str(resource.get("name", "")),
        action=action if action != NO_OP else "import" if imported else "move" if moved_from else NO_OP,
        before=planned_value(change.get("before"), None, change.get("before_sensitive")),
        after=planned_value(change.get("after"), change.get("after_unknown"), change.get("after_sensitive")),
        imported=imported,
        moved_from=moved_from,
        deposed=str(resource.get("deposed") or ""),
        reason=reason_in_words(resource.get("action_reason"), paths),
        replace_paths=paths,
        create_before_destroy=change.get("actions") == ["create", "delete"],
        import_id=str(_table(importing).get("id") or ""),
        module=str(resource.get("module_address") or ""),
        mode=str(resource.get("mode") or "managed"),
        provider=str(resource.get("provider_name") or ""),
        deferred=deferral_in_words(deferred),
    )


def action_of(change: dict[str, Any]) -> str:
    """The action of a change; "update" for what is not known here."""
    actions = change.get("actions")
    return ACTIONS.get(tuple(map(str, actions)) if isinstance(actions, list) else (), "update")


def _paths(value: Any) -> tuple[tuple[str | int, ...], ...]:
    lists = (path for path in value if isinstance(path, list)) if isinstance(value, list) else ()
    return tuple(tuple(step for step in path if isinstance(step, str | int)) for path in lists)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
