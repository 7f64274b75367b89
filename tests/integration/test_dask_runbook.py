"""A runbook of twelve environments over six roles on a cluster of two workers, one of which is killed meanwhile."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
from dask_cluster import ROLES, TEAMS, dask_cluster, write_teams
from deploy_roles import add_roles
from runbooks import DEVICE, code_cells, write

WITH_PROVIDER = (0, 1)  # each takes the machine fifteen seconds; test_dask_fleet.py has more of it
CELLS = (
    "%load_ext tfmfa_nb\nrows = [{'name': f't{n}', 'folder': f'live/t{n}'} for n in range(12)]",
    "%tfplan --each rows --on tls://ADDRESS",
    ("%tfapply --each rows --auto-approve", "raises-exception"),
    # The value of the plan's cell is the fleet.
    "rows = [row for row in rows if _[row['name']].status != 'applied']\nprint(len(rows), 'lost')",
)


@pytest.mark.thorough
@pytest.mark.provider
@pytest.mark.timeout(900)
def test_twelve_environments_over_six_roles_lose_a_worker_and_nothing_else(tmp_path, sandbox, provider, policy):
    add_roles(sandbox, *ROLES)
    write_teams(tmp_path, WITH_PROVIDER)
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    (folder := tmp_path / "cluster").mkdir()
    with dask_cluster(folder, provider) as cluster:
        setup, plan, apply, choice = CELLS
        plan = plan.replace("tls://ADDRESS", cluster.address)
        # What was lost is planned and applied once more, by the worker that is left.
        book = write(tmp_path / "book.ipynb", setup, plan, apply, choice, plan, apply[0])
        environ = {**sandbox.environ(), **policy, **provider, **cluster.environ, "TFMFA_TOKEN_COMMAND": DEVICE}
        with (tmp_path / "said").open("w") as said:
            runner = subprocess.Popen(
                [sys.executable, "-m", "tfmfa_nb.app", "run", book, "--output", tmp_path / "done.ipynb"],
                cwd=tmp_path,
                env={**os.environ, **environ},
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        while not list(folder.glob("tfmfa-remote-*/work/begun")) and runner.poll() is None:
            time.sleep(0.1)
        cluster.kill_machine(0)
        assert runner.wait(600) == 0, (tmp_path / "said").read_text()
    _, _, failed, chosen, *_ = code_cells(tmp_path / "done.ipynb")
    assert "did not succeed" in str(failed.outputs)
    assert re.search(r"\b[1-4] lost", str(chosen.outputs))  # what the worker had, or was about to get
    calls = sandbox.calls()
    assert [call["action"] for call in calls].count("GetSessionToken") == 4
    made = {
        call["identity"].split("/")[1] for call in calls if call["service"] == "s3" and "assumed" in call["identity"]
    }
    assert made == set(ROLES)
    found = sandbox.client("ssm").describe_parameters()["Parameters"]
    assert {one["Name"] for one in found} == {f"/dask/t{number}" for number in WITH_PROVIDER}
    for number in range(TEAMS):
        state = json.loads(s3.get_object(Bucket="states", Key=f"t{number}")["Body"].read())
        aws = ["aws_ssm_parameter"] if number in WITH_PROVIDER else []
        assert sorted(one["type"] for one in state["resources"]) == [*aws, "terraform_data"]
        lines = (tmp_path / f"live/t{number}/.tfmfa/audit.jsonl").read_text().splitlines()
        sent = [line for line in map(json.loads, lines) if line["event"] == "sealed"]
        assert {line["command"] for line in sent} == {"plan", "apply"}
