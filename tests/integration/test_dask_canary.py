"""What the scheduler of a cluster can tell: its memory, its log, and its pages have no secret of a fleet."""

import asyncio
import re
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from dask_cluster import STATES, dask_cluster
from device import Device

from tfmfa_nb.authentication.assumed_roles import AssumedRole
from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.remote.dask_terraform import DaskTerraform
from tfmfa_nb.runs.options import Options

HCL = (
    STATES
    + """
variable "planted" { sensitive = true }
resource "terraform_data" "one" {
  input = var.planted
  provisioner "local-exec" { command = "mkfifo searched && touch begun && timeout 120 cat searched" }
}
output "words_of_the_configuration" {
  value = "canary of the configuration"
}
"""
)
PAGES = ("health", "metrics", "info/main/workers.html", "info/main/logs.html", "json/counts.json", "status", "tasks")
_RANGE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw", re.MULTILINE)


def memory_of(pid):
    """What a process can write to, and so has written."""
    process = Path(f"/proc/{pid}")
    # A process that ends meanwhile has nothing any more.
    with suppress(FileNotFoundError, ProcessLookupError), (process / "mem").open("rb", buffering=0) as memory:
        for start, end in _RANGE.findall((process / "maps").read_text()):
            with suppress(OSError, ValueError):
                memory.seek(int(start, 16))
                yield memory.read(int(end, 16) - int(start, 16))


def found_in(texts, values):
    return {name for text in texts for name, value in values.items() if value in text}


def pages_of(client):
    port = client.scheduler_info(n_workers=-1)["services"]["dashboard"]
    texts = []
    for page in PAGES:
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}") as answer:
            texts.append(answer.read())
    return texts


@pytest.fixture
def secrets(monkeypatch):
    """Each secret of a session that is made, as it is made."""
    made = {"variable": b"planted-in-a-variable", "configuration": b"canary of the configuration"}

    def keep(cls, of):
        before = cls.__init__

        def init(self, *arguments, **how):
            before(self, *arguments, **how)
            for number, secret in enumerate(of(self)):
                if number:  # the ID of a key is no secret, and is in the audit trail
                    made[f"{cls.__name__} {len(made)}"] = secret.reveal().encode()

        monkeypatch.setattr(cls, "__init__", init)

    keep(MfaSession, lambda session: session.secrets())
    keep(AssumedRole, lambda role: role.credentials)
    return made


async def test_the_scheduler_has_no_secret(tmp_path, provider, sandbox, gate_of, secrets):
    sandbox.client("s3").create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    secrets["long-term key"] = sandbox.environ()["AWS_SECRET_ACCESS_KEY"].encode()
    (folder := tmp_path / "cluster").mkdir()
    rows = [{"name": "a", "planted": "planted-in-a-variable", "backend_config": "key=a"}]
    fleet = Fleet(members_of(rows, tmp_path, Options(configuration=HCL)), tmp_path)
    gate = gate_of(sandbox, Device(sandbox))
    with dask_cluster(folder, provider, workers=1) as cluster, cluster.client() as client:
        await fleet.plan(gate, Pace(), DaskTerraform(client))
        assert {name: str(error) for name, error in fleet.errors.items()} == {}
        task = asyncio.create_task(fleet.apply(gate, Pace()))
        while not (begun := list(folder.glob("tfmfa-remote-*/work/begun"))):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
        (worker,) = cluster.workers
        jobs = {"job": b"tfmfa-", "function": b"tfmfa_nb.remote.worker_jobs"}
        assert len(secrets) >= 8
        during = [*memory_of(cluster.scheduler.pid)]
        assert found_in(during, {**secrets, **jobs}) == jobs.keys()  # what is looked for would be found
        # The worker and what it has started have what they need: the same search finds it there. And nothing more.
        below = [worker.pid, *(each.pid for each in psutil.Process(worker.pid).children(recursive=True))]
        assert len(below) >= 3
        there = {name for pid in below for name in found_in(memory_of(pid), secrets)}
        assert {"configuration", "variable"} <= there
        assert {name for name in there if name.startswith("AssumedRole")}
        assert {name for name in there if name.startswith(("MfaSession", "long-term"))} == set()
        pages = await asyncio.to_thread(pages_of, client)
        await asyncio.to_thread(begun[0].with_name("searched").write_text, "")
        await task
        assert {name: str(error) for name, error in fleet.errors.items()} == {}
        pages += await asyncio.to_thread(pages_of, client)
        assert len(pages) >= 6
        after = [*memory_of(cluster.scheduler.pid)]
        assert found_in(after, {**secrets, "job": jobs["job"]}) == {"job"}
        assert found_in(pages, secrets) == set()
        assert found_in([cluster.log("scheduler").encode(), cluster.log("worker-0").encode()], secrets) == set()
    assert fleet["a"].status == "applied"
