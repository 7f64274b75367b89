"""What a worker of the cluster does: it runs Terraform under the same supervisor as a kernel does, and answers for it.

Dask calls these functions in the worker's process, each by its name. The private key exists in that process's memory
only: another one, which Dask may have started in the place of a worker that died, cannot open the jobs that were meant
for the first, so that nothing runs twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.version import __version__
from tfmfa_nb.remote.archive import unpack
from tfmfa_nb.remote.job_folders import job_folders, remove_left_jobs
from tfmfa_nb.remote.role_endpoint import role_endpoint
from tfmfa_nb.remote.sealed_jobs import Answers, RemoteJob, fingerprint_of
from tfmfa_nb.remote.worker_environment import foreign, registry_tokens, ways, worker_environ
from tfmfa_nb.terraform.executable import Executable, find_executable
from tfmfa_nb.terraform.garbage_collection import fewer_collections
from tfmfa_nb.terraform.plugin_cache import shared_cache, turn_of_init
from tfmfa_nb.terraform.process import Job, Outcome, TerraformProcess
from tfmfa_nb.terraform.variable_arguments import VariableArguments

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.remote.job_folders import JobFolders

ABANDONED = 60.0  # seconds without a look at a job, after which nobody is taken to wait for it
_PACE = 0.1
_PATIENCE = 5.0  # seconds in which a look waits for something to see
_PLANNED = (0, 2)  # exit codes of `plan -detailed-exitcode`: nothing to change, or something
_CHUNK = 1 << 20  # bytes of the log in one answer
_logger = logging.getLogger("distributed.tfmfa_nb")


@dataclass
class _Doing:
    """A job that this worker does, and what its watcher has seen of it."""

    seen: float = field(default_factory=time.monotonic)
    answers: Answers | None = None
    log: Path | None = None
    process: TerraformProcess | None = None
    has_ended: bool = False
    read: int = 0
    canceled: bool = False

    @property
    def is_abandoned(self) -> bool:
        return time.monotonic() - self.seen > ABANDONED

    def content(self, offset: int) -> bytes:
        """What the log has from `offset` on."""
        with suppress(OSError):
            if self.log is not None:
                with self.log.open("rb") as log:
                    log.seek(offset)
                    return log.read(_CHUNK)
        return b""

    def interrupt(self) -> None:
        """Stop Terraform gracefully, now or when it starts."""
        self.canceled = True
        if self.process is not None:
            self.process.interrupt()


_jobs: dict[str, _Doing | None] = {}
"""The jobs of this process, by their IDs; None for one that has ended, which is not done again."""
_jobs_lock = Lock()


def hello() -> str:
    """Who this worker is: the key to seal to, and what it would run (JSON)."""
    remove_left_jobs()
    try:
        found = find_executable(os.environ)
        product, sha256, problem, problems = _product(found), found.sha256, "", foreign(found.product)
    except TfmfaError as error:
        product, sha256, problem, problems = "", "", str(error), []
    key = _keys().public_key.encode()
    return json.dumps(
        {
            "host": platform.node(),
            "pid": os.getpid(),
            "key": key.hex(),
            "version": __version__,
            "product": product,
            "sha256": sha256,
            "problem": problem,
            "foreign": [asdict(each) for each in problems],
            "ways": ways(),
        }
    )


def run_job(job_id: str, sealed: bytes) -> bytes:
    """Do a job, once; returns how it ended, sealed.

    Raises:
        RuntimeError: it was begun before, or is not for this process.
    """
    doing = _Doing()
    with _jobs_lock:
        if job_id in _jobs:
            raise RuntimeError("This job was begun before: it is not done twice.")
        _jobs[job_id] = doing
    try:
        job = _opened(sealed)
        if job is None or job.id != job_id:
            raise RuntimeError("This job was sealed for another process: it is not done here.")
        answers = doing.answers = Answers(job.reply_key)
        try:
            return answers.seal(asyncio.run(_run(job, doing)))
        except TfmfaError as error:
            return answers.seal({"problem": str(error)})
        except Exception as error:  # noqa: BLE001 - it may quote anything, and whatever leaves here unsealed is read
            return answers.seal({"problem": f"{type(error).__name__}: {error}"})
    finally:
        doing.has_ended = True
        _jobs[job_id] = None  # with its log, its process, and the key of its answers


async def look(job_id: str, fingerprint: str, offset: int) -> bytes | None:
    """What the log of a job has from `offset` on, sealed; waits a few seconds for it.

    Args:
        job_id: ID of the job.
        fingerprint: that of the key to which it was sealed.
        offset: bytes of the log that have been read.

    Returns:
        None if that was another process's key; nothing before the job has begun, and after its end.
    """
    if fingerprint != fingerprint_of(_keys().public_key.encode()):
        return None
    deadline, answers, content = time.monotonic() + _PATIENCE, None, b""
    while time.monotonic() < deadline:
        if doing := _jobs.get(job_id):
            doing.seen, doing.read = time.monotonic(), offset
            answers, content = doing.answers, doing.content(offset)
        if content or (job_id in _jobs and (doing is None or doing.has_ended)):
            break
        await asyncio.sleep(_PACE)
    return b"" if answers is None else answers.seal({"offset": offset, "log": content})


def interrupt(job_id: str) -> bool:
    """Stop a job gracefully; whether it has begun. It may have ended, too."""
    if doing := _jobs.get(job_id):
        doing.interrupt()
    return job_id in _jobs


@cache
def _keys() -> Any:
    """The key pair of this process, which is made when it is first needed."""
    from nacl.public import PrivateKey  # noqa: PLC0415 - of an optional extra

    keys = PrivateKey.generate()
    _logger.info("tfmfa_nb runs Terraform here. The key's fingerprint: %s", fingerprint_of(keys.public_key.encode()))
    return keys


def _opened(sealed: bytes) -> RemoteJob | None:
    from nacl.exceptions import CryptoError  # noqa: PLC0415
    from nacl.public import SealedBox  # noqa: PLC0415

    try:
        return RemoteJob.opened(SealedBox(_keys()).decrypt(sealed))
    except CryptoError:
        return None


async def _run(job: RemoteJob, doing: _Doing) -> dict[str, Any]:
    executable = find_executable(os.environ)
    if (_product(executable), executable.sha256, __version__) != (job.product, job.sha256, job.version):
        return {"problem": f"the program has changed: it is {_product(executable)}, with tfmfa_nb {__version__}"}
    with ExitStack() as held:
        folders = held.enter_context(job_folders())
        roles_url = held.enter_context(role_endpoint(job.roles, job.region, job.endpoint))
        environ = worker_environ({**job.environ, "AWS_ENDPOINT_URL_STS": roles_url})
        work = folders.disk / "work"
        work.mkdir()
        unpack(job.archive, work)
        root = work / job.folder
        environ |= shared_cache(environ, root, owned=True)
        (folders.private / "plan").write_bytes(job.plan)
        for number, content in enumerate(job.files):
            (folders.private / f"{number}.tfvars").write_bytes(content)
        running = _Running(job, doing, executable, folders, root, environ)
        outcome = await running.init()
        if doing.canceled:
            outcome = Outcome(1, interrupted=True, killed=False)
        elif outcome.exit_code == 0:
            outcome = await running.do(job.command, *job.words, *running.plan_argument())
        doing.has_ended = True
        await _wait_until_read(doing)
        planned = job.command == "plan" and outcome.exit_code in _PLANNED
        plan = (folders.private / "plan").read_bytes() if planned else b""
        return {
            "exit_code": outcome.exit_code,
            "killed": outcome.killed,
            "plan": plan,
        }


@dataclass
class _Running:
    """Runs the commands of one job, one after the other, and stops them if nobody waits for the job any more."""

    job: RemoteJob
    doing: _Doing
    executable: Executable
    folders: JobFolders
    root: Path
    environ: dict[str, str]

    def plan_argument(self) -> tuple[str, ...]:
        """Where the plan is to be written, or is."""
        plan = self.folders.private / "plan"
        return (f"-out={plan}",) if self.job.command == "plan" else (str(plan),)

    async def init(self) -> Outcome:
        """Install the providers, when the plugin cache is free for it."""
        async with AsyncExitStack() as held:
            turn = asyncio.ensure_future(held.enter_async_context(turn_of_init(self.environ, self.root)))
            while not (await asyncio.wait({turn}, timeout=_PACE))[0]:
                if self.doing.is_abandoned:
                    self.doing.interrupt()
                if self.doing.canceled:
                    turn.cancel()
            if turn.cancelled():
                return Outcome(1, interrupted=True, killed=False)
            turn.result()
            return await self.do("init", "-input=false", "-lockfile=readonly", "-no-color")

    async def do(self, command: str, *words: str) -> Outcome:
        """Run a command to its end; the log of `init` is shown where it fails."""
        job, doing, folders, log = self.job, self.doing, self.folders, self.folders.disk / f"{command}.log"
        given = tuple(
            f"-var-file={folders.private / f'{word}.tfvars'}" if isinstance(word, int) else word
            for word in job.variables
        )
        is_init = command == "init"
        tokens = registry_tokens() if is_init else {}
        variables = tokens if is_init else VariableArguments(given).environ(command)
        process = await TerraformProcess.start(
            Job(
                argv=(*self.executable.command, command, *words),
                cwd=self.root,
                environ={
                    **self.environ,
                    **variables,
                    **(fewer_collections(self.environ) if command == "plan" else {}),
                },
                secrets=tuple(map(Secret, (*job.masked, *tokens.values()))),
                keys=tuple(one for role in job.roles for one in role.secrets()),
                log=log,
                exit=folders.disk / f"{command}.exit",
                lock_fd=folders.lock,
                credentials=job.roles[0],
            )
        )
        doing.process = process
        if not is_init:
            doing.log = log
        if doing.canceled:
            process.interrupt()
        waiting = asyncio.ensure_future(process.wait())
        while not (await asyncio.wait({waiting}, timeout=_PACE))[0]:
            if doing.is_abandoned:
                doing.interrupt()
        outcome = waiting.result()
        if is_init and outcome.exit_code != 0:
            doing.log = log
        return outcome


def _product(executable: Executable) -> str:
    return f"{executable.product} {executable.version}"


async def _wait_until_read(doing: _Doing) -> None:
    """Keep the log until its reader has all of it, or is gone."""
    size = doing.log.stat().st_size if doing.log is not None and doing.log.exists() else 0
    while doing.read < size and not doing.is_abandoned:  # noqa: ASYNC110 - another thread changes it
        await asyncio.sleep(_PACE)
