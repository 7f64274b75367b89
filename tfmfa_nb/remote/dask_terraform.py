"""Terraform on the workers of a Dask cluster, as the runs of a fleet use it.

Everything that decides stays on this machine: the gate, the policy, approvals, checks, the record, and the plan that is
shown. Only `terraform plan` and `terraform apply` of a run happen on a worker. What stands in for them here is a
relay, under the same supervisor as Terraform would be; see `remote.relay`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.fleet.shared_terraform import SharedTerraform
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.remote.cluster import Cluster
from tfmfa_nb.remote.job_making import JobMaker, sendable
from tfmfa_nb.remote.movable import check_movable
from tfmfa_nb.remote.relay import Order
from tfmfa_nb.runs.ports import Ports
from tfmfa_nb.terraform.process import TerraformProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.remote.cluster import Worker
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.process import Job
    from tfmfa_nb.terraform.role_chains import Findings

REMOTE = ("plan", "apply")


class DaskTerraform(SharedTerraform):
    """Terraform on a cluster.

    Args:
        on: address of the scheduler, or Dask's client.
    """

    # What no code was asked for could be a person's own key, of which nothing may leave this machine.
    least_level = Level.PLANS_AND_APPLIES

    def __init__(self, on: object) -> None:
        super().__init__()
        self._on = on
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster of this phase."""
        if self._cluster is None:
            raise ConfigurationError("The cluster is not in use.", "Plan the fleet again.")
        return self._cluster

    @asynccontextmanager
    async def in_use(self, policy: Policy) -> AsyncIterator[int]:
        """Connect to the cluster for a phase; how many runs it takes at once.

        Raises:
            ConfigurationError: as `Cluster` does.
        """
        self._cluster = await asyncio.to_thread(Cluster, self._on, policy)
        try:
            yield self._cluster.slots
        finally:
            cluster, self._cluster = self._cluster, None
            await asyncio.to_thread(cluster.close)

    def ports(
        self,
        driver: Callable[[], Driver],
        turn: Callable[[], Awaitable[None]],
        room: Callable[[], AbstractAsyncContextManager[None]],
        lock_file: Callable[[], Path | None],
    ) -> Ports:
        """The ports of one run, whose plan and apply happen on a worker."""
        terraform = _TerraformOfRun(self, driver)
        return Ports(terraform, turn=turn, room=room, lock_file=lock_file, place=lambda: self.cluster.scheduler)


class _TerraformOfRun:
    """Terraform as one run uses it: on this machine for whatever checks and shows, on a worker for plan and apply."""

    def __init__(self, shared: DaskTerraform, driver: Callable[[], Driver]) -> None:
        self._shared, self._driver = shared, driver
        self.validate, self.check_backend = shared.validate, shared.check_backend
        self.check_values, self.show = shared.check_values, shared.show
        self._found: Executable | None = None
        self._ends: set[asyncio.Task[None]] = set()

    def find(self, environ: Mapping[str, str]) -> Executable:
        """The program on this machine, if all workers have the same."""
        self._found = self._shared.find(environ)
        self._shared.cluster.check_program(self._found)
        return self._found

    def inspect(self, configuration: Configuration, **how: Any) -> Findings:
        """Find the roles and the bypasses, if the configuration can be used on another machine."""
        findings, driver, cluster = self._shared.inspect(configuration, **how), self._driver(), self._shared.cluster
        check_movable(findings, driver, configuration)
        if keys := sendable(configuration, driver, how["environ"]).keys:
            names = ", ".join(os.path.relpath(path, configuration.folder) for path in keys)
            driver.note(f"By their names, these may have keys, and are not sent to a worker: {names}.")
        # Before the code: whoever gives it knows which machines will have the sessions.
        workers = ", ".join(f"{each.name}, key {each.fingerprint}" for each in cluster.workers.values())
        driver.note(f"Terraform gets its roles on workers of {cluster.scheduler}: {workers}.")
        return findings

    async def start(self, job: Job) -> TerraformProcess:
        """Start a command: a plan or an apply on a worker, any other one here."""
        found = self._found
        words = tuple(job.argv[len(found.command) :]) if found is not None else ()
        if found is None or words[0] not in REMOTE:
            return await TerraformProcess.start(job)
        worker = await asyncio.to_thread(self._shared.cluster.take)
        try:
            process = await self._start_on(worker, job, words, found)
        except BaseException:
            self._shared.cluster.give_back(worker)
            raise
        end = asyncio.ensure_future(self._give_back(self._shared.cluster, worker, process))
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)
        return process

    async def _start_on(
        self, worker: Worker, job: Job, words: tuple[str, ...], executable: Executable
    ) -> TerraformProcess:
        driver, cluster = self._driver(), self._shared.cluster
        job_id, reply_key = f"tfmfa-{secrets.token_hex(16)}", secrets.token_bytes(32)
        making = JobMaker(driver, job, words, executable)
        sealed, roles = await making.sealed(job_id, reply_key, worker.key)
        to = {"host": worker.host, "worker": worker.address, "worker_key": worker.fingerprint}
        facts = {"scheduler": cluster.scheduler, "command": words[0], "job": job_id, "roles": roles, **to}
        if words[0] == "apply":
            facts["plan_sha256"] = driver.record.plan_sha256
        # Before it is sent: nothing runs that the trail does not have.
        driver.store.audit("sealed", **facts)
        driver.note(f"Terraform runs on {worker.name}.")
        file = driver.store.files.folder / f"{words[0]}.sealed"
        write_whole(file, sealed)
        order = Order(
            scheduler=cluster.scheduler,
            security=cluster.security,
            worker=worker.address,
            worker_key=worker.fingerprint,
            name=worker.name,
            job_id=job_id,
            job=str(file),
            reply_key=reply_key.hex(),
            plan=making.new_plan,
            uninterrupted=str(job.uninterrupted),
        )
        try:
            return await TerraformProcess.start(making.relayed(order.written()))
        except BaseException:
            file.unlink(missing_ok=True)
            raise

    @staticmethod
    async def _give_back(cluster: Cluster, worker: Worker, process: TerraformProcess) -> None:
        await process.wait()
        cluster.give_back(worker)
