"""An agent asks for an apply, and a person lets it from the runs panel of a browser."""

import asyncio
import json
import re
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from agent import agent_in
from lab import Lab
from playwright.sync_api import expect

from tfmfa_nb.environments import Environment

HCL = 'resource "terraform_data" "one" {\n  input = "one"\n}'
PANEL = "tfmfa_nb:show-runs-panel"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws, policy):
    server = Lab(tmp_path_factory.mktemp("lab"), {**aws.environ(), **policy})
    yield server
    server.stop()


async def _asks(folder, home, environ, waiting):
    """Plan, ask for the apply, and wait until it is applied; the last state of the run."""

    async def call(tool, **arguments):
        result = await client.call_tool(tool, {"environment": "staging", **arguments})
        text = "".join(block.text for block in result.content)
        assert not result.is_error, text
        return json.loads(text)

    async with asyncio.timeout(120), agent_in(folder, home, **environ) as client:
        run = (await call("plan"))["id"]
        state = await call("ask_for_apply", run=run)
        while state["status"] != "applied":
            if state["waiting_for"] and not waiting.done():
                waiting.set_result(run)
            state = await call("wait", run=run, seconds=5)
        return state


@pytest.mark.thorough
def test_an_agent_asks_and_the_browsers_person_lets_it(lab, open_notebook, aws, policy, tmp_path):
    Environment.named("staging", lab.folder).write_configuration(HCL)
    lab.write("person.ipynb", "%load_ext tfmfa_nb")
    page = open_notebook("person.ipynb", alone=True)
    page.run_cell(0)
    page.command(PANEL)
    panel = page.page.locator(".tfmfa-runs")
    with ThreadPoolExecutor() as threads:
        waiting = Future()
        agent = threads.submit(lambda: asyncio.run(_asks(lab.folder, tmp_path, {**aws.environ(), **policy}, waiting)))
        run = waiting.result(timeout=60)
        panel.get_by_role("button", name="Refresh").click()
        row = panel.get_by_role("treeitem", name=re.compile("waiting for a code"))
        expect(row).to_be_visible()
        page.screenshot("agent-waits")
        row.get_by_role("button", name="Answer").click()
        card = page.page.locator(".jp-Notebook .tfmfa-card")
        expect(card).to_contain_text("1 to add")
        expect(card.locator(".tfmfa-notes")).to_contain_text("Requested by agent robot")
        expect(card.locator(".tfmfa-lock")).to_contain_text("MFA required")
        page.screenshot("agent-is-answered")
        card.get_by_label("MFA code").fill(aws.code(wait=False))
        page.page.keyboard.press("Enter")
        assert agent.result(timeout=60)["authenticated_by"] == "alice"
    expect(page.page.locator(".jp-Notebook")).to_contain_text(run)
    page.wait_idle()
