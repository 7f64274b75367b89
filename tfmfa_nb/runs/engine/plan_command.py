"""Runs `terraform plan`, with `terraform init` before it where it is needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.runs.engine.init import initialize
from tfmfa_nb.runs.gate.inspection import notes_of
from tfmfa_nb.runs.gate.untouched import take_back, untouched
from tfmfa_nb.terraform.garbage_collection import fewer_collections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.process import Outcome
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_ASKS_FOR_INIT = re.compile(r"\b(?:terraform|tofu) init\b")
# Terraform's own word, whatever its CLI configuration looks like.
_OVERRIDES = re.compile(r"provider development overrides are set")
_FIRST_LINES = 200  # a plan begins with that, and may print much more than a person would wait for


async def run_plan(
    commands: Commands,
    gate: Gate,
    session: MfaSession | None,
    arguments: Sequence[str],
    variables: VariableArguments,
) -> Outcome:
    """Plan, and save the plan. If Terraform asks to be initialized first, initialize it and plan once more.

    Args:
        commands: commands of the phase.
        gate: MFA gate of the run.
        session: session of the phase; None if it requires no code.
        arguments: further ones of `terraform plan`.
        variables: values of variables.

    Raises:
        MfaBypass: what was checked has changed while Terraform ran, or it ran providers that no lock file covers.
        TfmfaError: as `initialize` does.
    """
    driver, executable = commands.driver, commands.executable
    initialized = await initialize(commands, gate, session)
    for sentence in notes_of(driver):
        driver.note(sentence)
    # Exit code 2 means changes (https://developer.hashicorp.com/terraform/cli/commands/plan).
    saved = f"-out={driver.store.files.plan}"

    async def plan() -> Outcome:
        generated = [file] if (file := driver.options.generated_file(driver.environment.folder)) else []
        start = driver.store.log.refresh()
        async with untouched(driver, gate, executable, session, generated):
            outcome = await commands.run(
                *("plan", "-input=false", "-detailed-exitcode", saved, *arguments),
                variables=variables,
                environ=fewer_collections(commands.given.environ),
            )
        overridden = session is not None and not gate.policy.allows_bypass("dev_overrides")
        if overridden and commands.reported(_OVERRIDES, start, _FIRST_LINES):
            what = "Terraform reports provider development overrides: it ran providers that no lock file covers."
            raise take_back(driver, MfaBypass(what, "Remove dev_overrides from Terraform's CLI configuration."))
        return outcome

    outcome = await plan()
    failed = outcome.exit_code == 1 and not outcome.interrupted
    if failed and not initialized and commands.reported(_ASKS_FOR_INIT):
        await initialize(commands, gate, session, always=True)
        outcome = await plan()
    return outcome
