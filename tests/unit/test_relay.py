"""What a relay makes of a worker that answers, that is gone, or that another process has replaced."""

import asyncio
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from dask_cluster import write_certificate
from processes import command_of

from tfmfa_nb.remote.relay import Order, Relay, WorkerLost
from tfmfa_nb.remote.sealed_jobs import Answers
from tfmfa_nb.remote.worker_jobs import interrupt, look
from tfmfa_nb.terraform.python_command import python_command

WORKER = "tls://10.0.0.3:4567"
KEY = b"k" * 32
SEALED = Answers(KEY).seal({"exit_code": 0, "killed": False, "plan": b""})


class Future:
    """Dask's: done as soon as it has been looked at `looks` times, with a result or an error."""

    def __init__(self, result, looks=0):
        self.result, self.looks = result, looks
        self.canceled = False

    def done(self):
        self.looks -= 1
        return self.looks < 0

    async def cancel(self):
        self.canceled = True

    def __await__(self):
        async def end():
            if isinstance(self.result, BaseException):
                raise self.result
            return self.result

        return end().__await__()


class Client:
    """Dask's: `calls` answers each function; `known` is what the scheduler says, one after the other."""

    def __init__(self, future, calls=None, known=({WORKER: {}},)):
        self.future, self.calls, self.known = future, {look: lambda *_: b"", **(calls or {})}, list(known)
        self.scheduler = self
        self.submitted = []

    async def identity(self, n_workers):
        assert n_workers == -1
        known = self.known.pop(0) if len(self.known) > 1 else self.known[0]
        if isinstance(known, BaseException):
            raise known
        return {"workers": known}

    def submit(self, *arguments, **how):
        self.submitted.append((arguments, how))
        return self.future

    async def run(self, function, *arguments, workers, on_error):
        assert (workers, on_error) == ([WORKER], "return")
        answer = self.calls[function](*arguments)
        if isinstance(answer, ConnectionError):
            raise answer
        return {WORKER: answer}


@pytest.fixture
def order(tmp_path, tmp_path_factory):
    (tmp_path / "plan.sealed").write_bytes(b"sealed")
    (mark := tmp_path_factory.mktemp("run") / "plan.exit.uninterrupted").touch()
    return Order(
        scheduler="tls://127.0.0.1:1",
        security={},
        worker=WORKER,
        worker_key="f1",
        name="host (tls://10.0.0.3:4567)",
        job_id="tfmfa-1",
        job=str(tmp_path / "plan.sealed"),
        reply_key=KEY.hex(),
        plan="",
        uninterrupted=str(mark),
    )


async def test_a_job_goes_to_its_worker_once_and_ends_as_terraform_has_ended(order, tmp_path):
    client = Client(Future(Answers(KEY).seal({"exit_code": -9, "killed": True, "plan": b""})))
    assert await Relay(order).run(client) == 137
    ((arguments, how),) = client.submitted
    assert arguments[1:] == ("tfmfa-1", b"sealed")
    assert (how["workers"], how["allow_other_workers"], how["retries"]) == ([WORKER], False, 0)
    assert not client.future.canceled  # it has ended, and the scheduler's log would have an error for each
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "result",
    [
        RuntimeError("This job was sealed for another process: it is not done here."),
        RuntimeError("This job was begun before: it is not done twice."),
        ImportError("No module named 'nacl'"),
        Answers(b"o" * 32).seal({"exit_code": 0, "plan": b""}),
        Answers(KEY).seal({"exit_code": None, "plan": b""}),
    ],
    ids=["of another process", "begun before", "no extra", "of another job", "killed"],  # what is sealed is random
)
async def test_what_no_sealed_answer_tells_of_is_lost(order, result):
    relay = Relay(order)
    with pytest.raises(WorkerLost):
        await relay.run(Client(Future(result)))
    assert relay.submitted


async def test_another_process_at_the_address_means_that_the_worker_is_lost(order):
    client = Client(Future(SEALED, looks=99), {look: lambda _, key, __: None if key == "f1" else b""})
    with pytest.raises(WorkerLost, match="another process is at its address"):
        await Relay(order).run(client)
    assert client.future.canceled  # so that the scheduler gives it to nobody any more


async def test_a_scheduler_that_gives_no_answer_once_has_lost_nobody(order):
    answers = [ConnectionError("reset"), ConnectionError("reset"), b""]
    known = [{WORKER: {}}, ConnectionError("reset"), {WORKER: {}}]
    client = Client(Future(SEALED, looks=1), {look: lambda *_: answers.pop(0)}, known)
    assert await Relay(order).run(client) == 0
    assert answers == []


async def test_a_worker_that_the_scheduler_does_not_know_any_more_is_lost(order):
    client = Client(Future(SEALED, looks=99), {look: lambda *_: ConnectionError("gone")}, [{WORKER: {}}, {}])
    with pytest.raises(WorkerLost, match="left the cluster"):
        await Relay(order).run(client)


async def test_a_log_that_the_worker_has_not_sealed_is_not_shown(order, capfd):
    client = Client(Future(SEALED, looks=99), {look: lambda *_: Answers(b"o" * 32).seal({"offset": 0, "log": b"x"})})
    with pytest.raises(WorkerLost, match="not sealed with the key of the job"):
        await Relay(order).run(client)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("known", "problem"), [({}, "not in the cluster any more"), (OSError("reset"), "the scheduler gives no answer")]
)
async def test_before_the_job_is_handed_over_nothing_is_lost(order, known, problem):
    relay, client = Relay(order), Client(Future(SEALED), known=[known])
    with pytest.raises(OSError, match=problem):
        await relay.run(client)
    assert (relay.submitted, client.submitted) == (False, [])


async def test_an_interrupt_reaches_a_job_as_soon_as_it_has_begun(order):
    begun = [False, False, True]
    client = Client(Future(SEALED, looks=99), {interrupt: lambda _: begun.pop(0)})
    relay = Relay(order)
    running = asyncio.ensure_future(relay.run(client))
    await asyncio.sleep(0)
    relay.interrupt()
    while begun:  # noqa: ASYNC110 - the fake tells nobody
        await asyncio.sleep(0.01)
    client.future.looks = 0
    assert await running == 0


def started(order):
    relay = subprocess.Popen(
        python_command("-P", "-m", "tfmfa_nb.remote.relay", deaf=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    relay.stdin.write(order.written())
    relay.stdin.close()
    relay.stdin = None
    return relay


@pytest.mark.parametrize("security", [{}, {"tls_ca_file": "/nowhere.pem", "tls_client_cert": "/nowhere.pem"}])
def test_a_relay_that_does_not_get_there_says_that_nothing_was_sent_and_leaves_nothing(order, tmp_path, security):
    relay = started(replace(order, security=security))
    said, _ = relay.communicate(timeout=60)
    assert relay.returncode == 1
    assert said.startswith("Error: Nothing was sent to host (tls://10.0.0.3:4567): ")
    assert "locked" not in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_it_connects_ends_a_relay(order, tmp_path, tmp_path_factory):
    ca, key = map(str, write_certificate(tmp_path_factory.mktemp("tls")))
    order = replace(order, security={"tls_ca_file": ca, "tls_client_cert": ca, "tls_client_key": key})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        relay = started(replace(order, scheduler=f"tls://127.0.0.1:{silent.getsockname()[1]}"))
        silent.settimeout(30)
        connection, _ = silent.accept()
        time.sleep(0.2)
        relay.send_signal(signal.SIGINT)
        said, _ = relay.communicate(timeout=20)
        connection.close()
    assert said == "Interrupt received: nothing was sent to host (tls://10.0.0.3:4567).\n"
    assert relay.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_before_a_relay_can_hear_it_is_not_lost(order, tmp_path):
    """As the supervisor interrupts: the mark goes first. The imports take a quarter of a second."""
    relay = started(order)
    while command_of(psutil.Process(relay.pid))[:1] in ([], ["/bin/sh"]):  # none while it begins
        assert relay.poll() is None
        time.sleep(0.001)
    Path(order.uninterrupted).unlink()
    relay.send_signal(signal.SIGINT)
    said, _ = relay.communicate(timeout=20)
    assert said == "Interrupt received: nothing was sent to host (tls://10.0.0.3:4567).\n"
    assert relay.returncode == 1
    assert list(tmp_path.iterdir()) == []
