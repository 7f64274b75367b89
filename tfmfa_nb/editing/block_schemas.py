"""The schema of a block in a cell, and what the block can contain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.completion_items import CompletionItem
from tfmfa_nb.editing.language_schema import KINDS, TOP, inner_block, merge_schemas
from tfmfa_nb.editing.schema_descriptions import attribute_about, block_about
from tfmfa_nb.terraform.mfa_bypasses import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tfmfa_nb.editing.scanner import Frame
    from tfmfa_nb.editing.schemas import Schemas


def schema_of(blocks: Sequence[Frame], schemas: Schemas) -> dict[str, Any] | None:
    """The schema of the innermost of `blocks`, which are listed from the outside; None if it is not known."""
    if not blocks or blocks[0].type not in TOP:
        return None
    top = blocks[0]
    found: dict[str, Any] | None = TOP[top.type]
    if top.type in KINDS and top.labels:
        found = merge_schemas(TOP[top.type], schemas.entry(top.type, top.labels[0]))
        if (top.type, top.labels[0]) == ("provider", "aws"):
            found = _without_bypasses(found)
    repeated = None
    for block in blocks[1:]:
        if found is None:
            return None
        if block.type == "content" and repeated is not None:
            found, repeated = repeated, None
            continue
        if block.type == "data" and top.type == "check" and block.labels:
            found = merge_schemas(TOP["data"], schemas.entry("data", block.labels[0]))
            continue
        if block.type == "dynamic" and block.labels:
            repeated = inner_block(found, block.labels[0])
        found = inner_block(found, block.type)
    return found


def body_items(schema: dict[str, Any], present: Sequence[str]) -> list[CompletionItem]:
    """The attributes and blocks that can follow: required ones first, Terraform's own and deprecated ones last."""
    builtin = schema.get("builtin", set())
    found = []
    for name, each in schema.get("attributes", {}).items():
        if name not in present and (each.get("required") or each.get("optional")):
            # Attributes that the provider computes are seldom set.
            rank = (name in builtin, 0 if each.get("required") else 2 if each.get("computed") else 1)
            text, deprecated = each.get("description", ""), bool(each.get("deprecated"))
            found.append(
                (rank, CompletionItem(name, "property", f"{name} = ", attribute_about(each), text, deprecated))
            )
    for name, nested in schema.get("block_types", {}).items():
        once = nested.get("max_items") == 1 or nested.get("nesting_mode") == "single"
        if not (once and name in present):
            block = nested["block"]
            text, deprecated = block.get("description", ""), bool(block.get("deprecated"))
            found.append(
                ((name in builtin, 3), CompletionItem(name, "class", "", block_about(nested), text, deprecated))
            )
    found.sort(key=lambda pair: (pair[1].deprecated, pair[0]))
    return [item for _, item in found]


def _without_bypasses(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with settings that bypass the MFA session marked as deprecated."""
    text = "Bypasses the MFA session. Refused where MFA is required."
    attributes = {
        name: {**each, "deprecated": True, "description": text} if name in SETTINGS else each
        for name, each in schema["attributes"].items()
    }
    return {**schema, "attributes": attributes}


def label_items(
    frames: Sequence[Frame], number: int, statement: Sequence[str], schemas: Schemas
) -> Iterator[CompletionItem]:
    """Completions for the label of a block.

    Args:
        frames: the blocks around the statement.
        number: the index of the label.
        statement: the block's type and its labels so far.
        schemas: the schemas of the installed providers.
    """
    kind = statement[0] if statement else ""
    if number:
        return
    if kind in KINDS and (not frames or frames[-1].type == "check"):
        for name in schemas.names(kind):
            yield CompletionItem(name, "module" if kind == "provider" else "class")
    elif kind == "dynamic" and (schema := schema_of(frames, schemas)):
        builtin = schema.get("builtin", set())
        yield from (CompletionItem(name, "class") for name in schema.get("block_types", {}) if name not in builtin)
    elif kind == "backend":
        yield from (CompletionItem(name, "module") for name in ("s3", "local", "http", "remote"))
    elif kind == "provisioner":
        yield from (CompletionItem(name, "module") for name in ("local-exec", "remote-exec", "file"))
