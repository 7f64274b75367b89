"""A worker does a job once, and only one that was sealed to it."""

import asyncio
import json
import pickle
from dataclasses import replace

import pytest
from nacl.public import PrivateKey, SealedBox

from tfmfa_nb.model.version import __version__
from tfmfa_nb.remote.sealed_jobs import Answers, RemoteJob, RoleSession, fingerprint_of
from tfmfa_nb.remote.worker_jobs import hello, interrupt, look, run_job

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


def test_what_is_seen_of_a_job_is_sealed_with_its_own_key(key):
    run_job("tfmfa-4", replace(JOB, id="tfmfa-4").sealed_to(key))
    sealed = asyncio.run(look("tfmfa-4", 0))
    assert Answers(JOB.reply_key).open(sealed) == {"offset": 0, "log": b""}
    with pytest.raises(ValueError, match="not sealed with the key of the job"):
        Answers(b"o" * 32).open(sealed)
    interrupt("tfmfa-4")  # it has ended: nothing happens
