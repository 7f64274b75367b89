import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

SET_UP = """\
import asyncio, sys
sys.path.insert(0, {fixtures!r})
from scripted_run import *
from tfmfa_nb.views.card import RunCard
from tfmfa_nb.views.form import FormPrompt
run = ScriptedRun({lines})
card = RunCard(run)
prompt = FormPrompt(card)
answers = []
async def ask(**what):
    try:
        answers.append((await prompt.ask(request(**what))).reveal())
    except Exception as error:
        answers.append(type(error).__name__)
async def confirm():
    answers.append(await prompt.confirm('Apply to "staging": 2 to add, 1 to change, 0 to destroy?'))
def ask_to_confirm():
    global task
    task = asyncio.ensure_future(confirm())
card"""


@pytest.fixture
def show(lab, open_notebook, request):
    def make(lines="PLAN", **window):
        fixtures = str(Path(__file__).parents[1] / "fixtures")
        name = f"{request.node.name.replace('[', '-').replace(']', '')}.ipynb"
        lab.write(name, SET_UP.format(fixtures=fixtures, lines=lines))
        notebook = open_notebook(name, **window)
        notebook.run_cell(0)
        card = notebook.page.locator(".tfmfa-card")
        expect(card).to_be_visible()
        return notebook, card

    return make


def answers(notebook):
    return json.loads(notebook.execute("import json; print(json.dumps(answers))"))


ASK = "; task = asyncio.ensure_future(ask(attempt={}))"
NOTE = "TF_LOG would log session tokens in clear: it was left out."
# What the kernel does, and what a person then reads in the card's parts.
STATES = {
    "1-code-asked": ("run.show('asked')" + ASK.format(1), {".tfmfa-lock": "MFA required"}),
    "2-verifying": ("task.cancel(); run.show('verifying')", {".tfmfa-lock": "MFA verifying"}),
    "3-refused": (
        "run.show('refused')" + ASK.format(2),
        {".tfmfa-lock": r"MFA failed .*it is wrong, or it was used before.*Wait for the next code"},
    ),
    "4-planning": (
        "task.cancel(); run.show('planning'); run.write(*PLAN[:10])",
        {".tfmfa-lock": "Authenticated with MFA by alice", ".tfmfa-status": "^Planning$"},
    ),
    "5-confirm": (
        f"run.write(*PLAN[10:]); run.show('planned'); run.ended_at = 0; run.notes = [{NOTE!r}]; ask_to_confirm()",
        {".tfmfa-counts": r"^\+2 ~1 -0$", ".tfmfa-form": "Confirm & apply", ".tfmfa-notes": NOTE},
    ),
    "6-applying": (
        "task.cancel(); run.notes = []; run.show('applying')",
        {".tfmfa-progress": "1 of 3 resources", ".tfmfa-current": "aws_s3_bucket.assets"},
    ),
    "7-canceling": (
        "run.canceling = True",
        {".tfmfa-stopping": "may lose resources in flight from the state.*Force stop"},
    ),
    "8-applied": ("run.canceling = False; run.show('applied')", {".tfmfa-status": "^Applied$"}),
    "9-errored": ("run.show('errored')", {".tfmfa-error": "BucketAlreadyExists"}),
    "a-canceled": ("run.show('canceled')", {".tfmfa-status": "^Canceled$"}),
    "b-role-refused": (
        "run.progress = {}; run.canceling = False; run.show('role refused')",
        {".tfmfa-hop-bad": "refused", ".tfmfa-lock": "cannot be assumed with this session"},
    ),
}
# What is announced, where the words stand beside an icon.
IMAGES = {"3-refused": "MFA failed", "9-errored": "Error", "4-planning": "MFA authenticated"}


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_state_is_shown_in_words_not_by_colour_alone(lab, show, theme):
    lab.theme(f"JupyterLab {theme}")
    notebook, card = show(lines="")
    for name, (code, texts) in STATES.items():
        notebook.execute(code)
        for part, text in texts.items():
            expect(card.locator(part)).to_contain_text(re.compile(text, re.DOTALL))
        if name in IMAGES:
            expect(card.get_by_role("img", name=IMAGES[name]).first).to_be_visible()
        if name == "1-code-asked":
            expect(card.get_by_label("MFA code for alice")).to_be_focused()
        notebook.page.wait_for_timeout(300)  # the paced push that may still come
        notebook.screenshot(f"card-{theme.lower()}-{name}", card)
    # The lock has said it; the card does not say it twice.
    said = card.locator(".tfmfa-body").get_by_text("cannot be assumed with this session")
    expect(said.locator("visible=true")).to_have_count(1)
