"""Checks of an audit trail, whoever asks: its own chain, this machine's record of it, and its signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.runbooks.approval_checks import approval_checks
from tfmfa_nb.runbooks.check import Check
from tfmfa_nb.runs.audit.integrity import lines_since_change, trail_problem
from tfmfa_nb.runs.audit.ssh_signature import signature_of, signer_of
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.audit.trail_index import CHANGED
from tfmfa_nb.runs.history.confirmation import confirmation_of
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy_audit import AuditRules


def environment_checks(environment: Environment, rules: AuditRules, *, each_signature: bool) -> Iterator[Check]:
    """The checks of an environment's audit trail, and of the records of all its runs.

    Args:
        environment: the environment.
        rules: what the organization policy demands of each line.
        each_signature: True to check the signature of each line.

    Raises:
        ConfigurationError: the trail, this machine's record of it, or the file of allowed signers cannot be read.
    """
    name, trail = plain(environment.name), AuditTrail(environment.files.audit_trail)
    yield from trail_checks(trail, name, rules, each_signature=each_signature)
    found = [plain(str(line.get("found"))) for line in trail.lines() if line.get("event") == CHANGED]
    more = f" ({', '.join(found)})" if found else ""
    yield Check(not found, f"{name}: no line says that the audit trail before it was found changed{more}.")
    ids = run_ids(environment)
    since = lines_since_change(trail.lines())
    for run_id in sorted({str(line["run"]) for line in since if "run" in line}):
        yield from approval_checks(since, run_id)
    missing = confirmation_of(environment, ids, whole=True).unconfirmed
    more = f" (not of {', '.join(missing)})" if missing else ""
    yield Check(not missing, f"{name}: the audit trail confirms the records of its {len(ids):,} runs{more}.")


def trail_checks(trail: AuditTrail, name: str, rules: AuditRules, *, each_signature: bool) -> Iterator[Check]:
    """The checks of one audit trail.

    Args:
        trail: the trail.
        name: name of its environment, in the statements.
        rules: what the organization policy demands of each line.
        each_signature: True to check the signature of each line.

    Raises:
        ConfigurationError: the trail, this machine's record of it, or the file of allowed signers cannot be read.
    """
    if trail.path.is_file():
        broken, torn = trail.broken_at(), trail.torn_lines()
        where = f" (line {broken} does not)" if broken is not None else ""
        if torn and broken is None:
            where = f" (but for torn lines: {', '.join(map(str, sorted(torn)))})"
        yield Check(broken is None, f"{name}: every line of the audit trail follows from the one before{where}.")
    else:
        yield Check(passed=False, statement=f"{name}: the audit trail {trail.path} exists.")
    yield _witness_check(trail, name)
    if rules.demands_signatures:
        left_out = trail.torn_lines()
        numbered = [(number, line) for number, line in enumerate(trail.raw_lines(), start=1) if number not in left_out]
        yield from _signature_checks(numbered, name, rules, each_signature=each_signature)


def _witness_check(trail: AuditTrail, name: str) -> Check:
    known = trail.witness.read()
    if known is None:
        return Check(passed=True, statement=f"{name}: there is no record of this trail on this machine.")
    more = f" Lines 1 to {known.since:,} came from elsewhere." if known.since else ""
    changed = trail.change() is not None
    if changed and (problem := trail_problem(trail, whole=True)) is not None:
        more = f" {problem.what}"
    return Check(not changed, f"{name}: the audit trail ends as this machine recorded it.{more}")


def _signature_checks(
    numbered: list[tuple[int, bytes]], name: str, rules: AuditRules, *, each_signature: bool
) -> Iterator[Check]:
    """The newest line's signature covers all lines before it, so one program is enough for a long trail."""
    lines = dict(numbered)
    signed = [number for number, line in numbered if signature_of(line)]
    unsigned = [number for number, line in numbered if number > signed[0] and not signature_of(line)] if signed else []
    if not signed or unsigned:
        which = f"line {unsigned[0]:,} is not" if unsigned else "no line is"
        yield Check(passed=False, statement=f"{name}: the lines are signed, as the policy demands ({which}).")
        return
    if rules.signers is None:
        yield Check(passed=False, statement=f'{name}: the policy says who may sign, by "signers" of [audit].')
        return
    names = set()
    for number in signed if each_signature else signed[-1:]:
        who = signer_of(lines[number], rules.signers)
        if not who:
            yield Check(passed=False, statement=f"{name}: line {number:,} is signed by an allowed signer.")
            return
        names.add(plain(who))
    covered = "each line is" if each_signature else "the newest line, which covers those before it, is"
    yield Check(passed=True, statement=f"{name}: {covered} signed by {', '.join(sorted(names))}.")
