"""What is wrong with an expression for `terraform console`, as far as it is known without running it.

https://developer.hashicorp.com/terraform/cli/commands/console
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.syntax_check import is_syntax_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.modules import Module


def expression_problem(text: str, root: Module, executable: Executable, environ: Mapping[str, str]) -> Problem | None:
    """A syntax error, or the first reference to a variable, local value, or module that is not declared; None if fine.

    Args:
        text: the expression, one line.
        root: the root module, in which it is evaluated.
        executable: Terraform or OpenTofu, whose word counts where this parser understands nothing.
        environ: process environment; its secrets are not passed on.
    """
    expression = Expression(text)
    if expression.broken:
        wrong = is_syntax_error(f"x = {text}\n".encode(), executable, environ)
        return Problem("The expression is not complete, or not valid.", "Correct it.") if wrong else None
    modules = {block.labels[0] for block in root.blocks if block.type == "module" and block.labels}
    known = {"var": root.variables.keys(), "local": root.locals.keys(), "module": modules}
    for kind, name in (each.path[:2] for each in expression.names if len(each.path) > 1 and each.path[0] in known):
        if name not in known[kind]:
            meant = did_you_mean(name, known[kind]) or "Declare it first."
            return Problem(f"The configuration does not declare {kind}.{name}.", meant)
    return None
