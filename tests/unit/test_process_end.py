"""The end of a process is told at once where the system tells, and a wait for it is never longer than it says."""

import asyncio
import subprocess
import sys
import time

import psutil
import pytest

from tfmfa_nb.terraform.process_end import ended

LONG = 300  # seconds: more than a test may take


@pytest.fixture
def process():
    with subprocess.Popen(["sleep", str(LONG)]) as started:
        yield started
        started.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
async def test_the_end_is_told_at_once(process):
    waiting = asyncio.ensure_future(ended(process.pid, LONG))
    await asyncio.sleep(0)
    assert not waiting.done()
    process.kill()
    await waiting


async def test_the_wait_ends_while_the_process_runs_and_leaves_nothing_open(process):
    before = psutil.Process().num_fds()
    for _ in range(3):
        await ended(process.pid, 0.01)
    assert process.poll() is None
    assert psutil.Process().num_fds() == before


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
async def test_of_a_process_that_is_not_there_the_whole_time_passes(pid):
    began = time.monotonic()
    await ended(pid, 0.05)
    assert time.monotonic() - began >= 0.04


async def test_a_cancellation_ends_the_wait(process):
    waiting = asyncio.ensure_future(ended(process.pid, LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert process.poll() is None
