"""The two phases of a run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.errors import MfaBypass, RunCanceled, RunDiscarded, RunStateError, TerraformFailed, TfmfaError
from tfmfa_nb.redaction import Secret
from tfmfa_nb.runs.execution import Execution
from tfmfa_nb.runs.initialization import initialize
from tfmfa_nb.terraform.credentials import child_environment
from tfmfa_nb.terraform.events import Progress
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.plan import Plan, parse_summary
from tfmfa_nb.terraform.providers import find_chains
from tfmfa_nb.words import Level, LockState, Phase, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.runs.gate import Gate
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.process import Outcome

# `plan -detailed-exitcode` (https://developer.hashicorp.com/terraform/cli/commands/plan)
_NO_CHANGES, _CHANGES = 0, 2
_show_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tfmfa-show")


async def plan(run: Run, gate: Gate) -> None:
    """Plan; ends `planned`, `planned_and_finished`, or raises what stopped it.

    Raises:
        TfmfaError: what stopped it, in words for the person.
        asyncio.CancelledError: the kernel was interrupted; Terraform has stopped gracefully.
    """
    with _phase(run, Phase.PLAN):
        executable, environment, options = find_executable(gate.environ), run._environment, run._options
        run.product = f"{executable.product} {executable.version}"
        arguments = options.plan_arguments(run._base)
        with await _lock(run, Phase.PLAN) as lock:
            run._files.drop_other_plans()
            run.level = str(Level.strictest(environment.level, options.level))
            run._findings = await asyncio.to_thread(
                find_chains,
                environment.folder,
                executable=executable,
                environ=gate.environ,
                var=options.var,
                var_files=options.var_files(run._base),
            )
            session = await _authenticate(run, gate, Phase.PLAN)
            try:
                execution = _execution(run, gate, executable, lock, session)
                _still_wanted(run)
                run._move(Status.PLANNING)
                fresh = await initialize(execution)
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
                    outcome = await execution.terraform(*command)
            finally:
                if session:
                    session.forget()
            _raise_for(outcome, execution, Phase.PLAN, accepted=(_NO_CHANGES, _CHANGES))
            run._plan_digest = run._files.seal_plan()
            summary = parse_summary("\n".join(run.log_text(run.log_start)[-200:]))
            run.counts = summary.as_dict() if summary else _nothing()
            environ = child_environment(gate.environ, {})[0]
            run._plan = _show_pool.submit(_show, executable, run, environ)
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
    with _phase(run, Phase.APPLY):
        executable = find_executable(gate.environ)
        with await _lock(run, Phase.APPLY) as lock:
            run._files.check_plan(run._plan_digest)
            # The stricter of then and now: a level lowered since the plan does not weaken this run.
            run.level = str(Level.strictest(Level(run.level), run._environment.level))
            session = await _authenticate(run, gate, Phase.APPLY)
            try:
                if session is None and confirm and not await gate.prompt.confirm(_question(run)):
                    raise RunDiscarded("The plan was discarded.", "Nothing was changed.")
                _still_wanted(run)
                run._files.check_plan(run._plan_digest)  # a person took their time in between
                run._move(Status.CONFIRMED)
                execution = _execution(run, gate, executable, lock, session)
                progress = Progress()
                run._move(Status.APPLYING)
                outcome = await execution.terraform(
                    "apply",
                    "-json",
                    "-input=false",
                    f"-lock-timeout={run._options.lock_timeout}",
                    str(run._files.plan),
                    on_output=_follow(run, progress),
                    events=True,
                )
            finally:
                if session:
                    session.forget()
            run._outputs = dict(progress.outputs)
            _raise_for(outcome, execution, Phase.APPLY, accepted=(0,))
            run._move(Status.APPLIED)


@contextmanager
def _phase(run: Run, phase: Phase) -> Iterator[None]:
    """Begin a phase, and whatever ends it, leave the run in a status that says so."""
    run.phase = str(phase)
    run.canceling = False
    run.error = run.error_remedy = ""
    run.log_start = run.log_lines = run._log.refresh()
    run.started_at, run.ended_at = time.time(), 0.0
    try:
        yield
    except (RunDiscarded, RunCanceled, asyncio.CancelledError, TfmfaError) as error:
        _settle(run, error)
        raise
    except BaseException:
        _settle(run, TfmfaError("An unexpected error stopped the run."))
        raise
    finally:
        run.question = {}
        run.log_lines = run._log.refresh()
        run.ended_at = time.time()


def _settle(run: Run, error: BaseException) -> None:
    """A plan that waits stays so whatever happened at the prompt; what had begun ends canceled or errored."""
    if isinstance(error, TfmfaError):
        run.error, run.error_remedy = error.problem, error.remedy
    status = Status(run.status)
    stopped = isinstance(error, (RunCanceled, asyncio.CancelledError))
    if isinstance(error, RunDiscarded):
        run._move(Status.DISCARDED)
    elif status is Status.PLANNED:
        if not isinstance(error, RunCanceled | asyncio.CancelledError):
            run.error_remedy = f"{run.error_remedy} The plan still waits: apply it with %tfapply.".strip()
    elif not status.final:
        run._move(Status.CANCELED if stopped else Status.ERRORED)


async def _lock(run: Run, phase: Phase) -> EnvironmentLock:
    return await EnvironmentLock.acquire(
        run._environment.lock_path,
        purpose=f"{phase}, {run.id}",
        timeout=run._options.lock_seconds,
        on_wait=lambda sentence: _note(run, sentence),
    )


async def _authenticate(run: Run, gate: Gate, phase: Phase) -> MfaSession | None:
    """The phase's session, or None where the level asks for no code."""
    level, findings = Level(run.level), run._findings
    if level is not Level.NEVER and findings and findings.bypasses:
        bypass = findings.bypasses[0]
        raise MfaBypass(f"{bypass.place}: {bypass.what}", bypass.remedy)
    if not level.asks_before(phase):
        run._show_lock(LockState.OPEN, f"No MFA code needed to {phase}")
        run.authenticated_by = ""
        return None
    return await gate.pass_through(run, phase, findings.chains if findings else ())


def _execution(
    run: Run, gate: Gate, executable: Executable, lock: EnvironmentLock, session: MfaSession | None
) -> Execution:
    environ, notes = child_environment(gate.environ, session.environment() if session else None)
    for note in notes:
        if note not in run.notes:
            _note(run, note)
    # The kernel's own keys too: a program that Terraform starts may find them elsewhere and print them.
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    own = tuple(Secret(gate.environ[name]) for name in names if gate.environ.get(name))
    return Execution(run, executable, lock, environ, (*own, *(session.secrets() if session else ())))


def _still_wanted(run: Run) -> None:
    if run.canceling:
        raise RunCanceled("The run was canceled.", "Nothing was changed.")


def _raise_for(outcome: Outcome, execution: Execution, phase: Phase, *, accepted: tuple[int, ...]) -> None:
    if outcome.exit_code in accepted:
        return
    if outcome.interrupted or outcome.killed:
        changed = "What was finished is in the state." if phase is Phase.APPLY else "Nothing was changed."
        if outcome.killed:
            changed = "It was stopped by force: compare the state with AWS before the next run."
        raise RunCanceled(f"The {phase} was canceled.", changed)
    reason = execution.first_error()
    code = "without an exit code" if outcome.exit_code is None else f"with exit code {outcome.exit_code}"
    remedy = "The log above has Terraform's whole message."
    if "plan is stale" in reason:
        remedy = "The state has changed since the plan. Plan again, and look at what it says now."
    product = execution.executable.product
    raise TerraformFailed(f"{product} {phase} ended {code}{': ' + reason if reason else ''}.", remedy)


def _follow(run: Run, progress: Progress) -> Any:
    from tfmfa_nb.terraform.log import RunLog  # noqa: PLC0415

    events, seen = RunLog(run._files.events), 0

    def look() -> None:
        nonlocal seen
        lines = events.lines(seen, count := events.refresh())
        seen = count
        for line in lines:
            try:
                progress.feed(json.loads(line))
            except ValueError:
                continue  # a line of a program that Terraform started; it is in the log
        shown = progress.as_dict()
        if shown != run.progress:
            run.progress = shown

    return look


def _show(executable: Executable, run: Run, environ: Mapping[str, str]) -> Plan:
    """`terraform show -json` of the saved plan: what changes, masked by Terraform's own marks."""
    # Its own session: the kernel's interrupt is not for it.
    shown = subprocess.run(
        [*executable.command, "show", "-json", str(run._files.plan)],
        cwd=run._environment.folder,
        env=dict(environ),
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    try:
        return Plan(json.loads(shown.stdout))
    except ValueError:
        raise TerraformFailed("Terraform could not show the saved plan.", "Plan again with %%tfplan.") from None


def _question(run: Run) -> str:
    counts = run.counts or _nothing()
    add, change, destroy = counts["add"], counts["change"], counts["destroy"]
    return f'Apply to "{run.environment}": {add} to add, {change} to change, {destroy} to destroy?'


def _nothing() -> dict[str, int]:
    return {"add": 0, "change": 0, "destroy": 0, "imported": 0}


def _note(run: Run, sentence: str) -> None:
    run.notes = [*run.notes, sentence]
    run._log.append(sentence + "\n")
