"""Values of expressions, evaluated by `terraform console`.

The console runs in a temporary folder that holds only the variables, locals and modules that the expressions need: in
the environment's own folder it would need `init`, and lock the state. Values that are not known before a plan are
unknown, never guessed.

A console that reads a pipe prints its last answer only, so all questions are elements of one list, one per line.
"""

from __future__ import annotations

import base64
import json
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.console_configuration import ANSWERS, ConsoleConfiguration
from tfmfa_nb.terraform.credentials import offline_environ
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.scratch import scratch_folder
from tfmfa_nb.terraform.session_data import KnownSession
from tfmfa_nb.terraform.variable_arguments import VariableArguments
from tfmfa_nb.terraform.working_directory import selected_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.modules import Module

_SECONDS = 30
_MAX_SPLITS = 20  # two consoles each, about 0.1 s


class Unknown:
    """The value of an expression that is not known before Terraform runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Loop:
    """The repetition of a block: `for_each` with its iterator, or `count`.

    Attributes:
        name: the name of the iterator in the block's expressions: "each", "count", "assume_role".
        over: the value of `for_each` or `count`.
    """

    name: str
    over: Expression

    def around(self, body: str) -> str:
        """A list with `body` for every repetition."""
        if self.name == "count":
            steps = f"[for tfmfa_key in range({self.over.text}\n) : {{ index = tfmfa_key }}]"
        else:
            steps = f"[for tfmfa_key, tfmfa_value in ({self.over.text}\n) : {{ key = tfmfa_key, value = tfmfa_value }}]"
        return f"[for {self.name} in {steps} : ({body}\n)]"


@dataclass(slots=True, eq=False)
class Question:
    """An expression to evaluate.

    Attributes:
        module: the module in which it stands.
        loops: the loops around it, outermost first; for each of them, the value is a list.
        value: the answer, as from JSON; in a repeated module, for all instances. UNKNOWN if it is sensitive, not known
            before Terraform runs, or another one in each instance.
    """

    module: Module
    expression: Expression
    loops: tuple[Loop, ...] = ()
    value: Any = field(default=UNKNOWN)

    @property
    def in_loops(self) -> Expression:
        """The expression with its loops around it."""
        text = self.expression.text
        for loop in reversed(self.loops):
            text = loop.around(text)
        return Expression(text) if self.loops else self.expression


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Answers questions about one configuration.

    Args:
        folder: the root module, for its variable files.
        executable: the Terraform whose `console` evaluates.
        environ: for `TF_VAR_…` and `TF_WORKSPACE`; its credentials are not passed on.
        variables: values of `--var` and `--var-file`.
        session: what is known of Terraform's credentials and phase.
    """

    folder: Path
    executable: Executable
    environ: Mapping[str, str]
    variables: VariableArguments = field(default_factory=VariableArguments)
    session: KnownSession = field(default_factory=KnownSession)

    def answer(self, questions: Sequence[Question]) -> bool:
        """Set the value of each question: literals without a console, all others with one.

        Returns:
            False if the console cannot even evaluate an empty list, such as for a broken variable file.
        """
        open_questions = []
        for question in questions:
            if question.loops:
                open_questions.append(question)
            elif question.expression.text == "null":
                question.value = None
            elif question.expression.literal is not None:
                question.value = question.expression.literal
            else:
                open_questions.append(question)
        whole = [question for question in open_questions if not question.in_loops.broken]
        works = self._answer([question for question in whole if not question.module.repeated])
        return self._answer([question for question in whole if question.module.repeated], any_instance=True) and works

    def _answer(self, questions: Sequence[Question], *, any_instance: bool = False) -> bool:
        """Ask all at once; where that fails, halve, so that a question that fails takes no other with it."""
        if not questions or self._ask(questions, any_instance=any_instance):
            return True
        if not self._ask([]):
            return False
        waiting = [questions]
        for _ in range(_MAX_SPLITS):
            if not waiting:
                break
            some = waiting.pop()
            middle = len(some) // 2
            halves = (some[:middle], some[middle:]) if len(some) > 1 else ()
            waiting += [half for half in halves if not self._ask(half, any_instance=any_instance)]
        return True

    def _ask(self, questions: Sequence[Question], *, any_instance: bool = False) -> bool:
        """Ask one console all of `questions`; False if it failed."""
        asked = [(question.module, question.in_loops) for question in questions]
        reduced = ConsoleConfiguration(asked, self.session, any_instance=any_instance)
        with scratch_folder() as folder:
            try:
                root = reduced.write(folder, self.folder)
                answer = self._console(root, reduced)
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

    def _console(self, root: Path, reduced: ConsoleConfiguration) -> subprocess.CompletedProcess[bytes]:
        environ = offline_environ(self.environ)
        environ |= {"TF_DATA_DIR": str(root / ".terraform"), "CHECKPOINT_DISABLE": "1"}
        environ.pop("TF_WORKSPACE", None)
        with suppress(OSError):  # Terraform cannot read it either
            environ["TF_WORKSPACE"] = selected_workspace(self.folder, self.environ)
        environ |= self.variables.only(reduced.variables).environ("console")
        return subprocess.run(
            (*self.executable.command, "console"),
            cwd=root,
            env=environ,
            input=f"local.{ANSWERS}\n".encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )


def _decode(line: str) -> Any:
    """One answer of the console; "(known after apply)" and "(sensitive value)" become UNKNOWN."""
    try:
        return json.loads(base64.b64decode(json.loads(line), validate=True))
    except (ValueError, TypeError):
        return UNKNOWN
