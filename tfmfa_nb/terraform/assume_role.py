"""The roles that a block or a backend assumes: questions about them, and their hops once those are answered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.roles import RoleHop
from tfmfa_nb.terraform.evaluation import UNKNOWN, Loop, Question
from tfmfa_nb.terraform.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

# A duration as Go writes it, which the provider accepts: "1h30m".
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|μs|ns|m|s)")
_UNIT = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_FIELDS = (
    *("role_arn", "session_name", "external_id", "duration", "duration_seconds", "policy", "policy_arns"),
    *("tags", "transitive_tag_keys", "source_identity"),
)
# The older arguments of the S3 backend, on the level of its other settings.
_FLAT = {
    **{name: name for name in ("role_arn", "session_name", "external_id")},
    "duration_seconds": "assume_role_duration_seconds",
    "policy": "assume_role_policy",
    "policy_arns": "assume_role_policy_arns",
    "tags": "assume_role_tags",
    "transitive_tag_keys": "assume_role_transitive_tag_keys",
}


@dataclass(frozen=True, slots=True)
class DeclaredRole:
    """A role in the configuration, and the questions about it.

    Attributes:
        hcl: its expression, shown if the value is not known.
        place: main.tf:3.
        fields: a question for each argument; if the role is repeated, the values are lists.
        keys: a question whose value has one element for each repetition; None for a role that is not repeated.
        depth: the number of loops around the enclosing block.
    """

    hcl: str
    place: str
    fields: Mapping[str, Question]
    keys: Question | None = None
    depth: int = 0

    def questions(self) -> Iterator[Question]:
        """Every question about the role."""
        yield from self.fields.values()
        if self.keys:
            yield self.keys

    def hops(self, index: int = 0) -> list[RoleHop]:
        """The hops, once the questions are answered; none if the role is null or "".

        Args:
            index: the repetition of the enclosing block.
        """
        role = self.fields.get("role_arn")
        if self.keys is None:
            known = {name: _at(question, index, self.depth) for name, question in self.fields.items()}
            return [] if role is None else self._hop(known)
        times = _at(self.keys, index, self.depth)
        if not isinstance(times, list):
            return [RoleHop(None, self.hcl, place=self.place)]
        lists = {name: _at(question, index, self.depth) for name, question in self.fields.items()}
        hops = []
        for number in range(len(times) if role is not None else 0):
            known = {name: _item(values, number, self.fields[name]) for name, values in lists.items()}
            hops += self._hop(known)
        return hops

    def _hop(self, values: Mapping[str, Any]) -> list[RoleHop]:
        role = values.get("role_arn")
        if role in (None, ""):
            return []
        seconds = _seconds(values.get("duration"))
        if seconds is None and (text := _string(values.get("duration_seconds"))) and text.isdecimal():
            seconds = int(text)
        tags = values.get("tags")
        hop = RoleHop(
            role_arn=_string(role),
            expression=self.hcl,
            place=self.place,
            session_name=_string(values.get("session_name")),
            external_id=_string(values.get("external_id")),
            duration_seconds=seconds,
            policy=_string(values.get("policy")),
            policy_arns=_strings(values.get("policy_arns")),
            transitive_tag_keys=_strings(values.get("transitive_tag_keys")),
            source_identity=_string(values.get("source_identity")),
            unknown=tuple(sorted(name for name, value in values.items() if value is UNKNOWN and name != "role_arn")),
        )
        if isinstance(tags, dict):
            pairs = ((key, _string(value)) for key, value in tags.items())
            hop = replace(hop, tags=tuple((key, text) for key, text in pairs if text is not None))
        return [hop]


def roles_of_block(module: Module, block: Block, loops: tuple[Loop, ...] = ()) -> list[DeclaredRole]:
    """The roles of the `assume_role` blocks in `block`, in order; `dynamic` blocks included."""
    roles = []
    for inner in block.blocks:
        if inner.type == "assume_role":
            fields = {name: Question(module, value, loops) for name, value in inner.attributes.items()}
            roles.append(DeclaredRole(*_hcl_and_place(inner), fields, depth=len(loops)))
        elif inner.type == "dynamic" and inner.labels == ("assume_role",):
            loop = dynamic_loop(inner)
            content = next(inner.all("content"), None)
            if loop is None or content is None:
                continue
            around = (*loops, loop)
            fields = {name: Question(module, value, around) for name, value in content.attributes.items()}
            keys = Question(module, Expression("true"), around)
            roles.append(DeclaredRole(*_hcl_and_place(content), fields, keys, len(loops)))
    return roles


def dynamic_loop(block: Block) -> Loop | None:
    """The loop of a `dynamic` block."""
    over, iterator = block.attributes.get("for_each"), block.attributes.get("iterator")
    if over is None:
        return None
    return Loop((iterator.literal or iterator.text) if iterator else block.labels[0], over)


def roles_of_backend(
    module: Module, value: Callable[[str], Expression | None], loops: tuple[Loop, ...] = ()
) -> list[DeclaredRole]:
    """The roles of an S3 backend, by its older or newer arguments.

    Args:
        module: the module that configures it.
        value: looks up a setting by name.
        loops: the loops around it.
    """
    older = _role_of_form(module, {name: value(old) for name, old in _FLAT.items()}, loops)
    return older + roles_of_setting(module, value("assume_role"), loops)


def roles_of_setting(module: Module, value: Expression | None, loops: tuple[Loop, ...] = ()) -> list[DeclaredRole]:
    """The role of an argument `assume_role = { … }`, as backends and the awscc provider have it."""
    if value is None:
        return []
    return _role_of_form(module, {name: value.member(name) for name in _FIELDS}, loops)


def _role_of_form(module: Module, form: Mapping[str, Expression | None], loops: tuple[Loop, ...]) -> list[DeclaredRole]:
    fields = {name: Question(module, inner, loops) for name, inner in form.items() if inner is not None}
    if "role_arn" not in fields:
        return []
    role = fields["role_arn"].expression
    return [DeclaredRole(role.source, role.place, fields, depth=len(loops))]


def _hcl_and_place(block: Block) -> tuple[str, str]:
    role = block.attributes.get("role_arn")
    return (role.text, role.place) if role else ("", block.place)


def _at(question: Question, index: int, depth: int) -> Any:
    """The value for one repetition; a literal holds for all, even if their number is not known."""
    if not depth:
        return question.value
    return _item(question.value, index, question)


def _item(values: Any, index: int, question: Question) -> Any:
    if isinstance(values, list) and index < len(values):
        return values[index]
    literal = question.expression.literal
    return UNKNOWN if literal is None else literal


def _string(value: Any) -> str | None:
    """A value converted to a string as Terraform does; None if it is unknown, null or empty."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return value if isinstance(value, str) and value else None


def _strings(value: Any) -> tuple[str, ...]:
    values: Sequence[Any] = value if isinstance(value, list) else ()
    return tuple(text for text in map(_string, values) if text is not None)


def _seconds(value: Any) -> int | None:
    parts = _DURATION.findall(value) if isinstance(value, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    return int(sum(float(number) * _UNIT[unit] for number, unit in parts))
