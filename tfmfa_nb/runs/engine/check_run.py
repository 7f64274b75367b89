"""Runs one policy check: its program, what it gets, and how it ended."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.check_results import CheckResult
from tfmfa_nb.model.errors import ConfigurationError, RunCanceled
from tfmfa_nb.organization.policy_checks import PLAN
from tfmfa_nb.runs.engine.bounded_program import Stopped, run_bounded
from tfmfa_nb.runs.gate.shared_folders import shared_folder
from tfmfa_nb.terraform.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.organization.policy_checks import PolicyCheck
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.engine.bounded_program import Ended

_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR")
# A program that looks for them finds none, unless it means to.
_NO_CREDENTIALS = {
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


async def run_check(driver: Driver, check: PolicyCheck, plan: str, environ: Mapping[str, str]) -> CheckResult:
    """Run one check; whatever it does is a result, and no error.

    Args:
        driver: driver of a run with a saved plan.
        check: the check.
        plan: the plan's JSON.
        environ: process environment; the check gets a few of its variables.

    Returns:
        The result, whose output and problem may have secrets in them.

    Raises:
        RunCanceled: a person has canceled the run.
        ConfigurationError: the plan's JSON cannot be written.
    """
    program = program_of(check, environ, driver.base)
    sha256 = digest_of(program)
    result = CheckResult(
        check.name, check.source, str(program or check.command[0]), sha256, check.sha256, driver.record.plan_sha256
    )
    if program is None or not sha256:
        return replace(result, problem=f"the program {check.command[0]} cannot be found")
    for problem in shared_folder(program, "would decide about your plans"):
        driver.note(f"{problem.what} {problem.remedy}")
    driver.log(f"Policy check {check.name}: {program} (SHA-256 {sha256[:12]}…)")
    begun = time.monotonic()
    try:
        with scratch_folder() as folder:
            file = folder / "plan.json"
            file.touch(0o600)
            file.write_text(plan, encoding="utf-8")
            argv = [str(program), *(word.replace(PLAN, str(file)) for word in check.command[1:])]
            where = folder if check.source else driver.base
            ended = await _run(driver, argv, file, where, environ=_environ_of(check, environ), seconds=check.seconds)
        result = replace(result, exit_code=ended.exit_code, output=ended.output)
    except Stopped as error:
        result = replace(result, problem=error.problem, output=error.output)
    except OSError as error:
        raise ConfigurationError(
            f"The plan cannot be written for the policy check {check.name}: {error.strerror}.", "Free space in TMPDIR."
        ) from None
    if digest_of(program) != sha256:
        result = replace(result, problem=result.problem or "its program changed while it ran")
    return replace(result, seconds=round(time.monotonic() - begun, 1))


async def _run(
    driver: Driver, argv: Sequence[str], file: Path, folder: Path, *, environ: Mapping[str, str], seconds: float
) -> Ended:
    """Run a check in a thread; a canceled run, or an interrupted kernel, stops it."""
    interrupted = threading.Event()
    running = asyncio.ensure_future(
        asyncio.to_thread(
            run_bounded,
            argv,
            file,
            folder=folder,
            environ=environ,
            seconds=seconds,
            canceled=lambda: driver.canceling or interrupted.is_set(),
        )
    )
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        interrupted.set()
        await asyncio.wait({running})
        running.exception()
        raise
    if driver.canceling:
        running.exception()
        raise RunCanceled("The run was canceled.", "Nothing was changed.")
    return running.result()


def program_of(check: PolicyCheck, environ: Mapping[str, str], base: Path) -> Path | None:
    """The file that runs; None if there is none. The owner's is named by its path, so that no PATH leads elsewhere."""
    name = check.command[0]
    found = shutil.which(str(base / name) if "/" in name else name, path=environ.get("PATH", os.defpath))
    return Path(found).resolve() if found else None


def _environ_of(check: PolicyCheck, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a check: nothing of Terraform's, of AWS's, and of ours; of the owner's, nothing of a cell's."""
    if not check.source:
        return {**{name: environ[name] for name in _KEPT if name in environ}, **_NO_CREDENTIALS}
    try:
        user = pwd.getpwuid(os.getuid())
        person = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
    except KeyError:
        person = {}
    return {"PATH": _SYSTEM_PATH, "LANG": "C.UTF-8", **person, **_NO_CREDENTIALS}


def digest_of(program: Path | None) -> str:
    """The SHA-256 of a program, in hexadecimal; "" if there is none."""
    try:
        return hashlib.sha256(program.read_bytes()).hexdigest() if program else ""
    except OSError:
        return ""
