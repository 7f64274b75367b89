"""A cell that a program sends, which accepts no input, while a person has the document open: the card asks them."""

from playwright.sync_api import expect

PLAN = """\
%%tfplan -e program --level 'plans and applies'
resource "terraform_data" "one" {}"""
# What jupyter-mcp-server does: the cell is the document's, and its request accepts no input.
NO_INPUT = """() => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const execute = kernel.requestExecute.bind(kernel);
  kernel.requestExecute = (content, ...more) => execute({ ...content, allow_stdin: false }, ...more);
}"""


def test_the_card_asks_whoever_has_the_document_open(lab, open_notebook):
    lab.write("program.ipynb", "%load_ext tfmfa_nb", PLAN)
    page = open_notebook("program.ipynb")
    page.run_cell(0)
    expect(page.page.locator(".tfmfa-statusbar button")).to_contain_text("program: No run yet")
    page.page.evaluate(NO_INPUT)
    page.start_cell(1)
    card = page.page.locator(".jp-Notebook .tfmfa-card")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()  # no keys are set here
    page.screenshot("cell-of-a-program")
    card.get_by_role("button", name="Cancel").first.click()
    expect(page.page.locator(".jp-Notebook")).to_contain_text("RunCanceled")


def test_the_card_of_a_fleet_asks_whoever_has_the_document_open(lab, open_notebook):
    rows = 'rows = [{"name": "one"}, {"name": "two"}]'
    plan = PLAN.replace("-e program", "--each rows").replace("plans and applies", "applies only")
    lab.write("programs.ipynb", "%load_ext tfmfa_nb", rows, plan, "%tfapply --each rows")
    page = open_notebook("programs.ipynb", alone=True)
    page.run_cell(0)
    expect(page.page.locator(".tfmfa-statusbar button")).to_contain_text("No run yet")
    page.page.evaluate(NO_INPUT)
    for cell in (1, 2):
        page.run_cell(cell)
    page.start_cell(3)
    card = page.output(3).locator(".tfmfa-fleet")
    row = card.locator("tbody tr", has=page.page.get_by_role("rowheader", name="two", exact=True))
    row.get_by_role("checkbox").uncheck(timeout=60_000)
    card.get_by_role("button", name="Apply 1 selected").click()
    expect(card.get_by_role("button", name="Try again")).to_be_visible()  # no keys are set here
    page.screenshot("fleet-of-a-program")
    card.get_by_role("button", name="Discard").click()
    expect(page.page.locator(".jp-Notebook")).to_contain_text("The plan was discarded.")
    expect(page.page.locator(".jp-Notebook .tfmfa-fleet")).to_have_count(0)
