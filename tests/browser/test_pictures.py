"""The pictures of a card in a real browser: how changes depend on one another, and when the apply changed what."""

import re

import pytest
from lab import ROOT
from playwright.sync_api import expect
from scripted_run import card_code
from variants import first_of

AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
VIOLATIONS = (
    "() => axe.run('.tfmfa-card', { resultTypes: ['violations'] }).then(({ violations }) => "
    "violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"
)
THEMES = ("JupyterLab Light", "JupyterLab Dark")
LOOKS = first_of([(theme, width) for width in (1100, 600) for theme in THEMES])
DEPENDENCIES = """
from scripted_plan import *
plan = everything()
plan.dependencies = {
    "module.network.aws_subnet.private": ["module.network.aws_vpc.main"],
    "aws_instance.web": ["module.network.aws_subnet.private", "aws_launch_template.web"],
    "aws_db_instance.legacy": ["module.network.aws_subnet.private"],
    "aws_iam_role_policy.reader": ["aws_s3_bucket.assets"],
    "aws_launch_template.web": ["aws_iam_role_policy.reader"],
}
"""
MANY = """
from tfmfa_nb.terraform.plan import Plan
names = [f"aws_instance.number_{number:03}" for number in range(500)]
plan = Plan({
    "resource_changes": [
        {"address": name, "type": "aws_instance", "change": {"actions": ["create"], "after": {"id": "i"}}}
        for name in names
    ],
    "dependencies": {name: [names[number // 3]] for number, name in enumerate(names) if number},
})
"""
APPLIED = """
from tfmfa_nb.terraform.resource_applies import ApplyState, ResourceApply
begin = 1_795_000_000
def step(address, start, end, action="create", state="done"):
    return ResourceApply(address, action, "x", ApplyState(state), begin + start, begin + end)
run.resource_applies = (
    step("aws_s3_bucket.assets", 0, 4), step("module.network.aws_vpc.main", 0, 9, "update"),
    step("module.network.aws_subnet.private[0]", 9, 21, "update"), step("aws_iam_role_policy.reader", 4, 6, "update"),
    step("aws_instance.web", 0, 31, "delete"), step("aws_instance.web", 31, 74),
    step("aws_db_instance.legacy", 0, 52, "delete", "failed"),
)
run.show("applied")
run.started_at, run.ended_at = begin, begin + 76
"""
# Bytes of the largest file of the extension that the page has loaded.
LARGEST = """() => Math.max(...performance.getEntriesByType('resource')
  .filter(({ name }) => name.includes('/extensions/tfmfa_nb/')).map(({ decodedBodySize }) => decodedBodySize))"""
LONG_FRAMES = """() => {
  window.longFrames = [];
  new PerformanceObserver(list => window.longFrames.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' });
}"""


@pytest.fixture
def show(lab, open_notebook, request):
    """A function that shows the card of a run that has this plan."""

    def make(plan, **window):
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        lab.write(name, "card", "", "")
        notebook = open_notebook(name, **window)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.execute(card_code("PLAN") + plan)
        notebook.run_cell(0)
        notebook.execute("run.show('planned'); run.ended_at = 0; run.know(plan)")
        expect(notebook.page.get_by_role("tree", name="Changes of the plan")).to_be_visible()
        return notebook

    return make


def opened(notebook):
    """The picture of the dependencies."""
    notebook.page.get_by_role("button", name="Dependencies").click()
    picture = notebook.page.get_by_role("region", name="Dependencies")
    expect(picture).to_contain_text("An arrow leads from a resource to what depends on it.")
    return picture


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_dependencies_are_drawn_and_followed_by_the_keyboard(show, theme, width):
    notebook = show(DEPENDENCIES, width=width)
    notebook.theme(theme)
    page = notebook.page
    picture = opened(notebook)
    nodes = picture.get_by_role("button", name="Depends on").or_(picture.get_by_role("button", name="depends on"))
    expect(nodes).to_have_count(8)
    page.evaluate(AXE.read_text())
    assert page.evaluate(VIOLATIONS) == []
    picture.scroll_into_view_if_needed()
    notebook.screenshot(f"dependencies-{theme[11:].lower()}-{width}", picture)
    picture.get_by_role("button", name="move module.network.aws_vpc.main").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    label = "() => document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(label).startswith("replace aws_instance.web. Depends on aws_launch_template.web, module.net")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 8 changes")).to_be_visible()
    expect(nodes).to_have_count(8)
    picture.get_by_text("As text").click()
    expect(picture.get_by_role("listitem").filter(has_text="aws_db_instance.legacy")).to_have_text(
        "- aws_db_instance.legacy (destroy) depends on module.network.aws_subnet.private[0]"
    )
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Only destroys and replaces").click()
    expect(nodes).to_have_count(2)


@pytest.mark.quiet
def test_five_hundred_are_laid_out_and_drawn_without_a_long_frame(show):
    notebook = show(MANY)
    page = notebook.page
    button = page.get_by_role("button", name="Dependencies").element_handle()
    button.evaluate("(button) => button.click()")
    page.wait_for_selector(".tfmfa-graph", state="attached")  # its code is loaded, and the layout has begun
    page.evaluate(LONG_FRAMES)
    # Looking for roles and names would itself take a long frame on a page with so many.
    page.wait_for_function("() => document.querySelectorAll('.tfmfa-graph-node').length === 500", polling=200)
    frames = page.evaluate("() => window.longFrames")
    notebook.screenshot("dependencies-500", page.locator(".tfmfa-dependencies"))
    assert max(frames, default=0) <= 50


@pytest.mark.thorough
def test_nothing_of_the_picture_is_loaded_before_it_is_opened(show):
    notebook = show(DEPENDENCIES, alone=True)
    assert notebook.page.evaluate(LARGEST) < 500_000
    opened(notebook)
    assert notebook.page.evaluate(LARGEST) > 0  # the worker's own file is loaded by the worker


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_timeline_of_an_apply_is_drawn(show, theme, width):
    notebook = show(DEPENDENCIES, width=width)
    notebook.theme(theme)
    page = notebook.page
    notebook.execute(APPLIED)
    page.get_by_role("button", name="Timeline").click()
    region = page.get_by_role("region", name="Timeline")
    expect(region.get_by_role("img")).to_have_accessible_name(
        re.compile("^7 changes of resources in 1:14; the critical path .* has 2 of them, which took 1:14")
    )
    region.get_by_text("As text").click()
    expect(region.get_by_role("listitem")).to_have_count(7)
    expect(region.get_by_role("listitem").filter(has_text="legacy: destroy 0:52, failed")).to_be_visible()
    page.evaluate(AXE.read_text())
    assert page.evaluate(VIOLATIONS) == []
    assert region.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    region.scroll_into_view_if_needed()
    notebook.screenshot(f"timeline-{theme[11:].lower()}-{width}", region)
