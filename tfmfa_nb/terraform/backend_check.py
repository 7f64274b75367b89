"""What `terraform init` finds wrong with a backend before it opens it, for which it needs no credentials.

It compares the backend with the one that it has kept, and checks the arguments; then it looks for credentials, and
finds none here. What needs them is not known.
"""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.terraform.credentials import offline_environ, session_environ
from tfmfa_nb.terraform.scratch import scratch_folder
from tfmfa_nb.terraform.validation import Fault
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

CHANGED = "Backend configuration changed"
"""The summary of the error about a backend that is not the kept one."""
RECONFIGURE = "-reconfigure"
# About an option, so that it has no place: https://github.com/hashicorp/terraform/blob/main/internal/command/init.go
_OF_AN_OPTION = "Invalid backend configuration argument"
# What other backends open, they may open with credentials of their own.
_OTHERS = {
    *("azurerm", "cloud", "consul", "cos", "gcs", "http", "inmem", "kubernetes", "local", "oci", "oss", "pg"),
    "remote",
}
_SECONDS = 60
_ERROR = re.compile(r"^Error: (.*)$", re.MULTILINE)
_PLACE = re.compile(r"^  on (\S.*?) line (\d+).*?(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)


def can_be_checked(kind: str) -> bool:
    """Whether `init` opens nothing of a backend of this type without AWS credentials: of S3, and of one there is not.

    Args:
        kind: "s3", "gcs", …; "" for no backend.
    """
    return bool(kind) and kind not in _OTHERS


def backend_faults(
    executable: Executable,
    folder: Path,
    environ: Mapping[str, str],
    arguments: Sequence[str],
    variables: VariableArguments = NO_VARIABLES,
) -> tuple[Fault, ...]:
    """What is wrong with a backend of which `can_be_checked` is true, or with what has taken its place; else none.

    Args:
        executable: Terraform or OpenTofu.
        folder: the root module.
        environ: process environment, with the settings of the AWS configuration file; its secrets are not passed on.
        arguments: of `init`. With `-reconfigure`, the kept backend is not looked at.
        variables: values that an OpenTofu needs to read the backend; see `Executable.evaluates_early`.
    """
    kept = data_folder(folder, environ) / "terraform.tfstate"
    with ExitStack() as held:
        try:
            child = session_environ(offline_environ(environ), {}, files=False)
            child |= {**variables.environ("init"), "CHECKPOINT_DISABLE": "1"}
            if RECONFIGURE in arguments or not kept.is_file():  # nothing may come into being before the code
                child["TF_DATA_DIR"] = str(held.enter_context(scratch_folder()))
            process = subprocess.run(
                [*executable.command, "init", "-input=false", "-no-color", "-get=false", *arguments],
                cwd=folder,
                env=child,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                start_new_session=True,  # so that the kernel's interrupt does not reach it
            )
        except (OSError, subprocess.SubprocessError):
            return ()
    return tuple(_faults(process.stdout + b"\n" + process.stderr)) if process.returncode else ()


def kept_type(folder: Path, environ: Mapping[str, str]) -> str:
    """The type of the backend that `init` has kept; "" if there is none."""
    try:
        return str(json.loads((data_folder(folder, environ) / "terraform.tfstate").read_bytes())["backend"]["type"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def kept_state(folder: Path, environ: Mapping[str, str]) -> str:
    """Where the S3 backend that `init` has kept has its state, "states/prod.tfstate", whatever the workspace; else "".

    Args:
        folder: the root module.
        environ: for `TF_DATA_DIR`.
    """
    try:
        backend = json.loads((data_folder(folder, environ) / "terraform.tfstate").read_bytes())["backend"]
        return f"{backend['config']['bucket']}/{backend['config']['key']}" if backend["type"] == "s3" else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _faults(output: bytes) -> Iterator[Fault]:
    """The errors about the configuration, which have a place, about an option, and about a backend that has changed."""
    _, *parts = _ERROR.split(strip_colors(output.decode("utf-8", "replace")))
    for summary, body in zip(parts[::2], parts[1::2], strict=True):
        place = _PLACE.search(body)
        detail = body[place.end() :] if place else body
        fault = Fault(summary.strip(), " ".join(detail.split()), f"{place[1]}:{place[2]}" if place else "")
        if fault.summary in {CHANGED, _OF_AN_OPTION} or not fault.mended_by_init:
            yield fault
