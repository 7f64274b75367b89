"""The main job in real JupyterLab: real Terraform, the real provider, the strict sandbox, driven as a person would."""

import json
import re
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from lab import ROOT, Lab
from playwright.sync_api import expect
from variants import first_of

RUNBOOK = ROOT / "notebooks" / "plan-and-apply.ipynb"
LEAK = "env > {path}; env; echo $AWS_SESSION_TOKEN >&2"
PLAIN = """\
%%tfplan -e plain
resource "aws_ssm_parameter" "one" {
  name  = "/plain/one"
  type  = "String"
  value = "1"
}"""
SLOW = """\
%%tfplan -e slow
resource "terraform_data" "first" {
  input = "done"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "for i in $(seq 3000); do [ -e go-on ] && break; sleep 0.1; done"
  }
}
resource "terraform_data" "never" {
  depends_on = [terraform_data.slow]
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws, provider):
    server = Lab(tmp_path_factory.mktemp("lab"), {**aws.environ(), **provider})
    yield server
    server.stop()


class Seen:
    """The command lines of all processes, while it is entered."""

    def __enter__(self):
        self.lines, self._over = set(), threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self):
        while not self._over.wait(0.05):
            for process in psutil.process_iter(["cmdline"]):
                self.lines.add(" ".join(process.info["cmdline"] or []))

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def authenticate(cell, code):
    field = cell.get_by_label("MFA code")
    expect(field).to_be_editable()
    field.fill(code)
    cell.get_by_role("button", name="Authenticate").click()


def cell_of(page, text):
    return next(
        index for index in range(page.page.locator(".jp-Notebook .jp-Cell").count())
        if text in page.cell(index).locator(".cm-content, .jp-MarkdownOutput").first.inner_text()
    )  # fmt: skip


def test_a_person_plans_and_applies_under_mfa(  # noqa: PLR0915 - one story, from its beginning to its end
    lab, aws, open_notebook, tmp_path
):
    """Wrong code, right code, plan; a used code, the next one, apply; reload; and no secret stayed anywhere."""
    printed = tmp_path / "environment"
    notebook = nbformat.read(RUNBOOK, as_version=4)
    plan_source = next(cell for cell in notebook.cells if cell.source.startswith("%%tfplan"))
    # A configuration that prints what it was started with, as a careless module may.
    plan_source.source += (
        f'\n\nresource "terraform_data" "careless" {{\n  provisioner "local-exec" {{\n'
        f'    command = "{LEAK.format(path=printed)}"\n  }}\n}}\n'
    )
    nbformat.write(notebook, lab.folder / RUNBOOK.name)
    page = open_notebook(RUNBOOK.name, width=1150, height=1000, alone=True)
    plan_cell, apply_cell = cell_of(page, "%%tfplan"), cell_of(page, "%tfapply")
    given = []

    with Seen() as seen:
        page.run_cell(cell_of(page, "%load_ext"))
        page.run_cell(cell_of(page, "%tfmfa level"))
        page.start_cell(plan_cell)
        plan = page.output(plan_cell)
        expect(plan.locator(".tfmfa-lock")).to_contain_text("MFA required")
        expect(plan.locator(".tfmfa-facts")).to_contain_text("arn:aws:iam::123456789012:mfa/alice")
        expect(plan.locator(".tfmfa-roles")).to_contain_text("role/deploy")
        page.screenshot("runbook-1-asked")

        authenticate(plan, "000000")
        expect(plan.get_by_role("img", name="MFA gate: refused")).to_be_visible()
        expect(plan.locator(".tfmfa-lock")).to_contain_text("AWS rejected the code")
        red = plan.locator(".tfmfa-lock-icon").evaluate("(icon) => getComputedStyle(icon).color")
        red, green, blue = (float(part) for part in re.findall(r"[\d.]+", red)[:3])
        assert red > 2 * max(green, blue)
        page.screenshot("runbook-2-refused")

        given.append(aws.code(wait=False))
        authenticate(plan, f"{given[0][:3]} {given[0][3:]}")  # as a device groups them
        expect(plan.locator(".tfmfa-lock")).to_contain_text("Authenticated with MFA by alice")
        expect(plan.locator(".tfmfa-status-text")).to_have_text("Planning")
        # Terraform's output streams while it plans.
        expect(plan.locator(".tfmfa-log-row", has_text="Initializing provider plugins")).to_be_visible()
        expect(plan.locator(".tfmfa-status-text")).to_have_text("Planning")
        page.screenshot("runbook-3-planning")
        page.wait_idle()
        expect(plan).to_contain_text("Planned +4 ~0 -0")
        expect(plan.locator(".tfmfa-card")).to_have_count(0)
        page.screenshot("runbook-4-planned")

        page.run_cell(cell_of(page, "run = _"))
        expect(plan).to_contain_text("Changes (4)")  # known a moment after the plan
        expect(plan).to_contain_text("+ aws_ssm_parameter.release (create)")
        page.start_cell(apply_cell)
        apply = page.output(apply_cell)
        authenticate(apply, given[0])
        expect(apply.locator(".tfmfa-lock")).to_contain_text("This code was already used")
        given.append(aws.code(wait=False))
        authenticate(apply, given[1])
        page.wait_idle()
        expect(apply).to_contain_text("demo: Applied +4 ~0 -0")
        expect(apply).to_contain_text("Authenticated with MFA by alice")
        page.run_cell(cell_of(page, "assert run.status"))
        page.screenshot("runbook-5-applied")

    names = {entry["Name"] for entry in aws.client("ssm").describe_parameters()["Parameters"]}
    assert {"/demo/release", "/demo/maintenance"} <= names

    page.command("docmanager:save")
    page.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.model.dirty")
    page.execute("%xmode Verbose")
    introspected = page.execute(INTROSPECT)
    page.reload()
    expect(page.output(plan_cell)).to_contain_text("Planned +4 ~0 -0")
    expect(page.output(plan_cell)).to_contain_text("Authenticated with MFA by alice")
    expect(page.output(apply_cell)).to_contain_text("Apply complete! Resources: 4 added")
    page.screenshot("runbook-6-reloaded")

    secrets = [*given, *secrets_of(aws, printed)]
    assert_nowhere(secrets, {"the kernel": introspected, "command lines": "\n".join(seen.lines)})
    assert "(redacted)" in (lab.folder / RUNBOOK.name).read_text()
    files = files_below(lab.folder.parent)
    # The ID of the session's key is no secret: by it, the audit trail leads to CloudTrail.
    trails = {name: files.pop(name).replace(secrets[-1], "") for name in [*files] if name.endswith("audit.jsonl")}
    assert trails
    assert_nowhere(secrets, {**files, **trails})


# All that a kernel could tell: names, history, the widgets' state, and tracebacks through our own frames.
INTROSPECT = """
import json, traceback
from ipywidgets import Widget
said = [repr(In), repr({n: repr(v) for n, v in Out.items()}), repr({n: repr(v) for n, v in globals().items()})]
said.append(json.dumps(Widget.get_manager_state(drop_defaults=False), default=repr))
said.append(repr(vars(run)) + repr(run.trait_values()) + repr({n: repr(v) for n, v in vars(run).items()}))
try:
    await get_ipython().run_line_magic("tfapply", "-e demo")
except BaseException as error:
    said += get_ipython().InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    seen = error
    while seen is not None:
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            said.append(repr(frame.f_locals))
        seen = seen.__context__
print("\\n".join(map(str, said)))
"""


def secrets_of(aws, printed: Path) -> list[str]:
    """The long-term key's secret, and what Terraform was given, which the careless module wrote down; the ID last."""
    given = dict(line.split("=", 1) for line in printed.read_text().splitlines() if "=" in line)
    assert given["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert aws.environ()["AWS_ACCESS_KEY_ID"] not in given.values()
    return [
        aws.environ()["AWS_SECRET_ACCESS_KEY"],
        *(given[f"AWS_{name}"] for name in ("SECRET_ACCESS_KEY", "SESSION_TOKEN", "ACCESS_KEY_ID")),
    ]


def files_below(folder: Path) -> dict[str, str]:
    texts = {}
    for path in folder.rglob("*"):
        if path.is_file() and ".terraform" not in path.parts:
            texts[str(path)] = path.read_bytes().decode("latin-1")
        if path.name == "history.sqlite":
            with sqlite3.connect(path) as history:
                texts[f"{path} lines"] = repr(history.execute("select * from history").fetchall())
    assert any("run.log" in name for name in texts)
    assert any("history.sqlite" in name for name in texts)
    return texts


def assert_nowhere(secrets, texts):
    for secret in secrets:
        found = re.compile(rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])")
        assert [name for name, text in texts.items() if found.search(text)] == []


@pytest.mark.thorough
def test_at_applies_only_the_plan_runs_unasked(lab, aws, open_notebook):
    lab.write("applies-only.ipynb", "%load_ext tfmfa_nb\n%tfmfa level 'applies only' -e plain", PLAIN, "%tfapply")
    page = open_notebook("applies-only.ipynb")
    page.run_cell(0)
    before = len(aws.calls())
    page.run_cell(1)
    expect(page.output(1)).to_contain_text("plain: Planned +1 ~0 -0")
    assert "GetSessionToken" not in {call["action"] for call in aws.calls()[before:]}
    page.start_cell(2)
    authenticate(page.output(2), aws.code(wait=False))
    page.wait_idle()
    expect(page.output(2)).to_contain_text("plain: Applied +1 ~0 -0")
    assert [call["mfa"] for call in aws.calls() if call["action"] == "PutParameter"][-1]
    page.screenshot("applies-only")


@pytest.mark.thorough
def test_the_card_says_which_command_is_waited_for(lab, open_notebook):
    command = "%config TfmfaMagics.token_command = \"sh -c 'sleep 600' hunter2\""
    plan = '%%tfplan -e touched --level \'plans and applies\'\nresource "terraform_data" "one" {}'
    lab.write("touched.ipynb", "%load_ext tfmfa_nb", command, plan)
    page = open_notebook("touched.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    lock = page.output(2).locator(".tfmfa-lock")
    expect(lock).to_contain_text("A code is needed to plan")
    expect(lock).to_contain_text("Waiting for a code from the token command `sh …`: touch your key if it blinks.")
    expect(page.output(2)).not_to_contain_text("hunter2")
    page.screenshot("token-command", page.output(2))
    page.output(2).get_by_role("button", name="Cancel").click()
    page.wait_idle()
    expect(page.output(2)).to_contain_text("touched: Canceled")
    assert not list((lab.folder / "touched").glob(".tfmfa/runs/*"))


def supervisor_of(folder):
    """Give the process ID of the supervisor of the only run in a folder."""
    (record,) = folder.glob(".tfmfa/runs/*/run.json")
    return json.loads(record.read_text())["process"]["pid"]


@pytest.mark.parametrize("how", first_of(["interrupt", "cancel"]))
def test_an_interrupted_apply_stops_gracefully_with_its_state_saved(lab, open_notebook, how):
    environment = f"slow-{how}"
    never = f"%load_ext tfmfa_nb\n%tfmfa level never -e {environment}"
    lab.write(f"{environment}.ipynb", never, SLOW.replace("-e slow", f"-e {environment}"), "%tfapply")
    page = open_notebook(f"{environment}.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    card = page.output(2).locator(".tfmfa-card")
    expect(card.locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    # Terraform kills the command of a provisioner at once: it stands still until its stopping has been seen.
    (terraform,) = psutil.Process(supervisor_of(lab.folder / environment)).children()
    terraform.suspend()
    if how == "interrupt":
        page.command("notebook:interrupt-kernel")
    else:
        card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("Stopping: Terraform finishes the operations in progress")
    page.screenshot(f"slow-{how}-stopping")
    terraform.resume()
    page.wait_idle()
    expect(page.output(2)).to_contain_text(f"{environment}: Canceled")
    page.screenshot(f"slow-{how}-stopped")
    state = json.loads((lab.folder / environment / "terraform.tfstate").read_text())
    assert {"first", "slow"} == {resource["name"] for resource in state["resources"]}
    assert not list((lab.folder / environment).glob(".*.lock.info"))


@pytest.mark.thorough
def test_a_kernel_killed_in_mid_apply_leaves_terraform_to_finish(lab, open_notebook):
    lab.write(
        "killed.ipynb",
        "%load_ext tfmfa_nb\n%tfmfa level never -e killed",
        SLOW.replace("-e slow", "-e killed"),
        "%tfapply",
    )
    page = open_notebook("killed.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    expect(page.output(2).locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    supervisor = psutil.Process(supervisor_of(lab.folder / "killed"))
    kernel = next(p for p in psutil.process_iter() if p.pid == supervisor.ppid())
    kernel.kill()
    expect(page.output(2)).to_contain_text("The kernel has exited")
    page.screenshot("killed-kernel")
    (lab.folder / "killed" / "go-on").touch()
    deadline = time.monotonic() + 30
    while supervisor.is_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    state = json.loads((lab.folder / "killed" / "terraform.tfstate").read_text())
    assert {"first", "slow", "never"} == {resource["name"] for resource in state["resources"]}
    (code,) = (lab.folder / "killed").glob(".tfmfa/runs/*/apply.exit.json")
    assert json.loads(code.read_text())["exit_code"] == 0
    shutil.rmtree(lab.folder / "killed")


def test_an_apply_is_shown_again_on_a_reloaded_page_and_in_a_second_tab(lab, open_notebook):
    never = "%load_ext tfmfa_nb\n%tfmfa level never -e again"
    lab.write("again.ipynb", never, SLOW.replace("-e slow", "-e again"), "%tfapply")
    page = open_notebook("again.ipynb", alone=True)
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    expect(page.output(2).locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    page.reload_page()  # nobody has saved the notebook, so its output is gone
    card = page.page.locator(".tfmfa-panel .tfmfa-card")
    expect(card.locator(".tfmfa-status-text")).to_have_text("Applying")
    second = page.page.context.new_page()
    second.goto(lab.url("again.ipynb"))
    other = second.locator(".tfmfa-panel .tfmfa-card")
    expect(other.locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    (lab.folder / "again" / "go-on").touch()
    for each in (page.page, second):
        expect(each.locator(".tfmfa-panel")).to_contain_text("again: Applied.")
        expect(each.locator(".tfmfa-panel").get_by_role("button", name="Show in the notebook")).to_be_visible()
    second.close()


BUSY = "(seconds) => { const end = Date.now() + 1000 * seconds; while (Date.now() < end); }"


@pytest.mark.parametrize("seconds", first_of([10, 3]))
def test_a_page_that_is_busy_while_a_card_comes_has_one_that_takes_the_code(lab, aws, open_notebook, seconds):
    plan = f"%%tfplan -e busy-{seconds} --level 'plans and applies'\n" + 'resource "terraform_data" "one" {}'
    lab.write(f"busy-{seconds}.ipynb", "%load_ext tfmfa_nb", plan)
    page = open_notebook(f"busy-{seconds}.ipynb")
    page.run_cell(0)
    page.start_cell(1)
    page.page.evaluate(BUSY, seconds)
    expect(page.output(1).get_by_label("MFA code")).to_have_count(1)
    authenticate(page.output(1), aws.code(wait=False))
    page.wait_idle()
    expect(page.output(1)).to_contain_text(f"busy-{seconds}: Planned +1 ~0 -0")
    expect(page.output(1).locator(".jp-Stdin")).to_have_count(0)
