"""An apply as its card shows it: what waits, runs, is done, and fails, in real JupyterLab."""

import re
from itertools import product

import pytest
from lab import ROOT
from playwright.sync_api import expect
from scripted_run import card_code
from tree_rows import wait_until_apart

AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
FAILS = """\
%%tfplan -e live
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "for i in $(seq 600); do sleep 0.1; [ -e go-on ] && break; done"
  }
}
resource "terraform_data" "after" {
  input = terraform_data.slow.id
}
variable "size" {
  default = 3
}
resource "terraform_data" "breaks" {
  lifecycle {
    postcondition {
      condition     = var.size > 4 + length(self.id) * 0
      error_message = "The size is too small."
    }
  }
  provisioner "local-exec" {
    command = "exit 7"
  }
}
output "slow" {
  value = terraform_data.slow.id
}"""
WORKS = FAILS.replace("default = 3", "default = 9").replace("exit 7", "exit 0")
# What an apply says, for the runs that are not Terraform's.
EVENTS = """\
from scripted_plan import *
from scripted_events import *
import time
plan = everything()
run.show('planned'); run.know(plan)
run.show('applying')
now = time.time()
run.happen(*(change(each.address, each.action) for each in plan.changes))
run.happen(start("aws_s3_bucket.assets", at=now - 75), start("aws_launch_template.web", "update", at=now - 4),
    start("aws_instance.web", "delete", at=now - 40), done("aws_instance.web", "delete", at=now - 9),
    start("aws_iam_role_policy.reader", "update", at=now - 8), done("aws_iam_role_policy.reader", "update", at=now - 6))
run.progress = {**run.progress, "ends_at": now + 130}
"""
BREAKS = """\
run.happen(failed("aws_launch_template.web", "update", at=now), done("aws_s3_bucket.assets", at=now))
run.happen(diagnostic("aws_launch_template.web", "updating EC2 Launch Template (lt-0c1): InvalidParameterValue",
    detail="operation error EC2: ModifyLaunchTemplate, https response error StatusCode: 400, RequestID: 8f2c,\\n"
           "api error InvalidParameterValue: The image id 'ami-0a1b2c3d4e5f60718' does not exist.",
    code='  image_id = data.aws_ami.web.id', marked="data.aws_ami.web.id", line=42,
    values={"data.aws_ami.web.id": 'is "ami-0a1b2c3d4e5f60718"'}))
run.show('errored')
run.happen()
"""
SUCCEEDS = """\
for each in plan.changes:
    for step in run.applies.of(each.address):
        run.happen(done(each.address, step.action, at=now))
run.applies.complete()
run.outputs = {"bucket_arn": "arn:aws:s3:::assets-staging", "release": "2.4.1", "database_url": SENSITIVE,
    "subnets": ["subnet-0a1", "subnet-0b2"], "script": "x" * 3000}
run.show('applied')
run.happen()
"""
STATES = {"in flight": "", "failed": BREAKS, "done": SUCCEEDS}


@pytest.fixture
def show(lab, open_notebook, request):
    """A function that shows the card of a run whose apply has said what it has said."""

    def make(happens="", **window):
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        lab.write(name, "card", "", "")
        notebook = open_notebook(name, **window)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.execute(
            card_code("PLAN") + "from tfmfa_nb.terraform.sensitive_values import SENSITIVE\n" + EVENTS + happens
        )
        notebook.run_cell(0)
        tree = notebook.page.get_by_role("tree", name="Changes of the plan")
        expect(tree.locator(".tfmfa-mark").first).to_be_visible()
        return notebook, tree

    return make


def test_an_apply_is_watched_in_the_plans_tree(lab, open_notebook):
    lab.write("live.ipynb", "%load_ext tfmfa_nb", FAILS, "%tfapply", WORKS, "%tfapply", "%tfruns -e live open latest")
    page = open_notebook("live.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    card = page.output(2).locator(".tfmfa-card")
    tree = card.get_by_role("tree")
    # One has failed, one is under way, and one waits for it.
    failed = tree.get_by_role("treeitem", name="terraform_data.breaks")
    expect(failed.locator(".tfmfa-mark")).to_contain_text("failed")
    expect(tree.get_by_role("treeitem").first).to_contain_text("Failed")
    slow = tree.get_by_role("treeitem", name="terraform_data.slow").locator(".tfmfa-mark")
    expect(slow).to_have_text(re.compile(r"^creating\d:\d\d$"))
    expect(tree.get_by_role("treeitem", name="terraform_data.after").locator(".tfmfa-mark")).to_have_text("waiting")
    first = slow.inner_text()
    expect(slow).not_to_have_text(first)  # its clock runs
    expect(card.locator(".tfmfa-progress-line")).to_contain_text("1 failed")
    expect(card.locator(".tfmfa-left")).to_be_hidden()
    card.get_by_role("button", name="Failed 1").click()
    expect(tree.locator(".tfmfa-plan-change")).to_have_count(1)
    page.screenshot("live-in-flight", card)
    (lab.folder / "live" / "go-on").touch()
    page.wait_idle()
    summary = page.output(2)
    expect(summary).to_contain_text("live: Errored")
    expect(summary).to_contain_text("Failed (1)")
    expect(summary.locator("details pre", has_text="exit status 7").first).to_be_attached()
    expect(summary).to_contain_text("terraform_data.breaks (create")

    page.run_cell(3)
    page.run_cell(4)
    expect(page.output(4)).to_contain_text("live: Applied")
    expect(page.output(4)).to_contain_text(re.compile(r'slow += "[-0-9a-f]{36}"'))


def test_what_is_under_way_is_told_with_its_clock_and_an_end(show):
    notebook, tree = show()
    card = notebook.page.locator(".tfmfa-card")
    expect(card.locator(".tfmfa-left")).to_have_text("about 2 min left")
    expect(card.locator(".tfmfa-slowest")).to_contain_text("aws_instance.web 0:31")
    severe = card.locator(".tfmfa-severe li")
    expect(severe.nth(0)).to_contain_text("aws_db_instance.legacy will be destroyed: no longer in the configuration")
    expect(severe.nth(1)).to_contain_text("aws_instance.web was destroyed, and is not re-created yet: ami")
    current = card.locator(".tfmfa-current li")
    expect(current).to_have_count(2)
    expect(current.first).to_contain_text("aws_s3_bucket.assets")
    states = card.get_by_role("group", name="States").get_by_role("button")
    expect(states).to_have_text(["Running 2", "Waiting 3", "Done 1"])
    replaced = tree.get_by_role("treeitem", name="aws_instance.web").first
    expect(replaced.locator(".tfmfa-mark")).to_have_text("destroyed, not yet created0:31")
    row = tree.get_by_role("treeitem", name="aws_iam_role_policy.reader")
    row.focus()
    notebook.execute('run.happen(start("aws_instance.web"), done("aws_db_instance.legacy", "delete"))')
    expect(replaced.locator(".tfmfa-mark")).to_contain_text("creating")
    expect(row).to_be_focused()
    states.first.click()
    expect(tree.locator(".tfmfa-plan-change")).to_have_count(3)
    notebook.execute('run.happen(done("aws_instance.web"))')
    expect(tree.locator(".tfmfa-plan-change")).to_have_count(2)


def test_what_failed_comes_first_with_its_error_and_what_never_began_says_so(show):
    notebook, tree = show(BREAKS)
    severe = notebook.page.locator(".tfmfa-severe li")
    expect(severe.nth(0)).to_contain_text("aws_db_instance.legacy was not destroyed")
    expect(severe.nth(1)).to_contain_text("aws_instance.web was destroyed, and not re-created")
    rows = tree.get_by_role("treeitem")
    expect(rows.nth(0)).to_contain_text("Failed")
    expect(rows.nth(1)).to_contain_text("aws_launch_template.web")
    error = rows.nth(2)
    expect(error).to_contain_text("Error: updating EC2 Launch Template")
    expect(error).to_contain_text('on main.tf line 42, in resource "aws_launch_template" "web"')
    expect(error.locator("u")).to_have_text("data.aws_ami.web.id")
    expect(error).to_contain_text("does not exist.")
    expect(tree.get_by_role("treeitem", name="aws_db_instance.legacy").locator(".tfmfa-mark")).to_have_text(
        "not started"
    )
    expect(notebook.page.locator(".tfmfa-left")).to_be_hidden()
    rows.nth(3).click()  # what was planned
    expect(tree.get_by_role("treeitem", name="latest_version")).to_be_visible()


def test_outputs_are_at_the_end_and_a_sensitive_one_is_not_told(show):
    notebook, _ = show(SUCCEEDS)
    page = notebook.page
    expect(page.locator(".tfmfa-severe")).to_contain_text("aws_instance.web was destroyed and re-created")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    outputs = page.get_by_role("region", name="Outputs")
    expect(outputs).to_contain_text("Outputs (5)")
    expect(outputs.get_by_role("listitem").filter(has_text="database_url")).to_contain_text("(sensitive)")
    expect(outputs.get_by_role("button")).to_have_count(3)
    outputs.get_by_role("button", name="Copy bucket_arn").click()
    expect(outputs.get_by_role("status")).to_have_text("Copied bucket_arn")
    assert page.evaluate("() => navigator.clipboard.readText()") == "arn:aws:s3:::assets-staging"


@pytest.mark.parametrize("state", STATES)
def test_an_apply_keeps_the_rules_of_accessibility(show, state):
    notebook, _ = show(STATES[state])
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        notebook.page.evaluate(AXE.read_text())
        found = notebook.page.evaluate(
            "() => axe.run('.tfmfa-card', { resultTypes: ['violations'] }).then(({ violations }) => "
            "violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"
        )
        assert found == []


@pytest.mark.thorough
@pytest.mark.parametrize(("width", "state"), list(product((1100, 600), STATES)))
def test_an_apply_is_no_wider_than_its_card_and_no_row_lies_over_another(show, width, state):
    notebook, tree = show(STATES[state], width=width, height=1200)
    card = notebook.page.locator(".tfmfa-card")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        wait_until_apart(tree)
        notebook.screenshot(f"live-{state.replace(' ', '-')}-{width}-{theme.split()[1].lower()}", card)
    assert card.evaluate("(card) => card.scrollWidth <= card.clientWidth")
    assert tree.evaluate("(tree) => tree.scrollWidth <= tree.clientWidth")
