"""The tree of a plan on the card, in a real browser."""

import re

import pytest
from lab import ROOT
from playwright.sync_api import expect
from scripted_run import card_code
from tree_rows import wait_until_apart
from variants import first_of

AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"

# Types a word within the time that makes it one, however busy the machine is.
TYPE = """(word) => {
  for (const key of word) {
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  }
}"""

# What axe-core finds in the plan.
VIOLATIONS = (
    "() => axe.run('.tfmfa-plan', { resultTypes: ['violations'] }).then(({ violations }) => "
    "violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"
)

FOCUSED = "(text) => document.activeElement.textContent.includes(text)"


@pytest.fixture
def show(lab, open_notebook, request):
    """A function that shows the card of a run that has planned; the plan is an expression of the kernel's."""

    def make(plan="everything()", **window):
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        lab.write(name, "card", "", "")
        notebook = open_notebook(name, **window)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.execute(card_code("PLAN") + f"from scripted_plan import *\nplan = {plan}\n")
        notebook.run_cell(0)
        notebook.execute("run.show('planned'); run.ended_at = 0; run.know(plan)")
        tree = notebook.page.get_by_role("tree", name="Changes of the plan")
        expect(tree.get_by_role("treeitem").first).to_be_visible()
        return notebook, tree

    return make


def opened(tree, name):
    """The row with this address, opened."""
    row = tree.get_by_role("treeitem", name=name).first
    row.click()
    expect(row).to_have_attribute("aria-expanded", "true")
    return row


def focused(notebook):
    return notebook.page.evaluate("() => document.activeElement.textContent")


def test_a_change_opens_to_its_attributes_before_and_after(show):
    _, tree = show()
    opened(tree, "aws_instance.web")
    ami = tree.locator(".tfmfa-plan-attribute", has_text="ami").first
    expect(ami.locator(".tfmfa-plan-before")).to_have_text('"ami-0a1b2c3d4e5f60718"')
    expect(ami.locator(".tfmfa-plan-after")).to_have_text('"ami-0fedcba9876543210"')
    expect(ami).to_contain_text("forces replacement")
    left = [box.bounding_box()["x"] for box in tree.locator(".tfmfa-plan-before").all()]
    assert len(set(left)) == 1
    note = tree.get_by_role("treeitem", name="4 unchanged attributes")
    expect(tree.get_by_text("availability_zone")).to_have_count(0)
    note.click()
    expect(tree.get_by_text("availability_zone")).to_be_visible()


def test_texts_are_compared_by_line_with_words_marked(show):
    _, tree = show()
    opened(tree, "aws_launch_template.web")
    expect(tree.locator("del")).to_have_text(["0", "2"])
    expect(tree.locator("ins")).to_have_text(["1", "4"])
    expect(tree.get_by_role("treeitem", name="token")).to_contain_text("(sensitive value)")
    expect(tree.get_by_role("treeitem", name="latest_version")).to_contain_text("(known after apply)")


def test_the_tree_is_read_with_the_keyboard_alone(show):
    notebook, tree = show()
    page = notebook.page
    tree.get_by_role("treeitem").first.focus()
    page.keyboard.press("ArrowDown")
    assert "aws_s3_bucket.assets" in focused(notebook)
    page.keyboard.press("ArrowRight")
    expect(tree.get_by_text('"assets-staging"')).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert "bucket" in focused(notebook)
    page.keyboard.press("ArrowLeft")
    assert "aws_s3_bucket.assets" in focused(notebook)
    page.keyboard.press("ArrowLeft")
    expect(tree.get_by_text('"assets-staging"')).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    assert "root module" in focused(notebook)
    page.keyboard.press("End")
    assert "aws_security_group.web" in focused(notebook)
    page.keyboard.press("Home")
    assert "root module" in focused(notebook)
    page.evaluate(TYPE, "aws_db")
    page.wait_for_function("() => document.activeElement.textContent.includes('aws_db_instance.legacy')")
    page.keyboard.press("Enter")
    expect(tree.get_by_text('"postgres"')).to_be_visible()
    page.keyboard.press("Tab")
    name = "() => document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(name) == "Copy address of aws_db_instance.legacy"
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)  # no shortcut of the notebook has seen a key


def test_rows_tell_their_place_in_the_tree(show):
    _, tree = show()
    row = tree.get_by_role("treeitem", name="aws_instance.web").first
    place = {name: row.get_attribute(f"aria-{name}") for name in ("level", "posinset", "setsize", "expanded")}
    assert place == {"level": "2", "posinset": "4", "setsize": "6", "expanded": "false"}
    expect(row).to_have_accessible_name(re.compile("replace.*aws_instance.web.*because ami forces replacement"))


def test_filters_leave_what_they_name(show):
    notebook, tree = show()
    page = notebook.page
    changes = tree.locator(".tfmfa-plan-change")
    page.get_by_role("button", name="Only destroys and replaces").click()
    expect(changes).to_have_count(2)
    expect(page.get_by_text("2 of 8 changes")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text("8 changes", exact=True)).to_be_visible()
    field = page.get_by_role("searchbox", name="Filter changes")
    expect(field).to_be_focused()
    page.keyboard.type("10.0.1.0")
    expect(changes).to_have_count(1)
    expect(changes).to_contain_text("aws_subnet.private[0]")
    field.fill("nothing")
    expect(page.get_by_text("No change fits the filters.")).to_be_visible()
    field.fill("")
    page.get_by_role("combobox", name="Type", exact=True).select_option("aws_vpc")
    expect(changes).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("combobox", name="Module").select_option("module.network (2)")
    expect(changes).to_have_count(2)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("combobox", name="Group changes").select_option("action")
    expect(tree.get_by_role("treeitem").first).to_contain_text("Destroy")


def test_an_address_is_copied(show):
    notebook, tree = show()
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = tree.get_by_role("treeitem", name="aws_subnet.private").first
    row.hover()
    row.get_by_role("button", name="Copy address").click()
    expect(notebook.page.get_by_text("Copied module.network.aws_subnet.private[0]")).to_be_visible()
    copied = notebook.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "module.network.aws_subnet.private[0]"


def test_a_press_puts_the_cursor_into_the_block(show):
    notebook, tree = show()
    cell = 'locals {}\n\nresource "aws_instance" "web" {\n  ami = "x"\n}\n'
    notebook.page.evaluate(
        "(text) => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.setSource(text)",
        f"%%tfplan -e staging\n{cell}",
    )
    notebook.execute("%load_ext tfmfa_nb")
    row = tree.get_by_role("treeitem", name="aws_instance.web").first
    row.hover()
    row.get_by_role("button", name="Go to the block").click()
    expect(notebook.cell(2).locator(".cm-content")).to_be_focused()
    line = "() => window.jupyterapp.shell.currentWidget.content.activeCell.editor.getCursorPosition().line"
    assert notebook.page.evaluate(line) == 3
    other = tree.get_by_role("treeitem", name="aws_db_instance.legacy").first
    other.hover()
    other.get_by_role("button", name="Go to the block").click()
    said = notebook.page.get_by_text("No cell of this notebook declares aws_db_instance.legacy.")
    expect(said).to_be_visible()


def test_every_row_of_a_large_plan_can_be_reached(show):
    notebook, tree = show("large(5000)")
    expect(notebook.page.get_by_text("5,000 changes", exact=True)).to_be_visible()
    tree.get_by_role("treeitem").first.focus()
    notebook.page.keyboard.press("End")
    expect(tree.get_by_role("treeitem", name=re.compile(r"web\[99\]"))).to_be_visible()
    assert tree.get_by_role("treeitem").count() < 100
    notebook.page.keyboard.press("ArrowLeft")
    notebook.page.wait_for_function(FOCUSED, arg="module.shard_49")  # the kernel has its row
    notebook.page.evaluate(TYPE, "module.shard_07")
    notebook.page.wait_for_function(FOCUSED, arg="module.shard_07")
    tree.evaluate("(tree) => { tree.scrollTop = tree.scrollHeight / 2; }")
    expect(tree.locator(".tfmfa-missing")).to_have_count(0)
    expect(tree.get_by_role("treeitem", name=re.compile(r"shard_2[45]|web\[")).first).to_be_visible()


def test_a_text_of_two_megabytes_is_opened(show):
    _, tree = show("one_of_two_megabytes()")
    opened(tree, "local_file.text")
    expect(tree.get_by_text("2,997 unchanged lines")).to_be_visible()
    expect(tree.locator("ins")).to_have_text("y" * 93)
    expect(tree.get_by_text("lines not compared")).to_be_visible()
    assert tree.get_by_role("treeitem").count() < 100


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_tree_keeps_the_rules_of_accessibility(show, theme):
    notebook, _ = show()
    notebook.theme(theme)
    notebook.page.get_by_role("button", name="Open all").click()
    expect(notebook.page.get_by_role("button", name="Close all")).to_be_visible()
    notebook.page.evaluate(AXE.read_text())
    assert notebook.page.evaluate(VIOLATIONS) == []


@pytest.mark.parametrize("width", [1100, 600])
def test_nothing_is_wider_than_the_card(show, width):
    notebook, tree = show(width=width)
    notebook.page.get_by_role("button", name="Open all").click()
    expect(notebook.page.get_by_role("button", name="Close all")).to_be_visible()
    expect(tree.locator(".tfmfa-plan-attribute").first).to_be_visible()
    wait_until_apart(tree)
    assert tree.evaluate("(tree) => tree.scrollWidth <= tree.clientWidth")
    notebook.screenshot(f"plan-{width}", notebook.page.locator(".tfmfa-card"))


BEFORE = """
from tfmfa_nb.runs.comparison import EarlierPlan, PlannedChange, compare
now = {change.address: PlannedChange(change.action, "a") for change in plan.changes}
before = {**dict(list(now.items())[2:]), "aws_instance.web": PlannedChange("update", "b")}
first, second = (EarlierPlan(f"run-2026112{day}-101500-3f9c2{day}", 1_795_000_000 + day * 86_400, False, before)
                 for day in (4, 1))
run.comparison = compare(now, [first, second])
"""


@pytest.mark.parametrize("width", first_of([1100, 600]))
@pytest.mark.parametrize("theme", first_of(["JupyterLab Light", "JupyterLab Dark"]))
def test_what_is_new_since_the_run_before_is_told_and_can_be_chosen(show, theme, width):
    notebook, tree = show(width=width)
    notebook.theme(theme)
    page = notebook.page
    notebook.execute(BEFORE)
    sentence = page.get_by_text("2 of 8 changes are new since the plan of 2026-11-22 11:06 UTC")
    expect(sentence).to_contain_text("1 is planned differently")
    expect(tree.get_by_role("treeitem", name="aws_s3_bucket.assets")).to_contain_text("new in this plan")
    web = tree.get_by_role("treeitem", name="aws_instance.web")
    expect(web).to_contain_text("planned differently before")
    legacy = tree.get_by_role("treeitem", name="aws_db_instance.legacy")
    expect(legacy).to_contain_text("planned since 2026-11-19 11:06 UTC, in 3 runs")
    notebook.screenshot(f"compare-{theme[11:].lower()}-{width}", page.locator(".tfmfa-card"))
    page.get_by_role("button", name="New in this plan 3").click()
    expect(tree.locator(".tfmfa-plan-change")).to_have_count(3)
    page.evaluate(AXE.read_text())
    assert page.evaluate(VIOLATIONS) == []
