"""Values of Python in the options of a magic, only where a person asks for them with `--expand`.

IPython expands `$name` and `{name}` in the lines of other magics, silently, and leaves in place what it cannot expand.
Terraform's own text has both signs, so here a line means what it says, and a name that does not exist is an error. A
line is split into options first: no value can become an option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.utils.text import DollarFormatter

from tfmfa_nb.terraform.hcl_values import to_variable

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping


class _Formatter(DollarFormatter):
    """IPython's own, with values as Terraform takes them."""

    def format_field(self, value: Any, format_spec: str) -> Any:  # noqa: ARG002 - IPython's has none either
        """A text, or an HCL expression."""
        return to_variable(value)


def expand(arguments: Namespace, names: Mapping[str, Any]) -> None:
    """Replace `{expression}` and `$name` in the values of `arguments`; `{{`, `}}` and `$$` stand for one sign.

    The value of a variable that was changed does not stand in the notebook, and is marked as such.

    Args:
        arguments: a magic's parsed line.
        names: the user's variables.

    Raises:
        UsageError: an expression fails; the message has its text, and none of its values.
    """
    for name, value in list(vars(arguments).items()):
        if isinstance(value, str):
            setattr(arguments, name, _expanded(value, names))
        elif isinstance(value, list):
            setattr(arguments, name, [_member(one, names) for one in value])


def _member(value: Any, names: Mapping[str, Any]) -> Any:
    if not isinstance(value, tuple):
        return _expanded(value, names)
    kind, text = value
    expanded = _expanded(text, names)
    return ("value" if kind == "var" and expanded != text else kind, expanded)


def _expanded(text: str, names: Mapping[str, Any]) -> str:
    problem = ""
    try:
        return str(_Formatter().vformat(text, (), dict(names)))
    except TypeError as error:  # of `to_variable`, which names types only, or of the expression
        problem = str(error) if type(error) is TypeError and "Terraform" in str(error) else "TypeError"
    except Exception as error:  # noqa: BLE001 - any error of the person's own expression
        problem = type(error).__name__
    # Outside of the handler: the other error's frames have values in them.
    raise UsageError(f"--expand: {text!r} cannot be expanded: {problem}")
