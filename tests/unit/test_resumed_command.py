"""Another command than a plan and its apply, as a later kernel and a resumed runbook find it."""

import json

import nbformat
import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runbooks.resume import plan_resumption
from tfmfa_nb.runs.history.probe import wait_for_end
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.command_table import read_call


@pytest.mark.parametrize(
    ("words", "last", "repeated"),
    [
        (["state", "rm", "a.b"], "finished", False),
        (["state", "rm", "a.b"], "errored", True),
        (["state", "list"], "finished", True),
    ],
)
async def test_what_has_changed_something_is_not_repeated(tmp_path, words, last, repeated):
    run = Run(Environment.named("head", tmp_path), Options(call=read_call(words)), tmp_path)
    run.driver.move(Status.RUNNING)
    run.driver.move(Status(last))
    cell = nbformat.v4.new_code_cell(f"%tf {' '.join(words)} -e head")
    cell.metadata["tfmfa_nb"] = {"state": "running", "runs": [{"id": run.id, "folder": "head"}]}
    told = []
    handlings = await plan_resumption(nbformat.v4.new_notebook(cells=[cell]), tmp_path, told.append, Policy())
    assert (0 not in handlings) is repeated
    assert (f"{run.id} has finished, so its command is not repeated." in told) is not repeated


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        ({"exit_code": 0, "interrupted": False}, "finished"),
        ({"exit_code": 1, "interrupted": False}, "errored"),
        ({"exit_code": 1, "interrupted": True}, "canceled"),
        (None, "errored"),  # nobody knows
    ],
)
async def test_how_it_ended_is_learnt_by_another_kernel(tmp_path, ended, status):
    environment = Environment.named("head", tmp_path)
    run = Run(environment, Options(call=read_call(["state", "rm", "a.b"])), tmp_path)
    run.driver.move(Status.RUNNING)
    if ended is not None:
        outcome = json.dumps({**ended, "killed": False, "ended": 1.0})
        run.driver.store.files.exit_of("change").write_text(outcome)
    assert await wait_for_end(environment, run.id, [].append, Policy()) == status
    record = run.driver.store.load()
    assert (record.status, record.command, record.arguments) == (status, "state rm", ("a.b",))
