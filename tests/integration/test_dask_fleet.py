"""A fleet on a Dask cluster with TLS: real workers, real Terraform, the real provider, the sandbox's S3 for states."""

import asyncio
import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import dask
import psutil
import pytest
from dask_cluster import DEPLOY, dask_cluster, keyed, locked
from device import Device
from distributed import Client, Security
from processes import command_of, kill_all
from runbooks import DEVICE
from witness import calls_without_mfa

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.remote.cluster import Cluster
from tfmfa_nb.remote.dask_terraform import DaskTerraform
from tfmfa_nb.runs.options import Options

HCL = (
    locked()
    + """
variable "role" { default = "arn:aws:iam::123456789012:role/deploy" }
variable "word" { default = "none" }
provider "aws" {
  assume_role { role_arn = var.role }
}
resource "aws_ssm_parameter" "one" {
  name  = "/dask/${var.word}"
  type  = "String"
  value = "1"
}
"""
)


@pytest.fixture
def cluster(tmp_path_factory, provider):
    with dask_cluster(tmp_path_factory.mktemp("cluster"), provider) as running:
        yield running


@pytest.fixture
def states(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return lambda: [one["Key"] for one in s3.list_objects_v2(Bucket="states").get("Contents", ())]


@pytest.fixture
def on(cluster):
    """The cluster's client."""
    with cluster.client() as client:
        yield client


@pytest.fixture
def gate(sandbox, gate_of):
    return gate_of(sandbox, Device(sandbox))


def fleet_of(base, names, hcl=HCL, **more):
    rows = [{"name": name, "word": name, "backend_config": f"key={name}.tfstate", **more} for name in names]
    return Fleet(members_of(rows, base, Options(configuration=hcl)), base)


def lines_of(base, name):
    return [json.loads(line) for line in (base / name / ".tfmfa/audit.jsonl").read_text().splitlines()]


class Reader(Device):
    """A prompt of a person who reads the notes of each run before giving a code."""

    def __init__(self, sandbox, fleet):
        super().__init__(sandbox)
        self.fleet, self.notes = fleet, []

    async def ask(self, request):
        self.notes.append({name: list(run.notes) for name, run in self.fleet.items()})
        return await super().ask(request)


@pytest.mark.provider
async def test_plans_and_applies_happen_on_workers_under_one_code_per_phase(tmp_path, sandbox, gate_of, states, on):
    fleet = fleet_of(tmp_path, ("a", "b"))
    device = Reader(sandbox, fleet)
    gate = gate_of(sandbox, device)
    await fleet.plan(gate, Pace(), DaskTerraform(on))
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert [run.status for run in fleet.values()] == ["planned", "planned"]
    await fleet.apply(gate, Pace())
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert [run.status for run in fleet.values()] == ["applied", "applied"]
    assert len(device.given) == len(device.notes) == 2
    assert states() == ["a.tfstate", "b.tfstate"]
    assert calls_without_mfa(sandbox) == []
    workers = set(on.scheduler_info(n_workers=-1)["workers"])
    for name in ("a", "b"):
        trail = lines_of(tmp_path, name)
        assert [line["place"] for line in trail if line["event"] == "phase"] == [on.scheduler.address] * 2
        sent = [line for line in trail if line["event"] == "sealed"]
        assert [line["command"] for line in sent] == ["plan", "apply"]
        assert {line["worker"] for line in sent} <= workers
        assert [role["role"] for line in sent for role in line["roles"]] == [DEPLOY, DEPLOY]
        plan = fleet[name].driver.record.plan_sha256
        assert [line.get("plan_sha256") for line in sent] == [None, plan]
        # Whoever gave the code could read who would have the roles: the very keys that they were sealed to.
        for line, notes in zip(sent, device.notes, strict=True):
            (note,) = (note for note in notes[name] if note.startswith("Terraform gets its roles on workers of "))
            assert on.scheduler.address in note
            assert f"({line['worker']}), key {line['worker_key']}" in note


LEAN = (
    HCL.partition("provider")[0]
    + """
resource "terraform_data" "one" {
  provisioner "local-exec" { command = "touch ${var.word}; sleep ${var.word == "slow" ? 60 : 0}" }
}
"""
)


async def begun(cluster):
    """Wait until the slow environment has begun to change something; its folder on the worker."""
    while not (found := list(cluster.folder.glob("tfmfa-remote-*/work/slow"))):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.1)
    return found[0].parents[1]


def machine_of(cluster, folder):
    """The worker that has begun it, and all that runs there."""
    for worker in cluster.workers:
        process = psutil.Process(worker.pid)
        below = process.children(recursive=True)
        if any(str(folder) in " ".join(command_of(each)) for each in below):
            return process, below
    raise AssertionError("no worker has it")


async def test_a_machine_that_dies_leaves_its_environment_errored_and_nothing_runs_twice(
    tmp_path, gate, cluster, states, on
):
    fleet = fleet_of(tmp_path, ("slow", "b"), LEAN)
    await fleet.plan(gate, Pace(), DaskTerraform(on))
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    task = asyncio.create_task(fleet.apply(gate, Pace()))
    worker, below = machine_of(cluster, await begun(cluster))
    kill_all((worker, *below))
    await task
    assert [run.status for run in fleet.values()] == ["errored", "applied"]
    said = str(fleet.errors["slow"])
    assert re.search(r"terraform apply ended with exit code 1: The worker .+ \(tls://127.+\) was lost\.", said)
    assert "may still be locked" in said
    assert "%tfruns -e slow unlock" in said
    assert "slow.tfstate.tflock" in states()
    sent = [line for line in lines_of(tmp_path, "slow") if line["event"] == "sealed"]
    assert [line["command"] for line in sent] == ["plan", "apply"]
    assert [len(list(cluster.folder.glob("tfmfa-remote-*/work/slow")))] == [1]
    # The cluster goes on with the workers that are left; the lock is told by whoever finds it.
    again = fleet_of(tmp_path, ("slow",), LEAN)
    await again.plan(gate, Pace(), DaskTerraform(on))
    assert "%tfruns -e slow unlock" in str(again.errors["slow"])


async def test_a_worker_that_is_restarted_at_its_address_is_lost_while_its_terraform_goes_on(
    tmp_path, gate, states, tmp_path_factory
):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with dask_cluster(tmp_path_factory.mktemp("cluster"), {}, 1, port=port) as cluster, cluster.client() as on:
        fleet = fleet_of(tmp_path, ("slow",), LEAN)
        await fleet.plan(gate, Pace(), DaskTerraform(on))
        task = asyncio.create_task(fleet.apply(gate, Pace()))
        worker, below = machine_of(cluster, await begun(cluster))
        worker.kill()
        worker.wait()
        cluster.add_worker(port=port)
        await task
        kill_all(below)
    assert fleet["slow"].status == "errored"
    said = str(fleet.errors["slow"])
    assert re.search(r"exit code 1: The worker .+ \(tls://127.+\) was lost\. What it was changing", said)
    assert "may still be locked" in said
    assert "slow.tfstate.tflock" in states()


def test_what_a_client_asks_for_itself_hides_no_worker(on, monkeypatch):
    """Dask's own does every other second, for none of them."""
    monkeypatch.setattr(on, "scheduler_info", lambda **_: {"workers": {}})
    found = Cluster(on, Policy())
    assert len(found.workers) == 2
    assert found.take() in found.workers.values()


async def test_certificates_by_a_relative_path_serve_the_relay_too(tmp_path, gate, cluster, states, monkeypatch):
    monkeypatch.chdir(cluster.folder)
    pem, key = "cluster.pem", "cluster.key"
    security = Security(tls_ca_file=pem, tls_client_cert=pem, tls_client_key=key, require_encryption=True)
    with Client(cluster.address, security=security, set_as_default=False) as on:
        fleet = fleet_of(tmp_path, ("a",), LEAN)
        await fleet.plan(gate, Pace(), DaskTerraform(on))
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert fleet["a"].status == "planned"
    assert states() == []


async def test_a_cancellation_is_one_interrupt_on_each_worker(tmp_path, gate, cluster, states, on):
    fleet = fleet_of(tmp_path, ("slow",), LEAN)
    await fleet.plan(gate, Pace(), DaskTerraform(on))
    task = asyncio.create_task(fleet.apply(gate, Pace()))
    folder = await begun(cluster)
    fleet.cancel()
    await task
    assert fleet["slow"].status == "canceled"
    assert "Finished changes are in the state." in str(fleet.errors["slow"])
    log = "\n".join(fleet["slow"].log_text())
    assert log.count("Interrupt received") == 1
    assert "Two interrupts received" not in log
    assert "slow.tfstate.tflock" not in states()
    while folder.exists():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.1)


async def test_what_no_worker_can_have_is_refused_before_a_code(tmp_path, sandbox, gate_of, on):
    device = Device(sandbox)
    local = fleet_of(tmp_path, ("a",), 'variable "word" {}\nresource "terraform_data" "one" {}\n', backend_config="")
    await local.plan(gate_of(sandbox, device), Pace(), DaskTerraform(on))
    assert '"a" keeps its state on this machine, where no worker finds it.' in str(local.errors["a"])
    own = HCL.replace("provider", 'output "x" {\n  value = file("/etc/hostname")\n}\nprovider')
    elsewhere = fleet_of(tmp_path, ("b",), own)
    await elsewhere.plan(gate_of(sandbox, device), Pace(), DaskTerraform(on))
    assert "/etc/hostname is a path on this machine" in str(elsewhere.errors["b"])
    (tmp_path / "c").mkdir()
    (tmp_path / "c/x.json").symlink_to("/etc/hostname")
    (tmp_path / "c/main.tf").write_text(HCL)
    linked = fleet_of(tmp_path, ("c",), None, folder="c")
    await linked.plan(gate_of(sandbox, device), Pace(), DaskTerraform(on))
    assert "c/x.json is a symbolic link to /etc/hostname, which is not sent to a worker." in str(linked.errors["c"])
    for where, problem in (
        ("tcp://127.0.0.1:8786", "is not reached through TLS"),
        ("tls://127.0.0.1:1", "cannot be reached"),
        (3, r"on is int\."),
    ):
        with pytest.raises(ConfigurationError, match=problem):
            await fleet_of(tmp_path, ("a",)).plan(gate_of(sandbox, device), Pace(), DaskTerraform(where))
    assert device.asked == []
    assert not (tmp_path / "a").exists()


async def test_the_magics_run_a_fleet_on_a_cluster(ipython_with, sandbox, cluster, states, provider):
    shell = ipython_with(**sandbox.environ(), **provider, TFMFA_TOKEN_COMMAND=DEVICE)
    rows = [{"name": name, "word": name, "backend_config": f"key={name}"} for name in ("a", "b")]
    shell.user_ns["rows"] = rows
    with pytest.raises(ConfigurationError, match=r"is not reached through TLS.*use tls://SCHEDULER:8786"):
        await shell.run_cell_magic("tfplan", "--each rows --on tcp://127.0.0.1:8786", LEAN)
    with dask.config.set(cluster.config):
        fleet = await shell.run_cell_magic("tfplan", f"--each rows --on {cluster.address}", LEAN)
        assert [run.status for run in fleet.values()] == ["planned", "planned"]
        await shell.run_line_magic("tfapply", "--each rows --only a --auto-approve")
    assert [run.status for run in fleet.values()] == ["applied", "planned"]
    assert states() == ["a"]
    for name, commands in (("a", ["plan", "apply"]), ("b", ["plan"])):
        lines = lines_of(Path.cwd(), name)
        assert [line["command"] for line in lines if line["event"] == "sealed"] == commands


FOLDER = (
    keyed("NAME")
    + """
variable "word" {}
variable "planted" { sensitive = true }
module "net" {
  source = "../../modules/net"
  word   = var.word
}
output "text" { value = templatefile("${path.module}/../text.tpl", { word = module.net.word }) }
resource "terraform_data" "one" {
  input = var.planted
  provisioner "local-exec" { command = "echo ${nonsensitive(var.planted)}" }
}
"""
)


async def test_modules_files_variables_and_workspaces_travel(tmp_path, gate, cluster, states, on):
    (tmp_path / "modules/net").mkdir(parents=True)
    (tmp_path / "modules/net/main.tf").write_text('variable "word" {}\noutput "word" { value = "net ${var.word}" }\n')
    for name in ("x", "y"):
        (tmp_path / "live" / name).mkdir(parents=True)
        (tmp_path / "live" / name / "main.tf").write_text(FOLDER.replace("NAME", name))
    (tmp_path / "live/text.tpl").write_text("text of ${word}")
    (tmp_path / "words.tfvars").write_text('word = "from a file"\n')
    given = (("var_file", "words.tfvars"), ("value", "planted=planted-value"))
    options = Options(variables=given, workspace="blue", or_create=True)
    fleet = Fleet(members_of("live/*", tmp_path, options), tmp_path)
    await fleet.plan(gate, Pace(), DaskTerraform(on))
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    await fleet.apply(gate, Pace())
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert states() == ["env:/blue/x", "env:/blue/y"]
    for run in fleet.values():
        assert run.outputs["text"] == "text of net from a file"
        log = "\n".join(run.log_text())
        assert "planted-value" not in log
        assert "(redacted)" in log
    again = Fleet(members_of("live/*", tmp_path, replace(options, or_create=False)), tmp_path)
    await again.plan(gate, Pace(), DaskTerraform(on))
    assert [run.status for run in again.values()] == ["planned_and_finished"] * 2
    # Nothing of it stays on the workers.
    assert list(cluster.folder.glob("tfmfa-remote-*")) == []


LEAKY = LEAN.replace("touch ${var.word};", "env;").replace("sleep", "true")


async def test_what_a_worker_has_of_its_own_decides_nothing_and_is_not_shown(tmp_path, gate, tmp_path_factory, states):
    own = {"TF_WORKSPACE": "prod", "VAULT_TOKEN": "own-vault", "TF_TOKEN_x": "own-x", "TF_VAR_word": "own-word"}
    with dask_cluster(tmp_path_factory.mktemp("cluster"), {}, 1, **own) as cluster, cluster.client() as on:
        fleet = fleet_of(tmp_path, ("a",), LEAKY)
        await fleet.plan(gate, Pace(), DaskTerraform(on))
        await fleet.apply(gate, Pace())
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert states() == ["a.tfstate"]
    log = "\n".join(fleet["a"].log_text())
    assert "TF_WORKSPACE=default" in log  # what is looked for would be found
    assert [text for text in own.values() if text in log] == []
