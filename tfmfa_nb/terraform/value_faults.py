"""Values that the variables of a configuration do not take, found without credentials and without `init`.

`terraform validate` does not look at values. So Terraform plans a configuration of nothing but these variables.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.credentials import offline_environ
from tfmfa_nb.terraform.scratch import scratch_folder
from tfmfa_nb.terraform.secret_variables import holds_secret
from tfmfa_nb.terraform.symlinked_folder import symlinked_folder
from tfmfa_nb.terraform.validation import Fault, fault
from tfmfa_nb.terraform.variable_files import is_variable_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_SECONDS = 30
_COPIED = ("default", "sensitive", "nullable")
_CHECKED = ("condition", "error_message")
_DECLARED, _OF = re.compile(r'variable "([^"]+)"'), re.compile(r"\bvar\.([\w-]+)")
_GIVEN = re.compile(r"<value for var\.([^>]+)>")  # on the line, or in the environment
# Where Terraform says a place in the copy.
_PLACES = re.compile(r" declared at [^\s:]+:[\d,-]+|\n*This was checked by the validation rule at .*", re.DOTALL)


def value_faults(
    configuration: Configuration, executable: Executable, environ: Mapping[str, str], variables: VariableArguments
) -> tuple[Fault, ...]:
    """The errors in the values of variables: a wrong type, a failed `validation`, a variable file that is not valid.

    A `validation` that depends on more than variables is left to the plan.

    Args:
        configuration: its root module declares the variables.
        executable: Terraform or OpenTofu.
        environ: for `TF_VAR_…`; its credentials are not passed on.
        variables: values of `--var` and `--var-file`.

    Returns:
        None also if Terraform gives no answer.
    """
    declared = configuration.root.variables
    try:
        with scratch_folder() as folder:
            root = symlinked_folder(folder, configuration.folder, 0, is_variable_file)
            text = "\n".join(line for name, block in declared.items() for line in _variable(name, block, declared))
            (root / "main.tf").write_text(text + "\n", encoding="utf-8")
            process = subprocess.run(
                (*executable.command, "plan", "-input=false", "-lock=false", "-refresh=false", "-json"),
                cwd=root,
                env={
                    **offline_environ(environ),
                    "TF_DATA_DIR": str(root / ".terraform"),
                    "CHECKPOINT_DISABLE": "1",
                    "TF_WORKSPACE": "default",
                    **variables.only(declared).environ("plan"),
                },
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                start_new_session=True,  # so that the kernel's interrupt does not reach it
            )
        found = [json.loads(line) for line in process.stdout.decode("utf-8", "replace").splitlines()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
    return tuple(_fault(each["diagnostic"], configuration.root) for each in found if _is_error(each))


def _is_error(event: Any) -> bool:
    return isinstance(event, dict) and event.get("@level") == "error" and isinstance(event.get("diagnostic"), dict)


def _variable(name: str, block: Block, declared: Mapping[str, Block]) -> Iterator[str]:
    attributes = block.attributes
    yield f'variable "{name}" {{'
    yield from (f"{key} = {attributes[key].text}" for key in _COPIED if key in attributes)
    if "type" in attributes:  # quoted in JSON syntax
        yield f"type = {attributes['type'].literal or attributes['type'].text}"
    for rule in block.all("validation"):
        parts = [rule.attributes[key] for key in _CHECKED if key in rule.attributes]
        names = [each.path for part in parts for each in part.names]
        if all(path[:1] == ("var",) and path[1:2] and path[1] in declared for path in names):
            yield "validation {"
            yield from (f"{key} = {part.text}" for key, part in zip(_CHECKED, parts, strict=False))
            yield "}"
    yield "}"


def _fault(diagnostic: Mapping[str, Any], root: Module) -> Fault:
    """The error, at the variable's own place where Terraform names one in the copy."""
    found = fault(diagnostic)
    snippet = diagnostic.get("snippet")
    code = str(snippet.get("code", "")) if isinstance(snippet, dict) else ""
    given = _GIVEN.match(found.place)
    of = given or _DECLARED.match(code) or _OF.search(found.detail)
    name = of[1] if of and of[1] in root.variables else ""
    in_copy = given or found.place.startswith("main.tf:")
    place = (root.variables[name].place if name else "") if in_copy else found.place
    # The author of a validation may have written the value into its message.
    detail = "" if name and holds_secret(root, name) else _PLACES.sub("", found.detail)
    return Fault(f"{found.summary} {name}".rstrip(), detail, place)
