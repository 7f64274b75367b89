"""A waiting run is answered from elsewhere: real sockets, a person at each end, and what others try."""

import asyncio
import getpass
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.authentication.refusal import Refusal, RefusalKind
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.front_end import front_end_of
from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled, RunDiscarded, RunStateError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.answer_socket import bound, connected
from tfmfa_nb.prompts.choice import choose_prompt
from tfmfa_nb.prompts.form import FormPrompt
from tfmfa_nb.prompts.nobody import NobodyPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.prompts.unavailable import UnavailablePrompt
from tfmfa_nb.protocol.status import COMM_TARGET
from tfmfa_nb.protocol.waiting_run import ElsewhereAnswer
from tfmfa_nb.runs.events import Authenticated
from tfmfa_nb.runs.gate.door_of_run import beside
from tfmfa_nb.runs.history import waiting_runs
from tfmfa_nb.runs.history.approve import Approver, leave
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.waiting_runs import Conversation, waits_for
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.card_view import CardView
from tfmfa_nb.views.folder_runs import folder_runs
from tfmfa_nb.views.headless import HeadlessView
from tfmfa_nb.views.run_list import listing_text

DECISION = ("Plan: 1 to add, 0 to change, 1 to destroy.", "  - a.old will be destroyed")
REQUEST = CodeRequest(Phase.PLAN, "staging", None, "arn:aws:iam::123456789012:mfa/alice", None, 1)


@pytest.fixture
def environment(tmp_path):
    return Environment.named("staging", tmp_path)


@pytest.fixture
def run(environment, tmp_path):
    return Run(environment, Options(), tmp_path)


@pytest.fixture
def conversation(environment, run):
    """Opens conversations with the run, as soon as it waits."""
    opened = []

    async def make(**options):
        await until(lambda: waits_for(environment, run.id))
        opened.append(await asyncio.to_thread(lambda: Conversation(environment, run.id, **options)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


async def until(holds):
    """Wait for something of which no event tells another process."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


class Here:
    """The prompt of the cell, at which a person answers when the test says so."""

    kind, max_attempts = NobodyPrompt.kind, None

    def __init__(self):
        self.typed, self.withdrawn = asyncio.get_running_loop().create_future(), False

    async def ask(self, request):
        try:
            return await self.typed
        except asyncio.CancelledError:
            self.withdrawn = True
            raise

    async def confirm(self, question, *, decision=(), word=""):
        return bool(await self.typed)


def answer(conversation, kind="code", **more):
    return ElsewhereAnswer(number=conversation.question.number, kind=kind, where="a terminal", **more)


async def test_the_first_to_answer_wins_and_the_other_is_withdrawn(run, conversation):
    here = Here()
    prompt = beside(here, run.driver)
    asking = asyncio.ensure_future(prompt.ask(REQUEST))
    there = await conversation()
    there.give(answer(there), Secret("492 817"))
    assert (await asking).reveal() == "492817"
    assert here.withdrawn
    assert str(prompt.kind) == "approval"
    assert run.notes == ["Answered in a terminal."]
    assert (await there.next()).state == "taken"


async def test_what_was_answered_where_it_was_asked_is_closed_elsewhere(run, conversation):
    here = Here()
    asking = asyncio.ensure_future(beside(here, run.driver).ask(REQUEST))
    there = await conversation()
    here.typed.set_result(Secret("111111"))
    assert (await asking).reveal() == "111111"
    said = await there.next()
    assert (said.state, said.text) == ("closed", "The question was answered where it was asked.")
    assert not run.driver.store.files.answers.exists()


async def test_one_of_two_wins_and_the_other_is_told(run, conversation):
    asking = asyncio.ensure_future(beside(Here(), run.driver).ask(REQUEST))
    first, second = await conversation(), await conversation()
    first.give(answer(first), Secret("111111"))
    assert (await asking).reveal() == "111111"
    said = await second.next()
    assert (said.state, said.text) == ("closed", "The question was answered in a terminal.")


def test_who_serves_a_question_bit_by_bit_does_not_hold_up_whoever_lists_the_runs(environment, run, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.runs.history.waiting_runs.FIRST_SECONDS", 0.3)
    listening = bound(environment.files.run(run.id).answers)
    served = []

    def drip():
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            for _ in range(1_000):
                connection.sendall(b"[")
                served.append(time.monotonic())
                time.sleep(0.05)

    dripping = threading.Thread(target=drip)
    dripping.start()
    assert waits_for(environment, run.id) == ""
    dripping.join()
    listening.close()
    assert len(served) < 100


async def test_those_who_say_nothing_crash_or_talk_nonsense_hinder_nobody(environment, run, conversation):
    asking = asyncio.ensure_future(beside(Here(), run.driver).ask(REQUEST))
    silent = [await conversation() for _ in range(20)]
    path = environment.files.run(run.id).answers
    forged = b'{"type": "answer", "number": 1, "kind": "cancel", "where": "x\\u001b[2J\\nAuthenticated"}\n'
    for text in (b"x" * 100_000, b"{}\n", b'{"type": "answer"}\n', forged, b"[" * 3_000 + b"\n", b"\xff\n"):
        with connected(path) as other:
            other.recv(1)
            try:
                other.sendall(text)
                while other.recv(4_096):
                    pass
            except ConnectionError:
                pass
    half = connected(path)
    half.sendall(b'{"type": "answer", "number": 1, "kind": "code", "where": "x"}\n12')
    half.close()
    late = answer(silent[-1])
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(asking), 0.2)
    silent[-1].give(late, Secret("222222"))
    assert (await asking).reveal() == "222222"


@pytest.mark.parametrize(("kind", "error"), [("cancel", RunCanceled), ("discard", RunDiscarded)])
async def test_it_is_canceled_or_discarded_from_elsewhere(run, conversation, kind, error):
    asking = asyncio.ensure_future(beside(Here(), run.driver).ask(REQUEST))
    there = await conversation()
    if kind == "discard":
        with pytest.raises(RunStateError, match="has no plan to discard"):
            await leave(there, "discard", "a terminal")
    there.give(answer(there, kind))
    with pytest.raises(error, match="in a terminal"):
        await asking


async def test_a_confirmation_needs_the_word(run, conversation):
    for word, agreed in (("staging", True), ("stagin", False)):
        asking = asyncio.ensure_future(beside(Here(), run.driver).confirm("Destroy?", word="staging"))
        there = await conversation()
        assert (there.question.kind, there.question.word) == ("confirmation", "staging")
        there.give(answer(there, "confirm", word=word))
        assert await asking is agreed


async def test_the_end_of_the_wait_closes_the_door(environment, run, conversation):
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    await conversation()
    mode = environment.files.run(run.id).answers.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert waits_for(environment, run.id) == "code"
    assert f"{run.id} is waiting for a code" in listing_text(list_runs(environment, 20))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert waits_for(environment, run.id) == ""


async def test_a_socket_that_a_killed_kernel_left_is_no_answer_and_no_hindrance(environment, run, conversation):
    path = environment.files.run(run.id).answers
    script = f"import socket; socket.socket(socket.AF_UNIX).bind({path.name!r})"
    subprocess.run(  # noqa: ASYNC221 - the test waits for it
        [sys.executable, "-c", script], cwd=path.parent, check=True
    )
    assert waits_for(environment, run.id) == ""
    with pytest.raises(RunStateError, match="does not wait for an answer on this machine"):
        Conversation(environment, run.id)
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    await until(lambda: waits_for(environment, run.id))
    there = await conversation()
    there.give(answer(there), Secret("333333"))
    assert (await asking).reveal() == "333333"


async def test_runs_whose_kernels_hang_are_asked_together(environment, run, conversation, tmp_path, monkeypatch):
    """A stopped kernel's socket still takes connections, and says nothing."""
    monkeypatch.setattr(waiting_runs, "FIRST_SECONDS", 2)
    hung = [Run(environment, Options(), tmp_path) for _ in range(6)]
    listening = [bound(environment.files.run(each.id).answers) for each in hung]
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    await conversation()
    begun = time.monotonic()
    listed = {each.id: each.waiting_for for each in list_runs(environment, 20).runs}
    assert time.monotonic() - begun < 10  # not six times two seconds
    assert listed[run.id] == "code"
    assert {listed[each.id] for each in hung} == {""}
    begun = time.monotonic()
    assert folder_runs([environment], tmp_path, Policy, {}).environments[0].total == 7
    assert time.monotonic() - begun < 10
    asking.cancel()
    for each in listening:
        each.close()


async def test_a_deep_folder_is_no_hindrance(tmp_path):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    environment = Environment.named("staging", deep)
    run = Run(environment, Options(), deep)
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    await until(lambda: waits_for(environment, run.id))
    with Conversation(environment, run.id) as there:
        there.give(answer(there), Secret("444444"))
        assert (await asking).reveal() == "444444"


async def test_a_code_is_handed_to_nobody_else(environment, run, conversation):
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    await conversation()
    with pytest.raises(RunStateError, match="belongs to the user 4711"):
        Conversation(environment, run.id, lambda _: 4711)
    environment.files.run(run.id).folder.chmod(0o755)
    with pytest.raises(RunStateError, match="is not private"):
        Conversation(environment, run.id)
    asking.cancel()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_by_the_system_s_own_word(environment, run, conversation):
    """Also where the modes of all folders would let them in."""
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    await conversation()
    path = environment.files.run(run.id).answers
    path.chmod(0o777)
    # It enters the folder as root, and is another user when it connects.
    script = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); os.setgid(65534); os.setuid(65534);"
        "s.connect('answers.sock'); s.settimeout(10); sys.exit(len(s.recv(1)))"
    )
    path.parent.chmod(0o755)
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=path.parent)
    assert await child.wait() == 0  # the connection ended, and not one byte was sent
    await until(lambda: run.notes)
    assert "belongs to the user 65534" in run.notes[0]
    assert not asking.done()
    asking.cancel()


async def test_a_terminal_is_withdrawn_in_the_midst_of_its_input(run, monkeypatch):
    """It holds up the loop, so nothing but a signal can end it."""
    reading, hold = os.pipe()

    def typing(_text):
        os.read(reading, 1)  # until somebody types, or a signal arrives
        return "555555"

    monkeypatch.setattr(getpass, "getpass", typing)
    before = signal.getsignal(signal.SIGINT)
    environment = run.driver.environment

    def elsewhere():
        while not waits_for(environment, run.id):
            pass
        with Conversation(environment, run.id) as there:
            there.give(answer(there), Secret("666666"))

    giving = asyncio.get_running_loop().run_in_executor(None, elsewhere)
    prompt = beside(TerminalPrompt(), run.driver)
    assert (await prompt.ask(REQUEST)).reveal() == "666666"
    await giving
    assert signal.getsignal(signal.SIGINT) is before
    os.write(hold, b"x")
    assert (await prompt.ask(REQUEST)).reveal() == "555555"  # a later input is read as ever
    os.close(reading)
    os.close(hold)


class Typed:
    """A person elsewhere, who types these."""

    kind, max_attempts = TerminalPrompt.kind, None

    def __init__(self, *codes):
        self.codes, self.requests = list(codes), []

    async def ask(self, request):
        self.requests.append(request)
        return Secret(self.codes.pop(0))

    async def confirm(self, question, *, decision=(), word=""):
        return True


async def test_a_refused_code_asks_again_in_both(environment, run, conversation):
    prompt = beside(NobodyPrompt(), run.driver)
    told = []

    async def gate():
        await prompt.ask(replace(REQUEST, decision=DECISION))
        refusal = Refusal(RefusalKind.WRONG_CODE, "AWS rejected the code.", "Enter the next one.")
        request = CodeRequest(Phase.PLAN, "staging", None, "", refusal, 2, decision=DECISION)
        code = await prompt.ask(request)
        run.driver.tell(Authenticated("alice", 1.0))
        return code.reveal()

    passing = asyncio.ensure_future(gate())
    there = await conversation()
    typed = Typed("111111", "222222")
    approver = Approver(typed, "a terminal", told.append)
    assert await approver.approve(environment, there) == "Authenticated with MFA by alice."
    assert await passing == "222222"
    assert "AWS rejected the code. Enter the next one." in told
    assert any(line.startswith("Asked by:") for line in told)
    assert [line for line in told if line in DECISION] == [*DECISION]
    assert [request.decision for request in typed.requests] == [(), ()]
    everything = b"".join(file.read_bytes() for file in environment.files.private.rglob("*") if file.is_file())
    assert b"111111" not in everything
    assert b"222222" not in everything
    assert "111111" not in json.dumps(told)


async def test_where_no_socket_can_be_served_the_own_prompt_goes_on_alone(run, monkeypatch):
    monkeypatch.delattr(socket, "SO_PEERCRED")
    here = Here()
    here.typed.set_result(Secret("777777"))
    assert (await beside(here, run.driver).ask(REQUEST)).reveal() == "777777"
    with pytest.raises(PromptUnavailable, match="a private socket cannot be served"):
        await beside(NobodyPrompt(), run.driver).ask(REQUEST)


@pytest.mark.parametrize(("allowed", "wrapped"), [({"terminal", "approval"}, True), ({"terminal"}, False)])
def test_the_policy_decides_whether_answers_may_come_from_elsewhere(allowed, wrapped):
    own, other = TerminalPrompt(), object()
    chosen = choose_prompt("auto", "", own, attended=True, allows=allowed.__contains__, beside=lambda _: other)
    assert (chosen is other) is wrapped


class Kernel:
    """A kernel whose cell comes from a program that accepts no input."""

    def __init__(self, *comms):
        self.comm_manager = SimpleNamespace(comms={str(number): comm for number, comm in enumerate(comms)})

    def get_parent(self, _channel):
        return {"content": {"allow_stdin": False}}


PAGE = SimpleNamespace(target_name=COMM_TARGET)


@pytest.fixture
def front_end(run):
    """The front end of the run in a kernel that has these comms."""
    made = []

    def make(*comms, **options):
        made.append(front_end_of(run, SimpleNamespace(kernel=Kernel(*comms)), **options))
        return made[-1]

    yield make
    for each in made:
        each.view.end()


@pytest.mark.parametrize(
    ("comms", "wait", "prompt", "shown"),
    [
        ((PAGE,), False, FormPrompt, CardView),
        ((PAGE,), True, FormPrompt, CardView),
        ((), False, UnavailablePrompt, HeadlessView),
        ((), True, NobodyPrompt, HeadlessView),
    ],
)
async def test_a_program_s_cell_is_answered_by_whoever_has_the_document_open(front_end, comms, wait, prompt, shown):
    chosen = front_end(*comms, wait=wait)
    assert isinstance(chosen.prompt, prompt)
    assert isinstance(chosen.view, shown)
    assert not chosen.attended


async def test_the_prompt_form_has_its_card_where_nobody_has_the_document_open(front_end, capsys):
    prompt = front_end(form=True).prompt
    assert isinstance(prompt, FormPrompt)
    asking = asyncio.ensure_future(prompt.ask(REQUEST))
    shown = ""
    while not shown:
        await asyncio.sleep(0.01)
        shown = capsys.readouterr().out
    assert shown.startswith("Nobody has this notebook open. ")
    assert not asking.done()
    asking.cancel()


async def test_another_notebook_shows_it_and_asks_with_its_own_prompt(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(getpass, "getpass", lambda _: "888 888")
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    asking = asyncio.ensure_future(beside(NobodyPrompt(), run.driver).ask(REQUEST))
    asking.add_done_callback(lambda _: run.driver.tell(Authenticated("alice", 1.0)))
    await until(lambda: waits_for(run.driver.environment, run.id))
    cell = f"%tfruns -e staging approve {run.id}"
    result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
    result.raise_error()
    assert (await asking).reveal() == "888888"
    assert run.notes == ["Answered in another notebook."]
    shown = capsys.readouterr().out
    assert f"Run:          {run.id}, plan" in shown
    assert "Authenticated with MFA by alice." in shown
