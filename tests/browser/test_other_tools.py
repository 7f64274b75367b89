"""The spell checker and the debugger go on as they are, in everybody's cells and in ours."""

import nbformat
import pytest
from lab import SPELLCHECKER
from playwright.sync_api import expect

LOAD = "%load_ext tfmfa_nb"
PLAN = '%%tfplan -e here\n# a mispelt word\nresource "terraform_data" "xqzt" {\n  input = 1 // anothr one\n}'
PYTHON = "def f(zqxt):\n    y = zqxt + 1  # a coment\n    return y\nf(41)"


@pytest.fixture
def spellchecker(lab):
    lab.switch_off()
    yield
    lab.switch_off(SPELLCHECKER)


def found(page, index):
    """The words that the spell checker finds wrong in a cell."""
    return page.cell(index).locator(".cm-lintRange-spell")


@pytest.mark.usefixtures("spellchecker")
@pytest.mark.thorough
def test_the_spell_checker_reads_prose_and_comments_ours_too(lab, open_notebook):
    path = lab.write("spelling.ipynb", PLAN, PYTHON)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Some prose with a tpyo in it."))
    nbformat.write(notebook, path)
    page = open_notebook("spelling.ipynb", alone=True)
    expect(page.cell(0).locator(".cm-content")).to_have_attribute("data-language", "hcl")
    expect(found(page, 0)).to_have_text(["mispelt", "anothr"])
    expect(found(page, 1)).to_have_text(["coment"])
    page.cell(2).dblclick()
    expect(found(page, 2)).to_have_text(["tpyo"])
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        page.screenshot(f"spelling-{theme.lower()}")

    # It follows what is typed, and the cell that becomes ours and ceases to be it.
    page.cell(0).locator(".cm-line", has_text="a mispelt word").click()
    page.page.keyboard.press("End")
    page.page.keyboard.type(" agian")
    expect(found(page, 0)).to_have_text(["mispelt", "agian", "anothr"])
    page.page.keyboard.press("Control+Home")
    page.page.keyboard.type("# ")
    expect(page.cell(0).locator(".cm-content")).to_have_attribute("data-language", "python")
    expect(found(page, 0).filter(has_text="agian")).to_be_visible()


def breakpoint_at(page, index, line):
    """Click beside a line of a cell."""
    cell = page.cell(index)
    height = cell.locator(".cm-line").nth(line).bounding_box()
    gutter = cell.locator(".cm-gutter.cm-breakpoint-gutter").bounding_box()
    page.page.mouse.click(gutter["x"] + gutter["width"] / 2, height["y"] + height["height"] / 2)
    expect(cell.locator(".cm-breakpoint-icon:visible")).to_have_count(1)


@pytest.mark.thorough
def test_the_debugger_stops_in_python_and_not_in_ours(lab, open_notebook):
    lab.write("debugger.ipynb", LOAD, PLAN, PYTHON, "%tfapply")
    page = open_notebook("debugger.ipynb", alone=True)
    page.run_cell(0)
    page.page.locator(".jp-DebuggerBugButton").click()
    expect(page.page.locator(".jp-DebuggerBugButton")).to_have_attribute("aria-pressed", "true")
    breakpoint_at(page, 1, 3)
    breakpoint_at(page, 2, 1)
    page.run_cell(1)
    expect(page.output(1)).to_contain_text("here: Planned +1 ~0 -0")

    page.start_cell(2)
    stopped = page.cell(2).locator(".jp-DebuggerEditor-highlight")
    expect(stopped).to_have_text("    y = zqxt + 1  # a coment")
    expect(page.page.locator(".jp-DebuggerVariables-body:visible")).to_contain_text("zqxt")
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        page.screenshot(f"debugger-{theme.lower()}")
    page.command("debugger:continue")
    page.wait_idle()
    expect(page.output(2)).to_contain_text("42")
    page.run_cell(3)
    expect(page.output(3)).to_contain_text("here: Applied +1 ~0 -0")
    expect(page.cell(1).locator(".cm-content")).to_have_attribute("data-language", "hcl")
