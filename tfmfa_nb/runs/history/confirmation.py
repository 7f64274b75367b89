"""Whether the environment's audit trail confirms the records of its runs. Only this module decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.runs.audit.integrity import change_since_last_run, torn_sentence, trail_problem
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.history.verify import held_against, statuses_of_runs
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.problems import Problem

_MAX_NAMED = 3  # runs in a sentence


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the trail says about the runs.

    Attributes:
        lines: number of lines of the trail.
        problem: why the trail confirms nothing; None if it is intact.
        witnessed: True if this machine has a record of the trail, to compare it with.
        torn: sentence about a torn last line, which the next line seals; empty if it is whole.
        unconfirmed: IDs of the runs with a record that says something else than the trail, newest first.
    """

    lines: int
    problem: Problem | None
    witnessed: bool
    torn: str = ""
    unconfirmed: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What is wrong, in sentences; none if nothing is."""
        said = [self.problem.what] if self.problem is not None else []
        if self.unconfirmed:
            more = len(self.unconfirmed) - _MAX_NAMED
            named = ", ".join(self.unconfirmed[:_MAX_NAMED]) + (f", and {more:,} more" if more > 0 else "")
            said.append(f"The audit trail does not confirm the record of {named}.")
        return said


def confirmation_of(environment: Environment, run_ids: Sequence[str], *, whole: bool = False) -> Confirmation:
    """Compare the audit trail with this machine's record of it, and the runs' records with the trail.

    A trail with a problem confirms no run, and one that was changed and then went on confirms only later ones.

    Args:
        environment: environment of the trail.
        run_ids: IDs of its runs, newest first.
        whole: True to read all of the trail, also if it is as this machine left it by what the file system says.

    Raises:
        ConfigurationError: the trail, or this machine's record of it, cannot be read.
    """
    trail = AuditTrail(environment.files.audit_trail)
    recorded = tuple(run_id for run_id in run_ids if environment.files.run(run_id).record.exists())
    problem, unconfirmed = trail_problem(trail, whole=whole), recorded
    if problem is None and recorded and not whole:
        unconfirmed = _contradicting(environment, recorded, trail.of_runs(recorded, "status"))
    if problem is None and unconfirmed:
        # No index accuses anybody; and a run may have gone on between the two readings.
        unconfirmed = _contradicting(environment, unconfirmed, statuses_of_runs(trail.lines()))
    if whole and problem is None and unconfirmed:
        unconfirmed = _contradicting(environment, unconfirmed, statuses_of_runs(trail.lines()))
    return Confirmation(trail.end()[0], problem, trail.witness.read() is not None, torn_sentence(trail), unconfirmed)


def _contradicting(
    environment: Environment, run_ids: Sequence[str], statuses: Mapping[str, Sequence[dict[str, Any]]]
) -> tuple[str, ...]:
    """The runs whose records say something else than these lines of the trail, by run."""

    def agrees(run_id: str) -> bool:
        try:
            held_against(RunStore(environment, run_id).load(), statuses[run_id])
        except (KeyError, TfmfaError):
            return False
        return True

    return tuple(run_id for run_id in run_ids if not agrees(run_id))


def trail_notes(environment: Environment) -> list[str]:
    """What a person must know about the audit trail before a new run writes to it, in sentences.

    Raises:
        ConfigurationError: as `confirmation_of` does.
    """
    found = confirmation_of(environment, ())
    trail = AuditTrail(environment.files.audit_trail)
    return [*found.sentences, *filter(None, [found.torn, change_since_last_run(trail)])]


def check_confirmed(environment: Environment, run_id: str) -> list[str]:
    """Make sure that the audit trail confirms the record of a run before its plan is applied.

    Returns:
        What a person must know about the trail, in sentences.

    Raises:
        RunStateError: the trail was changed, or says something else than the record.
        ConfigurationError: as `confirmation_of` does.
    """
    found = confirmation_of(environment, (run_id,), whole=True)  # what a decision rests on is read whole
    if found.sentences:
        remedy = found.problem.remedy if found.problem is not None else "Find out who changed it."
        raise RunStateError(" ".join(found.sentences), f"{remedy} Then plan again with %tfplan.")
    return list(filter(None, [found.torn]))
