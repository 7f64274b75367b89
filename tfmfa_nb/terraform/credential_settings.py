"""AWS credentials in the settings of other providers: keys and profiles by their names, and `exec` plugins.

Names of such settings end in one of the AWS provider's, behind "aws": `aws_profile` (opensearch, vault),
`aws_access_key_id` (mongodbatlas, datadog), `sasl_aws_shared_config_files` (kafka), `aws_rds_iam_profile` (postgresql).
In a block or an object called `aws…`, such as mysql's `aws_config`, the AWS provider's own names count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.assume_role import dynamic_loop
from tfmfa_nb.terraform.evaluation import UNKNOWN, Loop, Question
from tfmfa_nb.terraform.mfa_bypasses import REMEDY, DeclaredBypass, is_set, whether_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.terraform.expressions import Expression
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

# Ends of names, and what each is called in the AWS provider.
_KINDS = {
    r"profile": "profile",
    r"access_key(?:_id)?": "access_key",
    r"secret_(?:access_)?key|secret": "secret_key",
    r"(?:session_|security_)?token": "token",
    r"shared_credentials?_files?|credentials?_files?": "shared_credentials_files",
    r"(?:shared_)?config_files?": "shared_config_files",
    r"web_identity_\w+": "assume_role_with_web_identity",
    r"container_(?:credentials|authorization)_\w+": "token",
}
_AFTER_AWS = re.compile(
    r"(?:.*_)?aws_(?:.*_)?(?:" + "|".join(f"(?P<k{n}>{end})" for n, end in enumerate(_KINDS)) + ")", re.IGNORECASE
)
_INSIDE_AWS = re.compile("|".join(f"(?P<k{n}>{end})" for n, end in enumerate(_KINDS)), re.IGNORECASE)
_AWS = re.compile(r"(?:.*_)?aws(?:_.*)?", re.IGNORECASE)
_EXEC = "exec"
# What makes an AWS program use other credentials than those in its environment.
_OTHER_CREDENTIALS = re.compile(
    r"--profile\b|\bAWS_(?:(?:DEFAULT_)?PROFILE|(?:SHARED_)?(?:CONFIG|CREDENTIALS?)_FILE|ACCESS_KEY\w*|SECRET\w*"
    r"|SESSION_TOKEN|SECURITY_TOKEN|WEB_IDENTITY_\w+|CONTAINER_\w+)\b"
)
_MAX_REFERENCES = 20
_KUBECONFIGS = frozenset({"config_path", "config_paths", "kubeconfig_path"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting with the names of the blocks and objects around it: ("kubernetes", "exec", "command")."""

    path: tuple[str, ...]
    value: Expression
    module: Module
    loops: tuple[Loop, ...]


@dataclass(frozen=True, slots=True)
class DeclaredExec:
    """An `exec` plugin of a provider.

    Attributes:
        owner: 'provider "kubernetes"'.
        place: of the first setting, main.tf:3.
        asked: a question for each word of its command line, and for each variable of its environment.
        variables: those of `asked` that belong to variables, with the variable's name; "" for all of them together.
    """

    owner: str
    place: str
    asked: tuple[Question, ...]
    variables: tuple[tuple[str, Question], ...]

    def questions(self) -> Iterator[Question]:
        """Every question about it."""
        yield from self.asked
        yield from (question for _, question in self.variables)

    def problem(self) -> Problem | None:
        """The bypass, once the questions are answered; None if the plugin goes by its environment."""
        if not any(map(_names_others, self.asked)) and not any(_sets_others(*one) for one in self.variables):
            return None
        text = f"{self.owner} runs a program with other AWS credentials (`{_EXEC}`), which bypasses the MFA session."
        return Problem(text, REMEDY, self.place, _EXEC)


@dataclass(frozen=True, slots=True)
class CredentialSettings:
    """What one `provider` block says about AWS credentials, and the programs that it runs.

    Attributes:
        bypasses: settings that hold credentials.
        plugins: `exec` plugins.
        kubeconfigs: places of settings that name a kubeconfig, which may name a plugin.
    """

    bypasses: tuple[DeclaredBypass, ...]
    plugins: tuple[DeclaredExec, ...]
    kubeconfigs: tuple[str, ...]

    @classmethod
    def of(cls, module: Module, block: Block, owner: str, loops: tuple[Loop, ...]) -> CredentialSettings:
        """Look through a block, its nested blocks, and the objects and lists in it."""
        settings = list(settings_of(module, block, loops))
        plugins: dict[tuple[str, ...], list[Setting]] = {}
        bypasses, kubeconfigs = [], []
        for setting in settings:
            if setting.value.text == "null":
                continue
            if _EXEC in setting.path:
                plugins.setdefault(setting.path[: setting.path.index(_EXEC) + 1], []).append(setting)
            elif kind := _kind(setting.path):
                question = whether_set(setting.module, setting.value, setting.loops)
                bypasses.append(DeclaredBypass(owner, setting.path[-1], setting.value.place, question, kind))
            elif setting.path[-1] in _KUBECONFIGS:
                kubeconfigs.append(setting.value.place)
        return cls(tuple(bypasses), tuple(_plugin(owner, one) for one in plugins.values()), tuple(kubeconfigs))


def settings_of(module: Module, block: Block, loops: tuple[Loop, ...], path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """The settings of a block, its nested blocks, and the objects and lists in it, each with its own path."""
    for name, value in block.attributes.items():
        yield from _members(module, value, loops, (*path, name))
    for inner in block.blocks:
        if inner.type == "dynamic" and inner.labels:
            loop = dynamic_loop(inner)
            around = (*loops, loop) if loop else loops
            for content in inner.all("content"):
                yield from settings_of(module, content, around, (*path, inner.labels[0]))
        else:
            yield from settings_of(module, inner, loops, (*path, inner.type))


def _members(module: Module, value: Expression, loops: tuple[Loop, ...], path: tuple[str, ...]) -> Iterator[Setting]:
    """The value itself; if it is an object or a list as it is written, its members instead."""
    waiting = [(module, value, loops, path)]
    while waiting:
        at, expression, around, names = waiting.pop()
        home, written = _written(at, expression)
        if _EXEC in names[:-1] or not (written.members or written.elements):
            yield Setting(names, expression, at, around)
            continue
        inside = around if home is at else ()
        waiting += [(home, inner, inside, names) for inner in reversed(written.elements or ())]
        waiting += [(home, inner, inside, (*names, name)) for name, inner in reversed([*written.members.items()])]


def _written(module: Module, value: Expression) -> tuple[Module, Expression]:
    """Where a value that is only a reference to a local or to a module's argument is written."""
    for _ in range(_MAX_REFERENCES):
        arguments = module.call.attributes if module.call else {}
        match value.text.strip().split("."):
            case ["local", name] if name in module.locals:
                value = module.locals[name]
            case ["var", name] if module.parent is not None and name in arguments:
                module, value = module.parent, arguments[name]
            case _:
                break
    return module, value


def _kind(path: tuple[str, ...]) -> str | None:
    """The AWS provider's name for a setting, if it holds AWS credentials."""
    *around, name = path
    found = _AFTER_AWS.fullmatch(name) or (any(map(_AWS.fullmatch, around)) and _INSIDE_AWS.fullmatch(name)) or None
    if found is None:
        return None
    return list(_KINDS.values())[int((found.lastgroup or "k0")[1:])]


def _plugin(owner: str, settings: list[Setting]) -> DeclaredExec:
    asked: list[Question] = []
    variables: list[tuple[str, Question]] = []
    for setting in settings:
        home, written = _written(setting.module, setting.value)
        loops = setting.loops if home is setting.module else ()
        if setting.path[-1] == "env":
            members = written.members or {"": written}
            variables += [(name, Question(home, value, loops)) for name, value in members.items()]
        else:
            asked += [Question(home, one, loops) for one in written.elements or (written,)]
    return DeclaredExec(owner, settings[0].value.place, tuple(asked), tuple(variables))


def _names_others(question: Question) -> bool:
    """Whether a word of a command line names other credentials; where it is not known, whether its text does."""
    return _brings_others(question.expression.source if question.value is UNKNOWN else question.value)


def _sets_others(name: str, question: Question) -> bool:
    """Whether a variable of the plugin's environment brings other credentials, or, without a name, one of all may."""
    if name:
        return _brings_others({name: question.value})
    return question.value is UNKNOWN or _brings_others(question.value)


def _brings_others(value: Any) -> bool:
    """Whether a value names other credentials, or is an object with a variable that does."""
    if isinstance(value, list):
        return any(map(_brings_others, value))
    if isinstance(value, dict):
        named = (key for key, inner in value.items() if _OTHER_CREDENTIALS.fullmatch(key) and is_set(inner))
        return any(named) or any(map(_brings_others, value.values()))
    return isinstance(value, str) and _OTHER_CREDENTIALS.search(value) is not None
