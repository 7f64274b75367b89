"""A fleet in real JupyterLab: plan, code, matrix, selection, apply, as a person does it."""

import re

import pytest
from kernels import Kernel
from lab import ROOT, Lab, give_code
from playwright.sync_api import expect
from variants import first_of

AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
VIOLATIONS = (
    "() => axe.run('.tfmfa-card', { resultTypes: ['violations'] }).then(({ violations }) => "
    "violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"
)
ROWS = """rows = [{"name": "dev"}, {"name": "stage", "breaks": True}, {"name": "prod"}]"""
PLAN = """\
%%tfplan --each rows --level 'plans and applies'
variable "breaks" { default = false }
resource "terraform_data" "one" {
  lifecycle {
    precondition {
      condition     = !var.breaks
      error_message = "It is to fail."
    }
  }
}
resource "terraform_data" "two" {
  provisioner "local-exec" {
    command = "for i in $(seq 600); do sleep 0.1; [ -e ../go-on ] && break; done"
  }
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws):
    server = Lab(tmp_path_factory.mktemp("lab"), aws.environ())
    yield server
    server.stop()


def row(card, name):
    return card.locator("tbody tr", has=card.page.get_by_role("rowheader", name=name, exact=True))


def test_a_fleet_is_planned_selected_and_applied_on_its_card(  # noqa: PLR0915 - one story, from beginning to end
    lab, aws, open_notebook
):
    lab.write("fleet.ipynb", "%load_ext tfmfa_nb", ROWS, PLAN, "%tfapply --each rows", "")
    page = open_notebook("fleet.ipynb", alone=True)
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    card = page.output(2).locator(".tfmfa-fleet")
    expect(card.get_by_role("button", name="Authenticate and plan 3 environments")).to_be_visible()
    expect(card.locator(".tfmfa-lock")).to_contain_text("MFA required")
    page.screenshot("fleet-1-asked", card)
    card.get_by_label("MFA code").fill("000000")
    page.page.keyboard.press("Enter")
    expect(card.get_by_role("img", name="MFA gate: refused")).to_be_visible()
    expect(card.locator(".tfmfa-lock")).to_contain_text("AWS rejected the code")
    page.screenshot("fleet-2-refused", card)
    give_code(aws, card)
    expect(card.locator(".tfmfa-lock")).to_contain_text("Authenticated with MFA by alice")
    page.wait_idle()
    planned = page.output(2)
    expect(planned).to_contain_text("2 of 3 environments change: 4 to add, 0 to change, 0 to destroy. 1 errored.")
    expect(planned).to_contain_text("1 of 3 environments did not succeed")
    expect(planned.locator(".tfmfa-card")).to_have_count(0)
    page.screenshot("fleet-3-summary", planned)

    page.start_cell(3)
    card = page.output(3).locator(".tfmfa-fleet")
    apply = card.get_by_role("button", name=re.compile("^Apply . selected"))
    expect(apply).to_have_text("Apply 2 selected")
    expect(row(card, "stage")).to_contain_text("Errored")
    expect(row(card, "stage").get_by_role("checkbox")).to_be_disabled()
    card.get_by_role("button", name="Failed 1").click()
    expect(card.locator("tbody tr:visible")).to_have_count(1)
    expect(card.locator(".tfmfa-fleet-unseen")).to_have_text("2 of them not shown")
    card.get_by_role("button", name="Failed 1").click()
    row(card, "prod").get_by_role("checkbox").uncheck()
    expect(apply).to_have_text("Apply 1 selected")
    expect(card.locator(".tfmfa-decision-line")).to_have_text(
        "1 of 3 environments selected: 2 to add, 0 to change, 0 to destroy."
    )
    card.get_by_label("Start with").fill("1")
    page.page.add_script_tag(path=AXE)
    assert page.page.evaluate(VIOLATIONS) == []
    page.screenshot("fleet-4-selection", card)
    apply.click()
    expect(card.get_by_role("button", name="Authenticate and apply 1 environment")).to_be_visible()
    give_code(aws, card)
    expect(row(card, "dev")).to_contain_text("Applying, 1 of 2")
    expect(card.locator(".tfmfa-step")).to_contain_text("1 first, then")
    page.screenshot("fleet-5-applying", card)
    # A row opens the card of its run.
    row(card, "dev").get_by_role("button", name="dev").click()
    own = page.page.locator(".tfmfa-panel .tfmfa-card")
    expect(own.locator(".tfmfa-environment")).to_have_text("dev")
    expect(own.locator(".tfmfa-status-text")).to_have_text("Applying")
    page.screenshot("fleet-6-own-card")
    (lab.folder / "go-on").touch()
    page.page.locator(".lm-TabBar-tab", has_text="Run in dev").locator(".lm-TabBar-tabCloseIcon").click()
    # What is out of view has no element, so cells cannot be counted.
    applied = page.page.locator(".jp-Notebook .jp-Cell-outputArea", has_text="1 applied")
    expect(applied.locator("tr", has_text="prod")).to_contain_text("Planned")
    expect(page.page.locator(".jp-Notebook .tfmfa-card")).to_have_count(0)
    page.screenshot("fleet-7-applied", applied)


def rows_of(test):
    """Environments in which no other test has applied anything."""
    return ROWS.replace('"name": "', f'"name": "{test}-')


def test_who_applies_a_fleet_that_asks_for_no_code_is_where_they_were(lab, open_notebook):
    rows = "\n".join(
        [
            rows_of("back").replace(', "breaks": True', ""),
            *(f"%tfmfa level never -e back-{name}" for name in ("dev", "stage", "prod")),
        ]
    )
    plan = PLAN.replace(" --level 'plans and applies'", "").replace("go-on", "back-on")
    apply = "%tfapply --each rows"
    lab.write("back.ipynb", "%load_ext tfmfa_nb", rows, plan, apply, "'after the cancel'", apply, "'next'")
    page = open_notebook("back.ipynb", alone=True)
    for cell in range(3):
        page.run_cell(cell)
    answer_from_next_cell(page, 3, "Cancel")
    expect(page.output(3)).to_contain_text("Nothing was applied")
    page.page.keyboard.press("Shift+Enter")
    expect(page.output(4)).to_contain_text("after the cancel")
    answer_from_next_cell(page, 5, "Apply 3 selected")
    expect(row(page.output(5).locator(".tfmfa-fleet"), "back-dev")).to_contain_text("Applying, 1 of 2")
    page.page.keyboard.press("Shift+Enter")  # while the apply goes on
    (lab.folder / "back-on").touch()
    expect(page.output(5)).to_contain_text("3 applied")
    expect(page.output(6)).to_contain_text("next")


def answer_from_next_cell(page, cell, name):
    """Start a fleet's apply, go on to the next cell, and press a button where the person selects what is applied."""
    page.start_cell(cell)
    answer = page.output(cell).locator(".tfmfa-fleet-choice").get_by_role("button", name=name)
    expect(answer).to_be_visible()
    page.page.evaluate(f"() => {{ window.jupyterapp.shell.currentWidget.content.activeCellIndex = {cell + 1}; }}")
    page.cell(cell + 1).locator(".jp-InputPrompt").click()
    answer.click()


def panel_of(page):
    return page.locator(".tfmfa-panel .tfmfa-fleet")


def test_a_fleet_that_asks_comes_back_on_a_reloaded_page_and_in_a_second_tab(lab, aws, open_notebook):
    lab.write("again.ipynb", "%load_ext tfmfa_nb", rows_of("again"), PLAN)
    page = open_notebook("again.ipynb", alone=True)
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    asks = re.compile("^Authenticate and plan 3 environments$")
    expect(page.output(2).get_by_role("button", name=asks)).to_be_visible()
    bar = page.page.locator(".tfmfa-statusbar")
    expect(bar).to_have_text("MFA required (plans and applies) · 3 environments: Waiting for a code")
    page.reload_page()  # nobody has saved the notebook, so its output is gone
    card = panel_of(page.page)
    expect(card.get_by_role("button", name=asks)).to_be_visible()
    expect(page.page.locator(".lm-TabBar-tab", has_text="Fleet of 3 environments")).to_be_visible()
    page.screenshot("fleet-in-a-panel")
    second = page.page.context.new_page()
    second.goto(lab.url("again.ipynb"))
    expect(panel_of(second).get_by_role("button", name=asks)).to_be_visible()
    card.get_by_label("MFA code").fill(aws.code(wait=False))
    page.page.keyboard.press("Enter")
    expect(panel_of(second).get_by_role("button", name=asks)).to_be_hidden()
    expect(bar).to_contain_text("MFA authenticated")
    for each in (page.page, second):
        end = each.locator(".tfmfa-panel-end")
        expect(end).to_contain_text("3 environments: 1 errored, 2 planned.")
    second.close()
    page.page.locator(".tfmfa-panel-end").get_by_role("button", name="Show in the notebook").click()
    shown = page.page.locator(".jp-Notebook .jp-Cell-outputArea", has_text="2 of 3 environments change")
    expect(shown).to_be_visible()


def test_the_card_of_a_fleet_whose_kernel_is_gone_says_so_and_takes_no_answers(lab, open_notebook):
    plan = PLAN.replace(" --level 'plans and applies'", "")
    lab.write("gone.ipynb", "%load_ext tfmfa_nb", rows_of("gone"), plan, "%tfapply --each rows")
    page = open_notebook("gone.ipynb", alone=True)
    for cell in range(3):
        page.run_cell(cell)
    page.start_cell(3)
    card = page.output(3).locator(".tfmfa-fleet")
    expect(card.get_by_role("button", name="Apply 2 selected")).to_be_visible()
    page.page.evaluate("() => { void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }")
    expect(card.locator(".tfmfa-silent")).to_contain_text(
        re.compile(r"The kernel has exited, .*Follow all of them with %tfruns follow fleet-\S+\.")
    )
    expect(card.get_by_role("button", name=re.compile("selected|Cancel|Pause"))).to_have_count(0)
    assert card.get_by_role("checkbox").evaluate_all("(boxes) => boxes.every((box) => box.disabled)")
    page.screenshot("fleet-without-its-kernel", card)


# Each environment goes on once it has a file.
SLOW = PLAN.replace("../go-on", "go-on").replace("--each rows", "--each {}")


def test_a_fleet_is_paused_goes_on_and_is_canceled(lab, aws, open_notebook):
    rows = 'held = [{"name": "first"}, {"name": "second"}, {"name": "third"}]'
    plan = SLOW.replace("{}", "held", 1).replace("plans and applies", "applies only")
    lab.write("held.ipynb", "%load_ext tfmfa_nb", rows, plan, "%tfapply --each held --at-once 1")
    page = open_notebook("held.ipynb", alone=True)
    for cell in range(3):
        page.run_cell(cell)
    page.start_cell(3)
    card = page.output(3).locator(".tfmfa-fleet")
    card.get_by_role("button", name="Apply 3 selected").click()
    give_code(aws, card)
    expect(row(card, "first")).to_contain_text("Applying, 1 of 2")
    expect(row(card, "second")).to_contain_text("Waiting")
    card.get_by_role("button", name="Pause").click()
    expect(card.locator(".tfmfa-step")).to_have_text("Paused: no other run starts")
    (lab.folder / "first/go-on").touch()
    expect(row(card, "first")).to_contain_text("Applied")
    page.screenshot("fleet-paused", card)
    expect(row(card, "second")).to_contain_text("Waiting")
    card.get_by_role("button", name="Resume").click()
    expect(row(card, "second")).to_contain_text("Applying, 1 of 2")
    expect(card.locator(".tfmfa-step")).to_have_text("1 at a time")
    card.get_by_role("button", name="Cancel all").click()
    expect(page.page.locator(".jp-Notebook .tfmfa-card")).to_have_count(0)
    shown = page.page.locator(".jp-Notebook .jp-Cell-outputArea", has_text="1 applied")
    for name, words in ("first", "Applied"), ("second", "Canceled"), ("third", "Not applied"):
        expect(shown.locator("tr", has_text=name)).to_contain_text(words)
    expect(shown).to_contain_text("2 of 3 environments did not succeed")
    page.screenshot("fleet-canceled", shown)
    (log,) = (lab.folder / "second").glob(".tfmfa/runs/*/run.log")
    assert log.read_text().count("nterrupt received") == 1
    assert not (lab.folder / "third/terraform.tfstate").exists()
    expect(page.page.locator(".tfmfa-statusbar")).to_contain_text("3 environments: 1 canceled, 1 planned, 1 applied")


def test_the_runs_panel_opens_a_fleet_of_another_kernel_and_cancels_it(lab, open_notebook):
    rows = 'there = [{"name": "east"}, {"name": "west"}, {"name": "north"}]'
    plan = SLOW.replace("{}", "there", 1).replace("plans and applies", "never")
    kernel = Kernel(lab.folder)
    try:
        assert kernel.run(f"%load_ext tfmfa_nb\n{rows}") == ("", "")
        assert kernel.run(plan)[1] == ""
        applying = kernel.start("%tfapply --each there --at-once 1 --auto-approve")
        lab.write("watch.ipynb", "%load_ext tfmfa_nb")
        page = open_notebook("watch.ipynb", alone=True)
        page.run_cell(0)
        page.command("tfmfa_nb:show-runs-panel")
        panel = page.page.locator(".tfmfa-runs")
        entry = panel.get_by_role("treeitem", name=re.compile("^Fleet of 3 environments, 1 applying, 2 planned"))
        expect(entry).to_be_visible()
        entry.get_by_text("Fleet of 3 environments").click()
        expect(panel.get_by_role("treeitem", name="east, Applying")).to_be_visible()
        page.page.add_script_tag(path=AXE)
        for theme in ("Light", "Dark"):
            page.theme(f"JupyterLab {theme}")
            page.screenshot(f"fleet-in-the-runs-panel-{theme.lower()}", panel)
            assert page.page.evaluate(VIOLATIONS.replace(".tfmfa-card", ".tfmfa-runs")) == []
        page.theme("JupyterLab Light")
        entry.get_by_role("button", name="Open").click()
        card = panel_of(page.page)
        expect(row(card, "east")).to_contain_text("Applying, 1 of 2")
        expect(card.locator(".tfmfa-decision-line")).to_contain_text("3 of 3 environments change")
        page.screenshot("fleet-of-another-kernel")
        entry.get_by_role("button", name="Cancel").click()
        expect(panel.get_by_role("status")).to_have_text(re.compile(r"^fleet-\S+ is canceled\.$"))
        canceled = panel.get_by_role("treeitem", name=re.compile("^Fleet of 3 environments, 1 canceled, 2 planned"))
        expect(canceled.get_by_role("button")).to_have_text(["Open"])
        expect(card.locator(".tfmfa-head")).to_contain_text("3 environments: 1 canceled, 2 planned")
        expect(card.get_by_role("button", name=re.compile("Cancel|Pause"))).to_have_count(0)
        page.screenshot("fleet-of-another-kernel-canceled")
        assert "did not succeed" in kernel.ended(applying)[1]
        (log,) = (lab.folder / "east").glob(".tfmfa/runs/*/run.log")
        assert log.read_text().count("nterrupt received") == 1
    finally:
        kernel.stop()


# A fleet that has begun nothing, with what a kernel says of one that has.
SCRIPT = """\
import asyncio, time
from dataclasses import replace
from pathlib import Path
from tfmfa_nb.fleet.fleet import Fleet, PhaseEnd
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.fleet_card import FleetCard
names = ["network-eu-central-1", "network-eu-west-1", "payments", "identity", "a" * 50, "web", "queue"]
fleet = Fleet(members_of([{"name": name} for name in names], Path.cwd(), Options(configuration="# one")), Path.cwd())
now = time.time()
def stand(name, status, counts=None, phase="plan", error="", **traits):
    member = fleet.members[name]
    run = Run(member.environment, member.options, Path.cwd())
    run.set_trait("counts", counts and dict(zip(("add", "change", "destroy", "imported"), (*counts, 0))))
    for trait, value in dict(status=status, phase=phase, error=error, started_at=now - 42, level="plans and applies",
        lock_indicator="authenticated", lock_indicator_text="Authenticated with MFA by alice", **traits).items():
        run.set_trait(trait, value)
    if phase == "apply":
        fleet.ends[name, Phase.PLAN] = PhaseEnd("planned", now - 300, now - 288, "")
    fleet.adopt(name, run)
stand(names[0], "applied", (2, 1, 0), "apply", ended_at=now - 20)
def gone(*addresses, new=0, changed=0):
    others = [dict(address=f"aws_vpc.one[{n}]", action="create" if n < new else "update") for n in range(new + changed)]
    return others + [dict(address=each, action="delete", reason="no longer in configuration") for each in addresses]
stand(names[1], "applying", (2, 1, 3), "apply", progress={"done": 2, "total": 6},
    changes=gone(*(f"aws_subnet.old[{number}]" for number in range(3)), new=2, changed=1))
stand(names[2], "errored", error="Terraform found an error: AccessDenied: not authorized to perform: iam:PassRole.",
    ended_at=now - 30)
stand(names[3], "planned", (0, 4, 0), "apply")
stand(names[4], "planned_and_finished", (0, 0, 0), ended_at=now - 31)
stand(names[5], "planned", (12, 0, 1), ended_at=now - 30, changes=gone("module.store.aws_db_instance.main", new=12))
card = FleetCard(fleet)
def soon():
    global task
    task = asyncio.ensure_future(card.choose(4, 1, 2))
card"""


@pytest.fixture
def show(lab, open_notebook, request):
    def make(theme="Light", **window):
        lab.theme(f"JupyterLab {theme}")
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        lab.write(name, SCRIPT, "")
        notebook = open_notebook(name, **window)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.run_cell(0)
        card = notebook.page.locator(".tfmfa-fleet")
        expect(card.locator("tbody tr")).to_have_count(7)
        return notebook, card

    return make


@pytest.mark.parametrize(
    ("theme", "width", "colors"),
    first_of([("Light", 1100, "none"), ("Dark", 1100, "none"), ("Light", 600, "none"), ("Dark", 900, "active")]),
)
def test_the_matrix_is_legible_and_accessible(show, theme, width, colors):
    notebook, card = show(theme, width=width, alone=True)
    notebook.page.emulate_media(forced_colors=colors)
    notebook.execute("soon()")
    expect(card.get_by_role("button", name="Apply 2 selected")).to_be_visible()
    decision = '2 of 7 environments selected: 12 to add, 4 to change, 1 to destroy. Resources are destroyed in "web".'
    expect(card.locator(".tfmfa-decision-line")).to_have_text(decision)
    expect(card.locator(".tfmfa-severe li")).to_contain_text(
        ["web: module.store.aws_db_instance.main will be destroyed"]
    )
    notebook.page.add_script_tag(path=AXE)
    assert notebook.page.evaluate(VIOLATIONS) == []
    assert card.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    notebook.screenshot(f"fleet-matrix-{theme.lower()}-{width}-{colors}", card)


def test_the_matrix_is_used_without_a_mouse(show):
    notebook, card = show()
    notebook.execute("soon()")
    expect(card.get_by_role("button", name="Apply 2 selected")).to_be_visible()
    keys = notebook.page.keyboard
    card.get_by_label("Filter environments").focus()
    keys.press("Tab")
    keys.press("Home")
    expect(card.get_by_label("Select all that are shown")).to_be_focused()
    for key in ("ArrowDown", "ArrowRight", "End"):
        keys.press(key)
    expect(card.get_by_role("button", name="web", exact=True)).to_be_focused()
    keys.press("ArrowLeft")
    keys.press("Space")
    expect(card.get_by_role("button", name="Apply 1 selected")).to_be_visible()
    expect(row(card, "web").get_by_role("checkbox")).not_to_be_checked()
    keys.press("x")
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(2)
    card.get_by_role("button", name="Apply 1 selected").click()
    expect(card.get_by_role("button", name=re.compile("selected"))).to_be_hidden()
    chosen = notebook.execute("print(await task)")
    assert "names=('identity',), at_once=4, canary=1, stop_after=2" in chosen
