"""Where each line goes besides the trail, and what happens to a run if it does not get there."""

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import psutil
import pytest
from self_signed import SELF_SIGNED, serve_tls

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy_audit import AuditRules, is_sink
from tfmfa_nb.runs.audit import sinks
from tfmfa_nb.runs.audit.sinks import deliver
from tfmfa_nb.runs.audit.trail import AuditTrail


def command_of(tmp_path, body):
    """A sink that runs Python: `line` is what it gets, and `received` a file."""
    program = tmp_path / "ship.py"
    program.write_text(
        f"import os, sys, time\nline, received = sys.stdin.read(), {str(tmp_path / 'received')!r}\n{body}\n"
    )
    return f"command:{shlex.join([sys.executable, str(program)])}"


KEEPS = "open(received, 'a').write(line)"


def received(tmp_path):
    file = tmp_path / "received"
    return file.read_bytes().splitlines() if file.exists() else []


class Collector(BaseHTTPRequestHandler):
    """A server that keeps what is posted to it, and answers with the status that the path names."""

    def do_POST(self):
        self.server.bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        if self.path == "/nonsense":
            self.wfile.write(b"non  sense" + b"!" * 1000 + b"\r\n")
            return
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("Location", "/")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def https(tmp_path):
    """A server with a certificate, which is its own authority."""
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.bodies, server.certificate = [], serve_tls(server, tmp_path)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def url_of(server, path=""):
    return f"https://127.0.0.1:{server.server_port}/{path}"


def deliver_to(server, url, *lines):
    return deliver({url: lines}, {url: server.certificate})


@pytest.fixture
def proxy(https):
    """A proxy that leads to that server, whatever one asks for."""

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self):
            self.server.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            with socket.create_connection(https.server_address) as there:
                back = threading.Thread(target=forward, args=(there, self.connection))
                back.start()
                forward(self.connection, there)
                back.join()

        def log_message(self, *_arguments):
            pass

    def forward(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.asked, server.url = [], f"http://127.0.0.1:{server.server_port}"
        server.daemon_threads = False  # its end waits for the handlers
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "text",
    ["journald", "syslog", "https://audit.example.com/tfmfa?token=1", "command:/usr/local/bin/ship --to 'a b'"],
)
def test_these_are_sinks(text):
    assert is_sink(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "journal", "http://audit.example.com/", "https://", "https:///x", "https://me:secret@audit.example.com/"),
        *("https://a:x/", "command:", "command:ship", "command:/bin/'", "ftp://x/", "https://x/\n"),
    ],
)
def test_these_are_none(text):
    assert not is_sink(text)


def test_a_line_is_posted_as_it_is(https):
    assert deliver_to(https, url_of(https), b'{"a": 1}', b'{"a": 2}') == {}
    assert https.bodies == [("/", b'{"a": 1}\n'), ("/", b'{"a": 2}\n')]


@pytest.mark.parametrize("status", [301, 307, 308, 400, 401, 500, 503])
def test_a_status_that_is_no_success_is_a_refusal_and_no_redirect_is_followed(https, status):
    url = url_of(https, str(status))
    assert deliver_to(https, url, b"{}") == {url: (0, f"HTTP status {status}")}
    assert [path for path, _ in https.bodies] == [f"/{status}"]


def test_an_answer_that_is_not_http_is_a_reason(https):
    url = url_of(https, "nonsense")
    assert deliver_to(https, url, b"{}") == {url: (0, f"non sense{'!' * 191}")}


def test_a_server_that_nobody_vouches_for_gets_nothing(https):
    ((received_lines, reason),) = deliver({url_of(https): [b"{}"]}).values()
    assert received_lines == 0
    assert "CERTIFICATE_VERIFY_FAILED" in reason
    assert https.bodies == []


def test_no_variable_turns_a_sink_elsewhere(https, proxy, tmp_path, monkeypatch):
    """As `%env` sets them in a cell: a proxy, and an authority that vouches for what answers there."""
    sink, true = "https://127.0.0.1:9/200", tmp_path / "true.pem"
    subprocess.run([*SELF_SIGNED, "-subj", "/CN=true", "-keyout", os.devnull, "-out", true], check=True)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(https.certificate))
    for authorities in ({}, {sink: true}):
        trail = AuditTrail(tmp_path / "audit.jsonl", AuditRules(sinks=(sink,), authorities=authorities))
        with pytest.raises(ConfigurationError, match=r"was not received by .*CERTIFICATE_VERIFY_FAILED"):
            trail.write("phase")
    assert https.bodies == []
    assert proxy.asked == ["127.0.0.1:9"] * 2
    assert deliver_to(https, sink, b"{}") == {}  # a proxy only carries what it cannot read
    assert https.bodies == [("/200", b"{}\n")]


def test_authorities_that_cannot_be_read_are_a_reason(https, tmp_path):
    url = url_of(https)
    assert deliver({url: [b"{}"]}, {url: tmp_path / "none.pem"}) == {url: (0, "No such file or directory")}


@pytest.mark.parametrize("name", ["journald", "syslog"])
def test_the_systems_own_log_gets_a_datagram(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sinks.SOCKETS, name, str(tmp_path / "socket"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "socket"))
        assert deliver({name: [b'{"a": 1}']}) == {}
        got = log.recv(1000)
    if name == "journald":
        assert got.splitlines() == [b"SYSLOG_IDENTIFIER=tfmfa_nb", b"PRIORITY=5", b'MESSAGE={"a": 1}']
    else:
        assert got == b'<85>tfmfa_nb: {"a": 1}'


def test_a_log_that_is_not_there_is_a_reason(tmp_path, monkeypatch):
    monkeypatch.setitem(sinks.SOCKETS, "journald", str(tmp_path / "none"))
    assert deliver({"journald": [b"{}"]}) == {"journald": (0, "No such file or directory")}


def test_a_command_gets_the_line_and_no_secret_of_the_kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "never")
    sink = command_of(tmp_path, f"{KEEPS}\nopen(received, 'a').write(' '.join(os.environ) + '\\n')")
    assert deliver({sink: [b'{"a": 1}']}) == {}
    line, names = received(tmp_path)
    assert line == b'{"a": 1}'
    assert b"PATH" in names.split()
    assert b"AWS_SECRET_ACCESS_KEY" not in names


def test_a_command_that_fails_says_its_exit_code_and_its_last_words(tmp_path):
    sink = command_of(tmp_path, "print('first', file=sys.stderr); sys.exit('no room')")
    assert deliver({sink: [b"{}"]}) == {sink: (0, "exit code 1: no room")}
    assert deliver({"command:/nonexistent/ship": [b"{}"]}).popitem()[1] == (0, "No such file or directory")


def test_nobody_waits_longer_than_the_limit_and_what_hangs_is_killed(tmp_path):
    body = "open(received, 'w').write(str(os.getpid()) + '\\n'); time.sleep(60)"
    hangs, works = command_of(tmp_path, body), "command:/bin/cat"
    began = time.monotonic()
    failed = deliver({hangs: [b"{}"], works: [b"{}"]}, seconds=5)
    assert time.monotonic() - began < 50
    assert set(failed) == {hangs}
    assert failed[hangs][0] == 0
    assert "within 5 seconds" in failed[hangs][1]
    (pid,) = received(tmp_path)
    while psutil.pid_exists(int(pid)):  # and so is no zombie either
        assert time.monotonic() - began < 50
        time.sleep(0.01)


# The trail's part


def rules(*names):
    return AuditRules(sinks=names)


def test_each_line_goes_to_each_sink_as_it_stands_in_the_trail(tmp_path, https):
    command = command_of(tmp_path, KEEPS)
    url = url_of(https)
    vouching = AuditRules(sinks=(command, url), authorities={url: https.certificate})
    trail = AuditTrail(tmp_path / "audit.jsonl", vouching)
    trail.write("a")
    trail.write("b")
    assert received(tmp_path) == trail.raw_lines()
    assert [body.rstrip(b"\n") for _, body in https.bodies] == trail.raw_lines()
    assert trail.witness.read().undelivered == {}


@pytest.fixture
def breakable(tmp_path):
    """A trail, and the file with which its sink is down."""
    broken = tmp_path / "broken"
    sink = command_of(tmp_path, f"if os.path.exists({str(broken)!r}): sys.exit('down')\n{KEEPS}")
    return AuditTrail(tmp_path / "audit.jsonl", rules(sink)), broken


def test_a_line_that_was_not_received_is_an_error_and_is_sent_before_the_next_one(tmp_path, breakable):
    trail, broken = breakable
    trail.write("a")
    broken.touch()
    for event in "bc":
        with pytest.raises(ConfigurationError, match=r"was not received by command:.* exit code 1: down\.") as caught:
            trail.write(event)
        assert str(trail.path) in caught.value.remedy
    assert trail.witness.read().undelivered == dict.fromkeys(trail.rules.sinks, 2)
    assert len(received(tmp_path)) == 1
    broken.unlink()
    trail.write("d")
    assert received(tmp_path) == trail.raw_lines()
    assert [json.loads(line)["event"] for line in received(tmp_path)] == list("abcd")


def test_lines_that_were_not_received_are_sent_though_the_trail_was_changed_meanwhile(tmp_path, breakable):
    trail, broken = breakable
    trail.write("a")
    broken.touch()
    with pytest.raises(ConfigurationError):
        trail.write("b")
    broken.unlink()
    trail.path.write_bytes(trail.path.read_bytes() + b"{}\n")
    trail.write("c")
    assert [json.loads(line).get("event") for line in received(tmp_path)] == ["a", "b", None, "trail_changed", "c"]


def test_a_query_that_may_have_a_token_is_in_no_error(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl", rules("https://127.0.0.1:9/in?token=hidden"))
    with pytest.raises(ConfigurationError, match=r"https://127\.0\.0\.1:9/in: ") as caught:
        trail.write("a")
    assert "hidden" not in str(caught.value)


def test_a_change_of_the_trail_reaches_the_sink(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl", rules(command_of(tmp_path, KEEPS)))
    trail.write("a")
    trail.path.unlink()
    trail.write("b")
    assert [json.loads(line)["event"] for line in received(tmp_path)] == ["a", "trail_changed", "b"]
