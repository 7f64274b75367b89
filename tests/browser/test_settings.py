import pytest
from playwright.sync_api import expect

FORM = """\
saved = []
def save(level):
    if level == "applies only":
        raise PermissionError(13, "Permission denied", "settings.json")
    saved.append(level)
from tfmfa_nb.views.settings import settings_form
form = settings_form("staging", "never", "never", save)
"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_level_is_chosen_and_saved_with_the_keyboard_alone(lab, open_notebook, theme):
    lab.theme(f"JupyterLab {theme}")
    lab.write(f"settings-{theme}.ipynb", "form")
    notebook = open_notebook(f"settings-{theme}.ipynb")
    notebook.execute(FORM)
    notebook.run_cell(0)
    output, keys = notebook.output(0), notebook.page.keyboard
    expect(output).to_contain_text('Environment "staging"')
    choice, save = output.get_by_role("combobox"), output.get_by_role("button", name="Save")
    choice.focus()
    keys.press("ArrowDown")
    expect(output).to_contain_text("Plans run without a code; every apply asks for one.")
    keys.press("Tab")
    expect(save).to_be_focused()
    keys.press("Enter")
    expect(output).to_contain_text("Not saved: [Errno 13] Permission denied")
    expect(save).to_be_focused()
    keys.press("Shift+Tab")
    expect(choice).to_be_focused()
    keys.press("p")
    expect(choice).to_have_value("plans and applies")
    expect(output).to_contain_text("Every plan asks for a code, and every apply for another one.")
    keys.press("Tab")
    keys.press("Enter")
    expect(output).to_contain_text('Saved: "plans and applies".')
    expect(save).to_be_focused()
    assert notebook.execute("print(saved)") == "['plans and applies']\n"
    notebook.screenshot(f"settings-{theme.lower()}", output)
    cut = """(output) => [...output.querySelectorAll('.widget-label')]
      .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent)"""
    assert output.evaluate(cut) == []
