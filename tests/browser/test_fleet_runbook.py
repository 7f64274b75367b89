"""The runbook of a fleet in real JupyterLab, from its first cell to its last, with the real provider."""

import shutil

import pytest
from deploy_roles import add_roles
from lab import ROOT, Lab, give_code
from playwright.sync_api import expect

RUNBOOK = ROOT / "notebooks" / "fleet.ipynb"
PLAN, CHECK, APPLY, LAST = 4, 6, 8, 9  # cells


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws, provider):
    server = Lab(tmp_path_factory.mktemp("lab"), {**aws.environ(), **provider})
    yield server
    server.stop()


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_twelve_environments_over_six_roles_need_one_code_for_each_phase(lab, aws, open_notebook):
    add_roles(aws, *(f"fleet-{number}" for number in range(6)))
    shutil.copy(RUNBOOK, lab.folder)
    page = open_notebook(RUNBOOK.name, height=3600, alone=True)
    for cell in (1, 2):
        page.run_cell(cell)
    page.start_cell(PLAN)
    card = page.output(PLAN).locator(".tfmfa-fleet")
    expect(card.get_by_role("button", name="Authenticate and plan 12 environments")).to_be_visible()
    give_code(aws, card)
    expect(card.locator(".tfmfa-lock")).to_contain_text("Authenticated with MFA by alice")
    page.screenshot("fleet-runbook-1-planning", card)
    page.wait_idle(300)
    expect(page.output(PLAN)).to_contain_text("12 of 12 environments change: 12 to add, 0 to change, 0 to destroy.")
    page.run_cell(CHECK)

    page.start_cell(APPLY)
    card = page.output(APPLY).locator(".tfmfa-fleet")
    expect(card.locator("tbody tr")).to_have_count(12)
    page.screenshot("fleet-runbook-2-selected", card)
    card.get_by_role("button", name="Apply 12 selected").click()
    expect(card.get_by_role("button", name="Authenticate and apply 12 environments")).to_be_visible()
    give_code(aws, card)
    page.wait_idle(300)
    expect(page.output(APPLY)).to_contain_text("12 applied")
    page.run_cell(LAST)
    expect(page.output(LAST)).to_contain_text("12 environments in 6 roles, authenticated by alice")
    page.screenshot("fleet-runbook-3-applied")

    calls = aws.calls()
    assert [call["action"] for call in calls].count("GetSessionToken") == 2
    made = [call["identity"].split("/")[1] for call in calls if call["action"] == "PutParameter"]
    assert sorted(made) == sorted([f"fleet-{number}" for number in range(6)] * 2)
