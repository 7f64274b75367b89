"""A run's folder: its record, log, events and, for as long as it may be applied, its plan."""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from tfmfa_nb.environments.atomic_files import private_folder, write_whole
from tfmfa_nb.model.errors import RunStateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfmfa_nb.runs.run import Run

_PLAN = "plan.tfplan"


class RunFolder:
    """Where one run keeps its files; mode 0700.

    Args:
        private: the environment's `.tfmfa`.
        run_id: the run, whose folder is there; a new one where it is None.

    Raises:
        ConfigurationError: the folder cannot be made.
    """

    def __init__(self, private: Path, run_id: str | None = None) -> None:
        self.id = run_id or f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self.path = private / "runs" / self.id
        if run_id is None:
            private_folder(self.path.parent)
            private_folder(self.path)
        self.log = self.path / "run.log"
        self.events = self.path / "apply.jsonl"
        self.plan = self.path / _PLAN
        self.changes = self.path / "changes.json"

    def exit_file(self, command: str) -> Path:
        """Where the supervisor of `command` leaves Terraform's exit code."""
        return self.path / f"{command}.exit.json"

    def write(self, record: dict[str, Any]) -> None:
        """Keep `record` as `run.json`: what another kernel needs to find this run.

        Raises:
            ConfigurationError: it cannot be written.
        """
        write_whole(self.path / "run.json", json.dumps(record, indent=2) + "\n")

    def read(self) -> dict[str, Any]:
        """The record.

        Raises:
            RunStateError: there is none that can be understood.
        """
        path = self.path / "run.json"
        with understood(self.id):
            try:
                record: dict[str, Any] = {**json.loads(path.read_text(encoding="utf-8"))}
            except OSError as error:
                raise RunStateError(
                    f"There is no record of {self.id}: {path}: {error.strerror}.", "Plan again with %%tfplan."
                ) from None
        return record

    def ended_at(self, command: str) -> float:
        """When `command` ended, in seconds since the epoch; 0 where its supervisor left no word."""
        try:
            return float(json.loads(self.exit_file(command).read_bytes())["ended"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0

    def seal_plan(self) -> str:
        """The saved plan's SHA-256, to be checked before it is applied; the file becomes 0600."""
        self.plan.chmod(0o600)
        return self._plan_digest()

    def check_plan(self, digest: str) -> None:
        """Make sure that the saved plan is the one that was shown.

        Raises:
            RunStateError: it is gone, or its content is another.
        """
        if not self.plan.is_file():
            raise RunStateError("The saved plan is gone.", "Plan again with %%tfplan.")
        if self._plan_digest() != digest:
            raise RunStateError(
                f"The saved plan {self.plan} is not the one that was shown: its content was changed.",
                "Do not apply it. Find out who changed it, and plan again.",
            )

    def drop_plan(self) -> None:
        """Delete the saved plan, which holds sensitive values in clear."""
        with suppress(FileNotFoundError):
            self.plan.unlink()

    def drop_other_plans(self) -> None:
        """Delete the plans that earlier runs left; call it under the environment's lock."""
        for plan in self.path.parent.glob(f"*/{_PLAN}"):
            if plan != self.plan:
                plan.unlink(missing_ok=True)

    def _plan_digest(self) -> str:
        with self.plan.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def understood(run_id: str) -> Iterator[None]:
    """Whatever is wrong with the values of a record becomes one clear error.

    Raises:
        RunStateError: something is.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, TraitError):
        raise RunStateError(
            f"The record of {run_id} cannot be understood: it was changed, or is torn.", "Plan again with %%tfplan."
        ) from None


def facts_of(record: dict[str, Any]) -> dict[str, str]:
    """What the audit trail says with each status, so that the record can be held against it.

    Raises:
        KeyError: the record lacks something.
    """
    gate = json.dumps([record["chains"], record["bypasses"]], sort_keys=True)
    return {
        "level": record["level"],
        "plan_sha256": record["plan_sha256"],
        "gate_sha256": hashlib.sha256(gate.encode()).hexdigest(),
    }


def record_of(run: Run) -> dict[str, Any]:
    """What another kernel needs to go on with `run`; nothing in it is secret."""
    process, findings = run._process, run._findings
    return {
        "id": run.id,
        "environment": run.environment,
        "status": run.status,
        "phase": run.phase,
        "level": run.level,
        "product": run.product,
        "authenticated_by": run.authenticated_by,
        "authenticated_at": run.authenticated_at,
        "identity": run.identity,
        "started_at": run.started_at,
        "log_start": run.log_start,
        "plan_sha256": run.plan_sha256,
        "counts": run.counts,
        "lock_timeout": run._options.lock_timeout,
        # Whoever applies this plan must pass the same gate as here.
        "chains": [asdict(chain) for chain in findings.chains] if findings else [],
        "bypasses": [asdict(bypass) for bypass in findings.bypasses] if findings else [],
        "process": {"pid": process.pid, "started": process.started} if process else None,
    }
