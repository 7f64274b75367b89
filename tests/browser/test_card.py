import json
import re

import pytest
from lab import ROOT
from playwright.sync_api import expect
from scripted_run import MENDED, REFUSED, card_code
from variants import first_of

AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
VIOLATIONS = (
    "() => axe.run('.tfmfa-card', { resultTypes: ['violations'] }).then(({ violations }) => "
    "violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"
)


@pytest.fixture
def show(lab, open_notebook, request):
    def make(lines="PLAN", **window):
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        lab.write(name, "card", "", "")
        notebook = open_notebook(name, **window)
        notebook.execute(card_code(lines))
        notebook.run_cell(0)
        card = notebook.page.locator(".tfmfa-card")
        expect(card).to_be_visible()
        return notebook, card

    return make


def settle(notebook):
    """Let the card show all that the kernel knows: what the widget sends comes before the execution's end."""
    notebook.execute("card.flush()")
    notebook.redraw()


def answers(notebook):
    return json.loads(notebook.execute("print(json.dumps(answers))"))


ASK = "; ask_soon(attempt={})"
NOTE = "Ignored TF_LOG: Terraform would log session tokens in plain text."
# What the kernel does, and what a person then reads in the card's parts.
STATES = {
    "1-code-asked": ("run.show('asked')" + ASK.format(1), {".tfmfa-lock": "MFA required"}),
    "2-verifying": ("task.cancel(); run.show('verifying')", {".tfmfa-lock": "MFA verifying"}),
    "3-refused": (
        "run.show('refused'); ask_soon(attempt=2, next_code_in=17)",
        {
            ".tfmfa-form": "Next code in 0:1[0-9]",
            ".tfmfa-lock": r"MFA gate: refused .*it is incorrect, expired, or already used.*Enter the next code",
        },
    ),
    "4-planning": (
        "task.cancel(); run.show('planning'); run.write(*PLAN[:10])",
        {".tfmfa-lock": "Authenticated with MFA by alice", ".tfmfa-status": "^Planning$"},
    ),
    "5-confirm": (
        f"run.write(*PLAN[10:]); run.show('planned'); run.ended_at = 0; run.notes = [{NOTE!r}]; ask_to_confirm()",
        {
            ".tfmfa-decision": r"^Plan: 2 to add, 1 to change, 0 to destroy\.$",
            ".tfmfa-form": "Confirm & apply 3 changes",
            ".tfmfa-notes": NOTE,
        },
    ),
    "5b-awaiting": (
        "run.needed_approvals = NEEDED",
        {".tfmfa-approvals": "Approvals: 1 of 2.*user/bob, valid until.*1 more, from arn:.*, except the requester"},
    ),
    "6-applying": (
        "run.needed_approvals = None; task.cancel(); run.notes = []; run.show('applying')",
        {".tfmfa-progress": "1 of 3 resources", ".tfmfa-current": "aws_s3_bucket.assets"},
    ),
    "7-canceling": (
        "run.canceling = True",
        {".tfmfa-stopping": "may be missing from the state.*Force stop"},
    ),
    "8-applied": ("run.canceling = False; run.show('applied')", {".tfmfa-status": "^Applied$"}),
    "9-errored": ("run.show('errored')", {".tfmfa-error": "BucketAlreadyExists"}),
    "a-canceled": ("run.show('canceled')", {".tfmfa-status": "^Canceled$"}),
    "b-role-refused": (
        "run.progress = {}; run.canceling = False; run.show('role refused')",
        {
            ".tfmfa-hop-bad": "refused: .*requires a different external ID",
            ".tfmfa-lock": "cannot be assumed: its trust policy",
            ".tfmfa-documents": r'Trust policy of arn:.*deploy-prod, corrected.*"sts:ExternalId": \[',
        },
    ),
}
# What is announced, where the words stand beside an icon.
IMAGES = {"3-refused": "MFA gate: refused", "9-errored": "Error", "4-planning": "MFA authenticated"}


FORCED = {"forced_colors": "active", "reduced_motion": "reduce"}


@pytest.mark.parametrize(("theme", "media"), first_of([("Light", {}), ("Dark", {}), ("Dark", FORCED)]))
def test_every_state_is_shown_in_words_not_by_color_alone(lab, show, theme, media):
    lab.theme(f"JupyterLab {theme}")
    notebook, card = show(lines="")
    notebook.page.emulate_media(**media)
    notebook.page.evaluate(AXE.read_text())
    look, violations = f"{theme.lower()}-forced" if media else theme.lower(), {}
    for name, (code, texts) in STATES.items():
        notebook.execute(code)
        for part, text in texts.items():
            expect(card.locator(part)).to_contain_text(re.compile(text, re.DOTALL))
        if name == "b-role-refused":
            expect(card.locator(".tfmfa-roles")).to_be_visible()  # a refusal opens them
        if name in IMAGES:
            expect(card.get_by_role("img", name=IMAGES[name]).first).to_be_visible()
        if name == "1-code-asked":
            expect(card.get_by_label("MFA code for alice")).to_be_focused()
            # What a person checks before the code is there at once; the rest is one click away.
            line = card.locator("summary", has_text="alice · 123456789012 (acme-production) · eu-central-1")
            expect(line).to_be_visible()
            line.click()
            expect(card.locator(".tfmfa-facts")).to_contain_text("SHA-256 9f2c41d07ab3")
            line.click()
        settle(notebook)
        violations[name] = notebook.page.evaluate(VIOLATIONS)
        notebook.screenshot(f"card-{look}-{name}", card)
    notebook.page.emulate_media(**dict.fromkeys(media, "null"))
    assert {name: found for name, found in violations.items() if found} == {}
    # The lock has said it; the card does not say it twice.
    said = card.locator(".tfmfa-body").get_by_text("cannot be assumed: its trust policy")
    expect(said.locator("visible=true")).to_have_count(1)
    # What is copied from the card is the policy, blanks and all.
    assert card.locator(".tfmfa-document").inner_text() == MENDED


def focused(notebook):
    """What has the keyboard: a label, a button's text, or a class."""
    return notebook.page.evaluate(
        "(({ className, ariaLabel, labels, tagName, textContent }) => labels?.[0]?.textContent || ariaLabel ||"
        " (['BUTTON', 'SUMMARY'].includes(tagName) ? textContent : className))(document.activeElement)"
    )


def ask(notebook, **what):
    arguments = ", ".join(f"{name}={value!r}" for name, value in what.items())
    notebook.execute(f"ask_soon({arguments})")


@pytest.mark.parametrize("typed", first_of(["492817", "492 817", "4a9b2d8m1y7"]))
def test_a_code_is_typed_entered_and_asked_for_again_without_the_mouse(show, typed):
    notebook, card = show()
    notebook.execute("run.show('asked')")
    ask(notebook)
    field = card.get_by_label("MFA code for alice")
    expect(field).to_be_focused()
    notebook.page.keyboard.type(typed)
    expect(field).to_have_value(typed)
    notebook.page.keyboard.press("Enter")
    expect(field).to_be_hidden()
    assert answers(notebook) == [typed]
    notebook.execute("run.show('verifying')")
    notebook.execute("run.show('refused')")
    ask(notebook, attempt=2)
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(card.get_by_role("alert")).to_contain_text(REFUSED[0])
    # No shortcut of the notebook has seen a key: digits make headings, letters add, delete and convert cells.
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)


@pytest.mark.parametrize("pasted", first_of(["   492 817   ", "492817\n", "\t 492\u00a0817"]))
def test_a_code_is_pasted_with_blanks_around_it(show, pasted):
    notebook, card = show()
    ask(notebook)
    expect(card.get_by_label("MFA code for alice")).to_be_focused()
    notebook.page.keyboard.insert_text(pasted)
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-form")).to_be_hidden()
    assert ["".join(answer.split()) for answer in answers(notebook)] == ["492817"]


def test_tab_goes_through_the_card_in_the_order_of_its_parts(show):
    notebook, card = show()
    notebook.execute("run.show('asked'); run.status = 'planned'; run.phase = 'apply'")
    ask(notebook, phase="apply")
    expect(card.get_by_label("MFA code for alice")).to_be_focused()
    order = []
    for _ in range(14):
        order.append(focused(notebook))
        notebook.page.keyboard.press("Tab")
    names = ['MFA code for alice to apply in "staging":', "Authenticate and apply", "Cancel", "Discard"]
    assert order[:4] == names
    assert [name.split(" · ")[0] for name in order[4:]] == [
        *("alice", "3 roles to assume"),
        *("Search the log", "Regular expression", "First error", "Hide progress", "Wrap", "Copy", "Download"),
        "Terraform log, 23 lines",
    ]
    card.get_by_label("MFA code for alice").focus()
    for _ in range(3):
        notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-form")).to_be_hidden()
    assert answers(notebook) == ["RunDiscarded"]


@pytest.mark.parametrize("part", first_of(["Terraform log", "Expand", "Cancel"]))
def test_no_key_pressed_on_the_card_reaches_the_notebook(show, part):
    notebook, card = show()
    notebook.execute("run.show('planning')")
    target = card.get_by_label(part) if part == "Terraform log" else card.get_by_role("button", name=part)
    target.focus()
    for key in ("x", "d", "d", "a", "b", "m", "1", "y", "ArrowDown", "ArrowUp", "j", "k"):
        notebook.page.keyboard.press(key)
    expect(target).to_be_focused()
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)
    notebook.page.keyboard.press("Control+s")
    expect(notebook.page.locator(".jp-mod-dirty")).to_have_count(0)


def test_a_confirmation_is_never_one_stray_enter_away(show):
    notebook, card = show()
    notebook.execute("run.show('planned'); run.ended_at = 0; ask_to_confirm()")
    expect(card.get_by_role("button", name="Confirm & apply")).to_be_visible()
    assert not card.evaluate("(card) => card.contains(document.activeElement)")
    notebook.page.keyboard.press("Enter")
    card.get_by_role("button", name="Discard").focus()
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-form")).to_be_hidden()
    assert answers(notebook) == [False]  # the first answer counts, and it was this one
    notebook.execute("ask_to_confirm()")
    card.get_by_role("button", name="Confirm & apply").focus()
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-form")).to_be_hidden()
    assert answers(notebook) == [False, True]


def test_the_keyboard_is_not_taken_from_who_types_elsewhere(show):
    notebook, card = show()
    editor = notebook.cell(1).locator(".cm-content")
    editor.click()
    notebook.page.keyboard.type("x = 1")
    ask(notebook)
    expect(card.locator(".tfmfa-form")).to_be_visible()
    settle(notebook)
    notebook.page.keyboard.type("23")
    expect(editor).to_have_text("x = 123")
    # Nor by a refusal, though the answer came from the card.
    card.get_by_label("MFA code for alice").fill("492817")
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-form")).to_be_hidden()
    editor.click()
    notebook.page.keyboard.press("End")
    notebook.page.keyboard.type("4")
    notebook.execute("run.show('refused')")
    ask(notebook, attempt=2)
    expect(card.locator(".tfmfa-form")).to_be_visible()
    settle(notebook)
    notebook.page.keyboard.type("56")
    expect(editor).to_have_text("x = 123456")
    expect(card.get_by_label("MFA code for alice")).to_have_value("")


def test_the_keyboard_is_not_taken_from_a_field_that_is_empty_but_no_cell(show):
    notebook, card = show()
    notebook.page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'other' }))")
    notebook.page.locator("#other").focus()
    ask(notebook)
    expect(card.locator(".tfmfa-form")).to_be_visible()
    settle(notebook)
    expect(notebook.page.locator("#other")).to_be_focused()


def test_the_wait_for_the_next_code_counts_down_by_the_kernels_clock(show):
    notebook, card = show()
    notebook.execute("import time; real = time.time; time.time = lambda: real() + 1000")
    notebook.execute("run.show('refused')")
    ask(notebook, attempt=2, next_code_in=3.5)
    wait, ready = card.get_by_role("timer").filter(has_text="Next code"), card.locator(".tfmfa-wait[role=status]")
    expect(wait).to_have_text(re.compile("^Next code in 0:0[34]$"))
    expect(ready).to_have_text("")
    expect(wait).to_have_text("Next code in 0:01")
    expect(ready).to_have_text("The next code is available.")
    expect(wait).to_have_count(0)
    notebook.execute("task.cancel()")
    ask(notebook, attempt=3)
    expect(ready).to_have_text("")


def test_who_listens_hears_refusals_at_once_and_the_rest_in_turn(show):
    notebook, card = show()
    said, alarm = card.locator("> .tfmfa-said[role=status]"), card.get_by_role("alert")
    notebook.execute("run.show('asked')")
    expect(said).to_contain_text("MFA required. A code is needed to plan")
    expect(alarm).to_have_text("")
    notebook.execute("run.show('refused')")
    expect(alarm).to_have_text(f"MFA gate: refused. {REFUSED[0]} {REFUSED[1]}")
    expect(said).not_to_contain_text(REFUSED[0])
    notebook.execute("run.show('authenticated')")
    expect(alarm).to_have_text("")
    expect(said).to_contain_text("Authenticated with MFA by alice")
    notebook.execute("run.show('errored')")
    expect(alarm).to_contain_text("BucketAlreadyExists")


def test_foreign_text_is_text(show):
    notebook, card = show()
    foreign = "<img src=x onerror='document.title=1'><script>document.title=2</script>\u202e\x1b[31mred"
    notebook.execute(f"""
x = {foreign!r}
run.show('refused'); run.show('applying')
run.lock_indicator_text = run.lock_indicator_remedy = run.environment = run.level = x
run.error = run.error_remedy = run.log_path = x
run.notes, run.product, run.status, run.lock_indicator = [x], x, x, x
run.identity = dict.fromkeys(run.identity, x)
run.roles = [{{"provider": x, "place": x, "hops": [{{"arn": x, "state": x, "message": x}}]}}]
run.error_documents = [{{"title": x, "text": x}}]
run.progress = {{"done": 1, "total": 3, "current": [{{"address": x, "action": x, "start": 1.0}}]}}
run.write(x)
""")
    expect(card.locator(".tfmfa-log-row").last).to_have_text(foreign.replace("\u202e\x1b[31m", "⟨U+202E⟩"))
    expect(card.locator(".tfmfa-error")).to_contain_text("<img src=x")
    assert card.locator("img, script").count() == 0
    assert "onerror" not in card.evaluate(
        "(card) => card.outerHTML.replaceAll('&lt;img src=x onerror=', '').replaceAll(/\"[^\"]*\"/g, '')"
    )


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_a_narrow_card_shows_everything(lab, show, theme):
    lab.theme(f"JupyterLab {theme}")
    notebook, card = show()
    card.evaluate("(card) => { card.parentElement.style.width = '460px'; }")
    notebook.execute("run.show('refused'); ask_soon(attempt=2, next_code_in=17, phase='apply')")
    expect(card.get_by_label("MFA code for alice")).to_be_visible()
    settle(notebook)
    notebook.screenshot(f"card-{theme.lower()}-narrow", card)
    wide = """(card) => [...card.querySelectorAll(':not(.tfmfa-log *)')]
      .filter((node) => !node.closest('.tfmfa-said, svg'))
      .filter((node) => node.getBoundingClientRect().right > card.getBoundingClientRect().right)
      .map((node) => node.className)"""
    assert card.evaluate(wide) == []
    notebook.execute("task.cancel(); run.show('role refused')")
    expect(card.locator(".tfmfa-document")).to_be_visible()
    settle(notebook)
    notebook.screenshot(f"card-{theme.lower()}-narrow-role-refused", card)
    assert card.evaluate(wide) == []


@pytest.mark.thorough
def test_a_reloaded_page_shows_the_card_of_a_run_that_still_asks(lab, open_notebook):
    lab.write("reload.ipynb", "card", "run.show('asked'); await ask(); answers")
    notebook = open_notebook("reload.ipynb", alone=True)
    notebook.execute(card_code("PLAN"))
    notebook.run_cell(0)
    notebook.start_cell(1)
    card = notebook.page.locator(".tfmfa-card")
    expect(card.get_by_label("MFA code for alice")).to_be_visible()
    notebook.command("docmanager:save")
    expect(notebook.page.locator(".jp-mod-dirty, .jp-Document.jp-mod-dirty")).to_have_count(0)
    notebook.page.reload()
    field = card.get_by_label("MFA code for alice")
    expect(field).to_be_visible()
    field.fill("492817")
    notebook.page.keyboard.press("Enter")
    expect(field).to_be_hidden()
    assert answers(notebook) == ["492817"]


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_what_is_destroyed_stands_before_the_button_that_does_it(lab, show, theme):
    lab.theme(f"JupyterLab {theme}")
    notebook, card = show()
    notebook.execute("run.show('destroys')")
    ask(notebook, phase="apply")
    decision, button = (
        card.locator(".tfmfa-decision"),
        card.get_by_role("button", name="Authenticate and apply 4 changes"),
    )
    expect(button).to_be_visible()
    expect(decision).to_contain_text("Plan: 1 to add, 1 to change, 1 to destroy, 1 to replace.")
    first, second = decision.get_by_role("listitem").all()
    expect(first).to_contain_text("aws_db_instance.orders will be destroyed: no longer in the configuration")
    expect(second).to_contain_text("aws_instance.web will be destroyed and re-created: ami forces replacement")
    assert decision.bounding_box()["y"] < button.bounding_box()["y"]
    expect(card.locator("> .tfmfa-said[role=status]")).to_contain_text("1 to destroy, 1 to replace.")
    settle(notebook)
    notebook.screenshot(f"card-{theme.lower()}-destroys", card)
    card.evaluate("(card) => { card.parentElement.style.width = '560px'; }")
    notebook.screenshot(f"card-{theme.lower()}-destroys-narrow", card)


def test_the_name_is_typed_where_the_policy_has_it_so(show):
    notebook, card = show()
    notebook.execute("run.show('destroys'); ask_to_confirm(word='staging')")
    button = card.get_by_role("button", name="Confirm & apply 4 changes")
    expect(button).to_be_disabled()
    field = card.get_by_label('Type "staging" to confirm.')
    field.fill("stag")
    notebook.page.keyboard.press("Enter")
    expect(button).to_be_disabled()
    assert answers(notebook) == []
    notebook.screenshot("card-typed-name", card)
    field.fill("staging")
    expect(button).to_be_enabled()
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-form")).to_be_hidden()
    assert answers(notebook) == [True]


ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"


def test_after_the_code_the_person_is_where_they_were(lab, open_notebook):
    lab.write("back.ipynb", "display(card); await ask(); run.show('planning')", "'next'", "")
    notebook = open_notebook("back.ipynb")
    notebook.execute(card_code("PLAN"))
    notebook.start_cell(0)
    page, card = notebook.page, notebook.page.locator(".tfmfa-card")
    field = card.get_by_label("MFA code for alice")
    expect(field).to_be_visible()
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    page.locator(".jp-Cell").nth(1).locator(".jp-InputPrompt").click()
    field.click()
    page.keyboard.type("492817")
    page.keyboard.press("Enter")
    expect(field).to_be_hidden()
    page.wait_for_function(f"({ACTIVE})() === 1")
    page.keyboard.press("Shift+Enter")
    expect(notebook.output(1)).to_contain_text("next")


def test_a_card_whose_kernel_has_restarted_takes_no_code(lab, open_notebook):
    lab.write("gone.ipynb", "display(card); run.show('asked'); await ask()")
    notebook = open_notebook("gone.ipynb")
    notebook.execute(card_code("PLAN"))
    notebook.start_cell(0)
    card = notebook.page.locator(".tfmfa-card")
    expect(card.get_by_label("MFA code for alice")).to_be_visible()
    notebook.page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
    )
    expect(card.locator(".tfmfa-silent")).to_contain_text("No code can be entered here. Run the cell again.")
    expect(card.get_by_label("MFA code for alice")).to_be_hidden()


LOST = """\
%load_ext tfmfa_nb
import pathlib
get_ipython().magics_manager.registry["TfmfaMagics"].latest = run
display(card); run.show('asked'); await ask(); card.close(); run.show('planned')
pathlib.Path("answered").write_text(answers[0])"""


def test_a_page_that_has_lost_the_card_shows_it_in_a_panel_of_its_own(lab, open_notebook):
    lab.write("lost.ipynb", LOST, "")
    notebook = open_notebook("lost.ipynb", alone=True)
    notebook.execute(card_code("PLAN"))
    notebook.start_cell(0)
    field = notebook.page.get_by_label("MFA code for alice")
    expect(field).to_be_visible()
    notebook.page.reload()  # nobody has saved the notebook, so its output is gone
    expect(notebook.page.locator(".tfmfa-panel .tfmfa-card")).to_be_visible()
    expect(notebook.page.locator(".jp-Notebook .tfmfa-card")).to_have_count(0)
    notebook.screenshot("card-in-a-panel")
    field.fill("492817")
    notebook.page.keyboard.press("Enter")
    end = notebook.page.locator(".tfmfa-panel-end")
    expect(end).to_contain_text("staging: Planned.")
    end.get_by_role("button", name="Show in the notebook").click()
    expect(end).to_have_count(0)  # and the notebook is in front again
    expect(notebook.page.locator(".jp-Notebook .cm-content", has_text="%tfruns open")).to_be_visible()
    assert (lab.folder / "answered").read_text() == "492817"


JUDGED = """
from tfmfa_nb.model.check_results import CheckResult
run.policy_checks = [
    CheckResult("cost", exit_code=0, seconds=1.2, output="12 USD a month\\n", command="infracost diff --path {plan}"),
    CheckResult("rules", source="/etc/tfmfa_nb/policy.toml", exit_code=1, seconds=0.4,
        command="/usr/local/bin/conftest test -p /etc/policies {plan}",
        output="FAIL - aws_db_instance.legacy: <b>destroys</b> a database\\n\\u202e1 test, 0 passed\\n"),
]
run.error = "The plan cannot be applied. Policy check rules failed: exit code 1 (0.4 s)."
run.error_remedy = "Change what it rejects, and plan again with %tfplan."
"""


@pytest.mark.parametrize(("theme", "width"), first_of([("JupyterLab Dark", 600), ("JupyterLab Light", 1100)]))
def test_how_policy_checks_judged_the_plan_is_read_on_the_card(show, theme, width):
    notebook, card = show(width=width)
    notebook.theme(theme)
    notebook.execute("run.show('planned'); run.status = 'errored'" + JUDGED)
    settle(notebook)
    section = card.get_by_role("region", name="Policy checks")
    checks = section.get_by_role("listitem")
    expect(section).to_contain_text("Policy checks (2)")
    # What failed comes first, and is open; what is printed is text, with nothing hidden in it.
    failed, passed = checks.first, checks.last
    expect(failed.get_by_role("img", name="Failed")).to_be_visible()
    expect(failed).to_contain_text("Policy check rules failed: exit code 1 (0.4 s).")
    expect(failed.get_by_text("/usr/local/bin/conftest test -p /etc/policies {plan}")).to_be_visible()
    expect(failed.get_by_text("/etc/tfmfa_nb/policy.toml")).to_be_visible()
    expect(failed.get_by_text("<b>destroys</b> a database")).to_be_visible()
    expect(failed.get_by_text("⟨U+202E⟩1 test, 0 passed")).to_be_visible()
    expect(passed.get_by_text("12 USD a month")).to_be_hidden()
    passed.get_by_text("Policy check cost passed (1.2 s).").click()
    expect(passed.get_by_text("12 USD a month")).to_be_visible()
    assert section.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    notebook.page.evaluate(AXE.read_text())
    assert notebook.page.evaluate(VIOLATIONS) == []
    notebook.screenshot(f"policy-checks-{theme[11:].lower()}-{width}", card)
