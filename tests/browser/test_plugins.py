"""Each plugin can be switched off alone, with `jupyter labextension disable`: the others go on."""

import re
from itertools import combinations

import pytest
from lab import FIXTURES, ROOT, SPELLCHECKER, Page, listen
from playwright.sync_api import expect
from scripted_run import card_code
from variants import first_of

PLUGINS = sorted(
    name
    for path in (ROOT / "labextension" / "src").rglob("*.ts")
    for name in re.findall(r"id: '(tfmfa_nb:\w+)',\n\s+description:", path.read_text())
)
# What a person has by each; `runs` only tells those that need it.
FEATURES = {"cells", "files", "widgets", "status", "commands", "notifications", "sidebar"}
GO_WITH = {"tfmfa_nb:runs": {"status", "commands", "notifications", "sidebar"}}
# Loading a page costs more than looking at it. On six pages, three of them without each plugin, any two plugins meet
# on a page where the one is off and the other goes on.
PAGES = 6
OFF = [
    {plugin for plugin, pages in zip(PLUGINS, combinations(range(PAGES), 3), strict=False) if page in pages}
    for page in range(PAGES)
]
RUN = """\
%load_ext tfmfa_nb
import sys
sys.path.insert(0, {fixtures!r})
from scripted_run import *
magics = get_ipython().magics_manager.registry["TfmfaMagics"]
magics.latest = run = ScriptedRun()
from tfmfa_nb.views.card import RunCard
RunCard(run)
"""
# What is asked for on a card that nobody displays.
ASK_ELSEWHERE = """\
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt
display(card)
request = CodeRequest(Phase.PLAN, "staging", None, "", None, 1)
print(len((await FormOrTerminalPrompt(FormPrompt(card, 1.0)).ask(request)).reveal()), "characters")
"""
# How JupyterLab's widget manager complains of a widget that it does not know.
UNKNOWN_WIDGET = re.compile("No version of module tfmfa_nb is registered|Could not create a view for model id|RunCard")
# In the kernel of the notebook, whatever is in front.
ASK = """async () => {
  const panel = [...window.jupyterapp.shell.widgets('main')].find((widget) => widget.title.label === 'off.ipynb');
  const code = "run.question = {}; run.question = {'kind': 'code'}";
  await panel.sessionContext.session.kernel.requestExecute({ code }).done;
}"""
ACTIVE = """() => window.jupyterapp.listPlugins().filter(
  (id) => id.startsWith('tfmfa_nb:') && window.jupyterapp.isPluginActivated(id))"""


def seen(feature, page):
    """Where a person sees a feature of ours, once the notebook's run has asked for a code out of sight."""
    tab = page.page
    return {
        "cells": lambda: page.cell(1).locator(".cm-content[data-language=hcl]"),
        "files": lambda: tab.locator(".jp-FileEditor .cm-content[data-language=hcl]"),
        "status": lambda: tab.locator(".tfmfa-statusbar button", has_text="Waiting for a code"),
        "widgets": lambda: page.output(0).locator(".tfmfa-card"),
        "commands": lambda: page.cell(1).get_by_role("button", name="Plan", exact=True),
        "sidebar": lambda: tab.locator(".lm-TabBar-tab[title^='Terraform runs']"),
        "notifications": lambda: tab.locator(".Toastify__toast", has_text="needs an MFA code"),
    }[feature]()


def test_these_are_the_plugins():
    assert {f"tfmfa_nb:{name}" for name in FEATURES} | GO_WITH.keys() <= set(PLUGINS)


def test_each_pair_meets_where_the_one_is_off_and_the_other_goes_on():
    for one, other in combinations(PLUGINS, 2):
        assert any(one in off and other not in off for off in OFF)
        assert any(other in off and one not in off for off in OFF)


@pytest.mark.thorough
@pytest.mark.parametrize("number", first_of(range(PAGES)))
def test_some_are_off_and_the_others_go_on(lab, browser, number):
    lab.write("off.ipynb", RUN.format(fixtures=str(FIXTURES)), '%%tfplan -e staging\noutput "x" {\n  value = 1\n}')
    (lab.folder / "main.tf").write_text('output "x" {\n  value = 1\n}\n')
    lab.switch_off(SPELLCHECKER)
    lab.labextension("disable", *sorted(OFF[number]))
    complaints = []
    tab = browser.new_context(viewport={"width": 1100, "height": 700}).new_page()
    listen(tab, complaints)
    page = Page(tab, lab, "off.ipynb")
    assert not OFF[number] & set(tab.evaluate(ACTIVE))
    page.run_cell(0)
    tab.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    gone = {plugin.partition(":")[2] for plugin in OFF[number]}
    gone = gone.union(*(GO_WITH.get(plugin, ()) for plugin in OFF[number]))
    in_front = ["cells", "widgets", "commands"]
    out_of_sight = ["files", "status", "notifications", "sidebar"]
    for feature in in_front:
        if feature not in gone:
            expect(seen(feature, page)).to_be_visible()
    page.screenshot(f"off-{number}")
    absent = {feature: seen(feature, page).count() for feature in in_front if feature in gone}
    tab.evaluate("() => window.jupyterapp.commands.execute('docmanager:open', { path: 'main.tf' }).then(() => 0)")
    expect(tab.locator(".jp-FileEditor .cm-content")).to_be_visible()
    tab.evaluate(ASK)
    for feature in out_of_sight:
        if feature not in gone:
            expect(seen(feature, page)).to_be_visible()
    absent |= {feature: seen(feature, page).count() for feature in out_of_sight if feature in gone}
    assert absent == dict.fromkeys(gone & FEATURES, 0)
    if "tfmfa_nb:widgets" in OFF[number]:
        complaints = [(text, ours) for text, ours in complaints if not UNKNOWN_WIDGET.search(text)]
    assert complaints == []
    page.leave()
    tab.context.close()


def test_without_the_widgets_a_code_is_asked_for_below_the_cell_with_the_reason(lab, browser):
    lab.write("elsewhere.ipynb", ASK_ELSEWHERE)
    lab.switch_off(SPELLCHECKER)
    lab.labextension("disable", "tfmfa_nb:widgets")
    page = Page(browser.new_context().new_page(), lab, "elsewhere.ipynb")
    page.execute(card_code())
    page.start_cell(0)
    output, field = page.output(0), page.page.locator(".jp-Stdin-input")
    expect(field).to_be_visible()
    expect(field).to_have_attribute("type", "password")
    expect(output).to_contain_text("This front end does not display the run card (the JupyterLab extension tfmfa_nb is")
    page.screenshot("asked-elsewhere")
    field.fill("492817")
    field.press("Enter")
    expect(output).to_contain_text("6 characters")
    assert "492817" not in output.inner_text()
    page.leave()
    page.page.context.close()


@pytest.mark.thorough
def test_a_jupyterlab_without_ipywidgets_has_the_other_plugins(lab, browser):
    lab.write("off.ipynb", "1", '%%tfplan -e staging\noutput "x" {\n  value = 1\n}')
    lab.switch_off(SPELLCHECKER)
    lab.labextension("disable", "@jupyter-widgets/jupyterlab-manager")
    complaints = []
    tab = browser.new_context().new_page()
    listen(tab, complaints)
    page = Page(tab, lab, "off.ipynb")
    expect(seen("cells", page)).to_be_visible()
    assert sorted(tab.evaluate(ACTIVE)) == PLUGINS
    assert complaints == []
    page.leave()
    tab.context.close()
