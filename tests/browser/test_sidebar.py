"""The runs panel in JupyterLab's side bar: two environments, one of which waits for a code."""

import fcntl
import json
import os
import re
import time

import pytest
from lab import ROOT, SCREENSHOTS, Lab
from playwright.sync_api import expect

AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
PLAN = '%%tfplan -e {}\noutput "greeting" {{\n  value = "hello"\n}}'
PANEL = "tfmfa_nb:show-runs-panel"
VIOLATIONS = """(where) => axe.run(where, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"""
LINES = """(cells) => cells.map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return range.getClientRects().length;
})"""
FITS = "(cells) => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"
FOCUSED = "() => document.activeElement.getAttribute('aria-label')"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws, policy):
    server = Lab(tmp_path_factory.mktemp("lab"), {**aws.environ(), **policy})
    yield server
    server.stop()


def violations(page, where):
    page.page.evaluate(AXE.read_text())
    return page.page.evaluate(VIOLATIONS, where)


def row(page, words):
    return page.page.locator(".tfmfa-runs").get_by_role("treeitem", name=re.compile(words))


def resize(page, width):
    """Drag the side bar's edge to where it is as wide."""
    edge = page.page.locator("#jp-left-stack").bounding_box()
    page.page.mouse.move(edge["x"] + edge["width"] + 1, 300)
    page.page.mouse.down()
    page.page.mouse.move(edge["x"] + width, 300, steps=4)
    page.page.mouse.up()
    page.redraw()


def test_what_waits_comes_first_and_runs_are_opened_and_discarded(lab, open_notebook):
    level = "%load_ext tfmfa_nb\n%tfmfa level 'plans and applies' -e prod"
    lab.write("panel.ipynb", level, PLAN.format("staging"), PLAN.format("prod"))
    page = open_notebook("panel.ipynb", alone=True)
    page.command(PANEL)
    panel = page.page.locator(".tfmfa-runs")
    expect(panel).to_contain_text("To see the runs of this folder, run %load_ext tfmfa_nb in the notebook.")
    page.screenshot("runs-panel-unloaded")
    page.run_cell(0)
    expect(row(page, "^prod, MFA: plans and applies, Free")).to_be_visible()
    page.run_cell(1)
    page.start_cell(2)  # it waits for a code, and the kernel with it
    expect(row(page, "^Waiting for you: 1")).to_be_visible()
    expect(page.page.locator(".lm-TabBar-tab[data-tfmfa-waiting='1']")).to_be_visible()
    assert "Waiting for you" in panel.get_by_role("treeitem").first.get_attribute("aria-label")
    planned = row(page, r"^Planned, \+1 ~0 -0|^Planned, ")
    expect(planned).to_be_visible()
    expect(panel).to_contain_text(re.compile(r"notebooks, as of \d\d:\d\d:\d\d"))
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        for width in (200, 320):
            resize(page, width)
            assert panel.evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")
            page.screenshot(f"runs-panel-{theme.lower()}-{width}", panel)
        page.screenshot(f"runs-panel-{theme.lower()}")
        assert violations(page, ".tfmfa-runs") == []

    page.page.emulate_media(forced_colors="active")
    page.screenshot("runs-panel-forced-colors")
    page.page.emulate_media(forced_colors="none")

    planned.get_by_role("button", name="Discard").focus()
    page.page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text(re.compile(r"^run-\S+ is discarded\.$"))
    discarded = row(page, "^Discarded, ")
    expect(discarded).to_be_visible()
    page.page.wait_for_function("() => document.activeElement.getAttribute('role') === 'treeitem'")
    assert page.page.evaluate(FOCUSED).startswith("Discarded, ")
    (record,) = (lab.folder / "staging").glob(".tfmfa/runs/*/run.json")
    assert json.loads(record.read_text())["status"] == "discarded"

    page.page.keyboard.press("Enter")  # opens it beside the notebook
    cards = page.page.locator(".tfmfa-panel .tfmfa-card")
    expect(cards.first).to_contain_text("Discarded")
    page.screenshot("runs-panel-opened")
    row(page, "^Waiting for a code, prod").get_by_role("button", name="Open").click()
    expect(page.page.locator(".tfmfa-panel").get_by_label("MFA code")).to_be_visible()
    page.screenshot("runs-panel-waiting")
    row(page, "^Waiting for a code, prod").get_by_role("button", name="Cancel").click()
    expect(row(page, "^Waiting for you")).to_have_count(0)
    expect(page.cell(2).locator(".jp-InputPrompt").first).not_to_contain_text("*")
    page.theme("JupyterLab Light")


@pytest.mark.thorough
def test_reports_have_marks_words_and_buttons_and_nothing_breaks(lab, open_notebook):
    load, plan = "%load_ext tfmfa_nb", PLAN.format("listed")
    listed = "%tfruns -e listed"
    lab.write("reports.ipynb", load, plan, plan, listed, "%tfmfa doctor -e listed", "%tfmfa trust-policy deploy")
    page = open_notebook("reports.ipynb", alone=True)
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.command("application:toggle-left-area")  # the file browser
    for cell in range(6):
        page.run_cell(cell)
    table = page.output(3).locator("table")
    dates = table.locator("td:nth-child(2)")
    expect(dates).to_have_count(2)
    assert dates.evaluate_all(LINES) == [1, 1]
    assert table.locator("td, th").evaluate_all(FITS) == []
    expect(table.locator("td:nth-child(3)").first).to_have_text(re.compile("Planned"))
    doctor = page.output(4)
    expect(doctor).to_contain_text("✓ OK keys: alice in account 123456789012.")
    expect(doctor).to_contain_text("✓ OK network: AWS_ENDPOINT_URL is http://127.0.0.1:")
    expect(doctor).to_contain_text("! Warning environment")
    assert doctor.locator("pre").count() == 0
    policies = page.output(5)
    policies.get_by_role("button", name="Copy: Trust policy for the role").click()
    expect(policies.get_by_role("status").first).to_have_text("Copied")
    copied = json.loads(page.page.evaluate("() => navigator.clipboard.readText()"))
    assert copied["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:user/alice"}
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        for width in (1100, 600):
            page.page.set_viewport_size({"width": width, "height": 900})
            for name, output in ("tfruns", 3), ("doctor", 4), ("trust-policy", 5):
                shown = page.output(output)
                shown.evaluate("(output) => output.scrollIntoView({ block: 'start' })")
                page.screenshot(f"report-{name}-{theme.lower()}-{width}")
        assert violations(page, ".jp-OutputArea-output .tfmfa-output") == []
    page.page.set_viewport_size({"width": 1100, "height": 900})
    table.get_by_role("button", name="Open").first.click()
    expect(page.page.locator(".tfmfa-panel .tfmfa-card")).to_contain_text("Planned")
    page.screenshot("report-opened")


@pytest.mark.thorough
def test_a_kernel_that_computes_still_tells_of_its_runs(lab, open_notebook):
    busy = "import os, time\nwhile not os.path.exists('enough'):\n    time.sleep(0.1)"
    lab.write("busy.ipynb", "%load_ext tfmfa_nb", PLAN.format("computed"), busy)
    page = open_notebook("busy.ipynb", alone=True)
    page.run_cell(0)
    page.run_cell(1)
    page.command(PANEL)
    panel = page.page.locator(".tfmfa-runs")
    environment = panel.get_by_role("treeitem", name=re.compile("^computed, "))
    expect(environment).to_be_visible()
    page.start_cell(2)
    planned = panel.get_by_role("treeitem", name=re.compile("^Planned, "))
    computed = panel.locator("[data-key^='in computed run']")
    expect(planned.first).to_be_visible()
    computed.get_by_role("button", name="Discard").click()
    expect(panel.get_by_role("status")).to_have_text(re.compile("is discarded"))
    expect(computed).to_contain_text("Discarded")
    (lab.folder / "enough").touch()
    page.wait_idle()


SLOW = """%%tfplan -e far
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "exec sleep 300"
  }
}"""


def test_a_run_of_another_kernel_is_canceled_and_a_lock_that_was_left_is_freed(lab, open_notebook):
    lab.write("far.ipynb", "%load_ext tfmfa_nb", SLOW, "%tfapply -e far --auto-approve", PLAN.format("left"))
    lab.write("near.ipynb", "%load_ext tfmfa_nb")
    far = open_notebook("far.ipynb", alone=True)
    for cell in (0, 3, 1):
        far.run_cell(cell)
    far.start_cell(2)
    expect(far.output(2)).to_contain_text("terraform_data.slow")

    page = open_notebook("near.ipynb", alone=True)  # which knows nothing of the other notebook's card
    page.run_cell(0)
    page.command(PANEL)
    panel = page.page.locator(".tfmfa-runs")
    status = panel.get_by_role("status")
    running = panel.locator("[data-key^='in far run']")
    expect(running).to_contain_text("Applying")
    running.get_by_role("button", name="Cancel").click()
    expect(running).to_contain_text(re.compile("Canceled|Errored"))
    far.wait_idle()
    expect(far.output(2)).to_contain_text(re.compile("far: (Canceled|Errored)"))

    panel.locator("[data-key^='in left run']").get_by_role("button", name="Discard").click()
    expect(status).to_contain_text("is discarded")
    (folder,) = (lab.folder / "left/.tfmfa/runs").iterdir()
    lock = lab.folder / "left/.tfmfa/lock"
    words = {"purpose": f"apply, {folder.name}", "pid": 2**22 + 1, "host": os.uname().nodename, "since": time.time()}
    lock.write_text(json.dumps(words))
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as a program does that Terraform has left behind
        panel.get_by_role("button", name="Refresh the runs").click()
        row(page, "^left, .*Locked by").get_by_role("button", name="Unlock…").click()
        dialog = page.page.get_by_role("dialog")
        expect(dialog).to_contain_text('Free the lock of "left"?')
        for theme in ("Light", "Dark"):
            page.theme(f"JupyterLab {theme}")
            page.screenshot(f"runs-panel-unlock-{theme.lower()}")
        page.theme("JupyterLab Light")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        assert lock.exists()
        row(page, "^left, .*Locked by").get_by_role("button", name="Unlock…").click()
        dialog.get_by_role("button", name="Free the lock").click()
        expect(status).to_contain_text('The lock of "left" is free.')
    expect(row(page, "^left, .*Free")).to_be_visible()
    assert not lock.exists()


@pytest.mark.thorough
def test_notebook_7_has_the_panel_and_opens_runs_below(lab, browser):
    lab.write("seven.ipynb", "%load_ext tfmfa_nb", PLAN.format("seven"))
    window = browser.new_context(viewport={"width": 1100, "height": 800})
    tab = window.new_page()
    tab.goto(lab.url("seven.ipynb").replace("/lab/tree/", "/notebooks/"))
    cells = tab.locator(".jp-Notebook .jp-Cell")
    expect(cells.nth(1).locator(".cm-content")).to_have_attribute("data-language", "hcl")
    expect(tab.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    for number, words in enumerate(["[1]:", "seven: Planned"]):
        cells.nth(number).locator(".cm-content").click()
        tab.keyboard.press("Shift+Enter")
        expect(cells.nth(number)).to_contain_text(words)
    tab.keyboard.press("Control+Shift+c")
    tab.locator(".lm-CommandPalette input").fill("Terraform: Show Runs Panel")
    tab.keyboard.press("Enter")
    planned = tab.locator("[data-key^='in seven run']")
    expect(planned).to_contain_text("Planned")
    planned.get_by_role("button", name="Open").click()
    expect(tab.locator(".tfmfa-panel .tfmfa-card")).to_contain_text("Planned")
    assert tab.locator(".tfmfa-panel").bounding_box()["height"] >= 200
    tab.screenshot(path=SCREENSHOTS / "runs-panel-notebook-7.png")
    window.close()
