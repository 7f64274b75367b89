"""The record that an execution leaves in the executed notebook.

For people it is a cell near the top, for programs such as `jupyter tfmfa verify` the notebook's metadata. Both hold the
same facts, none of them secret.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.model.version import __version__
from tfmfa_nb.protocol.formats import EXECUTED_RUNBOOK
from tfmfa_nb.protocol.layout import EnvironmentFiles
from tfmfa_nb.protocol.words import action_sign, counts_text, duration, status_name
from tfmfa_nb.runbooks.notebook import METADATA_KEY, RECORD_TAG, digest, source_digest, tags
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.organization.policy_audit import AuditRules
    from tfmfa_nb.runbooks.outcome import Outcome

# The characters with a meaning in Markdown or HTML, which names in AWS may have.
_ESCAPES = str.maketrans({character: f"&#{ord(character)};" for character in "\\`*_{}[]()#+!|~$@<>&\"'"})
_MAX_CHANGES = 50


class ExecutionRecord:
    """The record of the execution of `notebook`.

    Args:
        notebook: the notebook to execute; if it has a record already, its executions and runs are kept.
        name: the runbook's file name.
        parameters: the injected parameters.
        environment: the only environment that the runbook may act on; "" for any.
    """

    def __init__(self, notebook: Any, name: str, parameters: Mapping[str, Any], environment: str) -> None:
        self._notebook = notebook
        earlier = notebook.metadata.get(METADATA_KEY, {})
        self._earlier = {(run["id"], run["phase"]): run for run in earlier.get("runs", [])}
        self._codes = Counter({(each["folder"], each["run"]): each["count"] for each in earlier.get("codes", [])})
        self._executions = list(earlier.get("executions", []))
        self._executions.append({"started": time.time(), "ended": 0.0, "result": "in progress", "sentence": ""})
        notebook.metadata[METADATA_KEY] = EXECUTED_RUNBOOK.stamp({
            "version": __version__,
            "runbook": name,
            "runbook_sha256": source_digest(notebook),
            "parameters": dict(parameters),
            "environment": environment,
        })  # fmt: skip
        notebook.cells = [cell for cell in notebook.cells if RECORD_TAG not in tags(cell)]
        self._cell = nbformat.v4.new_markdown_cell(metadata={"tags": [RECORD_TAG]})
        titled = bool(notebook.cells) and notebook.cells[0].cell_type == "markdown"
        notebook.cells.insert(int(titled), self._cell)
        self.update({}, {})

    def update(
        self,
        runs: Mapping[tuple[str, str], dict[str, Any]],
        codes: Mapping[tuple[str, str], int],
        outcome: Outcome | None = None,
    ) -> None:
        """Update the record.

        Args:
            runs: the latest facts of each run, by its id and phase.
            codes: how many codes each run was given, by its environment's folder and its id.
            outcome: how the execution ended; None while it is in progress.
        """
        if outcome is not None:
            ended = {"ended": time.time(), "result": outcome.result, "sentence": plain(outcome.sentence)}
            self._executions[-1].update(ended, exit_code=int(outcome.exit_code))
        record = self._notebook.metadata[METADATA_KEY]
        record["executions"] = self._executions
        record["runs"] = list({**self._earlier, **runs}.values())
        given = self._codes + Counter(codes)
        record["codes"] = [{"folder": folder, "run": run, "count": count} for (folder, run), count in given.items()]
        self._cell.source = "\n".join(_markdown(record))

    def seal(self, output: Path, rules: AuditRules) -> None:
        """Tie the record to the audit trails: it holds the last line of each, and each gets a line with its digest.

        Args:
            output: the executed notebook; the environments' folders are relative to its folder.
            rules: what the organization policy demands of each line.

        Raises:
            ConfigurationError: an audit trail cannot be written.
        """
        record = self._notebook.metadata[METADATA_KEY]
        folders = sorted({run["folder"] for run in record["runs"]})
        trails = {folder: AuditTrail(EnvironmentFiles(output.parent / folder).audit_trail, rules) for folder in folders}
        record["trails"] = {folder: anchor(trail) for folder, trail in trails.items()}
        record["sha256"] = digest(self._notebook)
        for folder, trail in trails.items():
            trail.write(
                "runbook",
                notebook=output.name,
                sha256=record["sha256"],
                result=self._executions[-1]["result"],
                runs=sorted({run["id"] for run in record["runs"] if run["folder"] == folder}),
            )


def anchor(trail: AuditTrail) -> dict[str, Any]:
    """The number of lines of an audit trail, and the SHA-256 of the last one: they reveal later changes."""
    lines, sha256 = trail.end()
    return {"lines": lines, "sha256": sha256}


def _markdown(record: Mapping[str, Any]) -> Iterator[str]:
    last = record["executions"][-1]
    yield f"## Record: {_text(last['result'])}"
    yield ""
    if last["sentence"]:
        yield f"**{_text(last['sentence'])}**"
        yield ""
    rows = [("Runbook", f"{_text(record['runbook'])}, SHA-256 {_monospace(record['runbook_sha256'])}")]
    if record["environment"]:
        rows.append(("Environment", _text(record["environment"])))
    if record["parameters"]:
        parameters = ", ".join(
            f"{_monospace(name)} = {_monospace(repr(value))}" for name, value in record["parameters"].items()
        )
        rows.append(("Parameters", parameters))
    for number, one in enumerate(record["executions"], start=1):
        label = "Executed" if len(record["executions"]) == 1 else f"Execution {number}"
        end = f" to {_when(one['ended'])}, {duration(one['ended'] - one['started'])}" if one["ended"] else ""
        rows.append((label, f"{_when(one['started'])}{end}: {_text(one['result'])}"))
    yield from _table(rows)
    for run in record["runs"]:
        yield ""
        yield f"### {_text(run['phase'].capitalize())} of {_text(run['environment'])}: {_title(run)}"
        yield ""
        yield from _table(_run_rows(run))
        yield from _changes(run)


def _title(run: Mapping[str, Any]) -> str:
    return _text(f"{status_name(run['status'])} {counts_text(run['counts'])}".strip())


def _run_rows(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    identity = run["identity"]
    if run["authenticated_by"]:
        yield (
            "Authenticated with MFA by",
            f"{_text(run['authenticated_by'])} ({_text(identity['arn'])}) at {_when(run['authenticated_at'])}",
        )
        yield "MFA device", _text(identity["serial_number"])
    else:
        yield "Authenticated with MFA", "no"
    if run.get("command"):
        yield "Command", _monospace(f"terraform {run['command']}")
    yield "Level", _text(run["level"])
    if run["roles"]:
        yield "Roles", ", ".join(_monospace(role) for role in run["roles"])
    if run["plan_sha256"]:
        yield "SHA-256 of the plan", _monospace(run["plan_sha256"])
    if run["started_at"]:
        end = f" to {_when(run['ended_at'])}" if run["ended_at"] else ""
        yield "Time", f"{_when(run['started_at'])}{end}"
    if run["error"]:
        yield "Error", _text(run["error"])
    yield "Run", f"{_monospace(run['id'])}, {_text(run['product'])}"


def _changes(run: Mapping[str, Any]) -> Iterator[str]:
    changes = run["changes"]
    if not changes:
        return
    yield ""
    yield "Changes:" if run["phase"] == "apply" else "Planned changes:"
    yield ""
    for change in changes[:_MAX_CHANGES]:
        sign = action_sign(change["action"])
        yield f"* {_monospace(sign + ' ' + change['address'])} ({_text(change['action'])})"
    if len(changes) > _MAX_CHANGES:
        yield f"* and {len(changes) - _MAX_CHANGES:,} more"


def _table(rows: Any) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for label, text in rows:
        yield f"| {label} | {text} |"


def _text(value: Any) -> str:
    """`value` as one line of Markdown that shows it literally."""
    return " ".join(plain(str(value)).split()).translate(_ESCAPES)


def _monospace(value: Any) -> str:
    return f"<code>{_text(value)}</code>"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
