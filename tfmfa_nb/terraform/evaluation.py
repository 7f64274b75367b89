"""Values of expressions, by `terraform console` itself.

It runs in a temporary folder that holds only the variables, locals and modules that are needed: in the person's own
folder it would need `init`, and hold the state's lock. What cannot be known before a plan is unknown, never guessed.

A console that reads a pipe prints its last answer only: so all questions are the entries of one list, one a line.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.console_configuration import ANSWERS, ConsoleConfiguration
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.modules import Module

_SECONDS = 30
_MOST_SPLITS = 20  # two consoles each, about 0.1 s


class Unknown:
    """The value of what cannot be known before Terraform runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Loop:
    """What a block is repeated by: `for_each` with its iterator, or `count`.

    Attributes:
        name: what the expressions within call the iterator: "each", "count", "assume_role".
        over: the expression that says how often.
    """

    name: str
    over: Expression

    def around(self, body: str) -> str:
        """A list of `body` for every repetition."""
        if self.name == "count":
            steps = f"[for tfmfa_key in range({self.over.text}\n) : {{ index = tfmfa_key }}]"
        else:
            steps = f"[for tfmfa_key, tfmfa_value in ({self.over.text}\n) : {{ key = tfmfa_key, value = tfmfa_value }}]"
        return f"[for {self.name} in {steps} : ({body}\n)]"


@dataclass(slots=True, eq=False)
class Question:
    """An expression whose value is wanted.

    Attributes:
        module: whose names it uses.
        loops: what repeats it, the outermost first: its value is a list for every one of them.
        value: as JSON has it, once it is answered; UNKNOWN if it cannot be known, or is sensitive.
    """

    module: Module
    expression: Expression
    loops: tuple[Loop, ...] = ()
    value: Any = field(default=UNKNOWN)

    @property
    def asked(self) -> Expression:
        """The expression with its loops around it."""
        text = self.expression.text
        for loop in reversed(self.loops):
            text = loop.around(text)
        return Expression(text) if self.loops else self.expression


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Answers questions about one configuration.

    Args:
        folder: the configuration, for its own variable files and those that functions read.
        executable: whose `console` is asked.
        environ: for `TF_VAR_…` and `TF_WORKSPACE`; credentials in it are not passed on.
        var: values of `--var`.
        var_files: files of `--var-file`.
    """

    folder: Path
    executable: Executable
    environ: Mapping[str, str]
    var: Sequence[str] = ()
    var_files: Sequence[Path] = ()

    def answer(self, questions: Sequence[Question]) -> bool:
        """Set each question's value; literals cost nothing, all others together one console.

        Returns:
            Whether the console works at all with this configuration's variable files.
        """
        asked = []
        for question in questions:
            if question.loops:
                asked.append(question)
            elif question.expression.text == "null":
                question.value = None
            elif question.expression.literal is not None:
                question.value = question.expression.literal
            else:
                asked.append(question)
        # The calls of a repeated module may differ in everything.
        return self._answer(
            [question for question in asked if not question.module.repeated and not question.asked.broken]
        )

    def _answer(self, questions: Sequence[Question]) -> bool:
        """One that fails must not cost the others their answers: halve until it stands alone."""
        if not questions or self._ask(questions):
            return True
        if not self._ask([]):
            return False
        waiting = [questions]
        for _ in range(_MOST_SPLITS):
            if not waiting:
                break
            some = waiting.pop()
            middle = len(some) // 2
            waiting += [half for half in (some[:middle], some[middle:]) if len(some) > 1 and not self._ask(half)]
        return True

    def _ask(self, questions: Sequence[Question]) -> bool:
        """One console for all of them; False if it failed."""
        copy = ConsoleConfiguration([(question.module, question.asked) for question in questions])
        with tempfile.TemporaryDirectory(prefix="tfmfa-") as name:
            try:
                root = copy.write(Path(name), self.folder)
                answer = self._console(root, copy)
            except (OSError, ValueError, subprocess.SubprocessError):
                return False
        if answer.returncode:
            return False
        lines = [line.strip() for line in answer.stdout.decode("utf-8", "replace").splitlines()]
        if not questions:
            return True
        if "[" not in lines or len(lines) < len(questions) + 2:
            return False
        first = lines.index("[") + 1
        for question, line in zip(questions, lines[first:], strict=False):
            question.value = _decode(line.removesuffix(","))
        return True

    def _console(self, root: Path, copy: ConsoleConfiguration) -> subprocess.CompletedProcess[bytes]:
        # An empty session: the console gets no credentials, which it has no use for.
        environ, _ = child_environ(self.environ, credentials=False)
        environ |= {"TF_DATA_DIR": str(root / ".terraform"), "CHECKPOINT_DISABLE": "1"}
        environ.pop("TF_WORKSPACE", None)
        if workspace := self._workspace():
            environ["TF_WORKSPACE"] = workspace
        declared = copy.variables
        return subprocess.run(
            [
                *(*self.executable.command, "console"),
                *(f"-var-file={file.absolute()}" for file in self.var_files),
                # Terraform refuses a value of what is not declared there.
                *(f"-var={value}" for value in self.var if value.partition("=")[0].strip() in declared),
            ],
            cwd=root,
            env=environ,
            input=f"local.{ANSWERS}\n".encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )

    def _workspace(self) -> str:
        if chosen := self.environ.get("TF_WORKSPACE"):
            return chosen
        data = data_folder(self.folder, self.environ)
        try:
            return (data / "environment").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return ""


def _decode(line: str) -> Any:
    """One answer of the console; "(known after apply)" and "(sensitive value)" are unknown."""
    try:
        return json.loads(base64.b64decode(json.loads(line), validate=True))
    except (ValueError, TypeError):
        return UNKNOWN
