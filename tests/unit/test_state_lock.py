"""What Terraform says of a lock that it found held, and who may be its holder."""

import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import has_ended

from tfmfa_nb.terraform.state_lock import StateLock, lock_object, read_state_lock
from tfmfa_nb.terraform.working_directory import data_folder

ID = "4076fb97-1cc4-bae2-8447-6b8d171c574f"
# As Terraform 1.11.4 writes it, colors and all, shortened in the middle.
LOG = f"""\x1b[31m╷\x1b[0m\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mError acquiring the state lock\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[0mError message: operation error S3: PutObject, https response error
\x1b[31m│\x1b[0m \x1b[0mStatusCode: 412, RequestID:
\x1b[31m│\x1b[0m \x1b[0mshyypCFsTINlTcFK4IvQZ7BMX7JmCT17be87SW0QDZ119ugYLnHA, HostID:
\x1b[31m│\x1b[0m \x1b[0mLock Info:
\x1b[31m│\x1b[0m \x1b[0m  ID:        {ID}
\x1b[31m│\x1b[0m \x1b[0m  Path:      states/one/terraform.tfstate
\x1b[31m│\x1b[0m \x1b[0m  Operation: OperationTypeApply
\x1b[31m│\x1b[0m \x1b[0m  Who:       alice@laptop
\x1b[31m│\x1b[0m \x1b[0m  Version:   1.11.4
\x1b[31m│\x1b[0m \x1b[0m  Created:   2026-11-25 01:54:45.068375781 +0000 UTC
\x1b[31m│\x1b[0m \x1b[0m  Info:      \x1b[0m
\x1b[31m╵\x1b[0m\x1b[0m""".split("\n")


def test_the_lock_is_read_out_of_terraforms_own_text():
    lock = read_state_lock(LOG)
    assert lock == StateLock(ID, "states/one/terraform.tfstate", "OperationTypeApply", "alice@laptop", 1795571685.0)
    assert not lock.here
    assert read_state_lock([re.sub(r"\x1b\[[0-9;]*m", "", line) for line in LOG]) == lock
    # The last refusal counts.
    later = [line.replace(ID, "another-id") for line in LOG]
    assert read_state_lock([*LOG, "between", *later]).id == "another-id"


@pytest.mark.parametrize("bad", ["-force", "", "a b", "$(id)", "x" * 300, "; rm"])
def test_a_lock_without_an_id_is_one_of_which_nothing_else_is_known(bad):
    assert read_state_lock([line.replace(ID, bad) for line in LOG]) == StateLock("")


def test_an_empty_lock_object_is_neither_no_lock_nor_one_that_is_told_elsewhere():
    said = "\x1b[31m│\x1b[0m \x1b[0mfailed to unmarshal JSON data into LockInfo struct: unexpected end of JSON"
    empty = [*LOG[:7], said, LOG[-1]]
    assert read_state_lock(empty) == StateLock("")
    assert read_state_lock([*LOG, *empty]) == StateLock("")
    # What a program prints later is not about that lock.
    assert read_state_lock([*empty, "Lock:", *LOG[8:]]) == StateLock("")


@pytest.mark.parametrize(
    ("config", "workspace", "place"),
    [
        ({"use_lockfile": True}, "default", "s3://b/k.tflock"),
        ({"use_lockfile": True}, "prod", "s3://b/env:/prod/k.tflock"),
        ({"use_lockfile": True, "workspace_key_prefix": "of"}, "prod", "s3://b/of/prod/k.tflock"),
        ({"dynamodb_table": "locks"}, "default", ""),
    ],
)
def test_the_lock_object_of_a_state_in_s3(tmp_path, config, workspace, place):
    assert lock_object(data_folder(backend(tmp_path, **config), {}), workspace) == place


def test_a_folder_without_a_backend_has_no_lock_object(tmp_path):
    assert lock_object(tmp_path, "default") == ""


def test_a_text_that_only_looks_like_a_refusal_is_none():
    assert read_state_lock(LOG[7:]) is None
    assert read_state_lock([]) is None


@given(st.lists(st.sampled_from(LOG) | st.text(max_size=40), max_size=30))
def test_no_log_is_too_strange(lines):
    lock = read_state_lock(lines)
    assert lock is None or not lock.id.startswith("-")


def backend(folder, **config):
    """A folder that Terraform was initialized in, with that S3 backend."""
    (folder / ".terraform").mkdir(parents=True)
    state = {"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", "key": "k", **config}, "hash": 1}}
    (folder / ".terraform" / "terraform.tfstate").write_text(json.dumps(state))
    return folder


@pytest.fixture
def running(tmp_path):
    """Starts a program called terraform in a folder."""
    program = tmp_path / "terraform"
    shutil.copy(shutil.which("cat"), program)
    started = []

    def start(folder, *words, **environ):
        for word in words:  # a file that nobody writes to: the program waits for its end
            os.mkfifo(folder / word)
        started.append(subprocess.Popen([program, *words], cwd=folder, env=environ, stdin=subprocess.PIPE))
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_holder_may_be_a_terraform_that_was_there_before_and_is_about_that_state(tmp_path, running):
    me = getpass.getuser()
    mine = backend(tmp_path / "mine", region="eu-west-1", role_arn=None)
    same = running(backend(tmp_path / "same", region="eu-central-1"))
    other = running(backend(tmp_path / "other", key="another"))
    local = running(tmp_path)
    elsewhere = running(tmp_path, TF_DATA_DIR=str(mine / ".terraform"))

    def holders(**facts):
        lock = StateLock(ID, **{"who": f"{me}@{socket.gethostname()}", "created": time.time(), **facts})
        return {one.pid for one in lock.possible_holders(data_folder(mine, {}))} & {same, other, local, elsewhere}

    assert StateLock(ID, who=f"{me}@{socket.gethostname()}").here
    assert holders() == {same, elsewhere}
    assert holders(created=0.0, who="") == {same, elsewhere}
    assert holders(created=time.time() - 3600) == set()
    assert holders(who=f"bob@{socket.gethostname()}") == set()
    os.kill(same, signal.SIGKILL)
    while not has_ended(same):
        time.sleep(0.01)
    assert holders() == {elsewhere}
    showing, applying = (running(mine, word) for word in ("show", "apply"))
    found = {one.pid for one in StateLock(ID).possible_holders(data_folder(mine, {}))}
    assert found & {showing, applying} == {applying}
    # Of a folder that says nothing of its state, each may be.
    lock = StateLock(ID, created=time.time())
    assert {one.pid for one in lock.possible_holders(tmp_path / "nowhere")} >= {other, local, elsewhere}
