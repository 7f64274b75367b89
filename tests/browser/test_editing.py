"""Completion, hover, diagnostics and formatting in cells of ours, with the real provider's schemas."""

import subprocess
import time

import pytest
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect
from variants import first_of

LOAD = "%load_ext tfmfa_nb"
REQUIRES = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
PARAMETER = (
    '%%tfplan -e staging\nresource "aws_ssm_parameter" "greeting" {\n  name  = "greeting"\n  type  = "String"\n  \n}'
)
INDEXED = """
import os, pathlib, sqlite3
for path in pathlib.Path(os.environ["HOME"]).glob(".cache/tfmfa_nb/schemas/[0-9a-f]*.sqlite"):
    if sqlite3.connect(path).execute("SELECT * FROM entry WHERE name = 'aws_ssm_parameter'").fetchone():
        print(path)
"""
THEMES = ("Light", "Dark")


@pytest.fixture(scope="module")
def lab(server, provider):
    """One with an environment that has been initialized, as after a first plan."""
    server.renew()
    server.kernels_see(dict(provider))
    folder = server.folder / "staging"
    (folder / ".tfmfa").mkdir(parents=True)
    (folder / "main.tf").write_text(REQUIRES)
    subprocess.run(
        ["terraform", "init"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", **provider},
        check=True,
        capture_output=True,
    )
    return server


@pytest.fixture
def notebook(lab, open_notebook):
    def open_it(*cells):
        lab.write("editing.ipynb", LOAD, *cells)
        page = open_notebook("editing.ipynb")
        page.run_cell(0)
        expect(page.page.locator(".tfmfa-statusbar button")).to_be_visible()
        return page

    return open_it


def source(page, index):
    return page.page.evaluate(
        "(n) => window.jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.getSource()", index
    )


def put_cursor(page, index, text, *, after=True):
    """The cursor behind (or before) the first `text` of a cell, in edit mode."""
    at = source(page, index).index(text) + (len(text) if after else 0)
    page.page.evaluate(
        """([n, at]) => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.activeCellIndex = n;  // a click could meet a tooltip
          content.mode = 'edit';
          const { editor } = content.widgets[n];
          editor.setCursorPosition(editor.getPositionAt(at));
          editor.focus();
        }""",
        [index, at],
    )


def point(page, index, text, shown):
    """The mouse on the middle of the first `text` of a cell, until what it says is `shown`."""
    page.page.mouse.move(5, 5)
    expect(shown).to_have_count(0)
    at = source(page, index).index(text) + len(text) // 2
    for _ in range(10):  # an editor that is drawn anew meanwhile forgets where the mouse is, until it moves again
        x, y = page.page.evaluate(
            """([n, at]) => {
              const view = window.jupyterapp.shell.currentWidget.content.widgets[n].editor.editor;
              const { left, top, bottom } = view.coordsAtPos(at);
              return [left + 2, (top + bottom) / 2];
            }""",
            [index, at],
        )
        page.page.mouse.move(x - 3, y)
        page.page.mouse.move(x, y, steps=3)
        try:
            return shown.first.wait_for(timeout=2000)
        except NotInTime:
            continue
    raise AssertionError(f"nothing was said about {text}")


def labels(page):
    """What the completer shows, once it does."""
    shown = page.page.locator(".jp-Completer:visible .jp-Completer-match")
    expect(shown.first).to_be_visible()
    return shown.all_inner_texts()


def becomes(page, index, text):
    """Until a cell has `text` in it."""
    page.page.wait_for_function(
        "([n, text]) => window.jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.getSource()"
        ".includes(text)",
        arg=[index, text],
    )


def complete(page):
    """What the completer shows. JupyterLab drops an answer that takes a second, as on a busy machine: ask again."""
    for _ in range(10):
        page.page.keyboard.press("Tab")
        try:
            page.page.locator(".jp-Completer:visible .jp-Completer-match").first.wait_for(timeout=3000)
            break
        except NotInTime:
            continue
    return labels(page)


def schemas_are_there(page):
    """The index is made by a process of its own, which a question starts, unless another one is being made."""
    deadline = time.monotonic() + 120
    while not page.execute(INDEXED).strip():
        assert time.monotonic() < deadline, "the schemas were not indexed"
        put_cursor(page, 1, "resource")
        complete(page)
        page.page.keyboard.press("Escape")
        page.page.wait_for_timeout(500)


def test_completion_knows_the_installed_provider(notebook):
    page = notebook('%%tfplan -e staging\nresource "aws_ssm_par" "greeting" {\n  nam\n}')
    schemas_are_there(page)
    put_cursor(page, 1, "aws_ssm_par")
    assert complete(page)[0] == "aws_ssm_parameter"
    page.page.keyboard.press("Enter")
    becomes(page, 1, '"aws_ssm_parameter" "greeting"')
    put_cursor(page, 1, "  na")
    assert complete(page)[0] == "name"
    page.page.keyboard.press("Enter")
    becomes(page, 1, '"greeting" {\n  name = ')


@pytest.mark.thorough
def test_what_completes_is_explained_in_both_themes(notebook):
    page = notebook(PARAMETER, '%%tfplan -e staging\nprovider "aws" {\n  a\n}\n')
    schemas_are_there(page)
    for theme in THEMES:
        page.theme(f"JupyterLab {theme}")
        put_cursor(page, 2, "\n  a")
        found = complete(page)
        if "assume_role" not in found:  # a busy kernel has answered too late, and JupyterLab has its own words only
            page.page.keyboard.press("Escape")
            found = complete(page)
        assert found[0] == "allowed_account_ids"
        assert "assume_role" in found
        assert found.index("assume_role") < found.index("access_key")  # which would pass MFA by
        expect(page.page.locator(".jp-Completer:visible")).to_contain_text("set(string),\u00a0optional")
        page.screenshot(f"completion-{theme.lower()}")
        page.page.keyboard.press("Escape")


@pytest.mark.thorough
def test_a_module_s_own_variables_complete(notebook):
    page = notebook('%%tfplan -e staging\nmodule "net" {\n  source = "./net"\n  ci\n}\n')
    page.execute(
        "from pathlib import Path\n"
        "Path('staging/net').mkdir(parents=True, exist_ok=True)\n"
        "Path('staging/net/main.tf').write_text('variable \"cidr\" {\\n  type        = string\\n"
        '  description = "The range of addresses."\\n}\\nvariable "circuits" {\\n  default = 1\\n}\\n\')'
    )
    put_cursor(page, 1, "  ci")
    assert complete(page) == ["cidr", "circuits"]
    expect(page.page.locator(".jp-Completer:visible")).to_contain_text("string,\u00a0required")
    page.screenshot("completion-module")
    page.page.keyboard.press("Enter")
    becomes(page, 1, '"./net"\n  cidr = ')


@pytest.mark.thorough
def test_completion_of_the_magic_s_line_and_while_a_run_goes_on(notebook):
    page = notebook("%%tfplan --le\n", "import asyncio\nawait asyncio.sleep(30)", "%%tfplan --level pl\n")
    put_cursor(page, 1, "--le")
    assert complete(page)[0] == "--level"
    page.page.keyboard.press("Escape")
    page.start_cell(2)
    put_cursor(page, 3, "--level pl")
    assert complete(page)[0] == "plans-and-applies"
    page.page.keyboard.press("Enter")
    becomes(page, 3, "%%tfplan --level plans-and-applies\n")
    assert "*" in page.cell(2).locator(".jp-InputPrompt").first.inner_text()
    page.command("notebook:interrupt-kernel")
    page.wait_idle()


@pytest.mark.parametrize("theme", first_of(THEMES))
def test_hover_tells_what_a_word_means(lab, notebook, theme):
    lab.theme(f"JupyterLab {theme}")
    page = notebook(PARAMETER)
    schemas_are_there(page)
    box = page.page.locator(".tfmfa-hover")
    point(page, 1, "type", box)
    expect(box).to_contain_text("type: string, required")
    page.screenshot(f"hover-{theme.lower()}")


@pytest.mark.thorough
@pytest.mark.parametrize("theme", first_of(THEMES))
def test_what_validate_finds_is_underlined_and_goes_when_it_is_mended(lab, notebook, theme):
    lab.theme(f"JupyterLab {theme}")
    page = notebook(PARAMETER)
    put_cursor(page, 1, '"String"\n  ')
    page.page.keyboard.type("nope = 1")
    wrong = page.cell(1).locator(".cm-lintRange-error")
    expect(wrong.first).to_be_visible()
    assert "nope" in wrong.all_inner_texts()
    said = page.page.locator(".tfmfa-diagnostic")
    point(page, 1, "nope", said)
    expect(said.first).to_contain_text('An argument named "nope" is not expected here.')
    page.screenshot(f"diagnostics-{theme.lower()}")
    put_cursor(page, 1, "%%tfplan")
    page.page.keyboard.press("F8")
    selected = "() => window.jupyterapp.shell.currentWidget.content.widgets[1].editor.editor.state.selection.main.from"
    places = {source(page, 1).index("{\n"), source(page, 1).index("nope")}
    assert page.page.evaluate(selected) in places
    put_cursor(page, 1, "nope = 1")
    for _ in "nope = 1":
        page.page.keyboard.press("Backspace")
    page.page.keyboard.type('value = "hello"')
    expect(wrong).to_have_count(0)
    assert "nope" not in (lab.folder / "staging" / "main.tf").read_text()


def test_format_is_one_step_that_can_be_undone(notebook):
    untidy = '%%tfplan -e staging\nlocals {\n  a = 1\n  long   =   "ü"\n}'
    page = notebook(untidy, "%%tfplan -e staging\nlocals {\n")
    put_cursor(page, 1, "long")
    page.command("tfmfa_nb:format")
    becomes(page, 1, "a    = 1")
    assert source(page, 1) == '%%tfplan -e staging\nlocals {\n  a    = 1\n  long = "ü"\n}'
    page.cell(1).locator(".cm-content").click()
    page.page.keyboard.press("Control+z")
    assert source(page, 1) == untidy
    put_cursor(page, 2, "locals")
    page.page.keyboard.press("Alt+Shift+F")
    expect(page.page.get_by_text("Unclosed configuration block, on line 1")).to_be_visible()
    assert source(page, 2) == "%%tfplan -e staging\nlocals {\n"
