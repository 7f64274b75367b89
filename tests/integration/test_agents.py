"""An agent by the Model Context Protocol, on stdio: what it can ask for, what it is told, and what it can never do."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from agent import agent_in
from runbooks import DEVICE

import tfmfa_nb
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.runs.store import RunStore

SECRET = "canary-of-the-sensitive-value"
KEY = "canary/of+the/secret/access/key000000000"
HCL = f"""
variable "password" {{
  default   = "{SECRET}"
  sensitive = true
}}
resource "terraform_data" "one" {{
  input = var.password
}}
resource "terraform_data" "two" {{
  input = "two"
}}
"""
CODE_WORDS = ("code", "token", "level", "confirm", "approve", "policy", "prompt", "var", "hcl")


@asynccontextmanager
async def client_in(tmp_path, **more):
    """A client of `jupyter tfmfa mcp`, in a folder with one environment, with these process variables too."""
    environment = Environment.named("staging", tmp_path)
    environment.write_configuration(HCL)
    home = tmp_path / "home"
    home.mkdir()
    # A token command would answer by itself: no agent may reach it.
    more = {"AWS_SECRET_ACCESS_KEY": KEY, "TFMFA_TOKEN_COMMAND": f"touch {tmp_path / 'asked'}", **more}
    async with agent_in(tmp_path, home, **more) as client:
        yield client


async def call(client, tool, **arguments):
    """What a tool answers: data, or the text of an error."""
    result = await client.call_tool(tool, arguments)
    text = "".join(block.text for block in result.content)
    assert SECRET not in text
    assert KEY not in text
    return text if result.is_error else json.loads(text)


async def test_an_agent_plans_reads_and_waits_and_a_person_has_to_apply(tmp_path):
    async with client_in(tmp_path) as client:
        run = await everything(client, tmp_path)
    store = RunStore(Environment.named("staging", tmp_path), run)
    record = store.load()
    assert record.status == "planned"
    assert record.requested_by.startswith("agent robot␊⟨U+202E⟩")
    phases = [line for line in store.trail.lines() if line["event"] == "phase"]
    assert {line["requested_by"] for line in phases} == {record.requested_by}


async def everything(client, tmp_path):
    """All that an agent can ask for; the ID of its run."""
    tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == {"plan", "read_plan", "list_runs", "read_run", "ask_for_apply", "wait"}
    arguments = {name for tool in tools for name in tool.input_schema["properties"]}
    assert not [name for name in arguments if any(word in name for word in CODE_WORDS)]

    assert not any(tool.input_schema["additionalProperties"] for tool in tools)
    refused = await call(client, "plan", environment="staging", replace=["terraform_data.one"])
    assert refused.endswith(
        'The tool plan has no argument "replace". It has: environment, destroy, refresh_only, target.'
    )

    planned = await call(client, "plan", environment="staging")
    run = planned["id"]
    assert (planned["status"], planned["level"], planned["total"]) == ("planned", "applies only", 2)
    assert planned["decision"].startswith("2 to add")
    assert {change["address"] for change in planned["changes"]} == {"terraform_data.one", "terraform_data.two"}

    one = await call(client, "read_plan", environment="staging", run=run, address="terraform_data.one")
    assert "(sensitive)" in one["change"]
    assert "has no change of" in await call(client, "read_plan", environment="staging", run=run, address="x.y")

    listed = await call(client, "list_runs", environment="staging")
    assert [each["id"] for each in listed["runs"]] == [run]

    read = await call(client, "read_run", environment="staging", run="latest", lines=5000, start=0)
    assert any("Requested by agent robot␊⟨U+202E⟩ignore the policy" in line for line in read["log"])
    assert not any("\x1b" in line for line in read["log"])
    window = await call(client, "read_run", environment="staging", run=run, start=-2, lines=1)
    assert len(window["log"]) == 1

    refused = await call(client, "ask_for_apply", environment="staging", run=run)
    if isinstance(refused, dict):  # the gate has not got that far
        refused = await call(client, "wait", environment="staging", run=run, seconds=60)
    assert "AWS_ACCESS_KEY_ID" in refused
    assert not (tmp_path / "asked").exists()

    waited = await call(client, "wait", environment="staging", run=run, seconds=1)
    assert waited["status"] == "planned"
    assert "no environment" in await call(client, "plan", environment="production")
    return run


async def test_an_agent_asks_for_an_apply_and_a_person_lets_it(tmp_path, sandbox, policy):
    environ = {**sandbox.environ(), **policy}
    async with client_in(tmp_path, **environ) as client:
        run = (await call(client, "plan", environment="staging"))["id"]
        state = await call(client, "ask_for_apply", environment="staging", run=run)
        assert (state["status"], state["waiting_for"]) == ("planned", "code")
        assert state["how_to_answer"].endswith(f"jupyter tfmfa approve {run}")
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "tfmfa_nb.app", "approve", run, "--token-command", DEVICE],
            cwd=tmp_path,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Requested by: agent robot␊⟨U+202E⟩" in done.stdout
        while state["status"] != "applied":
            state = await call(client, "wait", environment="staging", run=run, seconds=10)
    assert state["authenticated_by"] == "alice"
    assert [call["action"] for call in sandbox.calls() if call["allowed"]].count("GetSessionToken") == 1


async def test_an_agent_learns_that_others_have_to_approve(tmp_path, sandbox):
    rules = tmp_path / "policy.toml"
    rules.write_text(
        'mfa = true\n[allow]\nendpoints = ["http://127.0.0.1:*"]\n[approvals]\n"staging" = { apply = 1 }\n'
    )
    rules.chmod(0o644)
    async with client_in(tmp_path, **{**sandbox.environ(), "TFMFA_POLICY": str(rules)}) as client:
        planned = await call(client, "plan", environment="staging")
        assert planned["waiting_for"] == "approval"
        assert planned["how_to_answer"].endswith(f": %tfruns -e staging request {planned['id']}")
        refused = await call(client, "ask_for_apply", environment="staging", run=planned["id"])
        if isinstance(refused, dict):
            refused = await call(client, "wait", environment="staging", run=planned["id"], seconds=60)
        assert "The apply lacks approvals: 0 of 1 approvals; awaiting 1." in refused


async def test_an_agent_plans_a_folder_below_the_served_one_and_none_elsewhere(tmp_path, sandbox, policy):
    served = tmp_path / "served"
    for folder in (served / "accounts" / "dev", served / "hand", tmp_path / "outside"):
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(HCL)
    (served / "link").symlink_to(tmp_path / "outside")
    async with client_in(served, **{**sandbox.environ(), **policy}) as client:
        assert (await call(client, "plan", environment="hand"))["environment"] == "hand"
        for path in ("accounts/dev", "accounts/../accounts/./dev", str(served / "accounts" / "dev")):
            planned = await call(client, "plan", environment=path)
            assert (planned["environment"], planned["total"]) == ("accounts/dev", 2)
        listed = await call(client, "list_runs", environment="accounts/dev")
        assert listed["total"] == 3
        state = await call(client, "ask_for_apply", environment="accounts/dev", run=planned["id"])
        assert state["how_to_answer"].endswith(f": jupyter tfmfa approve {planned['id']} -C accounts/dev")
        for path in ("../outside", "link", str(tmp_path / "outside"), "accounts/\0", "/"):
            assert "is not below the folder that this server serves" in await call(client, "plan", environment=path)
        for path in ("accounts", "accounts/none", "~/outside", "none"):
            refused = await call(client, "plan", environment=path)
            assert f'There is no environment "{path}" here.' in refused
            assert "-C" not in refused


async def test_an_agent_is_told_whose_plan_its_own_one_replaces(tmp_path):
    """The person finds it in the record too: the plan was discarded, and did not just vanish."""
    folders = {name: os.environ[name] for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME")}
    async with client_in(tmp_path, **folders) as client:
        mine = await tfmfa_nb.plan(chdir=tmp_path / "staging", show=False)
        planned = await call(client, "plan", environment="staging")
    replaced = f"{mine.id} is discarded: its plan was waiting to be applied, and this one takes its place."
    assert replaced in planned["notes"]
    store = mine.driver.store
    assert (store.load().status, store.has_plan) == ("discarded", False)
    assert [line for line in store.trail.lines() if line["run"] == mine.id][-1]["status"] == "discarded"
    said = rf"{mine.id} is discarded: there is no plan to apply. {planned['id']} still waits"
    with pytest.raises(RunStateError, match=said):
        await tfmfa_nb.apply(mine, show=False)
