import subprocess
import sys

import pytest
from scripted_run import ScriptedRun

from tfmfa_nb.magics.status_comm import StatusComm
from tfmfa_nb.protocol.messages import COMM_TARGET, PROTOCOL, AboutPosition, HoverAnswer


class Magics:
    """What the status comm sees of the magics."""

    def __init__(self):
        self.latest, self.fleet, self.busy, self.observers = None, None, False, []

    def observe(self, handler, names):
        assert names == ["latest", "fleet", "active_runs"]
        self.observers.append(handler)

    def unobserve(self, handler, names):
        assert names == ["latest", "fleet", "active_runs"]
        self.observers.remove(handler)

    def become(self, **values):
        vars(self).update(values)
        for handler in self.observers:
            handler(None)


class Manager:
    def __init__(self):
        self.targets, self.comms = {}, {}

    def register_target(self, name, opened):
        self.targets[name] = opened

    def register_comm(self, comm):
        self.comms[comm.comm_id] = comm

    def open(self):
        comm = FakeComm()
        self.targets[COMM_TARGET](comm, {})
        return comm


class FakeComm:
    def __init__(self):
        self.sent, self.closed = [], False

    def on_msg(self, handler):
        self.say = lambda **data: handler({"content": {"data": data}})

    def on_close(self, handler):
        self.leave = lambda: handler({})

    def send(self, data):
        self.sent.append(data)

    def close(self):
        self.closed = True


@pytest.fixture
def kernel():
    manager, magics = Manager(), Magics()
    return manager, magics, StatusComm(manager, magics, lambda question, reply: reply(question))


def test_a_front_end_is_told_of_the_latest_run_and_of_what_changes(kernel):
    manager, magics, _ = kernel
    comm = manager.open()
    assert comm.sent == [{"type": "status", "protocol": PROTOCOL, "busy": False, "run": None}]
    run = ScriptedRun()
    magics.become(latest=run, busy=True)
    run.question = {"kind": "code", "text": "MFA code for alice"}
    run.lock_indicator = "failed"
    assert comm.sent[-1] == {
        "type": "status",
        "protocol": PROTOCOL,
        "busy": True,
        "run": {
            "id": run.id, "environment": "staging", "phase": "plan", "status": "pending", "question": "code",
            "level": "plans and applies", "lock_indicator": "failed", "canceling": False,
            "card": "", "stands": "",
        },
    }  # fmt: skip
    sent = len(comm.sent)
    run.write("a line")
    assert len(comm.sent) == sent
    magics.become(latest=ScriptedRun(environment="prod\u202e"))
    run.lock_indicator = "open"
    assert comm.sent[-1]["run"]["environment"] == "prod⟨U+202E⟩"


def test_a_second_page_is_told_at_once_and_one_that_left_no_more(kernel):
    manager, magics, _ = kernel
    magics.become(latest=ScriptedRun(status="planned"))
    first, second = manager.open(), manager.open()
    assert second.sent[0]["run"]["status"] == "planned"
    first.leave()
    first.leave()
    magics.latest.status = "applying"
    assert [len(first.sent), len(second.sent)] == [1, 2]


def test_pages_that_were_reloaded_are_forgotten(kernel):
    manager, _, _ = kernel
    comms = [manager.open() for _ in range(20)]
    assert [comm.closed for comm in comms] == [True] * 4 + [False] * 16


def test_cancel_reaches_the_run_that_was_seen_while_it_goes_on(kernel):
    manager, magics, _ = kernel
    run = ScriptedRun()
    magics.become(latest=run)
    comm = manager.open()
    comm.say(type="cancel", id=run.id)  # it does not go on
    magics.become(busy=True)
    comm.say(type="cancel", id="another")
    comm.say(type="apply", id=run.id)
    comm.say()
    assert run.calls == []
    comm.say(type="cancel", id=run.id)
    assert run.calls == ["cancel"]


def test_closing_leaves_nothing(kernel):
    manager, magics, status = kernel
    run = ScriptedRun()
    magics.become(latest=run)
    comm = manager.open()
    assert [each.target_name for each in manager.comms.values()] == [COMM_TARGET]
    status.close()
    assert (manager.targets, manager.comms, magics.observers, comm.closed) == ({}, {}, [], True)
    sent = len(comm.sent)
    run.status = "applied"
    assert len(comm.sent) == sent


IN_KERNEL = """
from ipykernel.kernelapp import IPKernelApp
import sys
app = IPKernelApp.instance()
app.initialize(["--IPKernelApp.quiet=True"])
shell = app.shell
before = set(sys.modules)
shell.run_line_magic("load_ext", "tfmfa_nb")
manager = shell.kernel.comm_manager
assert "tfmfa_nb" in manager.targets and "tfmfa_nb-status" in manager.comms
heavy = {"boto3", "botocore", "ipywidgets", "tree_sitter", "nbclient", "moto", "psutil"}
assert not heavy & (set(sys.modules) - before)
shell.run_line_magic("unload_ext", "tfmfa_nb")
assert "tfmfa_nb" not in manager.targets and not manager.comms
open("passed", "w").close()
"""


def test_a_kernel_has_it_while_the_extension_is_loaded(tmp_path):
    done = subprocess.run([sys.executable, "-c", IN_KERNEL], capture_output=True, cwd=tmp_path, check=False)
    assert (tmp_path / "passed").exists(), done


def test_an_answer_goes_to_the_front_end_that_has_asked_while_it_is_there():
    manager, waiting = Manager(), []
    StatusComm(manager, Magics(), lambda question, reply: waiting.append((question, reply)))
    one, other = manager.open(), manager.open()
    one.say(type="ask", number=7, question={"type": "hover", "text": "%%tfplan", "offset": 2})
    ((question, reply),) = waiting
    assert question == AboutPosition(type="hover", text="%%tfplan", offset=2)
    reply(HoverAnswer(start=0, end=8, title="x", text="y"))
    answer = {"start": 0, "end": 8, "title": "x", "text": "y"}
    assert one.sent[-1] == {"type": "answer", "number": 7, "answer": answer}
    assert len(other.sent) == 1
    one.leave()
    reply(HoverAnswer(start=0, end=8, title="too late", text=""))
    assert one.sent[-1]["answer"] == answer


GARBLED = [
    *({}, "x", None, ["hover"], {"type": "nonsense"}, {"type": "complete"}, {"type": "hover", "text": 1}),
    {"type": ["x"], "text": ""},
    {"type": "complete", "text": "%%tfplan", "offset": "x"},
    {"type": "complete", "text": "x" * 1_000_001, "offset": 0},
]


@pytest.mark.parametrize("question", GARBLED, ids=lambda question: repr(question)[:40])
def test_a_question_that_is_not_understood_is_answered_with_nothing(kernel, question):
    comm = kernel[0].open()
    comm.say(type="ask", number=1, question=question)
    assert comm.sent[1:] == [{"type": "answer", "number": 1, "answer": None}]


@pytest.mark.parametrize("data", [{}, {"type": "ask"}, {"type": "ask", "number": "x"}, {"type": "cancel", "id": 1}])
def test_a_message_that_is_not_understood_is_ignored(kernel, data):
    comm = kernel[0].open()
    comm.say(**data)
    assert len(comm.sent) == 1
