"""A Dask cluster that runs Terraform: its workers, what they have, and which one gets the next run."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.version import __version__
from tfmfa_nb.remote.sealed_jobs import fingerprint_of
from tfmfa_nb.remote.worker_jobs import hello

if TYPE_CHECKING:
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.terraform.executable import Executable

_PATIENCE = 15  # seconds for the scheduler's first answer
_RESOURCE = "terraform"
_TLS = "tls://"
_EXTRA = "pip install 'tfmfa-nb[dask]'"
_CLIENT_TLS = ("tls_ca_file", "tls_client_cert", "tls_client_key", "tls_ciphers")


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of the cluster.

    Attributes:
        address: as Dask knows it: "tls://10.0.0.3:4567".
        host: name of its machine, as it says.
        key: its public key.
        product: "terraform 1.11.4".
        sha256: SHA-256 of that program.
        slots: how many runs it takes at once.
        foreign: what puts other programs in Terraform's place there.
        ways: names of its variables that set proxies, or certificate authorities other than the usual ones.
    """

    address: str
    host: str
    key: bytes
    product: str
    sha256: str
    slots: int
    foreign: tuple[Problem, ...] = ()
    ways: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The worker as people know it."""
        return f"{self.host} ({self.address})"

    @property
    def fingerprint(self) -> str:
        """Its public key as people compare it."""
        return fingerprint_of(self.key)

    def check(self, policy: Policy) -> None:
        """Make sure that the policy allows what the worker has around Terraform, as it does on this machine.

        Raises:
            ConfigurationError: it does not.
        """
        for problem in self.foreign:
            if not policy.allows_bypass(problem.name):
                where = f" ({problem.place})" if problem.place else ""
                raise ConfigurationError(f"The worker {self.name}: {problem.what}{where}", problem.remedy)
        if self.ways and policy.mfa and not policy.proxies:
            files = ", ".join(map(str, policy.files_setting("proxies")))
            raise ConfigurationError(
                f"The worker {self.name} sets {', '.join(self.ways)}, which is not allowed (organization policy "
                f"{files}).",
                "Start it without them: the policy allows neither proxies nor certificate authorities of one's own.",
            )


class Cluster:
    """The workers of one phase of a fleet.

    Args:
        on: address of the scheduler, or Dask's client.
        policy: organization policy, which holds for the workers too.

    Attributes:
        scheduler: address of the scheduler.
        security: arguments of `distributed.Security`, with which another process gets there.
        workers: the workers, by their addresses.

    Raises:
        ConfigurationError: it is not reached through TLS, a worker cannot run Terraform, or none can; or the policy
            does not allow what a worker has around it.
    """

    def __init__(self, on: object, policy: Policy) -> None:
        self._client, self._owned = _client(on), isinstance(on, str)
        try:
            self.scheduler = str(self._client.scheduler.address)
            given = {name: getattr(self._client.security, name, None) for name in _CLIENT_TLS}
            self.security = {name: _from_anywhere(value) for name, value in given.items() if value}
            self.workers, self._busy = _workers(self._client), Counter[str]()
            for worker in self.workers.values():
                worker.check(policy)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the cluster; a client that was given stays as it is."""
        if self._owned:
            self._client.close()

    @property
    def slots(self) -> int:
        """How many runs the cluster takes at once."""
        return sum(worker.slots for worker in self.workers.values())

    def take(self) -> Worker:
        """The worker with the most room; `give_back` when its run has ended.

        Raises:
            ConfigurationError: none is left.
        """
        known = _known(self._client)
        left = [worker for worker in self.workers.values() if worker.address in known]
        if not left:
            raise ConfigurationError("The cluster has lost all workers that run Terraform.", "Start some, then again.")
        worker = max(left, key=lambda each: each.slots - self._busy[each.address])
        self._busy[worker.address] += 1
        return worker

    def give_back(self, worker: Worker) -> None:
        """A run on `worker` has ended."""
        self._busy[worker.address] -= 1

    def check_program(self, here: Executable) -> None:
        """Make sure that each worker has the same Terraform as this machine.

        A plan fits no other version; and what a policy says of programs, or a record has of one, holds for all of them.

        Raises:
            ConfigurationError: one has not.
        """
        product = f"{here.product} {here.version}"
        for worker in self.workers.values():
            if (worker.product, worker.sha256) != (product, here.sha256):
                other = worker.product if worker.product != product else f"another build of {product}"
                raise ConfigurationError(
                    f"The worker {worker.name} has {other}, and this machine has {product} ({here.file}).",
                    "Install the same program on both.",
                )


def _client(on: object) -> Any:
    try:
        import nacl  # noqa: F401, PLC0415 - of the same extra
        from distributed import Client  # noqa: PLC0415 - takes a second
    except ImportError:
        raise ConfigurationError("Dask is not installed.", f"Run: {_EXTRA}") from None
    if isinstance(on, Client):
        if on.asynchronous:
            raise ConfigurationError("The Client is asynchronous.", "Use a Client(…) that is not.")
        _check_address(str(getattr(on.scheduler, "address", "")))
        return on
    if not isinstance(on, str):
        raise ConfigurationError(f"on is {type(on).__name__}.", "Use tls://SCHEDULER:8786, or a distributed.Client.")
    _check_address(on)
    try:
        return Client(on, asynchronous=False, set_as_default=False, timeout=_PATIENCE)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"The scheduler {on} cannot be reached: {next(iter(str(error).splitlines()), type(error).__name__)}.",
            "Check its address, and that Dask's configuration has your certificate: distributed.comm.tls.ca-file, "
            "client.cert, and client.key.",
        ) from None


def _known(client: Any) -> dict[str, Any]:
    """The workers that the scheduler knows.

    Not by `scheduler_info`: what that has asked for is overwritten, now and then, by what the client asks for itself,
    which has no workers.
    """
    try:
        return dict(client.sync(client.scheduler.identity, n_workers=-1)["workers"])
    except OSError as error:
        raise ConfigurationError(
            f"The scheduler gives no answer: {error}.", "Check that it runs, then again."
        ) from None


def _from_anywhere(setting: str) -> str:
    """A setting of TLS for a process in another folder: the path of a file, unless it is a text that stands for one."""
    return str(Path(setting).absolute()) if "\n" not in setting and Path(setting).is_file() else setting


def _check_address(address: str) -> None:
    if not address.startswith(_TLS):
        raise ConfigurationError(
            f"The scheduler {address} is not reached through TLS, so that anybody on the way could run code on it.",
            "Start the scheduler and its workers with certificates, and use tls://SCHEDULER:8786.",
        )


def _workers(client: Any) -> dict[str, Worker]:
    known = _known(client)
    able = {address: int(each["resources"].get(_RESOURCE, 0)) for address, each in known.items()}
    able = {address: slots for address, slots in able.items() if slots > 0}
    if not able:
        raise ConfigurationError(
            f"None of the {len(known)} workers of {client.scheduler.address} declares the resource terraform.",
            "Start those that are to run it with: dask worker tls://SCHEDULER:8786 --resources terraform=2",
        )
    for address in able:
        _check_address(address)
    said = client.run(hello, workers=list(able), on_error="return")
    return {address: _worker(address, said[address], slots) for address, slots in sorted(able.items())}


def _worker(address: str, said: Any, slots: int) -> Worker:
    if isinstance(said, BaseException):
        raise ConfigurationError(
            f"The worker {address} cannot run Terraform for tfmfa_nb: {said}.", f"Run there: {_EXTRA}"
        )
    found = json.loads(said)
    name = f"{found['host']} ({address})"
    if found["version"] != __version__:
        raise ConfigurationError(
            f"The worker {name} has tfmfa_nb {found['version']}, and this machine has {__version__}.",
            "Install the same version on both.",
        )
    if found["problem"]:
        raise ConfigurationError(f"The worker {name}: {found['problem']}", "")
    return Worker(
        address,
        found["host"],
        bytes.fromhex(found["key"]),
        found["product"],
        found["sha256"],
        slots,
        foreign=tuple(Problem(**each) for each in found["foreign"]),
        ways=tuple(found["ways"]),
    )
