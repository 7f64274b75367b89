"""The STS that Terraform has on a worker: it hands out what was sent, to whoever knows its address."""

import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlencode, urlsplit

import pytest

from tfmfa_nb.remote.role_endpoint import role_endpoint
from tfmfa_nb.remote.sealed_jobs import RoleSession

ARN = "arn:aws:iam::123456789012:role/"
FIRST = {"RoleArn": f"{ARN}first", "RoleSessionName": "s", "DurationSeconds": 900}
DEPLOY = {
    "RoleArn": f"{ARN}deploy",
    "ExternalId": "x",
    "Tags": [{"Key": "a", "Value": "b"}],
    "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/P"}],
    "TransitiveTagKeys": ["a"],
}
ASKED = {
    "RoleArn": f"{ARN}deploy",
    "ExternalId": "x",
    "Tags.member.1.Key": "a",
    "Tags.member.1.Value": "b",
    "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/P",
    "TransitiveTagKeys.member.1": "a",
}
ROLES = [
    RoleSession((FIRST, DEPLOY), "2026-01-31T12:00:00Z", ("ASIADEPLOY", "secret-of-deploy", "token-of-deploy")),
    RoleSession(({"RoleArn": f"{ARN}other"},), "2026-01-31T12:00:00Z", ("ASIAOTHER", "secret-of-other", "token")),
]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, action="AssumeRole", **asked):
    body = urlencode({"Action": action, "Version": "2011-06-15", **asked}).encode()
    try:
        with DIRECT.open(urllib.request.Request(url, body)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def url():
    with role_endpoint(ROLES, "eu-west-1", "") as url:
        yield url


def test_a_role_is_handed_out_to_whoever_asks_as_the_kernel_did(url):
    status, document = ask(url, **ASKED, RoleSessionName="terraform", DurationSeconds="3600")
    assert status == 200
    assert "<SecretAccessKey>secret-of-deploy</SecretAccessKey>" in document
    assert "<Expiration>2026-01-31T12:00:00Z</Expiration>" in document
    assert "assumed-role/deploy/terraform" in document
    # A role on the way there is a step only: its own session is not known here.
    assert "secret-of-deploy" in ask(url, RoleArn=f"{ARN}first")[1]
    assert "secret-of-other" in ask(url, RoleArn=f"{ARN}other")[1]


@pytest.mark.parametrize(
    "asked",
    [
        {"RoleArn": f"{ARN}admin"},
        {**ASKED, "ExternalId": "y"},
        {**ASKED, "Policy": "{}"},
        {name: text for name, text in ASKED.items() if not name.startswith("PolicyArns")},
        {},
    ],
)
def test_no_other_role_and_no_other_arguments(url, asked):
    status, document = ask(url, **asked)
    assert status == 403
    assert "only roles that it has checked can be assumed on a worker" in document
    assert "secret-of" not in document


def test_nothing_else_is_answered(url):
    assert ask(url, "GetSessionToken")[0] == 403
    status, document = ask(url, "GetCallerIdentity")
    assert (status, "not one that the kernel has sent" in document) == (403, True)
    assert ask(url.rpartition("/")[0], **ASKED)[0] == 404
    assert ask(f"{url}x", **ASKED)[0] == 404


def test_lists_are_equal_in_any_order():
    tags = [{"Key": name, "Value": name.upper()} for name in "abcdef"]
    hop = {"RoleArn": f"{ARN}tagged", "Tags": tags, "TransitiveTagKeys": ["a", "b"], "PolicyArns": []}
    with role_endpoint(
        [RoleSession((hop,), "2026-01-31T12:00:00Z", ("ASIA", "secret-of-tagged", "token"))], "", ""
    ) as url:
        for order in (tags, tags[::-1], tags[3:] + tags[:3]):
            sent = {f"Tags.member.{n}.{name}": text for n, tag in enumerate(order, 1) for name, text in tag.items()}
            sent |= {"TransitiveTagKeys.member.1": "b", "TransitiveTagKeys.member.2": "a"}
            assert "secret-of-tagged" in ask(url, RoleArn=f"{ARN}tagged", **sent)[1]
        for changed in (
            {"Tags.member.1.Value": "Z"},
            {"Tags.member.7.Key": "a", "Tags.member.7.Value": "A"},
            {"TransitiveTagKeys.member.1": "c"},
        ):
            assert ask(url, RoleArn=f"{ARN}tagged", **{**sent, **changed})[0] == 403


def test_a_role_that_is_reached_in_two_ways_is_not_handed_out():
    ways = [
        RoleSession(
            ({"RoleArn": f"{ARN}{first}"}, {"RoleArn": f"{ARN}last"}), "2026-01-31T12:00:00Z", (first, "s", "t")
        )
        for first in ("x", "y")
    ]
    with role_endpoint(ways, "", "") as url:
        assert [ask(url, RoleArn=f"{ARN}{first}")[0] for first in ("x", "y")] == [200, 200]
        status, document = ask(url, RoleArn=f"{ARN}last")
    assert (status, "a worker cannot tell which one is meant" in document) == (403, True)


def test_connections_that_say_nothing_end_and_do_not_fill_it(url):
    port = urlsplit(url).port
    before = threading.active_count()
    with ExitStack() as held:
        silent = [held.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(80)]
        time.sleep(0.5)
        assert threading.active_count() - before <= 32
        for each in silent[:40]:
            each.close()
        time.sleep(0.5)
        assert ask(url, **ASKED)[0] == 200


def test_a_connection_that_says_nothing_ends(url, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.remote.role_endpoint._Handler.timeout", 0.2)
    with socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=5) as silent:
        assert silent.recv(1) == b""
