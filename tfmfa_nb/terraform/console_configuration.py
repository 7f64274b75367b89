"""A reduced copy of a configuration, for `terraform console`.

The copy holds the modules, variables, locals and outputs that some expressions need, and nothing that needs a
provider. References to anything else become an unknown value.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.modules import REPEATS
from tfmfa_nb.terraform.symlinked_folder import symlinked_folder
from tfmfa_nb.terraform.variable_files import is_variable_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tfmfa_nb.terraform.expressions import Expression, Name
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module
    from tfmfa_nb.terraform.session_data import KnownSession

# Nobody can know these names, so that no variable file gives them a value.
_SUFFIX = secrets.token_hex(8)
ANSWERS = f"tfmfa_answers_{_SUFFIX}"
_UNKNOWN = f"tfmfa_unknown_{_SUFFIX}"
_QUESTION = f"tfmfa_question_{_SUFFIX}_"
_FAILED = '"!"'  # not base64: the expression failed
# Not `ephemeral`, for which the console prints no value: this copy stores none.
_VARIABLE = ("default", "sensitive", "nullable")
_CALL = {"source", "version", "providers", "depends_on"}
_REPEATED = {("count",), ("each",)}


class ConsoleConfiguration:
    """The part of a configuration that some expressions need.

    Args:
        questions: the expressions, each with the module in which it stands.
        any_instance: whether the copy stands for any instance of repeated modules: calls lose `count` and `for_each`,
            and what depends on the instance becomes unknown. What is known nevertheless holds for all instances.
        session: what is known of Terraform's credentials and phase.
    """

    def __init__(
        self, questions: Sequence[tuple[Module, Expression]], session: KnownSession, *, any_instance: bool = False
    ) -> None:
        self._questions, self._session, self._any_instance = questions, session, any_instance
        self._needs: dict[Module, dict[tuple[str, str], None]] = defaultdict(dict)
        waiting = list(questions)
        for module, _ in questions:
            self._add_ancestors(module)
        while waiting:
            module, expression = waiting.pop()
            for name in expression.names:
                waiting += self._need(module, name)

    @property
    def variables(self) -> set[str]:
        """The variables of the root module that the copy declares."""
        return {
            name for module, needs in self._needs.items() if not module.name for kind, name in needs if kind == "var"
        }

    def _add_ancestors(self, module: Module | None) -> None:
        while module is not None and module not in self._needs:
            self._needs[module] = {}
            module = module.parent

    def _need(self, module: Module, name: Name) -> Iterator[tuple[Module, Expression]]:
        """Add what a name refers to; yields the expressions that this needs in turn."""
        for kind, inner in self._referents(module, name):
            home = module.children[name.path[1]] if kind == "output" else module  # the module that declares it
            if (kind, inner) in self._needs[home]:
                continue
            self._add_ancestors(home)
            self._needs[home][kind, inner] = None
            if kind == "local":
                yield module, module.locals[inner]
            elif kind == "output" and "value" in home.outputs[inner].attributes:
                yield home, home.outputs[inner].attributes["value"]
                if home.call is not None:
                    yield from ((module, home.call.attributes[r]) for r in REPEATS & home.call.attributes.keys())
            elif kind == "var" and module.parent is not None and module.call is not None:
                argument = module.call.attributes.get(inner)
                if argument is not None:
                    yield module.parent, argument

    def write(self, top: Path, folder: Path) -> Path:
        """Write the copy below `top`.

        Args:
            top: an empty folder.
            folder: the original root module; its variable files are linked.

        Returns:
            The root module's folder.

        Raises:
            OSError: the copy cannot be written.
        """
        root = symlinked_folder(top, folder, 0, is_variable_file)
        modules = [{"Key": "", "Source": "", "Dir": "."}]
        order = sorted(self._needs, key=lambda module: module.name)
        numbers = {module: number for number, module in enumerate(order)}
        if not order:
            (root / "main.tf").write_text(f"locals {{\n{ANSWERS} = []\n}}\n", encoding="utf-8")
        for module, number in numbers.items():
            inner = root if not module.name else root / f"tfmfa_{number}"
            inner.mkdir(exist_ok=True)
            text = "\n".join(self._text(module, numbers))
            (inner / "main.tf").write_text(text, encoding="utf-8")
            if module.name:
                modules.append({"Key": ".".join(module.name), "Source": f"./tfmfa_{number}", "Dir": f"tfmfa_{number}"})
        manifest = root / ".terraform" / "modules"
        manifest.mkdir(parents=True)
        (manifest / "modules.json").write_text(json.dumps({"Modules": modules}), encoding="utf-8")
        return root

    def _text(self, module: Module, numbers: dict[Module, int]) -> Iterator[str]:
        yield f'variable "{_UNKNOWN}" {{}}'
        local = {}
        for kind, name in self._needs[module]:
            if kind == "var":
                yield from _variable(name, module.variables[name])
            elif kind == "output":
                value = module.outputs[name].attributes.get("value")
                yield from _output(name, self._rewritten(module, value) if value else f"var.{_UNKNOWN}")
            else:
                local[name] = self._rewritten(module, module.locals[name])
        if not module.name:
            local[ANSWERS] = f"[{', '.join(self._answer(module, n) for n in range(len(self._questions)))}]"
        yield from ("locals {", *(f"{name} = {text}" for name, text in local.items()), "}")
        for child in module.children.values():
            if child in numbers:
                yield from self._call(child, numbers[child])
        for number, (home, _) in enumerate(self._questions if module.name else ()):
            if home.name[: len(module.name)] == module.name:
                yield from _output(f"{_QUESTION}{number}", self._answer(module, number))

    def _call(self, module: Module, number: int) -> Iterator[str]:
        attributes = module.call.attributes if module.call else {}
        yield f'module "{module.name[-1]}" {{'
        yield f'source = "./tfmfa_{number}"'
        yield f"{_UNKNOWN} = var.{_UNKNOWN}"
        for key, value in attributes.items():
            if key in REPEATS and self._any_instance:
                continue
            if key in REPEATS or (key not in _CALL and ("var", key) in self._needs[module]):
                repeated = bool(attributes.keys() & REPEATS) and not self._any_instance
                yield f"{key} = {self._rewritten(module.parent or module, value, repeated=repeated)}"
        for kind, name in self._needs[module]:
            if kind == "var" and name not in attributes and "default" not in module.variables[name].attributes:
                yield f"{name} = var.{_UNKNOWN}"
        yield "}"

    def _answer(self, module: Module, number: int) -> str:
        """The answer to a question: computed in its own module, passed on as an output by the modules above."""
        home, expression = self._questions[number]
        if home is not module:
            return f"module.{home.name[len(module.name)]}.{_QUESTION}{number}"
        return f"try(base64encode(jsonencode({self._rewritten(module, expression)}\n)), {_FAILED})"

    def _rewritten(self, module: Module, expression: Expression, *, repeated: bool = False) -> str:
        """The expression with an unknown value in place of references that the copy lacks.

        Args:
            module: the module in which it stands.
            expression: the original.
            repeated: whether it is an argument of a call with `count` or `for_each`.
        """

        def replacement(name: Name) -> str | None:
            if name.path[:1] == ("path",) and name.path[1:2] != ("cwd",):
                return f'({{ module = {json.dumps(module.path)}, root = "." }})'
            told = self._session.value(module, name)
            if told is not None:
                return told
            here = name.path[:2] == ("terraform", "workspace") or (repeated and name.path[:1] in _REPEATED)
            return None if here or self._referents(module, name) else f"var.{_UNKNOWN}"

        # In parentheses, an expression may span several lines.
        if expression.broken:
            return f"var.{_UNKNOWN}"
        return f"({expression.rewritten(replacement)}\n)"

    def _referents(self, module: Module, name: Name) -> list[tuple[str, str]]:
        """The objects that a name refers to, as (kind, name): a variable, a local, or outputs of a called module."""
        match name.path:
            case ("var", inner, *_) if inner in module.variables:
                return [("var", inner)]
            case ("local", inner, *_) if inner in module.locals:
                return [("local", inner)]
            case ("module", called, *inner) if called in module.children:
                outputs = module.children[called].outputs
                if self._any_instance and module.children[called].repeated_here:
                    return []
                return [("output", one) for one in outputs if not inner or one == inner[0]]
        return []


def _variable(name: str, block: Block) -> Iterator[str]:
    """Everything that determines the value; validation is left to the plan."""
    attributes = block.attributes
    yield f'variable "{name}" {{'
    yield from (f"{key} = {attributes[key].text}" for key in _VARIABLE if key in attributes)
    if "type" in attributes:  # quoted in JSON syntax
        yield f"type = {attributes['type'].literal or attributes['type'].text}"
    yield "}"


def _output(name: str, value: str) -> Iterator[str]:
    yield f'output "{name}" {{'
    yield f"value = {value}"
    yield "}"
