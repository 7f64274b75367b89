"""A worker does a job once, and only one that was sealed to it."""

import asyncio
import fcntl
import gc
import io
import json
import os
import pickle
import tarfile
import threading
from dataclasses import replace

import pytest
from nacl.public import PrivateKey, SealedBox

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.version import __version__
from tfmfa_nb.remote.sealed_jobs import Answers, RemoteJob, RoleSession, fingerprint_of
from tfmfa_nb.remote.worker_jobs import hello, interrupt, look, run_job
from tfmfa_nb.terraform.executable import find_executable

ROLE = RoleSession(({"RoleArn": "arn:aws:iam::1:role/r"},), "2026-01-31T12:00:00Z", ("ASIA", "secret", "token"))
JOB = RemoteJob(
    id="tfmfa-1",
    reply_key=b"k" * 32,
    version=__version__,
    product="terraform 0.0.1",
    sha256="",
    command="plan",
    words=("-input=false",),
    variables=("-var=a=b", 0),
    files=(b"x = 1\n",),
    archive=b"\x00\x01",
    folder=".",
    plan=b"",
    environ={"TF_VAR_x": "y"},
    masked=("masked",),
    roles=(ROLE,),
    region="",
    endpoint="",
)


@pytest.fixture
def key():
    return bytes.fromhex(json.loads(hello())["key"])


def test_a_job_comes_out_as_it_went_in():
    private = PrivateKey.generate()
    sealed = JOB.sealed_to(private.public_key.encode())
    assert b"secret" not in sealed
    assert RemoteJob.opened(SealedBox(private).decrypt(sealed)) == JOB


def test_a_job_shows_nothing():
    assert repr(JOB) == "<RemoteJob tfmfa-1>"
    assert "secret" not in repr(ROLE)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(JOB)


def test_a_worker_says_its_version_and_its_key(key):
    said = json.loads(hello())
    assert said["version"] == __version__
    assert bytes.fromhex(said["key"]) == key  # the same as long as the process lives
    assert len(fingerprint_of(key)) == 32


def test_a_job_for_another_process_is_not_done():
    other = replace(JOB, id="tfmfa-other").sealed_to(PrivateKey.generate().public_key.encode())
    with pytest.raises(RuntimeError, match="sealed for another process"):
        run_job("tfmfa-other", other)


def test_a_job_is_not_done_twice_and_not_under_another_id(key):
    sealed = replace(JOB, id="tfmfa-2").sealed_to(key)
    answer = Answers(JOB.reply_key).open(run_job("tfmfa-2", sealed))
    assert "the program has changed" in answer["problem"]
    with pytest.raises(RuntimeError, match="begun before"):
        run_job("tfmfa-2", sealed)
    with pytest.raises(RuntimeError, match="sealed for another process"):
        run_job("tfmfa-3", sealed)


def keys_of_answers():
    gc.collect()
    return sum(isinstance(each, Answers) for each in gc.get_objects())


def test_of_a_job_that_has_ended_nothing_stays_but_its_id(key):
    before = keys_of_answers()
    run_job("tfmfa-4", replace(JOB, id="tfmfa-4").sealed_to(key))
    assert asyncio.run(look("tfmfa-4", fingerprint_of(key), 0)) == b""
    assert interrupt("tfmfa-4") is True  # it has ended: nothing happens
    assert keys_of_answers() == before


def test_whoever_looks_learns_that_another_process_has_the_address():
    assert asyncio.run(look("tfmfa-5", fingerprint_of(b"another"), 0)) is None


def test_what_has_not_begun_is_neither_seen_nor_stopped(key, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.remote.worker_jobs._PATIENCE", 0.1)
    assert interrupt("tfmfa-6") is False
    assert asyncio.run(look("tfmfa-6", fingerprint_of(key), 0)) == b""
    # Neither call counts as the job's begin.
    assert "problem" in Answers(JOB.reply_key).open(run_job("tfmfa-6", replace(JOB, id="tfmfa-6").sealed_to(key)))


def test_whatever_goes_wrong_is_told_sealed(key, monkeypatch):
    def broken(_):
        raise ValueError("/home/alice/customer-list.tf is no archive")

    monkeypatch.setattr("tfmfa_nb.remote.worker_jobs.find_executable", broken)
    sealed = run_job("tfmfa-7", replace(JOB, id="tfmfa-7").sealed_to(key))
    assert b"customer" not in sealed
    assert Answers(JOB.reply_key).open(sealed) == {"problem": "ValueError: /home/alice/customer-list.tf is no archive"}
    with pytest.raises(ValueError, match="not sealed with the key of the job"):
        Answers(b"o" * 32).open(sealed)


def test_what_is_too_large_is_not_sealed(key, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.remote.sealed_jobs.LARGEST", 1 << 20)
    with pytest.raises(ConfigurationError, match=r"are 1 MB for a worker, and at most 1 MB can be sent"):
        replace(JOB, plan=bytes(1 << 20)).sealed_to(key)
    with pytest.raises(ConfigurationError):
        Answers(JOB.reply_key).seal({"plan": bytes(1 << 20)})


@pytest.mark.parametrize("stop", ["interrupt", "nobody looks"])
def test_a_job_that_waits_for_the_plugin_cache_can_be_stopped(key, monkeypatch, tmp_path, stop):
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(cache))
    monkeypatch.setattr("tfmfa_nb.remote.worker_jobs.ABANDONED", 0.5 if stop != "interrupt" else 60)
    executable = find_executable(os.environ)
    product = f"{executable.product} {executable.version}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz"):
        pass
    job = replace(JOB, id=f"tfmfa-{stop}", product=product, sha256=executable.sha256, archive=packed.getvalue())
    held = os.open(cache, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    if stop == "interrupt":
        threading.Timer(1, interrupt, (job.id,)).start()
    try:
        answer = Answers(JOB.reply_key).open(run_job(job.id, job.sealed_to(key)))
    finally:
        os.close(held)
    assert (answer["exit_code"], answer["plan"]) == (1, b"")


SCRIPT = """#!/bin/sh
[ "$1" = version ] && echo 'Terraform v1.11.4' && exit
echo "$TF_TOKEN_registry_example ${{GOGC:-100}}" >"{folder}/$1"
[ "$1" = init ] || exit 1
"""


@pytest.mark.parametrize(("command", "memory"), [("plan", "400"), ("apply", "100")])
def test_each_command_has_its_own_variables_of_the_worker(key, monkeypatch, tmp_path, command, memory):
    """A token of a registry reaches `init` alone, and a plan takes memory for time."""
    (script := tmp_path / "terraform").write_text(SCRIPT.format(folder=tmp_path))
    script.chmod(0o755)
    monkeypatch.setenv("TFMFA_TERRAFORM", str(script))
    monkeypatch.setenv("TF_TOKEN_registry_example", "the worker's own")
    for name in ("GOGC", "GOMEMLIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tfmfa_nb.terraform.garbage_collection.free_memory", lambda: 1 << 50)
    monkeypatch.setattr("tfmfa_nb.remote.worker_jobs.ABANDONED", 0.5)  # nobody reads the log
    executable = find_executable(os.environ)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz"):
        pass
    job = replace(
        JOB,
        id=f"tfmfa-{command}",
        command=command,
        product=f"{executable.product} {executable.version}",
        sha256=executable.sha256,
        archive=packed.getvalue(),
    )
    answer = Answers(JOB.reply_key).open(run_job(job.id, job.sealed_to(key)))
    assert answer["exit_code"] == 1, answer
    assert {name: (tmp_path / name).read_text() for name in ("init", command)} == {
        "init": "the worker's own 100\n",
        command: f" {memory}\n",
    }
