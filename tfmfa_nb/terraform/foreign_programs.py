"""Settings of the process environment and the CLI configuration that put other programs in Terraform's place.

Whatever they start would get the MFA session.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The first three belong to the dynamic linkers of Linux and macOS (ld.so(8), dyld(1)); the others to Terraform and
# OpenTofu (https://developer.hashicorp.com/terraform/plugin/debugging).
_VARIABLES = {
    "LD_PRELOAD": "loads other code into Terraform and its providers",
    "LD_AUDIT": "loads other code into Terraform and its providers",
    "DYLD_INSERT_LIBRARIES": "loads other code into Terraform and its providers",
    "TF_REATTACH_PROVIDERS": "makes Terraform use a provider that is already running",
}
_OVERRIDES = "dev_overrides"
_ESCAPE = re.compile(r"\\[uUxX0-7]")
_PLUGINS = "terraform.d/plugins"


def foreign_programs(folder: Path, environ: Mapping[str, str], product: str = "") -> Iterator[Problem]:
    """The settings in force, each with the name by which the organization policy can allow it.

    Args:
        folder: the root module, in which Terraform runs.
        environ: process environment; also for the path of the CLI configuration.
        product: "terraform" or "tofu", which read different files; "" for both.
    """
    # https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    if (plugins := folder / _PLUGINS).exists():
        text = f"{plugins} exists: Terraform installs providers from there, whatever programs they are."
        yield Problem(text, "Remove it, or name a mirror outside of the folder in the CLI configuration.", "", _PLUGINS)
    yield from foreign_settings(environ, product)


def foreign_settings(environ: Mapping[str, str], product: str = "") -> Iterator[Problem]:
    """Those of them that hold for all folders; see `foreign_programs`."""
    for name, effect in _VARIABLES.items():
        if environ.get(name):
            text = f"{name} is set: it {effect}, which would get the MFA session."
            yield Problem(text, f"Unset {name}.", name=name)
    for file in cli_configurations(environ, product):
        for place in _overrides(file):
            text = f"The CLI configuration has {_OVERRIDES}: Terraform uses providers that no lock file covers."
            yield Problem(text, f"Remove {_OVERRIDES} from {file}.", place, _OVERRIDES)


def _overrides(file: Path) -> Iterator[str]:
    """The places of `dev_overrides` in a file, by its text: its keys are quoted, which only the first HCL allows.

    A key may be written with escapes, and a line that looks like a comment may end one, or be within a string, which
    goes over lines only in `${`; so all of these count.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # Terraform cannot read the file either
    comments = () if "/*" in text or "${" in text else ("#", "//")
    for number, line in enumerate(text.splitlines(), start=1):
        if (_OVERRIDES in line or _ESCAPE.search(line)) and not line.lstrip().startswith(comments):
            yield f"{file}:{number}"


def cli_configurations(environ: Mapping[str, str], product: str = "") -> Iterator[Path]:
    """The files that Terraform or OpenTofu reads: the named one or the person's own, then those in a folder.

    OpenTofu takes ~/.tofurc in place of ~/.terraformrc, and a file below XDG_CONFIG_HOME if it finds neither.
    https://developer.hashicorp.com/terraform/cli/config/config-file, https://opentofu.org/docs/cli/config/config-file/

    Args:
        environ: process environment.
        product: "terraform" or "tofu"; "" for the files of both.
    """
    home = Path(environ.get("HOME") or "~").expanduser()
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    xdg = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "opentofu"
    terraform, tofu = home / ".terraformrc", [home / ".tofurc", xdg / "tofurc"]
    mains = [Path(named).absolute()] if named else [terraform, *(tofu if product != "terraform" else ())]
    if product == "tofu" and not named and tofu[0].is_file():
        mains = tofu[:1]
    folders = (home / ".terraform.d", *([xdg] if product != "terraform" else ()))
    more = (file for folder in folders for ending in ("*.tfrc", "*.tfrc.json") for file in sorted(folder.glob(ending)))
    yield from (file for file in (*mains, *more) if file.is_file())
