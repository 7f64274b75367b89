"""Checks an executed notebook against the audit trails of the environments that it acted on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runbooks.notebook import KEY, digest, read_runbook
from tfmfa_nb.runs.audit import AuditTrail
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Finding = tuple[bool, str]


def verify(path: Path) -> list[Finding]:
    """What was checked, and whether it holds.

    Args:
        path: the executed notebook, where it was executed: the environments' folders are found from there.

    Raises:
        ConfigurationError: it is no notebook, or was not executed by `jupyter tfmfa run`.
    """
    notebook = read_runbook(path)
    record = notebook.metadata.get(KEY, {})
    if not isinstance(record, dict) or "executions" not in record:
        raise ConfigurationError(f"{path} was not executed by `jupyter tfmfa run`.", "Give it what that wrote.")
    if "sha256" not in record:
        return [(False, "The execution did not come to its end, so its record was not sealed.")]
    found = digest(notebook)
    findings = [
        (found == record["sha256"], "The notebook is as it was sealed: its cells, outputs and record are unchanged.")
    ]
    if not record["runs"]:
        return [*findings, (False, "It planned and applied nothing, so no audit trail speaks of it.")]
    for folder, anchor in record["trails"].items():
        trail = AuditTrail(path.absolute().parent / folder / ".tfmfa" / "audit.jsonl")
        findings += _trail(trail, folder, anchor, found)
        lines = trail.lines()
        for run in record["runs"]:
            if run["folder"] == folder:
                findings += _run(run, [line for line in lines if line.get("run") == run["id"]])
    return findings


def _trail(trail: AuditTrail, folder: str, anchor: dict[str, Any], found: str) -> Iterator[Finding]:
    if not trail.path.is_file():
        yield False, f"{folder}: there is no audit trail {trail.path}."
        return
    broken = trail.broken_at()
    yield (
        broken is None,
        f"{folder}: every line of the audit trail follows from the one before"
        + (f"; line {broken} does not." if broken is not None else "."),
    )
    raw, number = trail.path.read_bytes().splitlines(), anchor["lines"]
    same = 0 < number <= len(raw) and hashlib.sha256(raw[number - 1]).hexdigest() == anchor["sha256"]
    yield same, f"{folder}: the trail's line {number} is the one that the notebook was sealed with."
    sealed = any(line.get("event") == "runbook" and line.get("sha256") == found for line in trail.lines())
    yield sealed, f"{folder}: the trail names this notebook by its SHA-256, {found[:16]}…"


def _run(run: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[Finding]:
    name = f"{plain(run['id'])}, {run['phase']}"
    statuses = [line for line in lines if line.get("event") == "status"]
    yield (
        any(line.get("status") == run["status"] for line in statuses),
        f"{name}: the trail has its status, {run['status']}.",
    )
    if run["plan_sha256"]:
        hashes = {line["plan_sha256"] for line in statuses if line.get("plan_sha256")}
        yield hashes == {run["plan_sha256"]}, f"{name}: the trail has its plan's SHA-256, {run['plan_sha256'][:16]}…"
    if run["authenticated_by"]:
        user, device = run["identity"]["arn"], run["identity"]["serial_number"]
        wanted = {"result": "authenticated", "phase": run["phase"], "user": user, "serial_number": device}
        known = any(
            line.get("event") == "mfa"
            and all(line.get(key) == value for key, value in wanted.items())
            and set(run["roles"]) <= set(line.get("roles", []))
            for line in lines
        )
        yield known, f"{name}: the trail has that {plain(user)} authenticated with {plain(device)}, and the roles."
    elif Level(run["level"]).asks_before(Phase(run["phase"])) and run["status"] in {"planned", "applied"}:
        yield False, f"{name}: its level is {run['level']}, but nobody authenticated."
