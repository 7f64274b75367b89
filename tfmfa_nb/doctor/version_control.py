"""Checks whether state, which may hold secrets, and Terraform's own folder stay out of Git."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

from tfmfa_nb.doctor.finding import Finding, Severity

if TYPE_CHECKING:
    from pathlib import Path

_SUBJECT = "version control"
_PATTERNS = ("terraform.tfstate", "terraform.tfstate.backup", ".terraform/")
_MAX_NAMED = 3


def check_version_control(folder: Path) -> Finding:
    """The finding about a folder with a configuration.

    Args:
        folder: the root module.
    """
    if _git(folder, "rev-parse", "--is-inside-work-tree") != ["true"]:
        if any((above / ".git").exists() for above in (folder, *folder.parents)):
            text = "the folder is in a Git repository, which `git` cannot read here."
            return Finding(_SUBJECT, Severity.NOT_CHECKED, text, "To see why, run: git status")
        return Finding(_SUBJECT, Severity.OK, "the folder is in no Git repository.")
    tracked = _git(folder, "ls-files", "--", "*.tfstate", "*.tfstate.*", ".terraform/")
    if tracked:
        named = tracked[:_MAX_NAMED] + (["…"] if len(tracked) > _MAX_NAMED else [])
        return Finding(
            _SUBJECT,
            Severity.WARNING,
            f"Git keeps {', '.join(named)}; state may hold secrets.",
            f"Remove them from the repository: git rm -r --cached {shlex.join(tracked[:_MAX_NAMED])}",
        )
    ignored = _git(folder, "check-ignore", "--", *_PATTERNS)
    missing = [pattern for pattern in _PATTERNS if pattern not in ignored]
    if missing:
        return Finding(
            _SUBJECT,
            Severity.WARNING,
            f"nothing keeps {', '.join(missing)} out of Git; state may hold secrets.",
            "Add to .gitignore: .terraform/, *.tfstate, *.tfstate.*",
        )
    return Finding(_SUBJECT, Severity.OK, "Git ignores state and .terraform/.")


def _git(folder: Path, *arguments: str) -> list[str]:
    """The lines that `git ARGUMENTS` prints; none if it fails, or is not installed."""
    program = shutil.which("git")
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, "-C", str(folder), "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.splitlines()
