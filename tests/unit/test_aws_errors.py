import socket
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread

import botocore
import pytest
from botocore import exceptions, parsers
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from tfmfa_nb.authentication import aws_client
from tfmfa_nb.authentication.aws_errors import diagnose
from tfmfa_nb.authentication.mfa_session import get_session, identify
from tfmfa_nb.authentication.refusal import RefusalKind, Refused
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.redaction import Secret

ROLE = "arn:aws:iam::123456789012:role/Deploy"
URL = "https://sts.example"


def answer(code, message="", status=403):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X"
    )


WRONG_CODE = answer("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
WRONG_DEVICE = answer(
    "AccessDenied",
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
    "valid and associated with this user.",
)
EXPIRED = "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z (20260101T003000Z - 15 min.)"
AHEAD = "Signature not yet current: 20260101T003000Z is still later than 20260101T001500Z (20260101T000000Z + 15 min.)"
MISMATCH = "The request signature we calculated does not match the signature you provided."
ANSWERS = [
    (WRONG_CODE, "wrong code", True),
    (WRONG_DEVICE, "wrong MFA device", False),
    (answer("AccessDenied", "Cannot call GetSessionToken with session credentials"), "session credentials", False),
    (answer("AccessDenied", "User: x is not authorized"), "denied", False),
    (answer("SignatureDoesNotMatch", EXPIRED), "clock", False),
    (answer("SignatureDoesNotMatch", AHEAD), "clock", False),
    (answer("SignatureDoesNotMatch", MISMATCH), "wrong secret access key", False),
    (
        answer("InvalidClientTokenId", "The security token included in the request is invalid"),
        "unknown access key",
        False,
    ),
    (answer("ExpiredToken", "The security token included in the request is expired"), "expired session", False),
    (answer("RegionDisabledException", "STS is not activated in this region"), "region not usable", False),
    (answer("ValidationError", "Value '123456' at 'tokenCode' failed", 400), "invalid request", False),
    (answer("Throttling", "Rate exceeded", 400), "throttled", False),
    (answer("ThrottlingException", "Rate exceeded", 503), "throttled", False),
    (answer("ServiceUnavailable", "", 503), "not available", True),
    (answer("InternalFailure", "", 500), "service error", True),
    (answer("SomethingNew", "", 400), "invalid request", True),
    (answer("403", "Forbidden"), "answered by something else", True),
    (answer("Unknown", "", 200), "answered by something else", True),
    (ClientError({"Error": {}}, "X"), "answered by something else", True),
    (ClientError({}, "X"), "answered by something else", True),
]
EXCEPTIONS = [
    (exceptions.EndpointConnectionError(endpoint_url=URL, error="x"), "not reachable", False),
    (exceptions.ConnectTimeoutError(endpoint_url=URL), "not reachable", False),
    (exceptions.ProxyConnectionError(proxy_url=URL), "not reachable", False),
    (exceptions.SSLError(endpoint_url=URL, error="CERTIFICATE_VERIFY_FAILED"), "not reachable", False),
    (exceptions.SSLError(endpoint_url=URL, error="[SSL: WRONG_VERSION_NUMBER]"), "not reachable", False),
    (exceptions.SSLError(endpoint_url=URL, error="bad record mac"), "no answer", True),
    (exceptions.ReadTimeoutError(endpoint_url=URL), "no answer", True),
    (exceptions.ConnectionClosedError(endpoint_url=URL), "no answer", True),
    (exceptions.HTTPClientError(error="x"), "no answer", True),
    (parsers.ResponseParserError("<html>"), "answered by something else", True),
    (KeyError("GetSessionTokenResult"), "answered by something else", True),
    (exceptions.ParamValidationError(report="Value '123456'"), "invalid request", False),
    (exceptions.NoRegionError(), "settings of the AWS SDK", False),
    (ValueError("Invalid endpoint: 123456"), "invalid request", False),
]


@pytest.mark.parametrize(("error", "kind", "spent"), ANSWERS + EXCEPTIONS)
def test_one_problem_and_one_remedy_for_each(error, kind, spent):
    refusal = diagnose(error, carries_code=True)
    assert (str(refusal.kind), refusal.code_spent) == (kind, spent)
    assert (refusal.next_code_at > 0) is spent
    assert ("next code" in refusal.remedy) is spent
    assert refusal.problem.endswith(".")
    assert refusal.remedy.endswith(".")
    assert not any(char.isdigit() for char in refusal.remedy)


@pytest.mark.parametrize(("error", "kind", "spent"), ANSWERS[3:] + EXCEPTIONS)
def test_a_refusal_of_a_call_without_a_code_mentions_none(error, kind, spent):
    refusal = diagnose(error)
    assert (str(refusal.kind), refusal.code_spent) == (kind, False)
    assert refusal.next_code_at == 0
    if spent:
        assert "code" not in f"{refusal.problem} {refusal.remedy}"


@pytest.mark.parametrize(("error", "kind", "spent"), ANSWERS + EXCEPTIONS)
def test_for_a_role_another_code_does_not_help(error, kind, spent):  # noqa: ARG001
    refusal = diagnose(error, role_arn=ROLE)
    assert (refusal.code_spent, refusal.next_code_at) == (False, 0)


def test_messages_match_regardless_of_case_and_spaces():
    error = answer("AccessDenied", "multifactorauthentication  FAILED with\ninvalid MFA  one time pass code")
    assert diagnose(error, carries_code=True).kind is RefusalKind.WRONG_CODE


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            answer(
                "AccessDenied", f"User: arn:aws:iam::1:user/Al is not authorized to perform: sts:AssumeRole on {ROLE}"
            ),
            [ROLE, "arn:aws:iam::1:user/Al", "trust policy"],
        ),
        (
            answer("AccessDenied", "User: x is not authorized to perform: sts:TagSession on resource: y"),
            ["sts:TagSession"],
        ),
        (
            answer("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole with an explicit deny in …"),
            ["explicitly denies"],
        ),
        (answer("AccessDenied", "?"), [ROLE, "this caller"]),
        (
            answer("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration"),
            ["Correct `duration`"],
        ),
        (
            answer("ValidationError", "1 validation error detected: Value 'é' at 'roleSessionName'"),
            ["Correct `session_name`"],
        ),
        (answer("MalformedPolicyDocument", ""), ["`policy`", "assume_role block"]),
    ],
)
def test_why_a_role_is_refused(error, words):
    refusal = diagnose(error, role_arn=ROLE)
    assert refusal.kind is RefusalKind.ROLE
    for word in words:
        assert word in f"{refusal.problem} {refusal.remedy}"


CODE = "481516"
ECHOES = st.sampled_from([CODE, f"Value '{CODE}' at 'tokenCode'", f"<b>{CODE}</b>", f"x.{CODE}", f"Code{CODE}"])
KNOWN = st.sampled_from(["ValidationError", "AccessDenied", "Unknown", "InternalFailure", "Strange"])


@given(KNOWN | ECHOES, ECHOES | st.text(), st.sampled_from([200, 301, 400, 403, 500, 503]), st.booleans())
def test_no_text_repeats_parameters_echoed_by_aws(code, message, status, carries_code):
    refusal = diagnose(answer(code, message, status), carries_code=carries_code)
    assert CODE not in repr(refusal)


# Over a real connection, of which each server here makes something else.


@contextmanager
def server(reply):
    """Answers every request with `reply`; None cuts the connection, a number waits for so many seconds."""
    requests, over = [], Event()

    def answer(reader, writer):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := reader.readline()):
                return
            head += line
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        requests.append(reader.read(length).decode())
        if isinstance(reply, bytes):
            writer.write(reply)
        elif reply is not None:
            over.wait(reply)

    with listening(answer) as place:
        try:
            yield Endpoint("eu-west-1", f"http://{place}"), requests
        finally:
            over.set()


@contextmanager
def listening(answer):
    """A server on this machine, by host and port; at its end, none of its connections is left open."""

    class Handler(StreamRequestHandler):
        def handle(self):
            with suppress(OSError):  # the other side may cut it
                answer(self.rfile, self.wfile)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as serving:  # its end waits for the handlers
        accepting = Thread(target=serving.serve_forever, args=(0.01,))
        accepting.start()
        try:
            host, port = serving.server_address
            yield f"{host}:{port}"
        finally:
            serving.shutdown()
            accepting.join()


def http(status, body, kind="text/html"):
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return f"{head}Location: http://portal.example/\r\n\r\n{body}".encode()


# Before botocore 1.44, an answer that was cut is none.
CUT = "answered by something else" if Version(botocore.__version__) >= Version("1.44") else "no answer"
THROTTLED = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
FAILED = "<ErrorResponse><Error><Code>InternalFailure</Code><Message/></Error></ErrorResponse>"


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(aws_client, "_RETRY_DELAYS", (0, 0))


async def refusal_of(calling):
    with pytest.raises(Refused) as caught:
        await calling
    assert CODE not in repr(caught.value.refusal)
    return caught.value.refusal


def with_code(endpoint):
    return get_session("AKIAIOSFODNN7EXAMPLE", Secret("x" * 40), "GAHT12345678", Secret(CODE), endpoint=endpoint)


def without_code(endpoint):
    return identify("AKIAIOSFODNN7EXAMPLE", Secret("x" * 40), endpoint)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (http(200, "<html><body>Log in</body></html>"), "answered by something else"),
        (http(200, "<!doctype html><p>Log in<br>"), "answered by something else"),
        (http(200, ""), "answered by something else"),
        (http(200, "<GetSessionTokenResponse/>", "text/xml"), "answered by something else"),
        (
            http(200, "<R><GetSessionTokenResult/><GetCallerIdentityResult/></R>", "text/xml"),
            "answered by something else",
        ),
        (http(302, ""), "answered by something else"),
        (http(403, "<html><body>Blocked</body></html>"), "answered by something else"),
        (http(511, "<html>Log in</html>"), "service error"),
        (http(500, FAILED, "text/xml"), "service error"),
        (http(502, "Bad gateway"), "answered by something else"),
        (b"garbage\r\n\r\n", "no answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", CUT),
        (None, "no answer"),
        (5, "no answer"),
    ],
)
async def test_a_call_that_may_have_reached_aws_is_sent_once_and_spends_the_code(monkeypatch, reply, kind):
    if not isinstance(reply, bytes):
        monkeypatch.setattr(aws_client, "_READ_TIMEOUT", 0.1)
    with server(reply) as (endpoint, requests):
        refusal = await refusal_of(with_code(endpoint))
        assert (str(refusal.kind), refusal.code_spent) == (kind, True)
        assert len(requests) == 1
        assert CODE in requests[0]
        refusal = await refusal_of(without_code(endpoint))
        assert (str(refusal.kind), refusal.code_spent) == (kind, False)
        assert len(requests) == (2 if kind == "answered by something else" else 4)


@pytest.mark.parametrize(
    ("reply", "kind", "spent"),
    [(http(400, THROTTLED, "text/xml"), "throttled", False), (http(503, FAILED, "text/xml"), "not available", True)],
)
async def test_a_call_without_effect_is_tried_three_times(reply, kind, spent):
    with server(reply) as (endpoint, requests):
        refusal = await refusal_of(with_code(endpoint))
        assert (str(refusal.kind), refusal.code_spent) == (kind, spent)
        assert len(requests) == 3


async def test_no_network_spends_no_code():
    with socket.socket() as taken:  # bound, not listening: it refuses connections
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint("eu-west-1", f"http://127.0.0.1:{taken.getsockname()[1]}")
        refusal = await refusal_of(with_code(endpoint))
        assert (refusal.kind, refusal.code_spent, refusal.next_code_at) == (RefusalKind.UNREACHABLE, False, 0)
        assert "was not used" in refusal.remedy
        assert "code" not in (await refusal_of(without_code(endpoint))).remedy


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://["])
async def test_an_invalid_endpoint_spends_no_code(url):
    refusal = await refusal_of(with_code(Endpoint("eu-west-1", url)))
    assert not refusal.code_spent
    assert refusal.remedy


async def test_a_server_without_tls_is_unreachable_or_unanswered(monkeypatch):
    monkeypatch.setattr(aws_client, "_READ_TIMEOUT", 0.5)
    with server(b"") as (endpoint, _):
        refusal = await refusal_of(with_code(Endpoint("eu-west-1", endpoint.url.replace("http:", "https:"))))
    assert refusal.kind in {RefusalKind.UNREACHABLE, RefusalKind.UNANSWERED}


GONE = "/nonexistent/authorities.pem"
PROXY_LOGIN = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize(
    ("variables", "endpoint", "kind", "words"),
    [
        ({}, Endpoint("eu-wst-1"), "region not usable", ["no Region eu-wst-1", "Set AWS_REGION to eu-west-1."]),
        (
            {},
            Endpoint("eu-west-1", "http://sts.invalid:81"),
            "not reachable",
            ["sts.invalid:81", "AWS_ENDPOINT_URL_STS"],
        ),
        ({}, Endpoint("eu-west-1", "http://DEAD"), "not reachable", ["No connection to DEAD", "AWS_ENDPOINT_URL_STS"]),
        ({"HTTPS_PROXY": "http://DEAD"}, Endpoint("eu-west-1"), "not reachable", ["The proxy http://DEAD"]),
        ({"HTTPS_PROXY": "http://me:hunter2@LOGIN"}, Endpoint("eu-west-1"), "not reachable", ["http://LOGIN requires"]),
        ({"AWS_CA_BUNDLE": GONE}, Endpoint("eu-west-1", "https://LOGIN"), "settings of the AWS SDK", [GONE]),
        ({}, Endpoint("eu-west-1", "https://LOGIN"), "not reachable", ["LOGIN does not speak TLS"]),
        (
            {"AWS_STS_REGIONAL_ENDPOINTS": "regionl"},
            Endpoint("eu-west-1"),
            "settings of the AWS SDK",
            ["AWS_STS_REGIONAL_ENDPOINTS"],
        ),
        ({}, Endpoint("eu west 1"), "settings of the AWS SDK", ["AWS_REGION is not the name of a Region"]),
    ],
)
async def test_what_stops_a_call_on_its_way_is_named_and_spends_no_code(
    monkeypatch, variables, endpoint, *, kind, words
):
    def refuse_login(reader, writer):
        reader.read1(1000)
        writer.write(PROXY_LOGIN)

    with listening(refuse_login) as login, socket.socket() as dead:  # bound, not listening: it refuses connections
        dead.bind(("127.0.0.1", 0))
        hosts = {"DEAD": f"127.0.0.1:{dead.getsockname()[1]}", "LOGIN": login}

        def placed(text):
            for name, host in hosts.items():
                text = text.replace(name, host)
            return text

        for name, value in variables.items():
            monkeypatch.setenv(name, placed(value))
        aws_client.reset_client_factory()
        refusal = await refusal_of(with_code(Endpoint(endpoint.region, endpoint.url and placed(endpoint.url))))
    monkeypatch.undo()
    aws_client.reset_client_factory()
    assert (str(refusal.kind), refusal.code_spent) == (kind, False)
    text = f"{refusal.problem} {refusal.remedy}"
    assert [word for word in map(placed, words) if word not in text] == []
    assert "hunter2" not in text
