"""A fleet on a Dask cluster with TLS: real workers, real Terraform, the real provider, the sandbox's S3 for states."""

import json

import pytest
from dask_cluster import dask_cluster
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.remote.dask_terraform import DaskTerraform
from tfmfa_nb.runs.options import Options

HCL = """
terraform {
  backend "s3" {
    bucket           = "states"
    region           = "eu-west-1"
    use_path_style   = true
    skip_s3_checksum = true
    use_lockfile     = true
    assume_role      = { role_arn = "arn:aws:iam::123456789012:role/deploy" }
  }
}
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
ROLE = "arn:aws:iam::123456789012:role/deploy"


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
def on(cluster, monkeypatch):
    """The cluster's client."""
    with cluster.client() as client:
        yield client


def fleet_of(base, names, hcl=HCL, **more):
    rows = [{"name": name, "word": name, "backend_config": f"key={name}.tfstate", **more} for name in names]
    return Fleet(members_of(rows, base, Options(configuration=hcl)), base)


def lines_of(base, name):
    return [json.loads(line) for line in (base / name / ".tfmfa/audit.jsonl").read_text().splitlines()]


@pytest.mark.provider
async def test_plans_and_applies_happen_on_workers_under_one_code_per_phase(
    tmp_path, sandbox, gate_of, states, cluster, on
):
    device, fleet = Device(sandbox), fleet_of(tmp_path, ("a", "b"))
    gate = gate_of(sandbox, device)
    await fleet.plan(gate, Pace(), DaskTerraform(on))
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert [run.status for run in fleet.values()] == ["planned", "planned"]
    await fleet.apply(gate, Pace())
    assert {name: str(error) for name, error in fleet.errors.items()} == {}
    assert [run.status for run in fleet.values()] == ["applied", "applied"]
    assert len(device.given) == 2
    assert states() == ["a.tfstate", "b.tfstate"]
    assert calls_without_mfa(sandbox) == []
    workers = set(on.scheduler_info(n_workers=-1)["workers"])
    for name in ("a", "b"):
        sent = [line for line in lines_of(tmp_path, name) if line["event"] == "dispatched"]
        assert [line["command"] for line in sent] == ["plan", "apply"]
        assert {line["worker"] for line in sent} <= workers
        assert [role["role"] for line in sent for role in line["roles"]] == [ROLE, ROLE]
