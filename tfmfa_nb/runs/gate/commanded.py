"""What is judged before another command than `plan` and `apply`: the configuration, and the workspace that it names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.runs.gate.inspection import inspect, notes_of, told
from tfmfa_nb.runs.gate.levels import protected_of, raise_level
from tfmfa_nb.runs.gate.roles import turn_red
from tfmfa_nb.terraform.examined_tests import unexamined_tests
from tfmfa_nb.terraform.working_directory import WORKSPACE

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable


async def inspect_for_command(driver: Driver, gate: Gate, executable: Executable, call: Call) -> None:
    """Inspect the configuration, as before a plan.

    A workspace that the command creates, deletes, or selects is looked at too: its minimum level holds, whichever
    workspace is selected. A level never falls, so what is found last cannot undo it.

    Raises:
        TfmfaError: as `inspection.inspect` and `check_tests` do.
    """
    if call.workspace:
        known = protected_of(driver.environment, gate.environ)
        raise_level(driver, gate.policy, replace(known, workspace=call.workspace))
        await inspect(driver, gate.with_environ({WORKSPACE: call.workspace}), executable)
    await inspect(driver, gate, executable)
    await check_tests(driver, gate, executable, call)
    for sentence in notes_of(driver):
        driver.note(sentence)


async def check_tests(driver: Driver, gate: Gate, executable: Executable, call: Call) -> None:
    """Refuse tests that bring credentials of their own, where a code is asked for or accounts are limited.

    Raises:
        MfaBypass: a file of tests may use other credentials than those that were examined.
    """
    matters = driver.record.level.asks_before(driver.record.phase) or gate.policy.limits_accounts
    if call.command != "test" or not matters or gate.policy.allows_bypass("unreadable"):
        return
    configuration = driver.read_configuration(executable, gate.environ)
    for problem in await asyncio.to_thread(lambda: [*unexamined_tests(configuration)]):
        raise turn_red(driver, MfaBypass(told(problem), problem.remedy))
