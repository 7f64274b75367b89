"""`plan_all` and `apply_all`: many environments, each phase under one authentication."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.magics.call_options import PlanOptions, PromptOptions, loaded_magics, options_of_call, settings_of
from tfmfa_nb.magics.fleet_presentation import go_fleet, raise_for_stopped
from tfmfa_nb.magics.run_phases import check_may_change
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.remote.place import terraform_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.runs.gate.gate import Gate


class FleetPlanOptions(PlanOptions, total=False):
    """Options of `plan_all`.

    Attributes:
        at_once: how many runs use Terraform at once; 0 for as many as this machine has room for.
        stop_if_refused: plan nothing where one run is refused before it starts; else, the others go on.
        on: the address of a Dask scheduler (tls://HOST:8786), or a distributed.Client, on whose workers Terraform runs.
    """

    at_once: int
    stop_if_refused: bool
    on: object


class FleetApplyOptions(PromptOptions, total=False):
    """Options of `apply_all`.

    Attributes:
        only: names of the environments to apply; all that have a plan with changes by default.
        at_once: how many applies run at once; 0 for as many as this machine has room for.
        canary: how many go first; the others start once these have succeeded.
        stop_after: after so many failures, no other apply starts; 0 for never.
        stop_if_refused: apply nothing where one run is refused before it starts; else, the others go on.
        on: as for `plan_all`; where the plans were made by default.
    """

    only: Iterable[str]
    at_once: int
    canary: int
    stop_after: int
    stop_if_refused: bool
    on: object


async def plan_all(each: object, **options: Unpack[FleetPlanOptions]) -> Fleet:
    """Plan many environments, after one MFA code if the strictest level among them requires it.

    Args:
        each: a pattern of folders with configurations ("accounts/*"); a table in a file (.csv, .json, .yaml); a data
            frame; or mappings. A row has a `name`, and may have a `folder`, a `workspace`, a `backend_config`, a
            `level`, and `variables`; every other column is a variable, such as `role_arn` and `region`.
        options: those of `plan`, for each run, and at_once, stop_if_refused, on.

    Returns:
        The fleet: a mapping of names to runs. What stopped a run is in `fleet.errors`; the others are planned.

    Raises:
        ConfigurationError: there are no such environments, or an option is not valid.
        FleetStopped: all runs were stopped; its `fleet` has them.
        asyncio.CancelledError: the caller canceled it; each Terraform has stopped gracefully.

    Example:
        >>> fleet = await tfmfa_nb.plan_all("accounts/*")  # doctest: +SKIP
    """
    given = {name: value for name, value in options.items() if name not in _OF_FLEETS}
    chosen = options_of_call(given)  # type: ignore[arg-type]
    chosen.check()
    if options.get("wait"):
        raise ConfigurationError("A fleet does not wait for a code from elsewhere.", _ONE_BY_ONE)
    if "chdir" in options:
        raise ConfigurationError("chdir names one folder.", "Use a pattern, or a table with a folder in each row.")
    check_not_restricted()
    pace = _pace(options)
    magics = loaded_magics()
    fleet = Fleet(members_of(each, Path.cwd(), chosen), Path.cwd())
    terraform = terraform_on(options.get("on"))
    await _go(fleet, lambda gate: fleet.plan(gate, pace, terraform), options, magics)
    return fleet


async def apply_all(fleet: Fleet, *, confirm: bool = False, **options: Unpack[FleetApplyOptions]) -> Fleet:
    """Apply exactly the plans of `fleet`, after one MFA code if a level requires it.

    Args:
        fleet: a planned fleet.
        confirm: ask for a confirmation where the level requires no code.
        options: only, at_once, canary, stop_after, stop_if_refused, on, prompt, token_command, profile,
            session_duration, prompt_timeout, show; see `FleetApplyOptions`.

    Returns:
        `fleet`. What stopped a run is in `fleet.errors`; the others are applied.

    Raises:
        RunStateError: an environment has no plan to apply.
        FleetStopped: all runs were stopped.
        asyncio.CancelledError: the caller canceled it; each Terraform has stopped gracefully, and finished changes are
            in the states.
    """
    known = FleetApplyOptions.__annotations__.keys() | PromptOptions.__annotations__.keys()
    if "wait" in options:
        raise ConfigurationError("A fleet does not wait for a code from elsewhere.", _ONE_BY_ONE)
    if unknown := next((name for name in options if name not in known), ""):
        raise ConfigurationError(f"There is no option {unknown!r}.", "help(tfmfa_nb.apply_all) lists the options.")
    check_may_change(f"{len(fleet.applicable)} environments")
    pace, only = _pace(options), options.get("only")
    names = None if only is None else [only] if isinstance(only, str) else [*only]
    terraform = terraform_on(options.get("on"))

    async def work(gate: Gate) -> None:
        await fleet.apply(gate, pace, names, confirm=confirm, terraform=terraform)

    await _go(fleet, work, options, loaded_magics())
    return fleet


_ONE_BY_ONE = "Plan and apply the environments one by one with wait=True, or set a token command."
_PACES = frozenset({"at_once", "canary", "stop_after", "stop_if_refused"})
_OF_FLEETS = _PACES | {"on"}


def _pace(options: FleetPlanOptions | FleetApplyOptions) -> Pace:
    given = {name: value for name, value in options.items() if name in _PACES}
    pace = Pace(**given)  # type: ignore[arg-type]
    pace.check()
    return pace


def check_not_restricted() -> None:
    """Make sure that the notebook may use many environments.

    Raises:
        ConfigurationError: its runner restricts it to one.
    """
    runner = current_runner()
    if runner is not None and runner.environment:
        raise ConfigurationError(
            f'The runbook is restricted to "{runner.environment}", and a fleet has many environments.',
            "Run the runbook without --environment.",
        )


async def _go(
    fleet: Fleet, work: Callable[[Gate], Awaitable[None]], options: PromptOptions, magics: TfmfaMagics | None
) -> None:
    seen = magics is not None or (sys.stdout is not None and sys.stdout.isatty())
    await go_fleet(
        fleet, lambda gate, _: work(gate), settings_of(options, magics), magics, show=options.get("show", seen)
    )
    if len(fleet.stopped) == len(fleet.names):
        raise_for_stopped(fleet)
