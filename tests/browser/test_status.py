"""The lock in the status bar, as the kernel says it is."""

import re

import pytest
from lab import FIXTURES
from playwright.sync_api import expect

LOAD = "%load_ext tfmfa_nb"
# The magics' latest run, of which a test says how it stands.
RUN = """\
import sys
sys.path.insert(0, {fixtures!r})
from scripted_run import *
magics = get_ipython().magics_manager.registry["TfmfaMagics"]
magics.latest = run = ScriptedRun(environment={name!r})
"""
LOCKS = {
    "open": "run.level, run.lock_indicator = 'never', 'open'; run.status = 'planning'",
    "required": "run.level, run.lock_indicator, run.question = 'plans and applies', 'required', {'kind': 'code'}",
    "verifying": "run.question, run.lock_indicator = {}, 'verifying'",
    "failed": "run.lock_indicator = 'failed'; run.question = {'kind': 'code'}",
    "authenticated": "run.question = {}; run.lock_indicator = 'authenticated'; run.status = 'planning'",
}
WORDS = {
    "open": "MFA not required (never) · staging: Planning",
    "required": "MFA required (plans and applies) · staging: Waiting for a code",
    "verifying": "MFA verifying (plans and applies) · staging: Planning",
    "failed": "MFA gate: refused (plans and applies) · staging: Waiting for a code",
    "authenticated": "MFA authenticated (plans and applies) · staging: Planning",
}


def scripted(name="staging"):
    return RUN.format(fixtures=str(FIXTURES), name=name)


def lock(page):
    return page.page.locator(".tfmfa-statusbar button")


def show(page, path):
    page.page.evaluate(
        "(path) => window.jupyterapp.commands.execute('docmanager:open', { path }).then(() => null)", path
    )


def test_every_lock_is_said_in_words_and_shape(lab, open_notebook):
    lab.write("status.ipynb", LOAD, scripted())
    page = open_notebook("status.ipynb")
    expect(lock(page)).to_be_hidden()  # nothing of ours is loaded in the kernel
    page.run_cell(0)
    expect(lock(page)).to_have_text("MFA not required (never) · default: No run yet")
    page.run_cell(1)
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        page.execute("run.question, run.status = {}, 'pending'")
        shapes = set()
        for state, code in LOCKS.items():
            page.execute(code)
            expect(lock(page)).to_have_text(WORDS[state])
            expect(lock(page)).to_have_attribute("aria-label", re.compile(re.escape(WORDS[state])))
            shapes.add(lock(page).locator("svg").evaluate("(icon) => icon.outerHTML"))
            page.screenshot(f"status-{theme.lower()}-{state}", page.page.locator("#jp-main-statusbar"))
        assert len(shapes) == len(LOCKS)
        page.execute("run.lock_indicator = 'failed'")
        expect(lock(page)).to_contain_text("MFA gate: refused")
        red, green, blue = re.findall(r"\d+(?:\.\d+)?", lock(page).evaluate("(b) => getComputedStyle(b).color"))[:3]
        assert float(red) > 1.8 * max(float(green), float(blue))
        page.screenshot(f"status-{theme.lower()}")


def test_it_follows_the_notebook_the_kernel_and_the_page(lab, open_notebook):
    before = lab.log()
    lab.write("one.ipynb", LOAD, scripted("one"))
    lab.write("two.ipynb", "1 + 1")
    page = open_notebook("one.ipynb", alone=True)
    page.command("notebook:run-all-cells")
    expect(lock(page)).to_have_text(re.compile("one: Pending"))
    page.page.evaluate(
        "() => window.jupyterapp.commands.execute('docmanager:open', { path: 'two.ipynb' }).then(() => 0)"
    )
    expect(lock(page)).to_be_hidden()
    page.page.evaluate(
        "() => window.jupyterapp.commands.execute('docmanager:open', { path: 'one.ipynb' }).then(() => 0)"
    )
    expect(lock(page)).to_have_text(re.compile("one: Pending"))

    page.reload()  # a new page finds what the kernel has
    expect(lock(page)).to_have_text(re.compile("one: Pending"))

    page.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => 0)"
    )
    expect(lock(page)).to_be_hidden()
    page.command("notebook:run-all-cells")
    expect(lock(page)).to_have_text(re.compile("one: Pending"))
    page.execute("%unload_ext tfmfa_nb")
    expect(lock(page)).to_be_hidden()
    # Nobody's log has a word of us.
    assert "comm target" not in lab.log()[len(before) :]


@pytest.mark.thorough
def test_run_all_is_followed_while_it_goes_on(lab, open_notebook):
    """The cells behind the one that loads us wait already when it ends."""
    waits = "import asyncio\nfor _ in range(600):\n    await asyncio.sleep(0.05)\n    if 'go' in str(run.notes): break"
    lab.write("all.ipynb", LOAD, scripted(), waits)
    page = open_notebook("all.ipynb", alone=True)
    page.command("notebook:run-all-cells")
    expect(lock(page)).to_have_text(re.compile("staging: Pending"))
    expect(page.cell(2).locator(".jp-InputPrompt").first).to_have_text("[*]:")
    page.reload_page()
    # JupyterLab itself waits three seconds for a busy kernel's first word.
    expect(lock(page)).to_have_text(re.compile("staging: Pending"))
    page.page.evaluate("() => void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    page.wait_idle()


def test_a_click_goes_to_the_card_or_shows_the_environment(lab, open_notebook):
    lab.write("click.ipynb", LOAD, "1", "%%tfplan -e here\n" + "\n" * 80 + "nonsense {", *["2"] * 30)
    page = open_notebook("click.ipynb", height=600)
    page.run_cell(0)
    lock(page).click()  # there is no run to go to
    shown = page.page.locator(".jp-Cell", has_text="%tfmfa").last
    expect(shown).to_contain_text("AWS Multi-Factor Authentication")
    page.run_cell(3)
    expect(lock(page)).to_have_text(re.compile("here: Errored"))
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(33).then(() => null)")
    error = page.output(3).get_by_text("here: Errored")
    expect(error).not_to_be_in_viewport()
    lock(page).click()
    expect(error).to_be_in_viewport()
    page.screenshot("status-click")
