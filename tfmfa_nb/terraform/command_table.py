"""Terraform's commands, each in its class: touches nothing, reads the state, or changes it. One table decides.

https://developer.hashicorp.com/terraform/cli/commands; https://opentofu.org/docs/cli/commands/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.terraform.secret_variables import sounds_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a command.

    Attributes:
        phase: `Phase.CHECK` touches nothing and gets no credentials, `Phase.READ` reads the state, and `Phase.CHANGE`
            changes it, or what exists in AWS.
        initialized: whether it needs an initialized folder.
        values: whether it evaluates the configuration, so that every variable needs a value.
        lock: whether it has `-lock-timeout`.
        copied: whether the state is copied before.
        added: options that stand for what nobody can answer here.
        files: whether its names are files: those of a person, which are relative to the notebook.
        optional_values: whether it takes values of variables, though others may give them.
        applies: whether it may apply, so that nobody knows beforehand what `terraform.applying` is.
    """

    phase: Phase = Phase.CHANGE
    initialized: bool = True
    values: bool = False
    lock: bool = False
    copied: bool = True
    added: tuple[str, ...] = ()
    files: bool = False
    optional_values: bool = False
    applies: bool = False


_CHECKS = Kind(Phase.CHECK, initialized=False)
_READS = Kind(Phase.READ)
_CHANGES = Kind(lock=True)
UNKNOWN = Kind(applies=True)
"""A command that the table does not have: it may change anything."""

COMMANDS: Mapping[str, Kind] = {
    "fmt": _CHECKS,
    "metadata functions": _CHECKS,
    "modules": Kind(Phase.CHECK),
    "providers lock": _CHECKS,
    "providers mirror": Kind(Phase.CHECK, initialized=False, files=True),
    "validate": Kind(Phase.CHECK),
    "version": _CHECKS,
    "workspace show": _CHECKS,
    "console": Kind(Phase.READ, values=True),
    "graph": _READS,
    "output": _READS,
    "providers": _READS,
    "providers schema": _READS,
    "show": Kind(Phase.READ, files=True),
    "state identities": _READS,
    "state list": _READS,
    "state pull": _READS,
    "state show": _READS,
    "workspace list": _READS,
    "workspace select": _READS,
    "force-unlock": Kind(added=("-force",)),
    "import": Kind(values=True, lock=True, added=("-input=false",)),
    "refresh": Kind(values=True, lock=True, added=("-input=false",)),
    "state mv": _CHANGES,
    "state push": Kind(lock=True, files=True),
    "state replace-provider": Kind(lock=True, added=("-auto-approve",)),
    "state rm": _CHANGES,
    "taint": _CHANGES,
    "test": Kind(copied=False, applies=True, optional_values=True),  # it keeps states of its own, in memory
    "untaint": _CHANGES,
    "workspace delete": Kind(lock=True, copied=False),  # only of an empty one
    "workspace new": Kind(lock=True, copied=False),
}
"""The commands by their words."""

_INTERACTIVE = "it asks questions that nobody can answer here; run it in a terminal"
_ELSEWHERE = "it runs Terraform elsewhere, with credentials that are not yours"
REFUSED_COMMANDS: Mapping[str, str] = {
    "apply": "use %tfapply, which applies exactly the plan that was shown",
    "destroy": "use %tfplan --destroy, then %tfapply",
    "env": "it is the former name of workspace",
    "get": "%tfplan and %tfvalidate install modules where they are needed",
    "init": "%tfplan runs it where it is needed, with --backend-config, --reconfigure, --migrate-state, --upgrade",
    "login": _INTERACTIVE,
    "logout": _INTERACTIVE,
    "plan": "use %tfplan",
    "query": "its files can have providers of their own, which nobody examines",
    "rpcapi": _INTERACTIVE,
    "stacks": _ELSEWHERE,
    "cloud": _ELSEWHERE,
    "push": _ELSEWHERE,
}
"""Commands that are not run, each with the reason, or with what does it instead."""

_STATE = "the state is where the backend says; another one would be read or changed without its rules"
_FOLDER = "select the folder with -C; another one would not be examined"
_REVEALS = "the notebook would keep sensitive values; see %tfoutput, and %tfstate pull --out FILE"
REFUSED_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("state", "state-out", "backup", "backup-out"), _STATE),
    **dict.fromkeys(("backend", "backend-config"), "it belongs to init: use it with %tfplan"),
    **dict.fromkeys(("chdir", "config", "from-module", "test-directory"), _FOLDER),
    "cloud-run": _ELSEWHERE,
    "lock": "without the state lock, another run could change the same state; --lock-timeout waits for it",
    "input": "nobody could answer Terraform; give every value with --var or --var-file",
    "out": "it is for %tfstate pull",
    "plan": "a plan file has a backend of its own, which nobody examines",
    "plugin-dir": "configure a mirror in the CLI configuration, which TF_CLI_CONFIG_FILE names",
    **dict.fromkeys(("show-sensitive", "json-into"), _REVEALS),
    **dict.fromkeys(("var", "var-file"), "every user of this machine could read the value in the command line"),
}
"""Options that no command may have here, without dashes."""
# What prints every sensitive value in plain text, or destroys what a copy of the state could not bring back.
_REFUSED_OF = {
    ("show", "json"): _REVEALS,
    ("test", "json"): _REVEALS,
    ("test", "junit-xml"): "it would write over any file of yours; the run has the results",
    ("workspace delete", "force"): "first remove its resources with %tfplan --destroy or %tfstate rm",
}
_ABOUT_A_WORKSPACE = {"workspace delete", "workspace new", "workspace select"}
# What creates a workspace changes something, whatever the command does otherwise.
_CREATES = ("workspace select", "or-create")
_COMMAND = re.compile(r"[a-z][\w-]*", re.ASCII)
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][\w-]*)(?:=(?P<value>.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<name>[\w-]+)=.+", re.DOTALL)
_LONGEST = 4_000  # bytes
_STANDARD_INPUT = "-"
_PULL = "state pull"
_UNMASKS = "nonsensitive"
_ONLY_BY = {
    "console": "use %tfconsole EXPRESSION",
    "output": "use %tfoutput, which masks sensitive values",
    "state pull": "use %tfstate pull --out FILE: the notebook would keep the state, with its secrets",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A command with what follows it.

    Attributes:
        command: its words: "state mv".
        arguments: what follows, in order.
        kind: its class, and what else is known of it.
        stdin: what it reads from standard input; a few kilobytes.
        output: a new file for what it prints, instead of the run's log.
        values: whether it prints the outputs as JSON, which the run then has.
        restores: the copy of a state that it brings back.
        wanted: the one of the outputs that is asked for; "" for all.
    """

    command: str
    arguments: tuple[str, ...]
    kind: Kind
    stdin: str = ""
    output: Path | None = None
    values: bool = False
    restores: Path | None = None
    wanted: str = ""

    @property
    def said(self) -> tuple[str, ...]:
        """What follows the command, as records have it."""
        restored = [self.restores.parent.name] if self.restores else []  # the run that has kept it
        return (*self.arguments, *([self.stdin] if self.stdin else []), *restored)

    @property
    def replaces_lineage(self) -> bool:
        """Whether the copy of a state that it brings back replaces a state of another lineage too."""
        return self.restores is not None and "-force" in self.arguments

    @property
    def loses(self) -> str:
        """What is lost if the copy is brought back, in a sentence."""
        if self.replaces_lineage:
            return "It replaces a state of another lineage too (--force): what only that one has is then in no state."
        return "What changed since is then not in it."

    @property
    def workspace(self) -> str:
        """The workspace that it creates, deletes, or selects; "" for none."""
        return self.names[0] if self.command in _ABOUT_A_WORKSPACE else ""

    @property
    def names(self) -> list[str]:
        """The arguments that are no options."""
        return _names(self.arguments)

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its options, without dashes and values."""
        return tuple(name for name, _ in _options(self.arguments))

    def argv(self, base: Path, *options: str) -> tuple[str, ...]:
        """The words of Terraform's command line, after the program.

        Args:
            base: folder of the notebook, to which relative paths refer.
            options: further ones, which come before the arguments.
        """
        files = {name: str(path) for name, path in self.files(base).items()}
        arguments = (files.get(word, word) for word in self.arguments)
        return (*self.command.split(), *self.kind.added, *options, *arguments)

    def files(self, base: Path) -> dict[str, Path]:
        """The files that the arguments name, each with its path.

        Args:
            base: folder of the notebook, to which relative paths refer.
        """
        names = self.names if self.kind.files else []
        return {name: (base / Path(name).expanduser()).absolute() for name in names if name != _STANDARD_INPUT}

    @property
    def reads_files(self) -> bool:
        """Whether the files must exist."""
        return self.command != "providers mirror"


def read_call(words: Sequence[str], *, own: str = "") -> Call:
    """The call of a command in the words of a line.

    Args:
        words: the command, and what follows it.
        own: the one command that this magic gives its own form; "" for none.

    Raises:
        ConfigurationError: the command is not run here, or one of its options would bypass the gate.
    """
    name, rest = _split(words)
    reason = REFUSED_COMMANDS.get(name.partition(" ")[0], "")
    if name != own:
        reason = reason or _ONLY_BY.get(name, "")
    if reason:
        raise ConfigurationError(f"`{name}` is not run here.", f"{reason[0].upper()}{reason[1:]}.")
    for option, reason in _refused(name, rest):
        raise ConfigurationError(f"-{option} cannot be used here: {reason}.", "Remove it.")
    for word in rest:
        if (found := _ASSIGNMENT.fullmatch(word.lstrip("-"))) and sounds_secret(found["name"]):
            raise ConfigurationError(
                f"{found['name']}=… would leave a secret in the notebook, and in Terraform's command line.",
                "Remove it: Terraform gets its secrets from the process environment.",
            )
    if name in _ABOUT_A_WORKSPACE and len(_names(rest)) != 1:  # another word, such as "--", could hide the name
        raise ConfigurationError(
            f"`{name}` needs the name of one workspace, and nothing else beside its options.",
            f"Such as: %tf {name} prod",
        )
    kind = COMMANDS.get(name, UNKNOWN)
    if _CREATES in {(name, option) for option, _ in _options(rest)}:
        kind = replace(COMMANDS["workspace new"], lock=False)  # it has no -lock-timeout
    return Call(name, rest, kind)


def state_call(words: Sequence[str], out: str | PathLike[str], base: Path) -> Call:
    """The call of a command, of which `state pull` writes a file.

    Args:
        words: the command, and what follows it.
        out: that file; "" for none.
        base: folder of the notebook, to which relative paths refer.

    Raises:
        ConfigurationError: as `read_call` does; or it is `state pull` without a file, or another command with one.
    """
    call = read_call(words, own=_PULL)
    if call.command == _PULL and not out:
        raise ConfigurationError(
            "state pull needs a file: the notebook would keep the state, with its secrets.",
            "Name a new one with --out FILE.",
        )
    if out and call.command != _PULL:
        raise ConfigurationError(f"--out has no effect on {call.command}.", "Remove it.")
    return replace(call, output=(base / Path(out).expanduser()).absolute()) if out else call


def read_expression(text: str) -> Call:
    """The call of `console` that evaluates one expression.

    Raises:
        ConfigurationError: it is longer than a pipe holds, has several lines, or would show a sensitive value.
    """
    if len(text.encode()) > _LONGEST or len(text.splitlines()) != 1:
        raise ConfigurationError(f"An expression is one line of up to {_LONGEST:,} bytes.", "Use a shorter one.")
    if _UNMASKS in text:
        raise ConfigurationError(f"{_UNMASKS} would leave a sensitive value in the notebook.", "See %tfoutput --raw.")
    return replace(read_call(["console"], own="console"), stdin=text)


def _split(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The command, by the longest name that the table has, and the words after it.

    As in Terraform, the words of a command come one after the other, and the first option ends them.
    """
    first = words[0] if words else ""
    if not _COMMAND.fullmatch(first):
        raise ConfigurationError(
            "The line has no command of Terraform's, or something stands before it.",
            "Begin with the command, such as: state list.",
        )
    members = [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{first} ")]
    if not members:
        return first, tuple(words[1:])
    if len(words) > 1 and not words[1].startswith("-"):
        # Not in the table, it may still be a command of a later Terraform.
        if words[1] not in members and (meant := did_you_mean(words[1], members)):
            raise ConfigurationError(f"`{first} {words[1]}` is no command that is known here.", meant)
        return f"{first} {words[1]}", tuple(words[2:])
    if first not in COMMANDS:
        raise ConfigurationError(f"`{first}` needs one of its commands.", f"They are: {', '.join(members)}.")
    return first, tuple(words[1:])


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options among `words`, each with its value; Go takes one dash or two (https://pkg.go.dev/flag)."""
    for word in words:
        if found := _OPTION.fullmatch(word):
            yield found["name"], found["value"] or ""


def _names(words: Sequence[str]) -> list[str]:
    """The words that are no options."""
    return [word for word in words if not _OPTION.fullmatch(word)]


def _refused(name: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options that cannot be used, each with the reason."""
    for option, _ in _options(words):
        if reason := REFUSED_OPTIONS.get(option) or _REFUSED_OF.get((name, option)):
            yield option, reason
