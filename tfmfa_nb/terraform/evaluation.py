"""Values of expressions, by `terraform console` itself.

It runs in a temporary folder that holds only the variables and locals that are needed: in the person's own folder
it would need `init`, and hold the state's lock. What cannot be known before a plan is unknown, never guessed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.credentials import child_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.hcl import Block, Expression

_SECONDS = 30
_QUESTION = "tfmfa_question_"


class Unknown:
    """The value of what cannot be known before Terraform runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates expressions of one configuration.

    Args:
        folder: the configuration, for its own variable files.
        blocks: its top-level blocks.
        executable: whose `console` is asked.
        environ: for `TF_VAR_…` and `TF_WORKSPACE`; credentials in it are not passed on.
        var: values of `--var`.
        var_files: files of `--var-file`.
    """

    folder: Path
    blocks: Sequence[Block]
    executable: Executable
    environ: Mapping[str, str]
    var: Sequence[str] = ()
    var_files: Sequence[Path] = ()

    def values(self, expressions: Sequence[Expression]) -> list[Any]:
        """The value of each expression as JSON has it, or UNKNOWN; literals cost nothing."""
        answers: list[Any] = [UNKNOWN if e.literal is None else e.literal for e in expressions]
        needs = {index: self._needs(e) for index, e in enumerate(expressions) if e.literal is None}
        asked = [index for index, need in needs.items() if need is not None]
        if not asked:
            return answers
        found = self._ask([expressions[index] for index in asked], [needs[index] for index in asked])
        if found is None:  # one that fails must not cost the others theirs
            found = [(self._ask([expressions[index]], [needs[index]]) or [UNKNOWN])[0] for index in asked]
        for index, value in zip(asked, found, strict=True):
            answers[index] = value
        return answers

    def _needs(self, expression: Expression) -> frozenset[str] | None:
        """The variables and locals below an expression; None where something else is below it."""
        local = {
            name: value for block in self.blocks if block.type == "locals" for name, value in block.attributes.items()
        }
        declared = {block.labels[0] for block in self.blocks if block.type == "variable" and block.labels}
        seen: set[str] = set()
        waiting = list(expression.references)
        while waiting:
            name = waiting.pop()
            scope, _, member = name.partition(".")
            if name in seen or name == "terraform.workspace":
                continue
            if scope == "var" and member in declared:
                seen.add(name)
            elif scope == "local" and member in local:
                seen.add(name)
                waiting += local[member].references
            else:
                return None
        return frozenset(seen)

    def _ask(self, expressions: Sequence[Expression], needs: Sequence[frozenset[str] | None]) -> list[Any] | None:
        """One console for all of them; None if it failed."""
        needed = frozenset().union(*(need or frozenset() for need in needs))
        with tempfile.TemporaryDirectory(prefix="tfmfa-") as name:
            temporary = Path(name)
            (temporary / "main.tf").write_text(self._configuration(expressions, needed), encoding="utf-8")
            arguments = [*self._variable_files(temporary), *self._variables(needed)]
            environ, _ = child_environment(self.environ, {})
            environ |= {"TF_DATA_DIR": str(temporary / ".terraform"), "CHECKPOINT_DISABLE": "1"}
            if workspace := self._workspace():
                environ["TF_WORKSPACE"] = workspace
            questions = "".join(f"base64encode(jsonencode(local.{_QUESTION}{n}))\n" for n in range(len(expressions)))
            try:
                answer = subprocess.run(
                    [*self.executable.command, "console", *arguments],
                    cwd=temporary,
                    env=environ,
                    input=questions,
                    capture_output=True,
                    text=True,
                    timeout=_SECONDS,
                    check=False,
                    start_new_session=True,
                )
            except (OSError, subprocess.SubprocessError):
                return None
        lines = [line for line in answer.stdout.splitlines() if line.strip()]
        if answer.returncode or len(lines) != len(expressions):
            return None
        return [_decode(line) for line in lines]

    def _configuration(self, expressions: Sequence[Expression], needed: frozenset[str]) -> str:
        parts = [
            block.text for block in self.blocks
            if block.type == "variable" and block.labels and f"var.{block.labels[0]}" in needed
        ]  # fmt: skip
        local = [
            f"{name} = {value.text}"
            for block in self.blocks if block.type == "locals"
            for name, value in block.attributes.items() if f"local.{name}" in needed
        ]  # fmt: skip
        local += [f"{_QUESTION}{number} = {expression.text}" for number, expression in enumerate(expressions)]
        return "\n".join([*parts, "locals {", *local, "}", ""])

    def _variable_files(self, temporary: Path) -> list[str]:
        """Terraform reads its own variable files where it stands, so they are copied; then those that were named."""
        for file in sorted(self.folder.iterdir()):
            if file.name in {"terraform.tfvars", "terraform.tfvars.json"} or file.name.endswith(
                (".auto.tfvars", ".auto.tfvars.json")
            ):
                shutil.copy(file, temporary / file.name)
        return [f"-var-file={file.absolute()}" for file in self.var_files]

    def _variables(self, needed: frozenset[str]) -> list[str]:
        """Only those that are declared there: Terraform refuses others."""
        return [f"-var={value}" for value in self.var if f"var.{value.partition('=')[0]}" in needed]

    def _workspace(self) -> str:
        chosen = self.folder / ".terraform" / "environment"
        if self.environ.get("TF_WORKSPACE"):
            return self.environ["TF_WORKSPACE"]
        return chosen.read_text(encoding="utf-8").strip() if chosen.is_file() and os.access(chosen, os.R_OK) else ""


def _decode(line: str) -> Any:
    """One answer of the console; "(known after apply)" and "(sensitive value)" are unknown."""
    try:
        return json.loads(base64.b64decode(json.loads(line), validate=True))
    except (ValueError, TypeError):
        return UNKNOWN
