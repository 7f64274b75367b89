import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tfmfa_nb.environments import EnvironmentLock, Holder, holder_of
from tfmfa_nb.model.errors import ConfigurationError, EnvironmentLocked


async def test_the_second_is_told_who_holds_it_and_since_when(tmp_path):
    path, told = tmp_path / "lock", []
    with await EnvironmentLock.acquire(path, purpose="apply, run-1"):
        with pytest.raises(EnvironmentLocked) as caught:
            await EnvironmentLock.acquire(path, purpose="plan, run-2", on_wait=told.append)
        assert told == []  # it does not wait unless it is told to
        assert "apply, run-1" in caught.value.problem
        assert f"process {os.getpid()}" in caught.value.problem
        assert "since" in caught.value.problem
        assert "--lock-timeout" in caught.value.remedy


async def test_it_waits_for_as_long_as_it_was_told(tmp_path):
    path = tmp_path / "lock"
    told = []
    first = await EnvironmentLock.acquire(path, purpose="plan")
    began = time.monotonic()
    asyncio.get_running_loop().call_later(0.3, first.release)
    second = await EnvironmentLock.acquire(path, purpose="apply", timeout=60, on_wait=told.append)
    assert time.monotonic() - began >= 0.3
    assert len(told) == 1
    assert "lock: plan, started by process" in told[0]
    second.release()
    began = time.monotonic()
    with (
        await EnvironmentLock.acquire(path, purpose="plan"),
        pytest.raises(EnvironmentLocked),
    ):
        await EnvironmentLock.acquire(path, purpose="apply", timeout=0.3)
    assert time.monotonic() - began >= 0.3


async def test_a_process_that_inherited_the_lock_keeps_it(tmp_path):
    path = tmp_path / "lock"
    lock = await EnvironmentLock.acquire(path, purpose="apply")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.fd])
    lock.lent = True
    lock.release()
    with pytest.raises(EnvironmentLocked):
        await EnvironmentLock.acquire(path, purpose="plan")
    child.kill()
    child.communicate()
    (await EnvironmentLock.acquire(path, purpose="plan")).release()


async def test_what_was_not_lent_is_free_whoever_was_forked_meanwhile(tmp_path):
    path = tmp_path / "lock"
    lock = await EnvironmentLock.acquire(path, purpose="plan")
    # Such as a daemon that a local-exec left behind.
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.fd])
    lock.release()
    (await EnvironmentLock.acquire(path, purpose="apply")).release()
    child.kill()
    child.communicate()


async def test_processes_that_start_at_the_moment_of_release_do_not_keep_it(tmp_path):
    """Between its fork and its exec each has every file of this process open."""
    path, stop = tmp_path / "lock", threading.Event()

    def fork():
        while not stop.is_set():
            subprocess.run(["true"], check=True)

    threads = [threading.Thread(target=fork) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(200):
            (await EnvironmentLock.acquire(path, purpose="plan")).release()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def test_a_garbled_holder_is_another_run(tmp_path):
    path = tmp_path / "lock"
    with await EnvironmentLock.acquire(path, purpose="plan"):
        for content in (b"\xff{", b"[]", b'{"purpose": "", "pid": 1, "host": "", "since": 1e300}', b"[" * 4096):
            path.write_bytes(content)
            with pytest.raises(EnvironmentLocked, match="another run"):
                await EnvironmentLock.acquire(path, purpose="plan")


async def test_a_link_in_its_place_is_refused(tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match=f"The lock {tmp_path}/lock cannot be opened: Too many") as caught:
        await EnvironmentLock.acquire(tmp_path / "lock", purpose="plan")
    assert caught.value.remedy
    with pytest.raises(ConfigurationError, match="cannot be opened: Too many"):
        holder_of(tmp_path / "lock")
    assert (tmp_path / "elsewhere").read_text() == "precious"


async def test_whoever_looks_learns_who_holds_it_and_holds_nothing_up(tmp_path):
    path = tmp_path / "lock"
    assert holder_of(path) is None
    with await EnvironmentLock.acquire(path, purpose="apply, run-1"):
        holder = holder_of(path)
        assert (holder.purpose, holder.pid, holder.here, holder.alive) == ("apply, run-1", os.getpid(), True, True)
        assert f"apply, run-1, started by process {os.getpid()}, since" in str(holder)
        said = json.loads(path.read_text())
        for torn in (
            "torn",
            "[]",
            "{}",
            "null",
            json.dumps({**said, "since": 1e300}),
            json.dumps({**said, "pid": "x"}),
        ):
            path.write_text(torn)
            assert str(holder_of(path)) == "another run"
    assert holder_of(path) is None
    (await EnvironmentLock.acquire(path, purpose="who looked holds nothing")).release()


def test_a_holder_that_has_died_and_one_that_got_its_number_since_are_not_alive():
    host = os.uname().nodename
    assert not Holder("apply, run-1", 2**22 + 1, host, time.time()).alive
    assert not Holder("apply, run-1", os.getpid(), host, time.time() - 10**8).alive
    elsewhere = Holder("apply, run-1", 2**22 + 1, "elsewhere", time.time())
    assert (elsewhere.alive, elsewhere.here) == (True, False)
    assert " on elsewhere, since" in str(elsewhere)
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as ended:
        ended.stdout.read()  # nobody has asked how it ended yet
        while os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT) is None:
            time.sleep(0.01)
        assert not Holder("apply, run-1", ended.pid, host, time.time()).alive


async def test_of_a_holder_before_it_nothing_stays(tmp_path):
    path = tmp_path / "lock"
    (await EnvironmentLock.acquire(path, purpose="apply, run-1, with more words than the next one has")).release()
    with await EnvironmentLock.acquire(path, purpose="plan"):
        assert holder_of(path).purpose == "plan"


async def test_nobody_else_can_read_or_hold_it(tmp_path):
    path = tmp_path / "lock"
    before = os.umask(0)
    try:
        (await EnvironmentLock.acquire(path, purpose="plan")).release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_second_release_is_harmless(tmp_path):
    path = tmp_path / "lock"
    with await EnvironmentLock.acquire(path, purpose="plan") as lock:
        lock.release()
        with await EnvironmentLock.acquire(path, purpose="apply"):
            lock.release()
            assert holder_of(path).purpose == "apply"
    os.fstat(1)  # nothing else was closed


async def test_who_gives_up_or_waits_for_a_lock_that_was_moved_away_leaves_no_file_open(tmp_path):
    path = tmp_path / "lock"

    def left_open():
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(str(link.readlink()).startswith(str(tmp_path)) for link in links)

    with await EnvironmentLock.acquire(path, purpose="plan") as lock:
        with pytest.raises(EnvironmentLocked):
            await EnvironmentLock.acquire(path, purpose="apply")
        told = asyncio.Event()
        waiting = asyncio.ensure_future(
            EnvironmentLock.acquire(path, purpose="apply", timeout=20, on_wait=lambda _: told.set())
        )
        await told.wait()
        path.rename(tmp_path / "out of the way")
        lock.release()
        with await waiting:
            assert left_open() == 1
        assert left_open() == 0


async def test_the_advice_about_the_holder_follows_the_remedy(tmp_path):
    path = tmp_path / "lock"
    with await EnvironmentLock.acquire(path, purpose="apply, run-1"):
        with pytest.raises(EnvironmentLocked) as caught:
            await EnvironmentLock.acquire(path, purpose="plan", advice=lambda holder: f"See {holder.purpose}.")
        assert caught.value.remedy.endswith("--lock-timeout 10m. See apply, run-1.")


async def test_a_lock_put_out_of_the_way_binds_nobody_also_one_who_waits_for_it(tmp_path):
    path = tmp_path / "lock"
    old = await EnvironmentLock.acquire(path, purpose="left over")
    told = asyncio.Event()
    waiting = asyncio.ensure_future(
        EnvironmentLock.acquire(path, purpose="waiting", timeout=20, on_wait=lambda _: told.set())
    )
    await told.wait()
    path.unlink()
    with await waiting:
        assert holder_of(path).purpose == "waiting"
        old.release()
        with pytest.raises(EnvironmentLocked):
            await EnvironmentLock.acquire(path, purpose="third")


@pytest.mark.parametrize("taken", [False, True])
async def test_a_lock_that_is_put_out_of_the_way_as_it_becomes_free_is_not_taken(tmp_path, taken):
    """Whoever waits has the old file open: to lock that one would keep nobody out."""
    path, told = tmp_path / "lock", asyncio.Event()
    old = await EnvironmentLock.acquire(path, purpose="left over")
    waiting = asyncio.ensure_future(
        EnvironmentLock.acquire(path, purpose="waiting", timeout=20, on_wait=lambda _: told.set())
    )
    await told.wait()
    path.rename(tmp_path / "out of the way")
    third = await EnvironmentLock.acquire(path, purpose="third") if taken else None
    old.release()
    if third:
        await asyncio.wait([waiting], timeout=0.5)  # it must not have the lock, however long it waits
        assert not waiting.done()
        third.release()
    with await waiting:
        assert holder_of(path).purpose == "waiting"
        with pytest.raises(EnvironmentLocked, match="waiting"):
            await EnvironmentLock.acquire(path, purpose="fourth")
