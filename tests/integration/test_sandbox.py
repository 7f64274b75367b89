import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from variants import first_of

from tfmfa_nb.model.errors import SandboxError
from tfmfa_nb.protocol.formats import FormatError
from tfmfa_nb.sandbox.handle import Sandbox


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


def sts(sandbox, read_timeout=5.0):
    environ = sandbox.environ()
    return boto3.client(
        "sts",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        region_name=environ["AWS_REGION"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, max_pool_connections=20),
    )


def new_code(sandbox):
    sandbox.advance(90)
    return sandbox.code(wait=False)


def session_token(sandbox, code, **more):
    serial = sandbox.environ()["AWS_MFA_SERIAL_NUMBER"]
    return sts(sandbox, **more).get_session_token(SerialNumber=serial, TokenCode=code)


def test_one_of_twenty_concurrent_calls_with_a_code_gets_a_session_over_the_network(shared):
    client, serial, code = sts(shared), shared.environ()["AWS_MFA_SERIAL_NUMBER"], new_code(shared)

    def race(_):
        try:
            return bool(client.get_session_token(SerialNumber=serial, TokenCode=code))
        except ClientError:
            return False

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(race, range(20))) == 1


@pytest.mark.parametrize(
    ("kind", "error", "spent"),
    [
        ("throttle", ClientError, False),
        ("server-error", ClientError, False),
        ("reset-before", ConnectionClosedError, False),
        ("reset-after", ConnectionClosedError, True),
        ("captive-portal", Exception, False),
        ("slow", ReadTimeoutError, True),
    ],
)
def test_faults_over_the_network(shared, kind, error, spent):
    code = new_code(shared)
    shared.fault(kind, seconds=0.4)
    with pytest.raises(error):
        session_token(shared, code, read_timeout=0.1)
    if spent:
        with pytest.raises(ClientError, match="invalid MFA one time pass code"):
            session_token(shared, code)
    else:
        assert session_token(shared, code)
    assert [call["fault"] for call in shared.calls() if call["action"] == "GetSessionToken"][-2:] == [kind, ""]


def test_expire_and_skew(shared):
    given = session_token(shared, new_code(shared))["Credentials"]
    session = boto3.client(
        "sts",
        endpoint_url=shared.environ()["AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert session.get_caller_identity()
    shared.expire()
    with pytest.raises(ClientError, match="ExpiredToken"):
        session.get_caller_identity()
    shared.skew(1000)
    with pytest.raises(ClientError, match="Signature expired"):
        sts(shared).get_caller_identity()
    shared.skew(0)
    assert sts(shared).get_caller_identity()


def test_a_command_that_fails_says_why(shared):
    for act, why in (
        (lambda: shared.fault("earthquake"), "'earthquake' is not a fault"),
        (lambda: shared.fault("slow", 0), "at least once"),
        (lambda: shared.advance(float("nan")), "clock"),
    ):
        with pytest.raises(SandboxError, match=why):
            act()
    assert sts(shared).get_caller_identity()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("code?serial_number=x", "no MFA device"),
        ("code", "requires the parameter 'serial_number'"),
        ("dance", "has no command 'dance'"),
    ],
)
def test_a_command_by_another_program_that_fails_says_why(shared, command, why):
    info = json.loads(shared.path.read_text())
    request = urllib.request.Request(f"{info['url']}/_sandbox/{command}", headers={"x-sandbox-token": info["token"]})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    with caught.value as refused:
        assert refused.code == 400
        assert why in json.load(refused)["error"]


@pytest.mark.parametrize("token", ["", "x", "\xe9"])
@pytest.mark.parametrize("path", ["/_sandbox/code?serial_number=x", "/_sandbox/expire", "/moto-api/reset", "/"])
def test_requests_without_the_token_or_a_signature_are_refused(shared, path, token):
    url = shared.environ()["AWS_ENDPOINT_URL"] + path
    request = urllib.request.Request(url, headers={"x-sandbox-token": token}, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    with caught.value as refused:
        assert refused.code == 403


def test_the_file_is_private_and_the_log_is_empty(shared):
    assert shared.path.stat().st_mode & 0o777 == 0o600
    found = Sandbox.find(shared.path)
    assert found.environ() == shared.environ()
    assert "otpauth://totp/" in found.uri()
    found.stop()  # it is not the one who started it
    assert sts(shared).get_caller_identity()
    assert (shared.path.parent / "server.log").read_text() == ""


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"url": "x"}', "\x00"])
def test_no_sandbox_is_found(tmp_path, content):
    if content is not None:
        (tmp_path / "sandbox.json").write_text(content)
    with pytest.raises(SandboxError, match="No sandbox is running"):
        Sandbox.find(tmp_path / "sandbox.json")


def test_a_sandbox_of_a_newer_format_is_refused_and_one_without_a_version_is_found(shared, tmp_path):
    info = json.loads(shared.path.read_text())
    assert info.pop("format_version") == 1
    (tmp_path / "old.json").write_text(json.dumps(info))
    assert Sandbox.find(tmp_path / "old.json").environ()["AWS_ENDPOINT_URL"] == info["url"]
    (tmp_path / "new.json").write_text(json.dumps({**info, "format_version": 2}))
    with pytest.raises(FormatError, match=r"new\.json was written by a newer version"):
        Sandbox.find(tmp_path / "new.json")


def test_a_stopped_sandbox_does_not_respond(tmp_path):
    sandbox = Sandbox.start(tmp_path)
    info = sandbox.path.read_text()
    sandbox.stop()
    assert not sandbox.path.exists()
    (tmp_path / "kept.json").write_text(info)
    with pytest.raises(SandboxError, match="does not respond"):
        Sandbox.find(tmp_path / "kept.json").calls()


def test_a_port_in_use_is_an_error(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SandboxError, match=r"did not start: .*in use"):
            Sandbox.start(tmp_path, taken.getsockname()[1])
    assert not (tmp_path / "sandbox.json").exists()


# The command line.


@pytest.fixture
def home(tmp_path):
    """A home of one's own; the environment in which commands run there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TFMFA_", "JUPYTER_"))}
    own = ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "TMPDIR")
    for name in own:
        (tmp_path / name).mkdir()
    return kept | {name: str(tmp_path / name) for name in own}


def command(*words):
    return [sys.executable, "-m", "tfmfa_nb.app", "sandbox", *words]


def run(home, *words, **more):
    return subprocess.run(command(*words), env=home | more, capture_output=True, text=True, timeout=60, check=False)


def left_behind(home):
    return [*Path(home["TMPDIR"]).glob("tfmfa-sandbox-*"), *Path(home["JUPYTER_RUNTIME_DIR"]).glob("tfmfa-sandbox")]


INSIDE = """
import json, os, subprocess, sys
def sandbox(*words):
    done = subprocess.run([sys.executable, "-m", "tfmfa_nb.app", "sandbox", *words], capture_output=True, text=True)
    return [done.returncode, done.stdout, done.stderr]
commands = [["code", "--advance"], ["code", "--advance"], ["qr"], ["expire"], ["fault", "slow"],
    ["fault", "throttle", "--times=3"], ["fault", "earthquake"], ["fault"], ["fault", "slow", "--times=0"],
    ["fault", "slow", "--seconds=-1"]]
said = {" ".join(words): sandbox(*words) for words in commands}
said["again"] = sandbox("code", "--advance")
del os.environ["TFMFA_SANDBOX"]  # another terminal finds it by the pointer
said["elsewhere"] = sandbox("expire")
said["keys"] = [os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_ENDPOINT_URL"]]
print(json.dumps(said))
sys.exit(7)
"""


def test_a_sandbox_runs_as_long_as_its_command(home):
    done = run(home, "start", "--", sys.executable, "-c", INSIDE)
    assert done.returncode == 7, done.stderr
    assert "The sandbox is running at http://127.0.0.1:" in done.stdout
    assert "█" in done.stdout or "▄" in done.stdout
    said = json.loads(done.stdout.splitlines()[-1])
    first, again = said["code --advance"], said["again"]
    assert (first[0], again[0]) == (0, 0)
    assert first[1].strip().isdigit()
    assert len(first[1].strip()) == 6
    assert first[1] != again[1]
    assert said["qr"][0] == 0
    assert said["expire"] == said["elsewhere"] == [0, "All temporary credentials have expired.\n", ""]
    assert said["fault slow"][1] == "Fault of the next call with an MFA code: slow.\n"
    assert said["fault throttle --times=3"][1] == "Fault of the next 3 calls with an MFA code: throttle.\n"
    for wrong, exit_code, why in (
        ("fault earthquake", 2, "invalid choice: 'earthquake'"),
        ("fault", 2, "required: FAULT"),
        ("fault slow --times=0", 1, "A fault must happen at least once, not 0 times."),
        ("fault slow --seconds=-1", 1, "A response cannot take -1.0 seconds."),
    ):
        assert said[wrong][0] == exit_code, said[wrong]
        assert why in said[wrong][2]
        assert said[wrong][2].count("\n") == 1
    assert said["keys"][0].startswith("AKIA")
    assert left_behind(home) == []


def test_a_command_that_cannot_be_started(home):
    done = run(home, "start", "--", "/no/such/command")
    assert done.returncode == 1
    assert "Cannot start '/no/such/command'" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_behind(home) == []


def test_the_other_commands_require_a_running_sandbox(home):
    for words in (("code",), ("qr",), ("expire",), ("fault", "slow")):
        done = run(home, *words)
        assert done.returncode == 1
        assert done.stderr == "No sandbox is running. Start one: jupyter tfmfa sandbox start\n"


@pytest.mark.parametrize("number", first_of([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
def test_a_sandbox_that_is_stopped_leaves_nothing_behind(home, number):
    process = subprocess.Popen(command("start"), env=home, stdout=subprocess.PIPE, text=True)
    lines = iter(process.stdout.readline, "")
    script = next(line for line in lines if "source " in line).partition("source ")[2].strip()
    exported = Path(script).read_text()
    assert Path(script).stat().st_mode & 0o777 == 0o600
    address = exported.partition("AWS_ENDPOINT_URL=")[2].split()[0]
    while "Ctrl-C" not in next(lines):
        pass
    assert len(left_behind(home)) == 2
    process.send_signal(number)
    assert process.wait(20) == (0 if number is signal.SIGINT else 128 + number)
    process.stdout.close()
    assert left_behind(home) == []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 1).close()
        except OSError:
            return
        time.sleep(0.05)
    raise AssertionError("the server still runs")
