"""The runner's small parts, without a kernel."""

import asyncio
import io
import json
import unicodedata
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tfmfa_nb.model.errors import ConfigurationError, PromptUnavailable
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES
from tfmfa_nb.prompts import CodeRequest, token_command
from tfmfa_nb.prompts.token_command import CommandPrompt
from tfmfa_nb.protocol import runner
from tfmfa_nb.protocol.codec import encode, parse
from tfmfa_nb.protocol.formats import FormatError
from tfmfa_nb.protocol.messages import (
    DisplayedIdentity,
    DisplayedProgress,
    DisplayedRun,
    NoAnswer,
    RunDisplay,
    Runner,
    RunnerQuestion,
)
from tfmfa_nb.runbooks import current_cell
from tfmfa_nb.runbooks.cell_analysis import applies, applies_configuration, asks, is_repeatable, may_change
from tfmfa_nb.runbooks.current_cell import CodePrompt
from tfmfa_nb.runbooks.display import JsonDisplay, LineDisplay
from tfmfa_nb.runbooks.execution_options import ExecutionOptions
from tfmfa_nb.runbooks.execution_record import ExecutionRecord
from tfmfa_nb.runbooks.input_responder import InputResponder, NoTerminal
from tfmfa_nb.runbooks.live_display import LiveDisplay
from tfmfa_nb.runbooks.notebook import digest
from tfmfa_nb.runbooks.notebook_question import marked
from tfmfa_nb.runbooks.open_phases import check_phase_is_open
from tfmfa_nb.runbooks.outcome import ExitCode, Outcome, outcome_of_error
from tfmfa_nb.runbooks.output_follower import OutputFollower
from tfmfa_nb.runbooks.preparation import PreparedRunbook
from tfmfa_nb.runbooks.resume import check_same
from tfmfa_nb.runbooks.verify import verify
from tfmfa_nb.runs.audit.trail import AuditTrail


def cell(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


@given(st.text(), st.text())
def test_a_question_survives_the_way_and_another_execution_does_not_know_it(text, refusal):
    question = RunnerQuestion(kind="code", text=text, serial_number="arn", refusal=refusal)
    marker = Runner().marker
    prompt = runner.prompt_of(question, marker)
    assert runner.question_in(prompt, marker) == question
    assert runner.question_in(prompt, Runner().marker) is None
    assert runner.question_in(prompt.replace('"code"', '"word"'), marker) is None
    for other in (text, prompt[:-1], None):
        assert runner.question_in(other, marker) is None


@given(st.text(), st.text(st.characters(exclude_characters="\n")))
def test_a_reply_is_an_answer_that_nothing_shows_or_says_why_there_is_none(text, told):
    answer = runner.read_reply(runner.reply_with(text, told))
    assert (answer.text.reveal(), answer.told) == (text, told)
    assert repr(runner.read_reply(runner.reply_with(text))) == "RunnerAnswer(text=Secret(redacted), told='')"
    assert runner.read_reply(runner.reply_without(text)) == NoAnswer(text)
    assert runner.read_reply(runner.reply_without()) == runner.read_reply("") == NoAnswer("")
    assert runner.read_reply("=123456") == NoAnswer("")


def test_the_kernel_takes_its_runner_out_of_its_environment(monkeypatch):
    monkeypatch.setattr(runner, "_current", [])
    told = Runner(environment="staging", plan_only=True)
    for name, value in runner.environ_of(told).items():
        monkeypatch.setenv(name, value)
    assert runner.current_runner() == told
    assert runner.VARIABLE not in runner.os.environ
    assert runner.current_runner() == told
    assert told.marker not in repr(told)


@pytest.mark.parametrize("told", ["", "{", "[]", "{}", '{"protocol": 0, "plan_only": true}', '{"plan_only": "no"}'])
def test_a_runner_that_is_not_understood_forbids_everything(monkeypatch, told):
    monkeypatch.setattr(runner, "_current", [])
    monkeypatch.setenv(runner.VARIABLE, told)
    for _ in range(2):  # and again: a cell that fails may be allowed to
        with pytest.raises(ConfigurationError, match="different versions of tfmfa_nb"):
            runner.current_runner()


def responder(
    command_line="", terminal=None, *, say=lambda _: None, waits="plan", source="%tfplan", check_phase=lambda _: None
):
    """In cell 3, where a run waits for a code to `waits`."""
    environ = {"PATH": "/usr/bin:/bin"}
    made = InputResponder("marker", command_line, environ, terminal, LineDisplay(say), check_phase=check_phase)
    made.cell.begin(3, source)
    if waits:
        made.cell.follow(shown(waits))
    return made


def asked(kind="code", *, password=True, **facts):
    question = RunnerQuestion(kind=kind, text="MFA code: ", serial_number="arn:mfa", **facts)
    return {"prompt": runner.prompt_of(question, "marker"), "password": password}


async def test_only_this_package_s_hidden_questions_get_a_code():
    said = []
    ours = responder("echo 314159 secret", say=said.append)
    waiting = "Waiting for a code from the token command `echo …`: touch your key if it blinks."
    told = 'Got a code from the token command (echo) to plan "a".'
    assert await ours.answer(asked()) == f"={waiting} {told}\n314159"
    assert said == [waiting, told]
    for other in (
        {"prompt": "MFA code: ", "password": True},
        asked(password=False),
        {"prompt": asked()["prompt"].replace("marker", "other"), "password": True},
    ):
        with pytest.raises(NoTerminal, match="but there is no terminal"):
            await ours.answer(other)


async def test_a_token_command_that_fails_is_told_too():
    said = []
    reply = await responder("false", say=said.append).answer(asked())
    assert said[1:] == ["The token command 'false' failed with exit code 1."]
    assert reply == f"!{said[1]}"


async def test_a_refusal_names_the_option_that_helps():
    assert "--token-command" in await responder().answer(asked())
    assert "--auto-approve" in await responder("echo 1").answer(asked("confirmation"))


async def test_the_runner_itself_counts_the_codes_of_a_phase():
    ours = responder("sh -c 'date +1%N | head -c 6'")
    for _ in range(3):
        assert "Got a code" in await ours.answer(asked(refusal="Wrong."))
        ours.cell.follow(shown(indicator="verifying"))
        ours.cell.follow(shown(indicator="failed"))
    assert "3 codes of the token command were used for this plan. Wrong." in await ours.answer(asked(refusal="Wrong."))


def shown(phase="plan", indicator="required", **more):
    run = replace(RUN, phase=phase, status="planning", **more)
    return replace(SHOWN, lock_indicator=indicator, run=run)


@pytest.mark.parametrize("source", ["print(1)", "# %tfplan", "x = '%tfplan'", "apply()", "%tfmfa level never"])
@pytest.mark.parametrize("kind", ["code", "confirmation"])
async def test_a_cell_without_our_magic_gets_no_answer(source, kind, tmp_path):
    said = []
    ours = responder(f"touch {tmp_path / 'used'}", say=said.append, source=source)
    reply = await ours.answer(asked(kind))
    assert reply.startswith("!Cell 3 asks as tfmfa_nb does, but it has no magic that does so. Write %tfplan")
    assert said == [reply[1:]]
    assert not (tmp_path / "used").exists()


@pytest.mark.parametrize(
    "states",
    [
        [],
        [{"indicator": "open"}],
        [{"indicator": "authenticated"}],
        [{}, {"indicator": "verifying"}],
        [{}, {"ended_at": 2.0}],
        [{"phase": "dance"}],
    ],
)
async def test_a_cell_in_which_no_run_waits_gets_no_code(states, tmp_path, monkeypatch):
    monkeypatch.setattr(current_cell, "DISPLAY_TIMEOUT", 0.05)
    said = []
    ours = responder(f"touch {tmp_path / 'used'}", say=said.append, waits="")
    for state in states:
        ours.cell.follow(shown(**state))
    reply = await ours.answer(asked())
    assert reply.startswith("!Cell 3 asks for an MFA code, but none of its runs waits for one.")
    assert said == [reply[1:]]
    assert not (tmp_path / "used").exists()


async def test_a_prompt_of_a_run_takes_one_code_however_often_it_is_displayed(monkeypatch):
    monkeypatch.setattr(current_cell, "DISPLAY_TIMEOUT", 0.05)
    cell = responder().cell
    assert (await cell.take_prompt()).attempt == 1
    cell.follow(shown())
    cell.follow(shown(indicator="failed"))
    with pytest.raises(PromptUnavailable, match="none of its runs waits"):
        await cell.take_prompt()
    cell.follow(shown(indicator="verifying"))
    cell.follow(shown(indicator="failed"))
    assert (await cell.take_prompt()).attempt == 2
    cell.follow(shown("apply"))
    prompt = await cell.take_prompt()
    assert (prompt.phase, prompt.environment, prompt.attempt) == ("apply", "a", 1)
    cell.follow(shown())
    cell.begin(4, "%tfapply")
    with pytest.raises(PromptUnavailable, match="Cell 4 asks"):
        await cell.take_prompt()


async def test_the_runs_of_a_fleet_take_one_code_together(monkeypatch):
    monkeypatch.setattr(current_cell, "DISPLAY_TIMEOUT", 0.05)
    cell = responder(waits="").cell

    def follow(**state):
        for run in ("run-1", "run-2"):
            cell.follow(shown(id=run, fleet="fleet-1", **state))

    for attempt, indicator in enumerate(("required", "failed"), 1):
        follow(indicator=indicator)
        prompt = await cell.take_prompt()
        assert (prompt.run, prompt.attempt) == ("run-1", attempt)
        with pytest.raises(PromptUnavailable, match="none of its runs waits"):
            await cell.take_prompt()
        cell.follow(shown(id="run-1", fleet="fleet-1", indicator="verifying"))
        cell.follow(shown(id="run-2", fleet="fleet-1", indicator=indicator))  # displayed late
        with pytest.raises(PromptUnavailable, match="none of its runs waits"):
            await cell.take_prompt()
        follow(indicator="verifying")


OPEN = [
    ([("phase", "plan")], "plan"),
    ([("phase", "plan"), ("mfa", "WRONG")], "plan"),
    ([("phase", "plan"), ("mfa", "authenticated"), ("status", "planned"), ("phase", "apply")], "apply"),
]
NOT_OPEN = [
    ([], "plan"),
    ([("status", "planning")], "plan"),
    ([("phase", "apply")], "plan"),
    ([("phase", "plan"), ("mfa", "authenticated")], "plan"),
    ([("phase", "plan"), ("mfa", "authenticated"), ("status", "planned")], "plan"),
    ([("phase", "plan"), ("mfa", "authenticated"), ("phase", "apply")], "plan"),
]


@pytest.mark.parametrize(("lines", "phase"), [*OPEN, *NOT_OPEN])
async def test_a_run_waits_only_if_its_audit_trail_says_so_too(tmp_path, lines, phase):
    """However it is displayed: an earlier run can be shown again as if it still waited."""
    (tmp_path / SHOWN.folder / ".tfmfa").mkdir(parents=True)
    trail = AuditTrail(tmp_path / SHOWN.folder / ".tfmfa" / "audit.jsonl")
    trail.write("phase", run="another", phase=phase)
    for event, word in lines:
        trail.write(event, run=RUN.id, **{{"mfa": "result"}.get(event, event): word})
    said = []
    check = partial(check_phase_is_open, tmp_path)
    ours = responder("sh -c 'date +1%N | head -c 6'", say=said.append, waits=phase, check_phase=check)
    reply = await ours.answer(asked())
    if (lines, phase) in OPEN:
        assert "Got a code" in reply
        assert ours.codes == {(SHOWN.folder, RUN.id): 1}
    else:
        assert reply.startswith(f"!A cell shows that {RUN.id} waits for a code to {phase}, but by the audit trail of ")
        assert said == [reply[1:]]
        assert ours.codes == {}


def test_a_trail_that_cannot_be_read_opens_nothing(tmp_path):
    (tmp_path / SHOWN.folder / ".tfmfa" / "audit.jsonl").mkdir(parents=True)
    with pytest.raises(PromptUnavailable, match="cannot be read"):
        check_phase_is_open(tmp_path, CodePrompt(RUN.id, "plan", "a", SHOWN.folder, 1))


async def test_a_question_may_come_before_the_display_of_its_run():
    cell = responder(waits="").cell
    taking = asyncio.create_task(cell.take_prompt())
    await asyncio.sleep(0)
    cell.follow(shown())
    assert (await taking).phase == "plan"


@pytest.mark.parametrize(
    ("source", "does"),
    [
        ("%tfplan -e x", True),
        ("for e in environments:\n    %tfapply -e {e}", True),
        ("run = %tfapply", True),
        ("%%tfplan\nresource", True),
        ("%tfruns unlock", True),
        ("%tfstate rm -e staging x", True),
        ("run = %tf state list", True),
        ("%tfoutputs", False),
        ("await get_ipython().run_line_magic('tfplan', '')", True),
        ("for e in environments:\n    await tfmfa_nb.plan(e)", True),
        ("run = await tfmfa_nb.apply(run)", True),
        ("runs['a'] = await tfmfa_nb.plan('a')", True),
        ("fleet = await tfmfa_nb.plan_all('accounts/*')", True),
        ("await tfmfa_nb.apply_all(fleet)", True),
        ("run = await tfmfa_nb.command('state list', 'a')", True),
        ("mytfmfa_nb.plan(e)", False),
        ("# await tfmfa_nb.plan(e)", False),
        ("print('tfmfa_nb.plan(')", False),
        ("%tfplans", False),
        ("# run = %tfplan", False),
        ("print('= %tfplan')", False),
        ("%load_ext tfmfa_nb", False),
    ],
)
def test_a_cell_asks_if_it_has_one_of_three_magics(source, does):
    assert asks(source) is does


@given(st.text(max_size=300), st.integers(0, 200))
def test_each_row_of_a_notebook_s_question_says_whose_it_is(question, columns):
    rows = marked(question, 7, columns).split("\n")
    assert all(row.startswith("Notebook asks (cell 7):") for row in rows)
    assert all(cell_len(row) <= max(columns, 40) for row in rows)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for row in rows for character in row)


def test_lines_that_come_during_a_prompt_are_shown_after_it():
    said = []
    lines = LineDisplay(said.append)
    with lines.suspended():
        lines.output("MFA code of alice: \n")
        lines.note("a note")
        assert said == []
    lines.output("later")
    assert said == ["MFA code of alice: ", "a note", "later"]


async def test_the_token_command_never_gives_a_code_twice_and_waits_for_the_next_one(monkeypatch, tmp_path):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 2:  # the device's clock is a little behind ours
            (tmp_path / "code").write_text("222222")

    # Not of `asyncio` itself: what earlier tests have left on other threads would not sleep either.
    monkeypatch.setattr(token_command, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    (tmp_path / "code").write_text("111111")
    told = []
    prompt = CommandPrompt(f"cat {tmp_path / 'code'}")
    question = CodeRequest(Phase.PLAN, "staging", None, "arn:mfa/waits", None, 1, told.append)
    assert (await prompt.ask(question)).reveal() == "111111"
    # Another phase has a prompt of its own.
    assert (await CommandPrompt(f"cat {tmp_path / 'code'}").ask(question)).reveal() == "222222"
    assert 0 < waits[0] <= 30
    assert waits[1:] == [5.0]
    used = 'Got a code from the token command (cat) to plan "staging".'
    assert (told[1], told[-1]) == (used, used)
    assert "Waiting" in told[2]
    assert "111111" not in "".join(told)
    with pytest.raises(PromptUnavailable, match="the same code for"):
        await prompt.ask(question)


@pytest.mark.parametrize(
    ("name", "text", "exit_code"),
    [
        ("AssertionError", "too many", ExitCode.ASSERTION_FAILED),
        ("PromptUnavailable", "x", ExitCode.NOT_AUTHENTICATED),
        ("AuthenticationError", "x", ExitCode.NOT_AUTHENTICATED),
        ("RoleRefused", "x", ExitCode.NOT_AUTHENTICATED),
        ("RunCanceled", "x", ExitCode.INTERRUPTED),
        ("KeyboardInterrupt", "", ExitCode.INTERRUPTED),
        ("TerraformFailed", "x", ExitCode.FAILED),
        ("ZeroDivisionError", "x", ExitCode.FAILED),
        ("annotations", "x", ExitCode.FAILED),
    ],
)
def test_errors_become_exit_codes(name, text, exit_code):
    outcome = outcome_of_error(name, text, cell="Cell 3")
    assert outcome.exit_code is exit_code
    assert outcome.sentence.startswith("Cell 3: ")


@pytest.mark.parametrize(
    ("source", "repeatable"),
    [
        ("import os\n%load_ext tfmfa_nb\nos.environ['A'] = 'b'", True),
        ("run = _\nprint(run.plan)\nassert not run.plan.destroys, f'{run.plan}'", True),
        ("def f():\n    return launch()", True),
        ("client.create_access_key()", False),
        ("x = await f()", False),
        ("%tfmfa level never", False),
        ("!rm -r x", False),
        ("%%bash\nls", False),
        ("del x", False),
    ],
)
def test_a_cell_is_repeatable_if_it_only_prepares_or_is_tagged_setup(source, repeatable):
    assert is_repeatable(cell(source)) is repeatable
    assert is_repeatable(cell(source, "setup"))


def test_a_cell_applies_if_it_has_the_magic():
    assert applies("%tfapply -e x")
    assert applies("run = 1\n  %tfapply")
    assert applies("%%tfapply\nx")
    assert applies("await tfmfa_nb.apply(run)")
    assert applies("await tfmfa_nb.apply_all(fleet)")
    assert not applies("await tfmfa_nb.plan('x')")
    assert not applies("await tfmfa_nb.plan_all('x')")
    assert may_change("await tfmfa_nb.command('state rm a.b')")
    assert not may_change("await tfmfa_nb.plan('x')")
    assert applies_configuration("%%tfapply\nx")
    assert not applies_configuration("%%tfapply -e x\n")
    assert not applies("# %tfapply")
    assert not applies("%tfplan")


RUN = DisplayedRun(
    id="run-1",
    environment="a",
    phase="apply",
    status="applying",
    level="applies only",
    authenticated_by="alice",
    authenticated_at=1.0,
    plan_sha256="00",
    counts=None,
    product="terraform",
    started_at=1.0,
    ended_at=0.0,
    error="",
    identity=DisplayedIdentity(account="", arn="", serial_number=""),
    roles=(),
    changes=(),
)
SHOWN = RunDisplay(
    folder="a",
    path="a/.tfmfa/runs/run-1/run.log",
    start=0,
    lines=1,
    lock_indicator="authenticated",
    lock_sentence="[MFA authenticated] Authenticated with MFA by alice",
    progress=DisplayedProgress(done=1, total=4),
    run=RUN,
)


def test_what_a_cell_shows_under_our_key_without_being_ours_is_ignored(tmp_path):
    states = []
    follower = OutputFollower(LineDisplay(lambda _: None), tmp_path, states.append)
    assert follower.process_message("display_data", {"data": {}, "metadata": {"tfmfa_nb": encode(SHOWN)}})
    assert follower.applying
    assert follower.in_progress
    follower.begin_cell()
    for wrong in ({}, None, {**encode(SHOWN), "run": {}}, {**encode(SHOWN), "protocol": 0}, {"path": "x"}):
        assert not follower.process_message("display_data", {"data": {}, "metadata": {"tfmfa_nb": wrong}})
    assert states == [SHOWN]
    assert not follower.cell_runs
    assert not follower.applying


def test_what_a_cell_displays_beside_its_runs_is_shown_once(tmp_path):
    """As the list of `%tfruns`."""
    lines = []
    follower = OutputFollower(LineDisplay(lines.append), tmp_path, lambda _: None)
    for kind in ("display_data", "update_display_data"):
        follower.process_message(kind, {"data": {"text/plain": "Runs of staging", "text/html": "<p>"}, "metadata": {}})
    follower.process_message("display_data", {"data": {"image/png": ""}})
    follower.end_cell()
    assert lines == ["Runs of staging"]
    # What has changed by the end of the cell, as the table of a fleet, is shown as it is then.
    for kind, text in (
        ("display_data", "one waits"),
        ("update_display_data", "one goes on"),
        ("update_display_data", "one has ended"),
    ):
        follower.process_message(kind, {"data": {"text/plain": text}, "transient": {"display_id": "fleet"}})
    follower.end_cell()
    assert lines[1:] == ["one waits", "one has ended"]


def test_the_live_view_fits_the_terminal():
    screen = io.StringIO()
    live = LiveDisplay(Console(file=screen, force_terminal=True, width=80, height=20, highlight=False))
    live.begin([(number, f"cell of {number}\x1b]0;x\x07") for number in range(1, 41)])
    live.cell(1, "done", 1.5)
    live.cell(2, "running")
    live.run(SHOWN)
    for number in range(100):
        live.log_line(f"line {number}", RUN)
    with live.suspended():
        drawn = screen.getvalue()
    live.end(Outcome(ExitCode.SUCCESS, "applied"), "out.ipynb")
    for word in ("done", "running", "waiting", "1 of 4 resources", "Authenticated with MFA by alice", "line 99"):
        assert word in drawn
    assert "line 50" not in drawn
    assert "cell of 40" not in drawn  # it is further down than what fits
    assert "cell of 40" in screen.getvalue()
    assert "\x07" not in screen.getvalue()
    assert "Applied; the executed notebook is out.ipynb" in screen.getvalue()


def test_json_is_one_object_per_line():
    stream = io.StringIO()
    display = JsonDisplay(stream)
    display.begin([(1, "a")])
    display.cell(1, "running")
    display.run(SHOWN)
    display.output("a\nb")
    display.log_line("\x1b[32mgreen\x1b[0m", RUN)
    display.note("waiting")
    display.end(Outcome(ExitCode.ASSERTION_FAILED, "assertion failed", "no"), "out")
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["begin", "cell", "run", "text", "terraform", "note", "end"]
    assert {"lock_indicator", "lock_sentence", "progress", "run"} <= set(events[2])
    assert events[4]["line"] == "green"
    assert events[-1]["exit_code"] == 4


def run_facts(**more):
    return {
        "id": "run-1", "phase": "plan", "environment": "a", "folder": "a", "status": "planned", "level": "never",
        "authenticated_by": "", "authenticated_at": 0.0, "plan_sha256": "00", "counts": None, "product": "terraform",
        "started_at": 1.0, "ended_at": 2.0, "error": "", "identity": {}, "roles": [], "changes": [], **more,
    }  # fmt: skip


@given(st.text())
def test_no_name_becomes_markup_in_the_record(name):
    notebook = nbformat.v4.new_notebook(cells=[cell("1")])
    record = ExecutionRecord(notebook, name, {}, "")
    hostile = name + "|<script>[x](http://y)`*_\\"
    record.update({("run-1", "plan"): run_facts(changes=[{"address": hostile, "action": "create"}], error=hostile)}, {})
    shown = notebook.cells[0].source
    assert "<script" not in shown
    assert "](" not in shown
    assert "http&" in shown or "http:" in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert all(row.count("|") == 3 for row in rows)


def test_the_digest_covers_outputs_and_not_other_tools_metadata():
    notebook = nbformat.v4.new_notebook(cells=[cell("1")])
    before = digest(notebook)
    notebook.cells[0].metadata["trusted"] = True  # what JupyterLab may add
    assert digest(notebook) == before
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="x")]
    assert digest(notebook) != before


def executed(tmp_path, **more):
    """A notebook that an execution has sealed, with changes to its metadata; None removes a member."""
    notebook = nbformat.v4.new_notebook(cells=[cell("1")])
    record = ExecutionRecord(notebook, "book.ipynb", {}, "")
    record.update({}, {}, Outcome(ExitCode.SUCCESS, "finished"))
    record.seal(tmp_path / "out.ipynb", NO_AUDIT_RULES)
    metadata = {**notebook.metadata["tfmfa_nb"], **more}
    notebook.metadata["tfmfa_nb"] = {name: value for name, value in metadata.items() if value is not None}
    notebook.metadata["tfmfa_nb"]["sha256"] = digest(notebook)
    nbformat.write(notebook, tmp_path / "out.ipynb")
    return notebook


def test_an_executed_notebook_has_the_version_of_its_format(tmp_path):
    assert executed(tmp_path).metadata["tfmfa_nb"]["format_version"] == 1


def test_a_notebook_of_a_newer_format_is_neither_verified_nor_resumed(tmp_path):
    notebook = executed(tmp_path, format_version=2)
    with pytest.raises(FormatError, match=r"out\.ipynb was written by a newer version .*Upgrade tfmfa_nb"):
        verify(tmp_path / "out.ipynb")
    with pytest.raises(FormatError, match="executed runbook format 2"):
        check_same(nbformat.v4.new_notebook(cells=[cell("1")]), notebook, tmp_path / "out.ipynb")


def test_a_notebook_from_before_formats_had_versions_is_verified_and_resumed(tmp_path):
    notebook = executed(tmp_path, format_version=None)
    unchanged, audited = verify(tmp_path / "out.ipynb")
    assert unchanged.passed
    assert not audited.passed  # it has no runs
    check_same(nbformat.v4.new_notebook(cells=[cell("1")]), notebook, tmp_path / "out.ipynb")


def test_a_notebook_without_a_record_is_not_an_executed_runbook(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[cell("1")], metadata={"tfmfa_nb": "nonsense"})
    nbformat.write(notebook, tmp_path / "out.ipynb")
    with pytest.raises(ConfigurationError, match="was not executed by `jupyter tfmfa run`"):
        verify(tmp_path / "out.ipynb")
    with pytest.raises(ConfigurationError, match="is not an executed runbook"):
        check_same(notebook, notebook, tmp_path / "out.ipynb")


INVENTED = {**encode(RUN), "status": "applied", "authenticated_by": "ceo", "folder": "prod"}


def test_a_run_that_no_audit_trail_confirms_is_not_verified(tmp_path):
    """The notebook itself names the trails: an invented run could otherwise leave its own out."""
    executed(tmp_path, runs=[INVENTED], trails={})
    assert "prod: the record names the audit trail." in [
        each.statement for each in verify(tmp_path / "out.ipynb") if not each.passed
    ]


@pytest.mark.parametrize(
    "forged",
    [
        {"runs": "x"},
        {"runs": [{"folder": "prod"}], "trails": {}},
        {"runs": [{**INVENTED, "level": "high"}], "trails": {}},
        {"runs": [{**INVENTED, "phase": "dance"}], "trails": {}},
        {"runs": [INVENTED], "trails": None},
        {"runs": [INVENTED], "trails": {"prod": "x"}},
        {"runs": [INVENTED], "trails": {"prod": {"lines": True, "sha256": ""}}},
        {"runs": [INVENTED], "trails": {}, "codes": "x"},
        {"runs": [INVENTED], "trails": {}, "codes": [{"folder": "prod", "run": "run-1", "count": "1"}]},
    ],
)
def test_a_record_that_was_changed_is_one_clear_error(tmp_path, forged):
    executed(tmp_path, **forged)
    with pytest.raises(ConfigurationError, match=r"The record in .* is not valid"):
        verify(tmp_path / "out.ipynb")


def test_a_number_beyond_all_numbers_is_no_message():
    assert parse({**encode(RUN), "authenticated_at": 10**400}, DisplayedRun) is None


@pytest.mark.parametrize("allowed", ['["form", "terminal", "runner"]', "[]"])
def test_a_token_command_that_the_policy_does_not_allow_executes_no_cell(tmp_path, allowed):
    policy, notebook = tmp_path / "policy.toml", tmp_path / "book.ipynb"
    policy.write_text(f"mfa = true\n[allow]\nprompts = {allowed}\n")
    policy.chmod(0o644)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell("1")]), notebook)
    options = ExecutionOptions(
        runbook=notebook, output=tmp_path / "out.ipynb", environ={"TFMFA_POLICY": str(policy)}, token_command="echo 1"
    )
    with pytest.raises(ConfigurationError, match=f"A token command is not allowed .organization policy {policy}"):
        PreparedRunbook(options)
    assert PreparedRunbook(replace(options, token_command="")).notebook
    policy.write_text('mfa = true\n[allow]\nprompts = ["command"]\n')
    assert PreparedRunbook(options).notebook
