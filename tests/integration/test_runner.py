"""`jupyter tfmfa run` without a terminal: exit codes, parameters, time limits, resuming, and the record."""

import hashlib
import json
import os
import re

import pytest
from nbconvert import HTMLExporter
from runbooks import DEVICE, PLAN, SLOW, code_cells, read, states, texts, write

from tfmfa_nb.app import main
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
        assert "but there is no terminal" in said
        assert "123456" not in (tmp_path / "out.ipynb").read_text()
        assert states(tmp_path / "out.ipynb") == ["failed", None]
    assert "MFA code of alice:" in said


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
    AuditTrail(trail).witness.path.unlink()
    assert main(["verify", "first.ipynb"]) == 1
    assert "FAIL head: the audit trail has this notebook's SHA-256" in capfd.readouterr().out


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
