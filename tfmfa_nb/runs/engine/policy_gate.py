"""Policy checks between plan and apply: each is a command that reads the plan's JSON, and whose failure stops the run.

The plan's JSON has its sensitive values masked. The command finds no AWS credentials, no code, and no session; its
result holds for exactly this plan, program, and command line.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PolicyCheckFailed
from tfmfa_nb.model.redaction import Redactor
from tfmfa_nb.organization.policy_checks import check_of_line
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.check_run import digest_of, program_of, run_check
from tfmfa_nb.runs.engine.process_environment import without_credentials
from tfmfa_nb.runs.events import PolicyChecksKnown
from tfmfa_nb.runs.gate.levels import protected_of
from tfmfa_nb.terraform.decimals import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.check_results import CheckResult
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_checks import PolicyCheck
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable

_REMEDY = "Change what it rejects, and plan again with %tfplan."
_MAX_KEPT = 4_000  # characters of the output's end in the record
_MAX_COMMAND = 1_000


async def check_policies(driver: Driver, gate: Gate, executable: Executable) -> bool:
    """Run the policy checks that the saved plan has not passed yet.

    Args:
        driver: driver of a run with a saved plan.
        gate: gate of the run, whose policy may demand checks.
        executable: Terraform or OpenTofu, which shows the plan.

    Returns:
        Whether any was run.

    Raises:
        PolicyCheckFailed: a check failed, or could not be run.
        RunCanceled: a person has canceled the run.
        RunStateError: a check has changed the saved plan.
        ConfigurationError: the audit trail or the folder for the plan's JSON cannot be written.
        TerraformFailed: Terraform could not show the plan.
    """
    due = [check for check in required_checks(driver, gate.policy) if not _has_passed(driver, check, gate.environ)]
    if not due:
        return False
    document = (await driver.read_plan(executable, gate.environ)).document
    text = await asyncio.to_thread(json_text, document)
    async with without_credentials(driver, gate, executable) as masked:
        redact = Redactor(masked.secrets, masked.keys)
        for check in due:
            result = await run_check(driver, check, text, gate.environ)
            command = redact(shlex.join(check.command))[:_MAX_COMMAND]
            result = replace(result, output=redact(result.output), problem=redact(result.problem), command=command)
            _report(driver, result)
    driver.store.check_plan(driver.record.plan_sha256)
    refuse_failed(driver.record)
    return True


def refuse_failed(record: RunRecord) -> None:
    """Make sure that no policy check of the run's plan has failed.

    Raises:
        PolicyCheckFailed: one has.
    """
    failed = [result for result in record.policy_checks if not result.passed]
    if failed:
        said = " ".join(result.sentence for result in failed)
        raise PolicyCheckFailed(f"The plan cannot be applied. {said}", _REMEDY)


def required_checks(driver: Driver, policy: Policy) -> list[PolicyCheck]:
    """The checks that a plan has to pass: of the organization policy, the command line, and the magic's line."""
    runner = current_runner()
    lines = (*(runner.policy_checks if runner else ()), *driver.options.policy_checks)
    return [*policy.policy_checks_of(protected_of(driver.environment)), *map(check_of_line, dict.fromkeys(lines))]


def _has_passed(driver: Driver, check: PolicyCheck, environ: Mapping[str, str]) -> bool:
    program = program_of(check, environ, driver.base)
    wanted = (check.name, check.source, check.sha256, driver.record.plan_sha256, digest_of(program))
    return any(
        result.passed
        and wanted == (result.name, result.source, result.command_sha256, result.plan_sha256, result.program_sha256)
        for result in driver.record.policy_checks
    )


def _report(driver: Driver, result: CheckResult) -> None:
    """Tell a result in the log, the record, and the audit trail."""
    driver.log("\n".join(filter(None, (result.output, result.sentence))))
    kept = replace(result, output=result.output[-_MAX_KEPT:])
    others = (each for each in driver.record.policy_checks if (each.name, each.source) != (kept.name, kept.source))
    driver.tell(PolicyChecksKnown((*others, kept)))
    facts = {name: value for name, value in asdict(kept).items() if name not in {"output", "name", "command"}}
    driver.store.audit("policy_check", check=kept.name, result="passed" if kept.passed else "failed", **facts)
