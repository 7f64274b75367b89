"""What would make Terraform use other credentials than the MFA session's, which are in its environment."""

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

_WEB_IDENTITY = "assume_role_with_web_identity"
# Of a provider block or a backend, and what each means.
SETTINGS = {
    "profile": "an AWS profile",
    "access_key": "a key of its own",
    "secret_key": "a key of its own",
    "token": "a session token of its own",
    "shared_credentials_file": "a credentials file of its own",
    "shared_credentials_files": "a credentials file of its own",
    "shared_config_files": "a configuration file of its own",
}
_REMEDY = "Take it out: Terraform gets the MFA session's credentials from its environment."


@dataclass(frozen=True, slots=True)
class WrittenBypass:
    """A setting that is a bypass unless its value is null or empty.

    Attributes:
        whose: 'provider "aws"'.
        name: the setting.
        place: main.tf:3.
        question: its value; None where there is nothing to ask.
    """

    whose: str
    name: str
    place: str
    question: Question | None

    def problem(self) -> Problem | None:
        """What is wrong, once the question is answered."""
        value = self.question.value if self.question else True
        if not _says_something(value):
            return None
        what = "a web identity" if self.name == _WEB_IDENTITY else SETTINGS[self.name]
        if value is UNKNOWN:
            text = f"{self.whose} may use {what} (`{self.name}` is not known yet), which would pass MFA by."
        else:
            text = f"{self.whose} uses {what} (`{self.name}`), which would pass MFA by."
        return Problem(text, _REMEDY, self.place, self.name)


def bypasses_of_block(
    module: Module, block: Block, whose: str, loops: tuple[Loop, ...] = ()
) -> Iterator[WrittenBypass]:
    """Those of a provider, or of a backend's block."""
    for name in (*SETTINGS, _WEB_IDENTITY):
        if (value := block.attributes.get(name)) is not None:
            yield WrittenBypass(whose, name, value.place, Question(module, value, loops))
    for inner in block.blocks:
        if inner.type == _WEB_IDENTITY:
            yield WrittenBypass(whose, _WEB_IDENTITY, inner.place, None)
        elif inner.type == "dynamic" and inner.labels == (_WEB_IDENTITY,) and (loop := dynamic_loop(inner)):
            question = Question(module, Expression("true"), (*loops, loop))
            yield WrittenBypass(whose, _WEB_IDENTITY, inner.place, question)


def bypasses_of_settings(
    module: Module, value: Callable[[str], Expression | None], whose: str, loops: tuple[Loop, ...] = ()
) -> Iterator[WrittenBypass]:
    """Those of a remote state's `config`, whose settings `value` gives by their names."""
    for name in (*SETTINGS, _WEB_IDENTITY):
        if (setting := value(name)) is not None:
            yield WrittenBypass(whose, name, setting.place, Question(module, setting, loops))


def _says_something(value: Any) -> bool:
    """Whether a setting has a value; lists, those of loops too, if anything in them has."""
    if isinstance(value, list):
        return any(map(_says_something, value))
    return value not in (None, "", {})
