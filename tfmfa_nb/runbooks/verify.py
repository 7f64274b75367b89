"""Checks an executed notebook against the audit trails of the environments that it acted on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES
from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.layout import EnvironmentFiles
from tfmfa_nb.protocol.run_display import DisplayedRun
from tfmfa_nb.runbooks.approval_checks import approval_checks
from tfmfa_nb.runbooks.check import Check
from tfmfa_nb.runbooks.notebook import digest, execution_metadata, read_runbook
from tfmfa_nb.runbooks.trail_checks import trail_checks
from tfmfa_nb.runs.audit.integrity import lines_since_change
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfmfa_nb.organization.policy_audit import AuditRules

_DIGEST_SHOWN = 16  # characters


def verify(path: Path, rules: AuditRules = NO_AUDIT_RULES, *, each_signature: bool = False) -> list[Check]:
    """Check an executed notebook.

    Args:
        path: the notebook, where it was executed: the environments' folders are relative to its folder.
        rules: what the organization policy demands of each line of an audit trail.
        each_signature: True to check the signature of each line, and not only of the newest, which covers the others.

    Raises:
        ConfigurationError: there is no notebook at `path`, or `jupyter tfmfa run` did not execute it.
        FormatError: a version of this package with another format executed it.
    """
    notebook = read_runbook(path)
    record = execution_metadata(notebook, path)
    if "executions" not in record:
        raise ConfigurationError(
            f"{path} was not executed by `jupyter tfmfa run`.", "Name the notebook that this command wrote."
        )
    if "sha256" not in record:
        return [Check(passed=False, statement="The execution reached its end, and sealed the record.")]
    found = digest(notebook)
    checks = [Check(found == record["sha256"], "The cells, the outputs, and the record are unchanged since the end.")]
    if not record["runs"]:
        return [*checks, Check(passed=False, statement="The record has a run, which the audit trail can confirm.")]
    runs, codes, anchors = _sealed(record, path)
    # By the runs, not by the trails that the notebook names: a run without one is a run that nothing confirms.
    for folder in dict.fromkeys(each["folder"] for each in (*runs, *codes)):
        if folder not in anchors:
            checks.append(Check(passed=False, statement=f"{plain(folder)}: the record names the audit trail."))
            continue
        trail = AuditTrail(EnvironmentFiles(path.absolute().parent / folder).audit_trail)
        checks += trail_checks(trail, plain(folder), rules, each_signature=each_signature)
        if not trail.path.is_file():
            continue
        checks += _anchor_checks(trail, plain(folder), anchors[folder], found)
        lines = lines_since_change(trail.lines())
        for run in runs:
            if run["folder"] == folder:
                checks += _run_checks(run, [line for line in lines if line.get("run") == run["id"]])
                checks += approval_checks(lines, run["id"])
        checks += [_code_check(each, lines) for each in codes if each["folder"] == folder]
    return checks


def _sealed(
    record: dict[str, Any], path: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The runs of the record, the codes that they were given and, by folder, the last line of each audit trail.

    Raises:
        ConfigurationError: they are not what `jupyter tfmfa run` writes.
    """
    runs, codes, anchors = record["runs"], record.get("codes", []), record.get("trails")
    if (
        isinstance(runs, list)
        and all(map(_is_run, runs))
        and isinstance(codes, list)
        and all(map(_is_count, codes))
        and isinstance(anchors, dict)
        and all(map(_is_anchor, anchors.values()))
    ):
        return runs, codes, anchors
    raise ConfigurationError(f"The record in {path} is not valid: it was changed.", "Do not rely on this notebook.")


def _is_anchor(anchor: Any) -> bool:
    return isinstance(anchor, dict) and type(anchor.get("lines")) is int and isinstance(anchor.get("sha256"), str)


def _is_count(codes: Any) -> bool:
    return (
        isinstance(codes, dict)
        and isinstance(codes.get("folder"), str)
        and isinstance(codes.get("run"), str)
        and type(codes.get("count")) is int
    )


def _is_run(run: Any) -> bool:
    if not isinstance(run, dict) or not isinstance(run.get("folder"), str):
        return False
    shown = parse({name: value for name, value in run.items() if name != "folder"}, DisplayedRun)
    return shown is not None and shown.level in set(Level) and shown.phase in set(Phase)


def _anchor_checks(trail: AuditTrail, folder: str, anchor: dict[str, Any], found: str) -> Iterator[Check]:
    lines, number = trail.raw_lines(), anchor["lines"]
    same = 0 < number <= len(lines) and hashlib.sha256(lines[number - 1]).hexdigest() == anchor["sha256"]
    yield Check(same, f"{folder}: line {number} of the audit trail is unchanged since the end of the execution.")
    sealed = any(line.get("event") == "runbook" and line.get("sha256") == found for line in trail.lines())
    yield Check(sealed, f"{folder}: the audit trail has this notebook's SHA-256, {found[:_DIGEST_SHOWN]}…")


def _code_check(codes: dict[str, Any], lines: list[dict[str, Any]]) -> Check:
    """A code that a run was given, and that is not in its trail, went elsewhere: the run was shown to get it."""
    used = sum(line.get("event") == "mfa" and line.get("run") == codes["run"] for line in lines)
    given, more = codes["count"], f" (of {used:,})" if used < codes["count"] else ""
    what = "the code that it was given" if given == 1 else f"each of the {given:,} codes that it was given"
    return Check(used >= given, f"{plain(codes['run'])}: the audit trail has the use of {what}{more}.")


def _run_checks(run: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[Check]:
    name = f"{plain(run['id'])}, {plain(run.get('command') or run['phase'])}"
    statuses = [line for line in lines if line.get("event") == "status"]
    yield Check(
        any(line.get("status") == run["status"] for line in statuses),
        f"{name}: the audit trail has the status {run['status']}.",
    )
    if run["plan_sha256"]:
        digests = {line["plan_sha256"] for line in statuses if line.get("plan_sha256")}
        yield Check(
            digests == {run["plan_sha256"]},
            f"{name}: the audit trail has the plan's SHA-256, {run['plan_sha256'][:_DIGEST_SHOWN]}…",
        )
    if run["authenticated_by"]:
        user, device = run["identity"]["arn"], run["identity"]["serial_number"]
        expected = {"result": "authenticated", "phase": run["phase"], "user": user, "serial_number": device}
        authenticated = any(
            line.get("event") == "mfa"
            and all(line.get(key) == value for key, value in expected.items())
            and set(run["roles"]) <= set(line.get("roles", []))
            for line in lines
        )
        yield Check(
            authenticated,
            f"{name}: the audit trail has the authentication of {plain(user)} with {plain(device)}, and the roles.",
        )
    elif Level(run["level"]).asks_before(Phase(run["phase"])) and run["status"] in {"planned", "applied", "finished"}:
        yield Check(
            passed=False, statement=f"{name}: the run was authenticated with MFA, as its level {run['level']} requires."
        )
