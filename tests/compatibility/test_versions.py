"""The extension loads and works in each JupyterLab that we say it works in, and in the Notebook of the same age."""

import re

import pytest
from lab import NOTEBOOKS_OWN, SCREENSHOTS, Page, listen
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(900)  # an environment may have to be made first
LOAD = "%load_ext tfmfa_nb"
SHOW_RUNS = ("Show Runs", "Show Runs Panel")
PLAN = '%%tfplan -e here\n# one\nresource "terraform_data" "a" {\n  input = 1\n}'
EACH = "--each rows"
ROWS = 'rows = [{"name": "dev"}, {"name": "prod"}]'
FILE = 'output "x" {\n  value = 1 # one\n}\n'
COLORS = """(content) => ['# one', '%%tfplan', 'input'].map((text) => {
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.data.includes(text)) return getComputedStyle(walker.currentNode.parentElement).color;
  }
})"""
VERSION = "() => [window.jupyterapp.name, window.jupyterapp.version.split('.').slice(0, 2).join('.')]"
PLUGINS = """() => window.jupyterapp.listPlugins().filter((id) => id.startsWith('tfmfa_nb:'))
  .map((id) => [id, window.jupyterapp.isPluginActivated(id)])"""


def palette(page):
    """What the palette offers of ours now, and can be chosen."""
    page.keyboard.press("Control+Shift+c")
    shown = page.locator(".lm-CommandPalette")
    shown.locator("input").fill("terraform")
    return shown.locator(".lm-CommandPalette-item:not(.lm-mod-disabled)")


def test_jupyterlab(version, lab, browser):
    lab.write("one.ipynb", LOAD, PLAN, "1", '%%tfplan -e here\noutput "x" {\n  value = var.lacking\n}\nreso')
    (lab.folder / "main.tf").write_text(FILE)
    complaints = []
    window = browser.new_context(viewport={"width": 1100, "height": 700})
    tab = window.new_page()
    listen(tab, complaints)
    page = Page(tab, lab, "one.ipynb")
    assert tab.evaluate(VERSION) == ["JupyterLab", version]
    plugins = dict(tab.evaluate(PLUGINS))
    assert len(plugins) >= 6
    assert all(plugins.values()), plugins

    content = page.cell(1).locator(".cm-content")
    expect(content).to_have_attribute("data-language", "hcl")
    expect(page.cell(2).locator(".cm-content")).to_have_attribute("data-language", "python")
    assert len(set(content.evaluate(COLORS))) == 3
    lock = tab.locator(".tfmfa-statusbar button")
    expect(lock).to_be_hidden()
    page.run_cell(0)
    expect(lock).to_have_text("MFA not required (never) · here: No run yet")
    page.cell(1).locator(".cm-content").click()
    page.cell(1).get_by_role("button", name="Plan", exact=True).click()
    expect(page.output(1)).to_contain_text("here: Planned +1 ~0 -0")
    expect(lock).to_have_text(re.compile("MFA not required .* here: Planned"))
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        page.screenshot(f"compatibility-lab-{version}-{theme.lower()}")

    page.cell(1).locator(".cm-content").click()
    possible = palette(tab)
    expect(possible).to_have_text(
        [re.compile(f"Terraform: {name}") for name in ("Apply", "Environment S", "Format Cell", "Plan", *SHOW_RUNS)]
    )
    page.screenshot(f"compatibility-lab-{version}-palette")
    possible.filter(has_text="Apply").click()
    expect(page.output(2)).to_contain_text("here: Applied +1 ~0 -0")
    expect(lock).to_have_text(re.compile("here: Applied"))

    writing = page.cell(4).locator(".cm-content")
    writing.click()
    tab.keyboard.press("Control+End")
    tab.keyboard.press("Tab")
    expect(tab.locator(".jp-Completer:visible .jp-Completer-match").first).to_have_text("resource")
    tab.keyboard.press("Enter")
    expect(writing).to_contain_text("resource")
    writing.get_by_text("value", exact=True).hover()
    expect(tab.locator(".tfmfa-hover")).to_contain_text("value: any, required")
    tab.keyboard.press("ControlOrMeta+z")
    tab.keyboard.press("Shift+Home")
    tab.keyboard.press("Delete")
    expect(writing.locator(".cm-lintRange-error")).to_have_text("var.lacking")

    tab.evaluate("() => window.jupyterapp.commands.execute('docmanager:open', { path: 'main.tf' }).then(() => null)")
    expect(tab.locator(".jp-FileEditor .cm-content")).to_have_attribute("data-language", "hcl")
    window.close()
    assert complaints == []


def test_notebook_7(version, lab, browser):
    lab.write(
        "seven.ipynb", LOAD, PLAN.replace("here", "seven"), ROWS, PLAN.replace("-e here", EACH), f"%tfapply {EACH}"
    )
    complaints = []
    window = browser.new_context(viewport={"width": 1100, "height": 700})
    tab = window.new_page()
    listen(tab, complaints)
    tab.goto(lab.url("seven.ipynb").replace("/lab/tree/", "/notebooks/"))
    cells = tab.locator(".jp-Notebook .jp-Cell")
    expect(cells.nth(1).locator(".cm-content")).to_have_attribute("data-language", "hcl")
    assert len(set(cells.nth(1).locator(".cm-content").evaluate(COLORS))) == 3
    expect(tab.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    cells.nth(0).locator(".cm-content").click()
    tab.keyboard.press("Shift+Enter")
    cells.nth(1).locator(".cm-content").click()
    cells.nth(1).get_by_role("button", name="Plan", exact=True).click(timeout=60_000)
    expect(cells.nth(1)).to_contain_text("seven: Planned +1 ~0 -0")
    cells.nth(1).locator(".cm-content").click()
    expect(palette(tab).filter(has_text="Apply")).to_have_text(re.compile("Terraform: Apply"))
    tab.screenshot(path=SCREENSHOTS / f"compatibility-notebook-{version}.png")
    tab.keyboard.press("Escape")

    for number in (2, 3, 4):
        cells.nth(number).locator(".cm-content").click()
        tab.keyboard.press("Shift+Enter")
    expect(cells.nth(3)).to_contain_text("2 of 2 environments change: 2 to add", timeout=120_000)
    fleet = cells.nth(4).locator(".tfmfa-fleet")
    fleet.get_by_role("button", name="Apply 2 selected").click(timeout=60_000)
    expect(cells.nth(4)).to_contain_text("2 applied", timeout=120_000)
    tab.screenshot(path=SCREENSHOTS / f"compatibility-notebook-{version}-fleet.png")
    window.close()
    assert [each for each in complaints if each not in NOTEBOOKS_OWN] == []
