"""Policy checks between plan and apply: commands that judge a real plan, and what they can and cannot do."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from runbooks import jupyter_tfmfa, write

from tfmfa_nb.model.errors import ConfigurationError, PolicyCheckFailed, RunCanceled, RunStateError
from tfmfa_nb.model.redaction import MASK
from tfmfa_nb.views.summary import summary_bundle, summary_html, summary_text

CELL = """%%tfplan -e judged {options}
resource "terraform_data" "one" {{
  input = "{value}"
}}
variable "password" {{
  sensitive = true
  default   = "correct-horse-battery"
}}
resource "terraform_data" "two" {{
  input = var.password
}}
"""
# A checker such as OPA: reads the plan, and says what it does not like.
CHECKER = """#!{python}
import json, os, sys, pathlib
plan = json.load(open(sys.argv[1]))
assert plan == json.load(sys.stdin)
pathlib.Path({seen!r}).write_text(json.dumps({{
    "environ": dict(os.environ), "argv": sys.argv, "plan": plan, "folder": os.getcwd(),
    "modes": [oct(os.stat(sys.argv[1]).st_mode & 0o777), oct(os.stat(os.path.dirname(sys.argv[1])).st_mode & 0o777)],
}}))
bad = [each["address"] for each in plan["resource_changes"] if each["change"]["after"]["input"] == "bad"]
print("judged", len(plan["resource_changes"]), "changes")
for address in bad:
    print("FAIL -", address, "is \\x1b[31mbad\\x1b[0m\\x07")
{more}
sys.exit(1 if bad else 0)
"""


@pytest.fixture
def checker(tmp_path):
    """Writes the checker, and returns its path; what it saw is in `seen.json`."""

    def write(more="", name="checker"):
        path = tmp_path / name
        path.write_text(CHECKER.format(python=sys.executable, seen=str(tmp_path / "seen.json"), more=more))
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def notebook(tmp_path, ipython_with):
    """An IPython; `demand` writes an owner's policy that demands checks, from then on."""
    folder = tmp_path / "etc/tfmfa_nb"
    folder.mkdir(parents=True, mode=0o755)
    ipython = ipython_with(TFMFA_POLICY=str(folder / "policy.toml"), TFMFA_SECRET_OF_OURS="never-told")

    class Notebook:
        async def value(self, cell):
            result = await ipython.run_cell_async(cell, transformed_cell=ipython.transform_cell(cell))
            result.raise_error()
            return result.result

        def plan(self, value, options=""):
            return self.value(CELL.format(value=value, options=options))

        def demand(self, *tables):
            text = "".join(f"[[policy_check]]\n{table}\n" for table in tables)
            (folder / "policy.toml").write_text(text)
            (folder / "policy.toml").chmod(0o644)

        def next_cell(self):
            ipython.execution_count += 1

        @property
        def latest(self):
            return ipython.magics_manager.registry["TfmfaMagics"].latest

    made = Notebook()
    made.demand()
    return made


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """The folder of the saved plans."""
    folder = tmp_path / "memory"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def demanded(program, name="owner", *more):
    return f'name = "{name}"\ncommand = ["{program}", "{{plan}}"]\n' + "\n".join(more)


def trail_of(tmp_path):
    lines = (tmp_path / "judged/.tfmfa/audit.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


async def test_a_plan_that_passes_is_applied(notebook, checker, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-long-term-key-of-somebody")
    monkeypatch.setenv("TF_VAR_password", "correct-horse-battery")
    program = checker(
        "print('correct-horse-battery', 'a-long-term-key-of-somebody')"
    )  # it may have found them elsewhere
    run = await notebook.plan("good", f"--policy-check '{program} {{plan}}'")
    assert run.status == "planned"
    (result,) = run.policy_checks
    assert (result.name, result.passed, result.output) == ("checker", True, f"judged 2 changes\n{MASK} {MASK}")
    assert result.plan_sha256 == run.plan_sha256
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert not {name for name in seen["environ"] if name.startswith(("TF_", "JPY_"))}
    assert "somebody" not in str(seen["environ"])
    assert "never-told" not in str(seen["environ"])
    assert seen["modes"] == ["0o600", "0o700"]
    assert not Path(seen["argv"][1]).exists()  # noqa: ASYNC240
    assert "correct-horse" not in json.dumps(seen["plan"])
    assert "(sensitive)" in json.dumps(seen["plan"])
    assert seen["folder"] == str(tmp_path)
    # Its line has no secret in it, in any of the places where it is told.
    shown = f"  ✓ {result.sentence}\n      Command: {result.command}\n      judged 2 changes\n"
    assert (result.command, shown in summary_text(run)) == (f"{program} '{{plan}}'", True)
    assert any("judged 2 changes" in line for line in run.log_text())
    (line,) = [line for line in trail_of(tmp_path) if line["event"] == "policy_check"]
    assert (line["check"], line["result"], line["exit_code"]) == ("checker", "passed", 0)
    assert (line["program"], line["plan_sha256"]) == (str(program), run.plan_sha256)
    assert len(line["program_sha256"]) == 64
    await notebook.value("%tfapply")
    assert run.status == "applied"
    # As the value of a later cell it is what remains of it; in its own cell, that is there already.
    assert run._repr_mimebundle_() == {}
    notebook.next_cell()
    assert run._repr_mimebundle_() == summary_bundle(run)


async def test_a_plan_that_fails_cannot_be_applied_here_or_elsewhere(notebook, checker, tmp_path):
    program = checker()
    with pytest.raises(PolicyCheckFailed, match=r"Policy check checker failed: exit code 1") as failed:
        await notebook.plan("bad", f"--policy-check '{program} {{plan}}'")
    assert "plan again" in failed.value.remedy
    run = notebook.latest
    assert run.status == "errored"
    assert run.plan.creates == ("terraform_data.one", "terraform_data.two")  # the plan stays readable
    text = summary_text(run)
    assert "FAIL - terraform_data.one is bad␇" in text
    assert "\x07" not in text
    assert "FAIL - terraform_data.one is bad␇" in summary_html(run)
    with pytest.raises(PolicyCheckFailed, match="checker failed"):
        await notebook.value("%tfapply")
    again = await notebook.value(f"%tfruns -e judged open {run.id}")
    assert [(result.name, result.passed) for result in again.policy_checks] == [("checker", False)]
    assert again.plan.creates == run.plan.creates
    with pytest.raises(PolicyCheckFailed):
        await notebook.value("%tfapply")
    assert not (tmp_path / "judged/terraform.tfstate").exists()


async def test_a_record_cannot_say_that_a_check_has_passed(notebook, checker, tmp_path):
    program = checker()
    with pytest.raises(PolicyCheckFailed):
        await notebook.plan("bad", f"--policy-check '{program} {{plan}}'")
    record = tmp_path / "judged/.tfmfa/runs" / notebook.latest.id / "run.json"
    document = json.loads(record.read_text())
    document["policy_checks"][0]["exit_code"] = 0
    record.write_text(json.dumps(document))
    with pytest.raises(RunStateError, match="its results of policy checks is"):
        await notebook.value(f"%tfruns -e judged open {notebook.latest.id}")


async def test_the_owners_checks_run_always_and_before_an_apply_that_was_planned_before(notebook, checker, tmp_path):
    program = checker()
    run = await notebook.plan("good")
    assert run.policy_checks == []
    notebook.demand(demanded(program))
    await notebook.value("%tfapply")
    assert [(result.name, result.source != "") for result in run.policy_checks] == [("owner", True)]
    assert run.status == "applied"
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["folder"] == str(Path(seen["argv"][1]).parent)  # nothing of the notebook's is there
    assert seen["environ"]["PATH"].startswith("/usr/local/sbin:")  # no cell says where programs are
    run = await notebook.plan("also good")
    (tmp_path / "seen.json").unlink()
    await notebook.value("%tfapply")  # passed already, with this plan
    assert not (tmp_path / "seen.json").exists()
    run = await notebook.plan("good again")
    checker("print('another version')")
    await notebook.value("%tfapply")
    assert "another version" in run.policy_checks[0].output  # another program has to judge it, too
    run = await notebook.plan("bad soon", "")
    notebook.demand(demanded(program), demanded("/bin/false", "never", 'environments = ["jud*"]'))
    with pytest.raises(PolicyCheckFailed, match="Policy check never failed: exit code 1"):
        await notebook.value("%tfapply")
    assert run.status == "errored"


async def test_checks_of_other_environments_and_plans_without_changes(notebook, checker, tmp_path):
    notebook.demand(demanded("/bin/false", "other", 'environments = ["prod-*"]'), demanded(checker()))
    await notebook.plan("good")
    await notebook.value("%tfapply")
    (tmp_path / "seen.json").unlink()
    run = await notebook.plan("good")
    assert run.status == "planned_and_finished"
    assert not (tmp_path / "seen.json").exists()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("import glob; [open(each, 'a').write('x') for each in glob.glob({plans!r})]", "its content has changed"),
        ("import time; time.sleep(600)", "it did not end within 5 seconds"),
        ("open(sys.argv[0], 'a').write('#')", "its program changed while it ran"),
    ],
)
async def test_what_a_hostile_check_does_is_seen(notebook, checker, memory, more, problem):
    program = checker(more.format(plans=str(memory / "tfmfa_nb/*.tfplan")))
    notebook.demand(demanded(program, "hostile", "timeout = 5"))
    with pytest.raises((PolicyCheckFailed, RunStateError), match=problem):
        await notebook.plan("good")
    assert notebook.latest.status == "errored"


async def test_a_program_that_others_can_write_is_told_and_one_that_is_not_there_fails(notebook, checker):
    program = checker()
    program.chmod(0o777)
    run = await notebook.plan("good", f"--policy-check '{program} {{plan}}'")
    wanted = f"Other users can write to {program}: what they put there would decide about your plans."
    assert any(note.startswith(wanted) for note in run.notes)
    assert stat.S_IMODE(program.stat().st_mode) == 0o777
    with pytest.raises(PolicyCheckFailed, match="the program conftest-of-nobody cannot be found"):
        await notebook.plan("good", "--policy-check 'conftest-of-nobody test {plan}'")


async def test_a_line_that_is_no_command_is_told_before_the_plan(notebook):
    with pytest.raises(ConfigurationError, match="--policy-check is empty"):
        await notebook.plan("good", "--policy-check ''")


async def test_a_run_can_be_canceled_while_a_check_hangs(notebook, checker, tmp_path):
    program = checker("import time; time.sleep(600)")
    planning = asyncio.ensure_future(notebook.plan("good", f"--policy-check '{program} {{plan}}'"))
    async with asyncio.timeout(120):
        while not (tmp_path / "seen.json").exists():  # noqa: ASYNC110 - the program says it by this file only
            await asyncio.sleep(0.05)
    notebook.latest.cancel()
    with pytest.raises(RunCanceled):
        await planning
    assert notebook.latest.status == "canceled"


async def test_no_code_is_asked_for_a_plan_that_a_check_rejects(notebook, checker, tmp_path):
    program = checker()
    asked = tmp_path / "asked"
    await notebook.value(f"%config TfmfaMagics.token_command = 'touch {asked}'")
    cell = CELL.replace("%%tfplan", "%%tfapply").format(
        value="bad", options=f"--level 'applies only' --policy-check '{program} {{plan}}'"
    )
    with pytest.raises(PolicyCheckFailed):
        await notebook.value(cell)
    await notebook.plan("bad", "--level 'applies only'")
    notebook.demand(demanded(program))
    with pytest.raises(PolicyCheckFailed):
        await notebook.value("%tfapply")
    assert not asked.exists()


@pytest.mark.thorough
def test_a_runbook_is_stopped_whatever_its_cells_say(checker, tmp_path):
    program = checker()
    cells = ("%load_ext tfmfa_nb", CELL.format(value="bad", options=""), "%tfapply")
    write(tmp_path / "judged.ipynb", *cells)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TFMFA_"))}
    run = ("run", tmp_path / "judged.ipynb", "--policy-check", f"{program} {{plan}}")
    ended = jupyter_tfmfa(*run, environ=environ, cwd=tmp_path)
    assert ended.returncode == 1
    assert "Policy check checker failed: exit code 1" in ended.stderr
    assert "FAIL - terraform_data.one" in ended.stdout
    assert not (tmp_path / "judged/terraform.tfstate").exists()
    ended = jupyter_tfmfa("run", tmp_path / "judged.ipynb", "--policy-check", "", environ=environ, cwd=tmp_path)
    assert ended.returncode == 2
    assert "--policy-check is empty" in ended.stderr
