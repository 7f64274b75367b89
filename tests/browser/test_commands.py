"""Commands, buttons in the cells, and notifications: with real Terraform, and with a run that does as it is told."""

import json
import re

from lab import FIXTURES
from playwright.sync_api import expect

LOAD = "%load_ext tfmfa_nb"
PLAN = '%%tfplan -e here\nresource "terraform_data" "a" {\n  input = 1\n}'
SLOW = """\
%%tfplan -e slow
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "exec sleep 300"
  }
}"""
RUN = """\
import sys
sys.path.insert(0, {fixtures!r})
from scripted_run import *
magics = get_ipython().magics_manager.registry["TfmfaMagics"]
magics.latest, magics.active_runs = (run := ScriptedRun()), 1
"""
ENABLED = """() => Object.fromEntries(['plan', 'apply', 'cancel', 'settings', 'show-runs'].map(
  (name) => [name, window.jupyterapp.commands.isEnabled(`tfmfa_nb:${name}`)]))"""


def expect_enabled(page, *names):
    """The kernel says that a run has ended a moment after its output does."""
    wanted = {name: name in names for name in ("plan", "apply", "cancel", "settings")}
    wanted["show-runs"] = wanted["settings"]
    same = f"(wanted) => Object.entries(({ENABLED})()).every(([name, can]) => can === wanted[name])"
    page.page.wait_for_function(same, arg=wanted)


def activate(page, index):
    page.page.evaluate("(i) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = i; }", index)


def test_plan_apply_cancel_and_settings(lab, open_notebook):
    lab.write("commands.ipynb", LOAD, PLAN, "1", SLOW, "%tfapply")
    page = open_notebook("commands.ipynb")
    toolbar = page.page.locator(".jp-cell-toolbar")
    named = {name: toolbar.get_by_role("button", name=name, exact=True) for name in ("Plan", "Apply", "Cancel")}
    activate(page, 1)
    expect_enabled(page)  # the kernel knows nothing of us
    expect(named["Plan"]).to_be_hidden()
    page.run_cell(0)
    expect(named["Plan"]).to_be_visible()
    expect(named["Apply"]).to_be_hidden()
    expect_enabled(page, "plan", "settings")
    page.screenshot("commands-1-buttons")

    named["Plan"].click()
    expect(page.output(1)).to_contain_text("here: Planned +1 ~0 -0")
    activate(page, 1)
    expect(named["Apply"]).to_be_visible()
    expect_enabled(page, "plan", "apply", "settings")
    page.command("tfmfa_nb:apply")  # there is no cell for it yet
    expect(page.output(2)).to_contain_text("here: Applied +1 ~0 -0")
    activate(page, 3)
    expect(named["Plan"]).to_be_hidden()  # a cell that has nothing to do with it

    activate(page, 4)
    named["Plan"].click()
    expect(page.output(4)).to_contain_text("slow: Planned")
    activate(page, 4)
    named["Apply"].click()  # the next cell is the one for it
    expect(page.output(5)).to_contain_text("Still creating")
    expect_enabled(page, "cancel")
    page.page.keyboard.press("Control+Shift+c")
    palette = page.page.locator(".lm-CommandPalette")
    palette.locator("input").fill("terraform")
    possible = palette.locator(".lm-CommandPalette-item:not(.lm-mod-disabled)")
    expect(possible).to_have_text(
        [re.compile(f"Terraform: {name}") for name in ("Cancel Run", "Format Cell", "Open Run", "Show Runs Panel")]
    )
    page.screenshot("commands-2-palette")
    possible.first.click()
    expect(page.output(5)).to_contain_text("slow: Canceled")
    page.wait_idle()  # JupyterLab drops what is sent before the cell has ended with its error

    activate(page, 1)
    expect_enabled(page, "plan", "settings")
    page.command("tfmfa_nb:settings")
    expect(page.cell(2).locator(".cm-content")).to_have_text("%tfmfa -e here")
    expect(page.output(2)).to_contain_text('AWS Multi-Factor Authentication of "here": never')
    activate(page, 1)
    page.command("tfmfa_nb:show-runs")
    expect(page.cell(2).locator(".cm-content")).to_have_text("%tfruns -e here")
    expect(page.output(2)).to_contain_text("Applied")


# Whether the browser's tab is in the background, and what it shows on the desktop.
DESKTOP = """() => {
  window.shown = [];
  window.Notification = class { constructor(title, { body }) { window.shown.push(`${title} ${body}`); } };
  window.Notification.permission = 'granted';
}"""
HIDE = "({ hidden }) => Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })"


def test_a_run_out_of_sight_asks_and_tells(lab, open_notebook):
    settings = lab.folder.parent / "settings" / "tfmfa_nb"
    settings.mkdir(parents=True)
    lab.write("notify.ipynb", LOAD, RUN.format(fixtures=str(FIXTURES)))
    lab.write("other.ipynb", "1")
    page = open_notebook("notify.ipynb", alone=True)
    page.run_cell(0)
    page.run_cell(1)
    page.page.evaluate(DESKTOP)
    toast = page.page.locator(".Toastify__toast")

    def run(code):
        """In the first notebook's kernel, whichever notebook is in front."""
        page.page.evaluate(
            """async ({ code }) => {
              const shell = window.jupyterapp.shell;
              const panel = [...shell.widgets('main')].find((widget) => widget.title.label === 'notify.ipynb');
              await panel.sessionContext.session.kernel.requestExecute({ code }).done;
            }""",
            {"code": code},
        )

    run("run.question = {'kind': 'code'}")
    expect(page.page.locator(".tfmfa-statusbar button")).to_contain_text("Waiting for a code")
    expect(toast).to_have_count(0)  # it is in view
    page.page.evaluate(
        "() => window.jupyterapp.commands.execute('docmanager:open', { path: 'other.ipynb' }).then(() => null)"
    )
    run("run.question = {}; run.question = {'kind': 'code'}; run.phase = 'apply'")
    expect(toast.filter(has_text="staging: the plan needs an MFA code.")).to_be_visible()
    toast.evaluate("(toast) => Promise.all(toast.getAnimations().map(({ finished }) => finished)).then(() => null)")
    page.screenshot("notification-code")
    run("run.question = {}")
    expect(toast).to_have_count(0)  # it was answered
    run("run.question = {'kind': 'confirm'}")
    expect(toast.filter(has_text="staging: the apply needs your confirmation.")).to_be_visible()
    run("run.question = {}; run.status = 'applied'; magics.active_runs = 0")
    expect(toast.filter(has_text="staging: Applied.")).to_be_visible()
    page.screenshot("notification-ended")
    toast.filter(has_text="Applied").get_by_role("button", name="Show").click()
    assert page.page.evaluate("() => window.jupyterapp.shell.currentWidget.title.label") == "notify.ipynb"

    # The desktop's only for whoever asked for it, and only while the tab is in the background.
    page.page.evaluate(HIDE, {"hidden": True})
    run("magics.latest, magics.active_runs = (run := ScriptedRun(id='two')), 1; run.question = {'kind': 'code'}")
    expect(toast.filter(has_text="staging: the plan needs an MFA code.")).to_be_visible()
    assert page.page.evaluate("() => window.shown") == []
    (settings / "notifications.jupyterlab-settings").write_text(json.dumps({"desktop": True}))
    page.page.evaluate(HIDE, {"hidden": False})
    page.reload()
    page.page.evaluate(DESKTOP)
    expect(page.page.locator(".tfmfa-statusbar button")).to_contain_text("Waiting for a code")
    run("run.question = {}; run.status = 'errored'")
    page.page.evaluate(HIDE, {"hidden": True})
    run("magics.active_runs = 0")
    expect(toast.filter(has_text="staging: Errored.")).to_be_visible()
    assert page.page.evaluate("() => window.shown") == ["Terraform staging: Errored."]
