"""Who is told of a run, of what, and how: commands, signed webhooks, and Apprise, all real."""

import base64
import hashlib
import hmac
import json
import logging
import shlex
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from self_signed import serve_tls

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.notifications.notifier import notifying
from tfmfa_nb.notifications.senders import signature
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.organization.policy_notifications import NotificationRule, is_target
from tfmfa_nb.runs.events import (
    Authenticated,
    ChangesKnown,
    IdentityKnown,
    IndicatorChanged,
    PhaseStarted,
    PlanSaved,
    StatusChanged,
)
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.mfa_status import policy_lines

KEY = "whsec_" + base64.b64encode(b"canary-of-the-signing-key-000000").decode()
CANARIES = ("canary-of-the-signing-key", "canary-session-token", "canary-apprise-path")
KEEPS = """
import json, os, sys
with open({file!r}, "a") as kept:
    kept.write(json.dumps({{"notice": sys.stdin.read(), "environ": dict(os.environ)}}) + "\\n")
{more}
"""
WHOLE = """
[[notification]]
to = ["https://hooks.example.com/services/T0/path", "apprise:TFMFA_CHAT"]
key = "TFMFA_WEBHOOK_KEY"
events = ["waiting", "errored"]
environments = ["prod-*"]

[[notification]]
to = ["command:/usr/local/bin/tell --all"]
"""


@pytest.fixture
def run(tmp_path):
    """A run whose events a test reports."""
    folder = tmp_path / "prod"
    folder.mkdir()
    return Run(Environment("prod", folder, owned=True), Options(), tmp_path)


def policy_of(*rules):
    return Policy((Layer("policy.toml", notifications=rules),))


def command(tmp_path, more=""):
    """A target that keeps what it gets, and the function that reads it."""
    program, file = tmp_path / "tell.py", tmp_path / "told"
    program.write_text(KEEPS.format(file=str(file), more=more))

    def told():
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return f"command:{shlex.join([sys.executable, str(program)])}", told


def until(happened, seconds=30):
    end = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


def apply_under_mfa(run):
    """Everything of which somebody can be told, in a plan of one resource to add and one to destroy."""
    changes = [
        {"address": "a.new", "action": "create", "reason": ""},
        {"address": "a.old", "action": "delete", "reason": ""},
    ]
    counts = {"add": 1, "change": 0, "destroy": 1, "imported": 0}
    run.driver.tell(
        IdentityKnown({"account": "123456789012", "user": "alice", "arn": "arn:aws:iam::123456789012:user/alice"})
    )
    run.driver.tell(PlanSaved("0" * 64, counts, "", (), ()))
    run.driver.tell(ChangesKnown(changes))
    run.driver.tell(PhaseStarted(Phase.APPLY, 1.0))
    run.driver.tell(Authenticated())
    run.driver.tell(IndicatorChanged(LockIndicator.REQUIRED, "A code is needed to apply"))
    run.driver.tell(IndicatorChanged(LockIndicator.FAILED, "AWS rejected \x1b[31mthe\n code\u202e."))
    run.driver.tell(Authenticated("alice", 2.0))
    run.driver.tell(IndicatorChanged(LockIndicator.AUTHENTICATED, "Authenticated with MFA by alice"))
    run.driver.tell(StatusChanged(Status.APPLIED))


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it gets."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


def served(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def http():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.posts = []
    yield from served(server)


@pytest.fixture
def https(tmp_path):
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.posts, server.authorities = [], serve_tls(server, tmp_path)
    yield from served(server)


def test_a_command_is_told_of_each_event_in_order(run, tmp_path):
    target, told = command(tmp_path)
    with notifying(run, policy_of(NotificationRule((target,)))):
        apply_under_mfa(run)
    notices = [json.loads(each["notice"]) for each in until(lambda: len(told()) == 4 and told())]
    assert [notice["event"] for notice in notices] == ["waiting", "refused", "approved", "applied"]
    waiting, refused, _, applied = notices
    assert waiting["text"] == (
        f'Terraform, "prod": waits for an MFA code of alice to apply (1 to add, 0 to change, 1 to destroy); {run.id}'
    )
    assert (waiting["decision"], waiting["account"], waiting["phase"]) == (
        "1 to add, 0 to change, 1 to destroy",
        "123456789012",
        "apply",
    )
    assert refused["reason"] == "AWS rejected the␊ code⟨U+202E⟩."  # text, and one line of it
    assert applied["text"].startswith('Terraform, "prod": applied (1 to add')
    assert not any("://" in value for notice in notices for value in notice.values())
    assert len({notice["id"] for notice in notices}) == 4


def test_a_run_that_failed_tells_so_without_what_terraform_said(run, tmp_path):
    target, told = command(tmp_path)
    with notifying(run, policy_of(NotificationRule((target,)))):
        run.driver.tell(StatusChanged(Status.ERRORED))
    [notice] = [json.loads(each["notice"]) for each in until(told)]
    assert notice["text"] == f'Terraform, "prod": errored: could not plan; {run.id}'


def test_only_the_events_and_environments_that_are_named(run, tmp_path):
    target, told = command(tmp_path)
    other = NotificationRule((target,), environments=("staging",))
    with notifying(run, policy_of(NotificationRule((target,), events=("applied",)), other)):
        apply_under_mfa(run)
    until(told)
    assert [json.loads(each["notice"])["event"] for each in told()] == ["applied"]


def test_the_command_finds_no_credentials_of_the_run(run, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-session-token")
    monkeypatch.setenv("TFMFA_WEBHOOK_KEY", KEY)
    target, told = command(tmp_path)
    with notifying(run, policy_of(), [target], "TFMFA_WEBHOOK_KEY"):
        run.driver.tell(StatusChanged(Status.ERRORED))
    [got] = until(told)
    assert not [name for name in got["environ"] if name.startswith(("AWS_", "TFMFA_"))]
    assert not any(canary in json.dumps(got) for canary in CANARIES)


def test_a_webhook_gets_json_with_a_signature_and_the_time(run, https, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TFMFA_WEBHOOK_KEY", KEY)
    url = f"https://127.0.0.1:{https.server_port}/hook"
    rule = NotificationRule((url,), "TFMFA_WEBHOOK_KEY", ("waiting",), authorities=https.authorities)
    with notifying(run, policy_of(rule)):
        apply_under_mfa(run)
    [(path, headers, body)] = until(lambda: https.posts)
    assert path == "/hook"
    assert headers["content-type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.digest(b"canary-of-the-signing-key-000000", signed, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert json.loads(body)["event"] == "waiting"
    assert json.loads(body)["id"] == headers["webhook-id"]
    assert not any(canary in f"{body}{headers}{caplog.text}" for canary in CANARIES)
    assert KEY not in f"{body}{headers}{caplog.text}"


def test_the_signature_is_that_of_standard_webhooks():
    """The example of https://github.com/standard-webhooks/standard-webhooks, whose libraries check such signatures."""
    key = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_c2hvcnQ=", KEY.removeprefix("whsec_"), "whsec_é"])
def test_a_key_that_is_none_signs_nothing(key):
    with pytest.raises(ValueError, match="its key is not"):
        signature(Secret(key), "msg", 1, b"")


def test_apprise_gets_the_line_as_text_by_the_url_that_is_only_named(run, http, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TFMFA_CHAT", f"json://127.0.0.1:{http.server_port}/canary-apprise-path")
    with notifying(run, policy_of(NotificationRule(("apprise:TFMFA_CHAT",), events=("waiting",)))):
        apply_under_mfa(run)
    [(path, _, body)] = until(lambda: http.posts)
    assert path.rstrip("/") == "/canary-apprise-path"
    assert json.loads(body)["message"].startswith('Terraform, "prod": waits for an MFA code of alice to apply')
    assert "canary-apprise-path" not in body.decode()


@pytest.mark.parametrize(
    ("to", "environ", "reason"),
    [
        ("command:/nonexistent/tell", {}, "/nonexistent/tell was not notified: No such file or directory."),
        (
            "apprise:TFMFA_CHAT",
            {},
            "not notified: TFMFA_CHAT is neither set nor in the OS keychain.",
        ),
        ("apprise:TFMFA_CHAT", {"TFMFA_CHAT": "canary"}, "TFMFA_CHAT is not a URL of Apprise's."),
        ("https://127.0.0.1:9/secret-path", {}, "https://127.0.0.1:9 was not notified: no key is named"),
        (
            "https://127.0.0.1:9/secret-path",
            {"TFMFA_KEY": "short"},
            "127.0.0.1:9 was not notified: its key is not",
        ),
        ("ftp://x", {}, "A target in TfmfaMagics.notify is not valid"),
    ],
)
def test_a_failure_is_a_note_and_names_no_secret(run, monkeypatch, to, environ, reason):
    monkeypatch.delenv("TFMFA_CHAT", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with notifying(run, policy_of(), [to], "TFMFA_KEY" if "TFMFA_KEY" in environ else ""):
        run.driver.tell(StatusChanged(Status.ERRORED))
    [note] = until(lambda: run.notes)
    assert reason in note
    assert "secret-path" not in note
    assert "canary" not in note


def test_nobody_waits_for_a_target_that_does_not_answer(run, tmp_path):
    """The run goes on while the command waits; the target's time limit is for the next test of it, in `sinks`."""
    ended = tmp_path / "the run has ended"
    target, told = command(tmp_path, more=f"import time\nwhile not os.path.exists({str(ended)!r}): time.sleep(0.01)")
    with notifying(run, policy_of(NotificationRule((target,)))):
        apply_under_mfa(run)
    assert run.status == "applied"
    assert len(told()) < 2  # the first command is still running
    ended.touch()
    until(lambda: len(told()) == 4)
    assert run.notes == []


def test_a_policy_names_who_is_told(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(WHOLE)
    path.chmod(0o644)
    policy = Policy((read_policy_file(path),))
    chat, everybody = policy.notifications_of(Protected("prod-eu"))
    assert (chat.key, chat.events) == ("TFMFA_WEBHOOK_KEY", ("waiting", "errored"))
    assert policy.notifications_of(Protected("staging")) == (everybody,)
    assert everybody.events == ("waiting", "approved", "refused", "applied", "errored")
    shown = "\n".join(policy_lines(policy))
    assert "Notification of waiting, errored to https://hooks.example.com, apprise:TFMFA_CHAT of prod-*" in shown
    assert "/services/T0" not in shown


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("to = []", r"notification\[1\].to: must be a list of targets"),
        ('to = ["http://x/"]\nkey = "TFMFA_K"', "is not a target"),
        ('to = ["https://x/"]', r"notification\[1\].key: is missing"),
        ('to = ["https://x/"]\nkey = "AWS_SECRET_ACCESS_KEY"', "must be the name of a secret"),
        ('to = ["apprise:AWS_SECRET_ACCESS_KEY"]', "is not a target"),
        ('to = ["apprise:slack://token/x"]', "is not a target"),
        ('to = ["command:/bin/tell"]\nevents = ["began"]', "'began' is not an event"),
        ('to = ["command:/bin/tell"]\nevents = []', r"events: must not be empty"),
        (
            'to = ["command:/bin/tell"]\nauthorities = "~/a.pem"',
            "authorities: '~/a.pem' is not an absolute",
        ),
        ('to = ["command:/bin/tell"]\nwhen = "now"', r"notification\[1\].when: unknown key"),
    ],
)
def test_a_policy_that_names_nobody_is_invalid(tmp_path, text, problem):
    path = tmp_path / "policy.toml"
    path.write_text(f"[[notification]]\n{text}\n")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match=problem):
        read_policy_file(path)


@pytest.mark.parametrize(
    "text", ["journald", "syslog", "", "command:tell", "apprise:", "apprise:chat", "https://a:b@x/"]
)
def test_these_are_no_targets(text):
    assert not is_target(text)
