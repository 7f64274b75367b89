"""The two phases of a run."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.durations import session_note
from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.model.errors import RunCanceled, RunDiscarded, RunStateError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.engine.command import Execution
from tfmfa_nb.runs.engine.init import initialize
from tfmfa_nb.runs.engine.outcome import phase_of, raise_for
from tfmfa_nb.runs.engine.show import show_plan
from tfmfa_nb.runs.gate.inspection import inspect, inspect_again, problems_of
from tfmfa_nb.runs.gate.levels import effective_level
from tfmfa_nb.runs.gate.own_key import own_key
from tfmfa_nb.runs.history.probe import how_to_follow
from tfmfa_nb.terraform.apply_progress import ApplyEvents
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.plan import parse_summary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.credentials import Credentials
    from tfmfa_nb.terraform.executable import Executable

# `plan -detailed-exitcode` (https://developer.hashicorp.com/terraform/cli/commands/plan)
_NO_CHANGES, _CHANGES = 0, 2
_SUMMARY = 200  # lines at the log's end, in which the plan's counts stand: outputs and warnings may follow them


async def plan(run: Run, gate: Gate) -> None:
    """Plan; ends `planned`, `planned_and_finished`, or raises what stopped it.

    Raises:
        TfmfaError: what stopped it, in words for the person.
        asyncio.CancelledError: the kernel was interrupted; Terraform has stopped gracefully.
    """
    with ExitStack() as held, phase_of(run, Phase.PLAN):
        executable, environment, options = find_executable(gate.environ), run._environment, run._options
        run.product = f"{executable.product} {executable.version}"
        arguments = options.plan_arguments(run._base)
        lock = await _lock(run, Phase.PLAN, held)
        run._files.drop_other_plans()
        run.level = str(effective_level(environment, gate.policy, options.level))
        await inspect(run, gate, executable)
        session = await authenticate(run, gate, Phase.PLAN)
        async with execution_of(run, gate, executable, lock, session) as execution:
            _still_wanted(run)
            run._move(Status.PLANNING)
            fresh = await initialize(execution)
            if fresh:
                await inspect_again(run, gate, executable, session)
            for sentence in problems_of(run):
                _note(run, sentence)
            command = (
                "plan",
                "-input=false",
                "-detailed-exitcode",
                f"-out={run._files.plan}",
                *arguments,
            )
            outcome = await execution.terraform(*command)
            if outcome.exit_code == 1 and not outcome.interrupted and not fresh and execution.asks_for_init():
                await initialize(execution, always=True)
                await inspect_again(run, gate, executable, session)
                outcome = await execution.terraform(*command)
        raise_for(outcome, execution, Phase.PLAN, accepted=(_NO_CHANGES, _CHANGES))
        run.plan_sha256 = run._files.seal_plan()
        end = max(run.log_start, run._log.refresh() - _SUMMARY)
        summary = parse_summary("\n".join(run.log_text(end)))
        run.counts = summary.as_dict() if summary else _nothing()
        show_plan(run, executable, child_environ(gate.environ, credentials=False)[0])
        run._move(Status.PLANNED if outcome.exit_code == _CHANGES else Status.PLANNED_AND_FINISHED)


async def apply(run: Run, gate: Gate, *, confirm: bool = False) -> None:
    """Apply exactly the plan that was shown; without a code, or a confirmation, the run stays `planned`.

    Args:
        run: a planned run.
        gate: who is asked, and with which credentials.
        confirm: ask for a confirmation where the level asks for no code.

    Raises:
        TfmfaError: what stopped it, in words for the person.
        asyncio.CancelledError: the kernel was interrupted; Terraform has stopped gracefully.
    """
    if run.status != Status.PLANNED:
        raise RunStateError(f"{run.id} is {run.status}: there is no plan to apply.", "Run %%tfplan first.")
    with ExitStack() as held, phase_of(run, Phase.APPLY):
        executable = find_executable(gate.environ)
        lock = await _lock(run, Phase.APPLY, held)
        run._files.check_plan(run.plan_sha256)
        # The stricter of then and now: a level lowered since the plan does not weaken this run.
        run.level = str(effective_level(run._environment, gate.policy, Level(run.level)))
        if run._findings is None:  # the level was `never` until now
            await inspect(run, gate, executable)
        session = await authenticate(run, gate, Phase.APPLY)
        # Before anybody's own key is taken: a person may think for long.
        if session is None and confirm and not await gate.prompt.confirm(_question(run)):
            raise RunDiscarded("The plan was discarded.", "Nothing was changed.")
        async with execution_of(run, gate, executable, lock, session) as execution:
            if session is not None:
                _note_short_session(run, session)
            _still_wanted(run)
            run._files.check_plan(run.plan_sha256)  # a person took their time in between
            run._move(Status.CONFIRMED)
            events = ApplyEvents(run._files.events)
            run._move(Status.APPLYING)
            outcome = await execution.terraform(
                "apply",
                "-json",
                "-input=false",
                f"-lock-timeout={run._options.lock_timeout}",
                str(run._files.plan),
                on_output=events_of(run, events),
                events=True,
            )
        run._outputs = dict(events.progress.outputs)
        raise_for(outcome, execution, Phase.APPLY, accepted=(0,))
        run._move(Status.APPLIED)


async def _lock(run: Run, phase: Phase, held: ExitStack) -> EnvironmentLock:
    """The environment's lock, which lasts for as long as `held` does.

    How the phase ends is recorded under it too: whoever finds it free takes the run for one that nobody drives.
    """
    lock = await EnvironmentLock.acquire(
        run._environment.lock_path,
        purpose=f"{phase}, {run.id}",
        timeout=run._options.lock_seconds,
        on_wait=lambda sentence: _note(run, sentence),
        advice=lambda holder: how_to_follow(run._environment, holder),
    )
    return held.enter_context(lock)


async def authenticate(run: Run, gate: Gate, phase: Phase) -> MfaSession | None:
    """The phase's session, or None where the level asks for no code."""
    if not Level(run.level).asks_before(phase):
        run._show_lock(LockIndicator.OPEN, f"No MFA code needed to {phase}")
        run.authenticated_by = ""
        return None
    return await gate.pass_through(run, phase, run._findings.chains if run._findings else ())


@asynccontextmanager
async def execution_of(
    run: Run, gate: Gate, executable: Executable, lock: EnvironmentLock, session: MfaSession | None
) -> AsyncIterator[Execution]:
    """What the phase's commands share; at its end no credentials are left, whoever still holds it."""
    credentials: Credentials | None = session
    own: tuple[Secret, ...] = ()
    try:
        credentials = session or await own_key(gate.environ)
        environ, notes = child_environ(gate.environ, credentials=credentials is None)
        for note in notes:
            if note not in run.notes:
                _note(run, note)
        # The kernel's own keys too: a program that Terraform starts may find them elsewhere and print them.
        names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        own = tuple(Secret(gate.environ[name]) for name in names if gate.environ.get(name))
        yield Execution(run, executable, lock, environ, credentials, own)
    finally:
        for held in (credentials, *own):
            if held is not None:
                held.forget()


def _still_wanted(run: Run) -> None:
    if run.canceling:
        raise RunCanceled("The run was canceled.", "Nothing was changed.")


def events_of(run: Run, events: ApplyEvents) -> Callable[[], None]:
    """Takes in, each time it is called, what Terraform has told of its apply since."""

    def look() -> None:
        events.refresh()
        shown = events.progress.as_dict()
        if shown != run.progress:
            run.progress = shown

    return look


def _note_short_session(run: Run, session: MfaSession) -> None:
    """Say before the apply starts where a role's session cannot be renewed while it goes on."""
    note = session_note(run._findings.chains if run._findings else (), session.seconds)
    if note and note not in run.notes:
        _note(run, note)


def _question(run: Run) -> str:
    counts = run.counts or _nothing()
    add, change, destroy = counts["add"], counts["change"], counts["destroy"]
    return f'Apply to "{run.environment}": {add} to add, {change} to change, {destroy} to destroy?'


def _nothing() -> dict[str, int]:
    return {"add": 0, "change": 0, "destroy": 0, "imported": 0}


def _note(run: Run, sentence: str) -> None:
    run.notes = [*run.notes, sentence]
    run._log.append(sentence + "\n")
    run.log_lines = run._log.refresh()  # it is there to be read now, while something is waited for
