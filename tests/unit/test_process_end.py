"""The end of a process is told at once where the system tells, and a wait for it is never longer than it says."""

import asyncio
import gc
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

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


def watched():
    """The open descriptors of this process by which it watches other processes; what is garbage may go meanwhile."""
    return [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and "pidfd" in str(link.readlink())]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
async def test_the_wait_ends_while_the_process_runs_and_leaves_nothing_open(process):
    gc.collect()
    before = len(watched())
    waiting = asyncio.ensure_future(ended(process.pid, LONG))
    await asyncio.sleep(0)
    assert len(watched()) == before + 1
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    for _ in range(3):
        await ended(process.pid, 0.01)
    assert process.poll() is None
    assert len(watched()) == before


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
