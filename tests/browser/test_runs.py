"""A kernel restarted in the middle of an apply, in real JupyterLab: what a person sees, types and presses then."""

import json
import re

import pytest
from playwright.sync_api import expect

SLOW = """\
%%tfplan -e ENVIRONMENT
resource "terraform_data" "first" {
  input = "done"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo be''gun; for i in $(seq 600); do sleep 0.1; [ -e go-on ] && break; done; echo went on"
  }
}
output "end" {
  value = "here"
}"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => 0)"


@pytest.fixture
def restarted(lab, open_notebook):
    """A notebook whose kernel was restarted in mid-apply; its cells from 3 on are the test's."""

    def make(environment, *cells):
        name = f"{environment}.ipynb"
        lab.write(name, "%load_ext tfmfa_nb", SLOW.replace("ENVIRONMENT", environment), "%tfapply", *cells)
        page = open_notebook(name)
        page.theme("JupyterLab Light")
        page.run_cell(0)
        page.run_cell(1)
        page.start_cell(2)
        expect(page.output(2).locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
        page.page.evaluate(RESTART)
        page.wait_idle()
        page.run_cell(0)
        return page

    return make


def record_of(lab, environment):
    (path,) = (lab.folder / environment).glob(".tfmfa/runs/*/run.json")
    return json.loads(path.read_text())


def test_a_restarted_kernel_follows_the_apply_to_its_end(lab, restarted):
    page = restarted(
        "again", "%tfruns -e again", "%tfruns -e again follow latest", "_.outputs", "%tfruns -e again open latest"
    )
    page.run_cell(3)
    run_id = record_of(lab, "again")["id"]
    table = page.output(3).locator("table")
    expect(table).to_contain_text("Applying")
    expect(table).to_contain_text(re.compile(r"0:\d\d, running"))
    command = f"%tfruns -e again follow {run_id}"
    expect(page.output(3).locator("code").filter(has_text=command)).to_have_text(command)
    page.screenshot("runs-list-light", page.output(3))

    page.start_cell(4)
    card = page.output(4).locator(".tfmfa-card")
    expect(card).to_contain_text("Applying")
    expect(card.locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    expect(card).to_contain_text("1 of 2 resources")
    expect(card.get_by_role("button", name="Cancel")).to_be_visible()
    expect(card).to_contain_text("begun")
    page.screenshot("runs-follow-light", page.output(4))
    page.theme("JupyterLab Dark")
    page.screenshot("runs-follow-dark", page.output(4))
    page.screenshot("runs-list-dark", page.output(3))

    (lab.folder / "again" / "go-on").touch()
    page.wait_idle()
    expect(page.output(4)).to_contain_text("again: Applied +2 ~0 -0")
    expect(page.output(4)).to_contain_text("went on")
    expect(page.output(4).locator(".tfmfa-card")).to_have_count(0)
    page.screenshot("runs-followed-dark", page.output(4))
    page.run_cell(5)
    expect(page.output(5)).to_contain_text("{'end': 'here'}")
    assert record_of(lab, "again")["status"] == "applied"

    page.run_cell(6)
    expect(page.output(6)).to_contain_text("again: Applied +2 ~0 -0")
    expect(page.output(6)).to_contain_text("Apply complete!")
    # The summary has all of it.
    expect(page.output(6).locator(".tfmfa-card")).to_have_count(0)


def test_a_run_with_a_long_log_is_opened_with_the_card_that_has_all_of_it(lab, open_notebook):
    plan = '%%tfplan -e long\nresource "terraform_data" "many" {\n  count = 300\n}'
    lab.write("long.ipynb", "%load_ext tfmfa_nb", plan, "%tfruns -e long open latest", "%tfapply", "%tfruns -e long")
    page = open_notebook("long.ipynb")
    page.theme("JupyterLab Light")
    page.run_cell(0)
    page.run_cell(1)
    page.page.evaluate(RESTART)
    page.wait_idle()
    page.run_cell(0)
    page.run_cell(2)
    expect(page.output(2)).to_contain_text("long: Planned +300 ~0 -0")
    card = page.output(2).locator(".tfmfa-card")
    expect(card).to_contain_text("Planned")
    expect(card.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(card).to_contain_text("Plan: 300 to add")
    card.scroll_into_view_if_needed()
    page.screenshot("runs-open-light", card)
    page.theme("JupyterLab Dark")
    page.screenshot("runs-open-dark", card)
    # It is the one that is applied now.
    page.run_cell(3)
    expect(page.output(3)).to_contain_text("long: Applied +300 ~0 -0")
    page.run_cell(4)
    expect(page.output(4).locator("table")).to_contain_text("Applied")
    page.screenshot("runs-list-applied-dark", page.output(4))


@pytest.mark.thorough
def test_cancel_on_the_followed_card_sends_one_interrupt(lab, restarted):
    page = restarted("stop", "%tfruns -e stop follow latest")
    page.start_cell(3)
    card = page.output(3).locator(".tfmfa-card")
    expect(card.locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    card.get_by_role("button", name="Cancel").click()
    page.wait_idle()
    expect(page.output(3)).to_contain_text("stop: Canceled")
    expect(page.output(3)).to_contain_text("The apply was canceled. Finished changes are in the state.")
    page.screenshot("runs-canceled-light", page.output(3))
    log = next((lab.folder / "stop").glob(".tfmfa/runs/*/run.log")).read_text()
    assert log.count("nterrupt received") == 1
    assert record_of(lab, "stop")["status"] == "canceled"
