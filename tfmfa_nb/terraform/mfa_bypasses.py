"""Settings of the AWS provider and of backends that bypass the MFA session by bringing other credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.assume_role import dynamic_loop
from tfmfa_nb.terraform.evaluation import UNKNOWN, Question
from tfmfa_nb.terraform.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tfmfa_nb.terraform.evaluation import Loop
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

WEB_IDENTITY = "assume_role_with_web_identity"
# Settings of a provider or a backend, and the credentials that each brings.
SETTINGS = {
    "profile": "an AWS profile",
    "access_key": "its own access key",
    "secret_key": "its own secret key",
    "token": "its own session token",
    "shared_credentials_file": "its own credentials file",
    "shared_credentials_files": "its own credentials file",
    "shared_config_files": "its own configuration file",
}
REMEDY = "Remove it: Terraform gets the credentials of the MFA session from environment variables."


@dataclass(frozen=True, slots=True)
class DeclaredBypass:
    """A setting in the configuration; a bypass unless its value is null or empty.

    Attributes:
        owner: 'provider "aws"'.
        name: the setting, as the policy names it.
        place: main.tf:3.
        question: asks whether it has a value; see `whether_set`. None for a block, which needs no value.
        kind: the AWS provider's name for such a setting, if it differs.
        remedy: what to do about it.
    """

    owner: str
    name: str
    place: str
    question: Question | None
    kind: str = ""
    remedy: str = REMEDY

    def questions(self) -> Iterator[Question]:
        """The question, if there is one."""
        if self.question is not None:
            yield self.question

    def problem(self) -> Problem | None:
        """The bypass, once the question is answered; None if the setting has no value."""
        # A run under MFA sees no shared AWS files: null goes through, and a profile is an error of the provider's own.
        return None if self._is_unknown_profile else self._problem()

    def unknown_profile(self) -> Problem | None:
        """The setting if it is a profile that is not known yet: without MFA, Terraform may use one."""
        return self._problem() if self._is_unknown_profile else None

    @property
    def _is_unknown_profile(self) -> bool:
        return (self.kind or self.name) == "profile" and self.question is not None and self.question.value is UNKNOWN

    def _problem(self) -> Problem | None:
        value = self.question.value if self.question else True
        kind = self.kind or self.name
        if not is_set(value):
            return None
        credentials = "a web identity" if kind == WEB_IDENTITY else SETTINGS[kind]
        uses, setting = "uses", f"`{self.name}`"
        if value is UNKNOWN:
            uses, setting = "may use", f"`{self.name}` is not known yet"
        text = f"{self.owner} {uses} {credentials} ({setting}), which bypasses the MFA session."
        return Problem(text, self.remedy, self.place, self.name)


def whether_set(module: Module, value: Expression, loops: tuple[Loop, ...] = ()) -> Question:
    """Asks whether a setting has a value. The value, which may be a key, is not read, and may be sensitive."""
    if value.literal is not None or value.text.strip() == "null":
        return Question(module, value, loops)
    empty = f"({value.text}\n) == null ? true : try(length({value.text}\n) == 0, false)"
    asked = f"try(nonsensitive({empty}), ({empty})) ? null : true"
    return Question(module, Expression(asked, value.file, value.line, value.source), loops)


def bypasses_of_block(
    module: Module, block: Block, owner: str, loops: tuple[Loop, ...] = ()
) -> Iterator[DeclaredBypass]:
    """The bypasses in the block of a provider or a backend."""
    for name in (*SETTINGS, WEB_IDENTITY):
        if (value := block.attributes.get(name)) is not None:
            yield DeclaredBypass(owner, name, value.place, whether_set(module, value, loops))
    for inner in block.blocks:
        if inner.type == WEB_IDENTITY:
            yield DeclaredBypass(owner, WEB_IDENTITY, inner.place, None)
        elif inner.type == "dynamic" and inner.labels == (WEB_IDENTITY,) and (loop := dynamic_loop(inner)):
            question = Question(module, Expression("true"), (*loops, loop))
            yield DeclaredBypass(owner, WEB_IDENTITY, inner.place, question)


def bypasses_of_settings(
    module: Module, value: Callable[[str], Expression | None], owner: str, loops: tuple[Loop, ...] = ()
) -> Iterator[DeclaredBypass]:
    """The bypasses in the `config` of a remote state, whose settings `value` looks up by name."""
    for name in (*SETTINGS, WEB_IDENTITY):
        if (setting := value(name)) is not None:
            yield DeclaredBypass(owner, name, setting.place, whether_set(module, setting, loops))


def is_set(value: Any) -> bool:
    """Whether a value is neither null nor empty; for a list, such as a loop's, whether this holds for any element."""
    if isinstance(value, list):
        return any(map(is_set, value))
    return value not in (None, "", {})
