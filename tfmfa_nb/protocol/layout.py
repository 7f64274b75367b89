"""The names of all files and folders of an environment. These are only paths; nothing is created."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = "main.tf"
SETTINGS = "tfmfa.json"
PRIVATE = ".tfmfa"
RUNS = "runs"
RUN_ID = re.compile(r"run-(?P<started>\d{8}-\d{6})-[0-9a-f]{6}")
"""The ID of a run, which is also the name of its folder; `started` is in UTC."""


def plan_folders() -> list[Path]:
    """The folders for saved plans. A plan has sensitive values in plain text: these folders are in memory.

    No disk and no backup has what is in them, and they end with the system, or with the user's last login
    (https://specifications.freedesktop.org/basedir-spec/latest/#variables). A plan is looked for in all of them,
    because a kernel may have other process variables than the one that planned.
    """
    user = os.getuid()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    runtimes = [Path(runtime)] if runtime else []
    folders = [folder / "tfmfa_nb" for folder in (*runtimes, Path(f"/run/user/{user}"))]
    folders.append(Path(f"/dev/shm/tfmfa_nb-{user}"))  # noqa: S108 - the folder is private, see `private_folder`
    return [folder for folder in dict.fromkeys(folders) if _usable(folder, user)]


def plan_prefix(runs: Path) -> str:
    """How the names of the saved plans begin that belong to the runs in one folder: with the environment's name."""
    environment = re.sub(r"[^\w.-]", "_", runs.parent.parent.name)[:40]
    return f"{environment}-{hashlib.sha256(os.fsencode(os.path.realpath(runs))).hexdigest()[:16]}-"


def _usable(folder: Path, user: int) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return os.access(folder.parent, os.W_OK | os.X_OK)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == user


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files of one run.

    Attributes:
        folder: folder of the run; mode 0700.
    """

    folder: Path

    @property
    def record(self) -> Path:
        """The run record, which other kernels read."""
        return self.folder / "run.json"

    @property
    def log(self) -> Path:
        """Terraform's output and the notes of the run, without secrets."""
        return self.folder / "run.log"

    @property
    def apply_events(self) -> Path:
        """The events of `terraform apply -json` from which its progress and its outputs are read."""
        return self.folder / "apply.jsonl"

    @property
    def plan(self) -> Path:
        """The saved plan; deleted once it can no longer be applied."""
        name = f"{plan_prefix(self.folder.parent)}{self.folder.name}.tfplan"
        places = [*(folder / name for folder in plan_folders()), self.folder / "plan.tfplan"]
        return next((place for place in places if place.is_file()), places[0])

    @property
    def changes(self) -> Path:
        """The changes of the plan, without values; a keyed digest tells whether two plans have the same change."""
        return self.folder / "changes.json"

    @property
    def state_copy(self) -> Path:
        """The state before a command changed it, with its secrets; mode 0600."""
        return self.folder / "state.tfstate"

    @property
    def new_backend(self) -> Path:
        """Terraform's data folder for a look into the backend that a state is copied to; deleted at once."""
        return self.folder / "new-backend"

    @property
    def values(self) -> Path:
        """What `output` printed, in memory where there is a place for that; deleted as soon as it is read.

        Its name ends as a saved plan's does, so that whatever deletes left plans deletes a left one too.
        """
        return self.plan.with_suffix(".values.tfplan")

    @property
    def pending(self) -> Path:
        """The lock that the kernel of a new run holds until there is a record."""
        return self.folder / "pending.lock"

    @property
    def answers(self) -> Path:
        """The socket on which the run is answered from elsewhere, while it waits; no file has an answer."""
        return self.folder / "answers.sock"

    @property
    def settle_lock(self) -> Path:
        """The lock that a later kernel holds while it records how the run ended."""
        return self.folder / "settle.lock"

    @property
    def approval_request(self) -> Path:
        """The text of the last request for an approval."""
        return self.folder / "approval-request.txt"

    def exit_of(self, command: str) -> Path:
        """The exit code of a Terraform command, written by its supervisor."""
        return self.folder / f"{command}.exit.json"


@dataclass(frozen=True, slots=True)
class EnvironmentFiles:
    """The files of one environment.

    Attributes:
        folder: folder of the environment.
    """

    folder: Path

    @property
    def configuration(self) -> Path:
        """The HCL of the last cell."""
        return self.folder / CONFIGURATION

    @property
    def settings(self) -> Path:
        """The environment's settings; keep this file under version control."""
        return self.folder / SETTINGS

    @property
    def private(self) -> Path:
        """The folder for locks, runs, and the audit trail; mode 0700, not under version control."""
        return self.folder / PRIVATE

    @property
    def ignore(self) -> Path:
        """The file that keeps the private folder out of version control."""
        return self.private / ".gitignore"

    @property
    def state_ignore(self) -> Path:
        """The file that keeps state and Terraform's own folder out of version control."""
        return self.folder / ".gitignore"

    @property
    def lock(self) -> Path:
        """The environment's lock, held by the run that is planning or applying."""
        return self.private / "lock"

    @property
    def settings_lock(self) -> Path:
        """The lock that is held while the settings are changed."""
        return self.private / "settings.lock"

    @property
    def configuration_digest(self) -> Path:
        """The SHA-256 of the configuration that the last cell wrote."""
        return self.private / "configuration.sha256"

    @property
    def init_fingerprint(self) -> Path:
        """The SHA-256 of everything that the last `terraform init` depended on."""
        return self.private / "initialized.sha256"

    @property
    def digest_key(self) -> Path:
        """The key of the digests by which the changes of two plans are compared; mode 0600."""
        return self.private / "digest.key"

    @property
    def validated(self) -> Path:
        """The SHA-256 of the last configuration that `terraform validate` found valid, after Terraform's version."""
        return self.private / "validated.txt"

    @property
    def audit_trail(self) -> Path:
        """The audit trail: every authentication and every change of a run's status."""
        return self.private / "audit.jsonl"

    @property
    def runs(self) -> Path:
        """The folders of all runs."""
        return self.private / RUNS

    def run(self, run_id: str) -> RunFiles:
        """The files of one run."""
        return RunFiles(self.runs / run_id)
