"""`jupyter tfmfa run` without a terminal: exit codes, parameters, time limits, resuming, and the record."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from nbconvert import HTMLExporter
from runbooks import DEVICE, PLAN, SLOW, code_cells, jupyter_tfmfa, read, states, texts, write

from tfmfa_nb.app import main
from tfmfa_nb.runbooks import current_cell
from tfmfa_nb.runbooks.terminal import Terminal
from tfmfa_nb.runs.audit.trail import AuditTrail

LOAD = "%load_ext tfmfa_nb"
FREE = '%%tfplan -e head\nresource "terraform_data" "one" {}'
APPLY = "%tfapply -e head"


@pytest.fixture
def run(tmp_path, policy, monkeypatch, capfd):
    """Executes cells as `jupyter tfmfa run` does without a terminal; (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFMFA_TOKEN_COMMAND", raising=False)
    monkeypatch.setattr(Terminal, "find", lambda: None)
    for name, value in policy.items():
        monkeypatch.setenv(name, value)

    def execute(*cells, options=(), more=None):
        if cells:
            write(tmp_path / "book.ipynb", *cells)
        for name, value in (more or {}).items():
            monkeypatch.setenv(name, value)
        exit_code = main(["run", "book.ipynb", "--output", "out.ipynb", *options])
        return exit_code, *capfd.readouterr()

    return execute


def test_the_exit_code_tells_why_a_runbook_stopped(run, tmp_path, sandbox):
    assert run("1 / 0", "print('went on')")[::2] == (
        1,
        "book.ipynb stopped. Cell 2: ZeroDivisionError: division by zero. See out.ipynb.\n",
    )
    assert states(tmp_path / "out.ipynb") == ["failed", None]
    code, _, said = run("assert 1 > 2, 'one is too few'")
    assert (code, "assertion failed: one is too few." in said) == (4, True)
    code, _, said = run(LOAD, PLAN, "print('went on')", more=sandbox.environ())
    assert (code, "there is no terminal and no token command. Set --token-command" in said) == (3, True)
    assert states(tmp_path / "out.ipynb") == ["done", "failed", None]
    # Codes that AWS refuses: the same one is not sent again and again.
    code, _, said = run(LOAD, PLAN, more=sandbox.environ(), options=["--token-command", "echo nothing"])
    assert (code, "printed no code" in said) == (3, True)


def test_missing_organization_variables_fail_at_once(run, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    code, _, said = run(LOAD, PLAN, options=["--token-command", "echo 123456"])
    assert code == 3
    assert "AWS_ACCESS_KEY_ID" in said


def test_which_variables_are_missing_is_printed_and_nobody_is_asked(run, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    code, out, said = run(LOAD, "%tfmfa variables", "%tfruns -e staging")
    assert (code, said) == (0, "")
    assert "AWS_MFA_SERIAL_NUMBER: missing\n" in out
    assert "set environment variables before Jupyter starts" in out
    assert '"staging" has no runs yet' in out
    assert "Press Enter" not in out


def test_parameters_have_the_types_of_their_defaults_and_are_recorded(run, tmp_path):
    (tmp_path / "given.yaml").write_text("sizes: [1, 2]\nname: from the file\n")
    cells = (
        ("count = 1\nname = 'a'\nshare: float = 0.5\non = False\nsizes = []\nrest = None", "parameters"),
        "(count, name, share, on, sizes, rest)",
    )
    typed = ["-p", "count", "3", "-p", "name", "42", "-p", "share", "1", "-p", "on", "yes", "-p", "rest", "x y"]
    code, _, said = run(*cells, options=["-f", "given.yaml", *typed])
    assert code == 0, said
    out = tmp_path / "out.ipynb"
    _, injected, shown = code_cells(out)
    assert injected.metadata.tags == ["injected-parameters"]
    assert texts(shown) == "(3, '42', 1.0, True, [1, 2], 'x y')"
    assert read(out).metadata["tfmfa_nb"]["parameters"]["count"] == 3
    for wrong, says in {
        ("-p", "cuont", "1"): "no parameter cuont. Did you mean count?",
        ("-p", "count", "1.5"): "count must be a whole number, not '1.5'",
        ("-p", "db_password", "x"): "sounds like a secret.*TF_VAR_db_password",
        ("-p", "apiKey", "x"): "sounds like a secret",
        ("--stop-after", "nowhere"): "No cell has the tag nowhere. The tags are: parameters",
        ("-f", "missing.yaml"): "Cannot read the parameters file",
    }.items():
        code, _, said = run(options=wrong)
        assert code == 2
        assert re.search(says, said), said
        assert said.count("\n") == 1


def test_a_cell_s_own_input_fails_at_once_with_its_prompt(run, tmp_path):
    asks = "import asyncio\nawait asyncio.sleep(0)\nname = input('Whose key? ')"
    for cell in (asks, "import getpass\ngetpass.getpass('MFA code of alice: ')"):
        code, _, said = run(cell, "print('went on')", options=["--token-command", "echo 123456"])
        assert code == 1
        assert "the notebook asks for input (" in said
        assert "but there is no terminal" in said
        assert "123456" not in (tmp_path / "out.ipynb").read_text()
        assert states(tmp_path / "out.ipynb") == ["failed", None]
    assert "MFA code of alice:" in said


# Code of the notebook that knows how this package asks, and finds the marker in the kernel's memory.
FORGED = """\
import getpass
from tfmfa_nb.protocol.runner import RunnerQuestion, current_runner, prompt_of
def forged():
    return getpass.getpass(prompt_of(RunnerQuestion(kind="code", text="MFA code: "), current_runner().marker))
"""


@pytest.fixture
def token_command(tmp_path):
    """The sandbox's device as a command that leaves a line for each use; its arguments are nobody's business."""
    command = tmp_path / "device"
    command.write_text(f"#!/bin/sh\necho used >> {tmp_path / 'uses'}\nexec {DEVICE}\n")
    command.chmod(0o755)
    return f"{command} --secret hunter2"


def uses(folder):
    return (folder / "uses").read_text().count("used") if (folder / "uses").exists() else 0


GOT = 'Got a code from the token command (device) to {} "head".'


@pytest.mark.thorough
def test_each_use_of_the_token_command_is_told_and_on_record(run, tmp_path, sandbox, token_command):
    def told(said, wrong, option):
        """The runner's own words; what the run's log says is indented, or an event of another kind."""
        if option == "--json":
            return [event["sentence"] for event in map(json.loads, said.splitlines()) if event["event"] == "note"]
        return (wrong if option else said).splitlines()

    for number, option in enumerate(("", "--quiet", "--json"), start=1):
        options = ["--token-command", token_command, *filter(None, [option])]
        plan = PLAN.replace('"1"', f'"{number}"')
        code, said, wrong = run(LOAD, plan, APPLY, more=sandbox.environ(), options=options)
        assert code == 0, wrong
        assert uses(tmp_path) == 2 * number
        assert [told(said, wrong, option).count(GOT.format(phase)) for phase in ("plan", "apply")] == [1, 1]
        assert "hunter2" not in said + wrong + (tmp_path / "out.ipynb").read_text()
    for log in (tmp_path / "head").glob(".tfmfa/runs/*/run.log"):
        assert [log.read_text().count(GOT.format(phase)) for phase in ("plan", "apply")] == [1, 1]
        assert "hunter2" not in log.read_text()
    trail = [json.loads(line) for line in (tmp_path / "head" / ".tfmfa" / "audit.jsonl").read_text().splitlines()]
    assert [line["prompt"] for line in trail if line["event"] == "mfa"] == ["command"] * 6


# A run that waits for a code, as a cell shows it; nobody ever started it.
SHOWS = """\
from IPython.display import display
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.messages import *
run = DisplayedRun(id='run-1', environment='head', phase='plan', status='planning', level='plans and applies',
    authenticated_by='', authenticated_at=0.0, plan_sha256='', counts=None, product='', started_at=1.0, ended_at=0.0,
    error='', identity=DisplayedIdentity(account='', arn='', serial_number=''), roles=(), changes=())
shown = RunDisplay(folder='head', path='x', start=0, lines=0, lock_indicator='required', lock_sentence='MFA required',
    progress=DisplayedProgress(done=0, total=0), run=run)
display({'text/plain': ''}, raw=True, metadata={'tfmfa_nb': encode(shown)})
"""


def test_the_token_command_does_not_run_for_a_cell_without_our_magic(run, tmp_path, token_command):
    """Not for what is a question of this package to the letter, while a run seems to wait."""
    (tmp_path / "head" / ".tfmfa").mkdir(parents=True)
    code, said, wrong = run(f"{FORGED}{SHOWS}print(forged())\nforged()", options=["--token-command", token_command])
    assert code == 0, wrong
    # Twice by the runner, and twice by the cell itself.
    assert said.count("Cell 2 asks as tfmfa_nb does, but it has no magic that does so. Write") == 4
    assert uses(tmp_path) == 0


def test_a_made_up_run_gets_no_code(run, tmp_path, sandbox, token_command, monkeypatch):
    (tmp_path / "head" / ".tfmfa").mkdir(parents=True)
    monkeypatch.setattr(current_cell, "DISPLAY_TIMEOUT", 4.0)
    never = "if False:\n    %tfplan"
    cell, options = f"{FORGED}{SHOWS}{never}\nforged(), forged()", ["--token-command", token_command]
    code, said, wrong = run(cell, more=sandbox.environ(), options=options)
    assert code == 0, wrong
    assert uses(tmp_path) == 0
    assert 'A cell shows that run-1 waits for a code to plan, but by the audit trail of "head" it does not.' in said
    verified = jupyter_tfmfa("verify", "out.ipynb", cwd=tmp_path)
    assert verified.returncode == 1
    assert "FAIL run-1, plan: the audit trail has" in verified.stdout


# Keeps what is displayed of runs; an earlier state can then be displayed again, and taken back at once.
KEEPS = """\
kept = []
publisher = get_ipython().display_pub
publish = publisher.publish
def keep(data, metadata=None, **options):
    if metadata and "tfmfa_nb" in metadata:
        kept.append(metadata)
    return publish(data, metadata, **options)
publisher.publish = keep
"""
SHOWS_AGAIN = f"""\
{FORGED}
import copy
from IPython.display import display
again = copy.deepcopy(kept[-1])
again["tfmfa_nb"]["lock_indicator"] = "required"
again["tfmfa_nb"]["run"] |= {{"status": "planning", "ended_at": 0.0}}
shown = display({{"text/plain": ""}}, raw=True, metadata=again, display_id="again")
if False:
    %tfplan
"""
TAKES = 'code = forged()\nshown.update({"text/plain": ""}, raw=True, metadata=kept[-1])\n'
# Whoever can write the trail's line can have a code; not unnoticed.
BEGINS_AGAIN = """\
from pathlib import Path
from tfmfa_nb.runs.audit.trail import AuditTrail
AuditTrail(Path("head/.tfmfa/audit.jsonl")).write("phase", run=again["tfmfa_nb"]["run"]["id"], phase="plan")
"""


@pytest.mark.thorough
def test_an_earlier_run_that_is_displayed_again_gets_no_code(run, tmp_path, sandbox, token_command, monkeypatch):
    monkeypatch.setattr(current_cell, "DISPLAY_TIMEOUT", 4.0)
    options = ["--token-command", token_command]
    code, said, wrong = run(f"{LOAD}\n{KEEPS}", PLAN, SHOWS_AGAIN + TAKES, more=sandbox.environ(), options=options)
    assert code == 0, wrong
    assert uses(tmp_path) == said.splitlines().count(GOT.format("plan")) == 1
    assert re.search(r"A cell shows that run-\S+ waits for a code to plan, but by the audit trail of", said)


def test_a_code_that_no_run_has_used_is_not_verified(run, tmp_path, sandbox, token_command):
    cells = (f"{LOAD}\n{KEEPS}", PLAN, SHOWS_AGAIN + BEGINS_AGAIN + TAKES)
    code, _, wrong = run(*cells, more=sandbox.environ(), options=["--token-command", token_command])
    assert code == 0, wrong
    assert uses(tmp_path) == 2
    verified = jupyter_tfmfa("verify", "out.ipynb", cwd=tmp_path)
    assert verified.returncode == 1
    assert "the audit trail has the use of each of the 2 codes that it was given (of 1)." in verified.stdout
    assert verified.stdout.count("FAIL") == 1


@pytest.mark.thorough
def test_a_code_that_was_given_and_not_used_is_verified(run, tmp_path, sandbox):
    """The configuration changes while the device is asked, so the code does not go to AWS."""
    command = tmp_path / "device"
    command.write_text(f"#!/bin/sh\necho '# changed' >> {tmp_path}/head/main.tf\nexec {DEVICE}\n")
    command.chmod(0o755)
    code, said, wrong = run(LOAD, PLAN, more=sandbox.environ(), options=["--token-command", str(command)])
    assert (code, said.splitlines().count(GOT.format("plan"))) == (3, 1), wrong
    assert "main.tf has changed since it was checked." in wrong
    assert "GetSessionToken" not in {call["action"] for call in sandbox.calls()}
    trail = AuditTrail(tmp_path / "head" / ".tfmfa" / "audit.jsonl").lines()
    assert [line["result"] for line in trail if line["event"] == "mfa"] == ["code not used"]
    verified = jupyter_tfmfa("verify", "out.ipynb", cwd=tmp_path)
    assert "the audit trail has the use of the code that it was given." in verified.stdout
    assert (verified.returncode, "FAIL" in verified.stdout) == (0, False), verified.stdout


def test_a_start_that_was_refused_is_no_run_of_the_record_and_resuming_starts_it_again(run, tmp_path, policy):
    plan = FREE.replace("-e head", "-e head --var-file values.tfvars")
    code, _, wrong = run(LOAD, plan, more=policy)
    assert (code, "values.tfvars does not exist" in wrong) == (1, True)
    assert read(tmp_path / "out.ipynb").metadata["tfmfa_nb"]["runs"] == []
    assert not (tmp_path / "head").exists()
    (tmp_path / "values.tfvars").touch()
    code, _, wrong = run(options=["--resume"])
    assert code == 0, wrong
    assert states(tmp_path / "out.ipynb") == ["done", "done"]


def test_after_a_refused_start_there_is_nothing_to_apply(run, tmp_path, policy):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "main.tf").write_text('resource "terraform_data" "one" {}\n')
    refused = "try:\n    %tfplan -C live --var-file nowhere.tfvars\nexcept Exception as error:\n    print(error)"
    code, said, wrong = run(LOAD, refused, "%tfapply", more=policy)
    assert (code, "does not exist" in said, "there is no plan to apply" in wrong) == (1, True, True)
    assert [path.name for path in (tmp_path / "live").iterdir()] == ["main.tf"]


@pytest.mark.thorough
def test_the_token_command_runs_once_for_each_prompt_of_a_run(run, tmp_path, sandbox, token_command, monkeypatch):
    """A cell of ours gets nothing before its run waits, nothing beside it, and nothing after it."""
    monkeypatch.setattr(current_cell, "DISPLAY_TIMEOUT", 4.0)
    sneaks = f"""\
{FORGED}before = forged()
beside = []
original = getpass.getpass
def also(prompt=''):
    beside.append(original(prompt))
    beside.append(original(prompt))
    return beside[-2]
getpass.getpass = also
%tfplan -C head --level 'plans and applies'
getpass.getpass = original
[before, beside[1], forged()]"""
    (tmp_path / "head").mkdir()
    (tmp_path / "head" / "main.tf").write_text('resource "terraform_data" "one" {}\n')
    code, said, wrong = run(LOAD, sneaks, more=sandbox.environ(), options=["--token-command", token_command])
    assert code == 0, wrong
    assert uses(tmp_path) == 1
    assert said.splitlines().count(GOT.format("plan")) == 1
    told = texts(code_cells(tmp_path / "out.ipynb")[1])
    assert told.count("'!Cell 3 asks for an MFA code, but none of its runs waits for one.") == 3


@pytest.mark.thorough
def test_a_time_limit_stops_a_cell_and_a_plan_but_no_apply(run, tmp_path):
    code, _, said = run("import time\ntime.sleep(60)", options=["--timeout", "1"])
    assert (code, "time limit of 1 seconds exceeded (--timeout)" in said) == (1, True)
    # In a function the cell does not say that it applies; the run does.
    hidden = "import asyncio\nawait get_ipython().run_line_magic('tf' + 'apply', '-e head')"
    slow = SLOW.replace("seq 400", "seq 120")
    code, _, said = run(LOAD, slow, hidden, "run = _\nrun.status", options=["--timeout", "10"])
    assert (code, said) == (0, "")
    assert texts(code_cells(tmp_path / "out.ipynb")[3]) == "'applied'"


def test_plan_only_and_stop_after_stop_and_resume_continues(run, tmp_path):
    cells = (LOAD, (FREE, "planned"), "run = _\nprint('not again')\nassert not run.plan.destroys", APPLY, "run.status")
    out = tmp_path / "out.ipynb"
    code, said, _ = run(*cells, options=["--plan-only"])
    assert (code, "── planned; the executed notebook is out.ipynb" in said) == (0, True)
    assert states(out) == ["done", "done", "done", None, None]
    both = '%%tfapply -e head --auto-approve\nresource "terraform_data" "one" {}'
    code, said, _ = run(LOAD, both, options=["--plan-only"])
    assert (code, "── planned;" in said) == (0, True)
    assert not (tmp_path / "head" / "terraform.tfstate").exists()
    code, _, _ = run(*cells, options=["--stop-after", "planned"])
    assert (code, states(out)) == (0, ["done", "done", None, None, None])
    planned = code_cells(out)[1].outputs
    code, said, wrong = run(options=["--resume"])
    assert code == 0, wrong
    assert "Resuming at cell 4" in said
    assert states(out) == ["done"] * 5
    assert code_cells(out)[1].outputs == planned
    assert len(list((tmp_path / "head" / ".tfmfa" / "runs").iterdir())) == 3  # of the two above, and one
    executions = read(out).metadata["tfmfa_nb"]["executions"]
    assert [one["result"] for one in executions] == ["planned", "applied"]
    write(tmp_path / "book.ipynb", LOAD, "another")
    code, _, said = run(options=["--resume"])
    assert (code, "The runbook has changed since" in said) == (2, True)


@pytest.mark.thorough
def test_a_failed_apply_is_resumed_at_its_plan(run, tmp_path):
    plan = (
        '%%tfplan -e head\nresource "terraform_data" "one" {\n  provisioner "local-exec" {\n'
        '    command = "test -e mended"\n  }\n}'
    )
    code, _, said = run(LOAD, plan, APPLY, "print('to the end')")
    assert (code, "local-exec provisioner error" in said) == (1, True)
    (tmp_path / "head" / "mended").touch()
    code, said, wrong = run(options=["--resume"])
    assert code == 0, wrong
    assert "Resuming at cell 3" in said
    assert states(tmp_path / "out.ipynb") == ["done"] * 4


def test_a_runbook_acts_on_the_named_environment_only(run, tmp_path):
    code, _, said = run(LOAD, FREE, options=["--environment", "other"])
    assert (code, 'This cell uses the environment "head", but the runbook is restricted to "other"' in said) == (
        1,
        True,
    )
    unnamed = '%%tfplan\nresource "terraform_data" "one" {}'
    code, said, _ = run(("environment = 'none'", "parameters"), LOAD, unnamed, options=["-e", "other"])
    assert (code, "other: Planned" in (tmp_path / "out.ipynb").read_text()) == (0, True)


@pytest.mark.thorough
def test_json_lines_and_quiet(run, tmp_path):
    code, said, _ = run(LOAD, FREE, "print('\\x1b]0;evil\\x07')", options=["--json"])
    assert code == 0
    events = [json.loads(line) for line in said.splitlines()]
    assert events[0]["event"] == "begin"
    assert events[-1]["event"] == "end"
    assert (events[-1]["result"], events[-1]["exit_code"]) == ("planned", 0)
    assert any(event["event"] == "run" and event["run"]["status"] == "planned" for event in events)
    assert any("terraform_data.one will be created" in event.get("line", "") for event in events)
    assert "\x07" not in json.dumps([event.get("text") for event in events], ensure_ascii=False)
    code, said, wrong = run("print('hello')", options=["--quiet"])
    assert (code, said, wrong) == (0, "", "")
    assert "hello" in (tmp_path / "out.ipynb").read_text()


def test_a_record_that_is_replaced_is_told(run):
    replaced = "It replaces the record of an earlier execution. To keep both, name another file with --output.\n"
    assert [run("1")[1].endswith(replaced) for _ in range(2)] == [False, True]
    assert run("1", options=["--quiet"])[1] == ""
    assert replaced not in run(options=["--resume"])[1]


def test_nothing_is_executed_if_the_notebook_cannot_be_saved(run, tmp_path):
    begins = f"open({str(tmp_path / 'begun')!r}, 'w')"
    code, _, said = run(begins, options=["--output", "/proc/out.ipynb"])
    assert (code, "/proc/out.ipynb cannot be written" in said) == (2, True)
    assert not (tmp_path / "begun").exists()


def rewritten(lines, **facts):
    """A trail whose hash chain is intact: all of it was computed anew after the last line got other facts."""
    entries, previous, text = [json.loads(line) for line in lines.splitlines()], "0" * 64, b""
    entries[-1] |= facts
    for entry in entries:
        line = json.dumps({**entry, "previous": previous}).encode()
        previous, text = hashlib.sha256(line).hexdigest(), text + line + b"\n"
    return text


def invented(lines):
    """A trail to which someone added the authentication that it lacks."""
    authentication = {"event": "mfa", "result": "authenticated", "phase": "apply", "previous": ""}
    return rewritten(lines + json.dumps(authentication).encode() + b"\n")


FORGERIES = {
    "has lines that were not written here": invented,
    "was cut": lambda lines: b"".join(lines.splitlines(keepends=True)[:-1]),
    "was rewritten": lambda lines: rewritten(lines, result="finished well"),
    "is gone": lambda _: None,
}


def test_a_forged_trail_whose_chain_is_intact_is_not_verified(run, tmp_path, capfd):
    """And neither is a notebook whose own anchor was forged with it: its hash covers what its author can compute."""
    assert run(LOAD, FREE, APPLY)[0] == 0
    trail, out = tmp_path / "head" / ".tfmfa" / "audit.jsonl", str(tmp_path / "out.ipynb")
    lines = trail.read_bytes()
    for words, forge in FORGERIES.items():
        forged = forge(lines)
        if forged is None:
            trail.unlink()
        else:
            trail.write_bytes(forged)
        for what in (out, "head"):
            assert main(["verify", what]) == 1
            said = capfd.readouterr().out
            assert "FAIL head: the audit trail ends as this machine recorded it." in said
            assert words in said
            assert "ok   head: every line of the audit trail follows from the one before." in said or forged is None
        assert "FAIL head: the audit trail confirms the records of its 1 runs (not of run-" in said
        trail.write_bytes(lines)
        assert main(["verify", out]) == main(["verify", "head"]) == 0
        capfd.readouterr()


def test_a_tail_that_was_removed_after_the_seal_is_found(run, tmp_path, capfd):
    """A later run's lines; the seal itself, also where this machine has no record; and what then goes on."""
    assert run(LOAD, FREE, APPLY)[0] == 0
    trail = tmp_path / "head" / ".tfmfa" / "audit.jsonl"
    sealed = trail.read_bytes()
    (tmp_path / "out.ipynb").rename(tmp_path / "first.ipynb")
    assert run(LOAD, FREE)[0] == 0
    whole = trail.read_bytes()
    assert main(["verify", "first.ipynb"]) == 0
    trail.write_bytes(sealed)
    assert main(["verify", "first.ipynb"]) == 1
    assert "was cut: it has" in capfd.readouterr().out
    assert run(LOAD, FREE)[0] == 0  # goes on from there, and says what it found
    assert main(["verify", "first.ipynb"]) == 1
    capfd.readouterr()
    trail.write_bytes(b"".join(whole.splitlines(keepends=True)[: sealed.count(b"\n") - 1]))
    for path in AuditTrail(trail).witness.paths:
        path.unlink(missing_ok=True)
    assert main(["verify", "first.ipynb"]) == 1
    assert "FAIL head: the audit trail has this notebook's SHA-256" in capfd.readouterr().out


@pytest.mark.parametrize("loaded_first", [True, False])
@pytest.mark.thorough
def test_a_cell_that_moves_the_state_folder_hides_no_run(run, tmp_path, loaded_first):
    """Neither after the extension was loaded, nor before: the home of the password database cannot be moved."""
    assert run(LOAD, FREE)[0] == 0
    trail, moved = tmp_path / "head" / ".tfmfa" / "audit.jsonl", f"%env XDG_STATE_HOME={tmp_path / 'other'}"
    kept = trail.read_bytes()
    assert run(*((LOAD, moved) if loaded_first else (moved, LOAD)), FREE.replace("one", "two"), APPLY)[0] == 0
    trail.write_bytes(kept)
    shutil.rmtree(max((tmp_path / "head" / ".tfmfa" / "runs").iterdir()))
    verified = jupyter_tfmfa("verify", "head", cwd=tmp_path)
    assert verified.returncode == 1
    assert "was cut" in verified.stdout


def test_the_record_is_checked_against_the_audit_trail(run, tmp_path, sandbox, capfd):
    code, _, wrong = run(LOAD, PLAN, APPLY, more={**sandbox.environ(), "TFMFA_TOKEN_COMMAND": DEVICE})
    assert code == 0, wrong
    out, trail = tmp_path / "out.ipynb", tmp_path / "head" / ".tfmfa" / "audit.jsonl"
    record = next(cell.source for cell in read(out).cells if cell.cell_type == "markdown")
    assert "Authenticated with MFA by | alice (arn:aws:iam::123456789012:user/alice) at 20" in record
    plan = read(out).metadata["tfmfa_nb"]["runs"][0]["plan_sha256"]
    assert record.count(f"SHA-256 of the plan | <code>{plan}</code>") == 2
    assert "+ terraform&#95;data.one</code> (create)".replace("+", "&#43;") in record
    page, _ = HTMLExporter().from_filename(str(out))
    assert "Authenticated with MFA by" in page
    assert f"<code>{plan}</code>" in page

    def verify():
        exit_code = main(["verify", "out.ipynb"])
        return exit_code, [line for line in capfd.readouterr().out.splitlines() if not line.startswith("ok ")]

    assert verify() == (0, [])
    assert main(["verify", "head"]) == 0
    assert "ok   head: the audit trail ends as this machine recorded it." in capfd.readouterr().out
    kept, lines = out.read_bytes(), trail.read_bytes()
    out.write_bytes(kept.replace(b"1 to add", b"0 to add"))
    assert "FAIL The cells, the outputs, and the record are unchanged" in verify()[1][0]
    out.write_bytes(kept)
    trail.write_bytes(lines.replace(b"user/alice", b"user/bob"))
    code, said = verify()
    assert code == 1
    assert any("every line of the audit trail follows" in line for line in said)
    assert any("has the authentication of arn:aws:iam::123456789012:user/alice" in line for line in said)
    trail.write_bytes(b"".join(line for line in lines.splitlines(keepends=True)[:-1]))
    assert any("has this notebook's SHA-256" in line for line in verify()[1])
    trail.unlink()
    assert any("FAIL head: the audit trail" in line for line in verify()[1])
    trail.write_bytes(lines)
    assert verify() == (0, [])
    write(tmp_path / "out.ipynb", "1")
    assert verify()[0] == 2


CONNECTIONS = """\
import psutil
from pathlib import Path
from ipykernel.kernelapp import IPKernelApp
kernel = psutil.Process()
for process in (kernel, kernel.parent()):
    # ipykernel listens for forks of itself, which would print through it; nothing is connected.
    print("inet", [one for one in process.net_connections("inet") if one.status != psutil.CONN_LISTEN])
    print("unix", bool(process.net_connections("unix")))
ip = Path(IPKernelApp.instance().ip)
print(oct(ip.parent.stat().st_mode & 0o777), "said:", (ip.parent / "kernel.log").read_text())
"""


def test_no_code_and_no_output_crosses_tcp(tmp_path):
    """Other users of the machine can read what kernels say over TCP in clear, which ipykernel warns of."""
    write(tmp_path / "book.ipynb", CONNECTIONS)
    ended = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    (cell,) = code_cells(tmp_path / "out.ipynb")
    *sockets, log = texts(cell).splitlines()
    assert sockets == ["inet []", "unix True"] * 2
    assert log == "0o700 said: "


def left_after(line, *arguments, cwd, environ):
    """Run `jupyter tfmfa …` for a reader that leaves after a line with `line`, or at once; (exit code, errors)."""
    with subprocess.Popen(
        [sys.executable, "-m", "tfmfa_nb.app", *arguments],
        env=environ,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while line and line not in process.stdout.readline():
            pass
        process.stdout.close()
        return process.wait(100), process.stderr.read()


def test_a_reader_that_leaves_ends_no_command_and_loses_no_record(tmp_path, policy):
    environ = {**os.environ, **policy}
    environ.pop("TFMFA_TOKEN_COMMAND", None)
    plan = '%%tfplan -e head\nresource "terraform_data" "one" {\n  provisioner "local-exec" {\n'
    plan += '    command = "for i in $(seq 20); do echo line $i; sleep 0.1; done"\n  }\n}'
    write(tmp_path / "book.ipynb", LOAD, plan, f"{APPLY} --auto-approve", "1 / 0")
    code, said = left_after("Provisioning", "run", "book.ipynb", "-o", "out.ipynb", cwd=tmp_path, environ=environ)
    assert (code, said.count("\n"), "ZeroDivisionError" in said) == (1, 1, True)
    assert states(tmp_path / "out.ipynb") == ["done", "done", "done", "failed"]
    verified = jupyter_tfmfa("verify", "out.ipynb", environ=environ, cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    for words in (("records", "list"), ("records", "export"), ("doctor", "--help"), ("completion", "bash")):
        assert left_after("", *words, cwd=tmp_path, environ=environ) == (0, ""), words


FLEET = """\
rows = [{"name": name} for name in ("a", "b", "c")]"""
FLEET_PLAN = """\
%%tfplan --each rows --level 'plans and applies'
resource "terraform_data" "one" {
  input = "1"
}"""


def test_the_lines_of_a_fleet_say_which_environment_they_are_of(run, sandbox, token_command):
    code, said, wrong = run(LOAD, FLEET, FLEET_PLAN, more=sandbox.environ(), options=["--token-command", token_command])
    assert (code, wrong) == (0, "")
    lines = said.splitlines()
    told = [line for line in lines if line.startswith(("Waiting for a code", "Got a code"))]
    assert told[1:] == ['Got a code from the token command (device) to plan "3 environments".']
    assert said.count("Waiting for a code") == 1
    for sentence in ("[MFA required]", "[MFA verifying]", "[MFA authenticated]"):
        assert sum(line.startswith(f"   {sentence}") for line in lines) == 1, sentence
    for name in "abc":
        assert f"   {name}: Plan: 1 to add, 0 to change, 0 to destroy." in lines
    # Every line of a log is of one environment, and the fleet ends with its table.
    logged = [line for line in lines if line.startswith("   ") and "[MFA" not in line]
    assert {line[:5] for line in logged} == {"   a:", "   b:", "   c:"}
    assert lines[-6].startswith("3 of 3 environments change: 3 to add")
