"""Pre-signed requests of GetCallerIdentity: what is signed, and what is sent where."""

import asyncio
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tfmfa_nb.authentication.presigned_identity import (
    HEADER,
    Unacceptable,
    identify_signer,
    presign,
    signature_of,
    signed_at,
)
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.redaction import Secret

ENDPOINT = Endpoint("eu-west-1")
SESSION = (Secret("ASIA1234567890123456"), Secret("s" * 40), Secret("token/+="))


@pytest.fixture
def server():
    """Starts a server that answers with a redirect to an address, and notes what it was asked."""
    running = []

    def start(target):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers[HEADER]))
                self.send_response(302)
                self.send_header("Location", target)
                self.end_headers()

            def log_message(self, *_):
                """Nothing."""

        made = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        running.append((made, thread))
        return f"http://127.0.0.1:{made.server_port}", asked

    yield start
    for each, thread in running:
        each.shutdown()
        each.server_close()
        thread.join()


def test_exactly_the_host_and_the_header_are_signed():
    host, parameters = presign(SESSION, ENDPOINT, "this")
    assert host == "sts.eu-west-1.amazonaws.com"
    signature = signature_of(parameters)
    assert signature["X-Amz-SignedHeaders"] == f"host;{HEADER}"
    assert signature["X-Amz-Security-Token"] == "token/+="
    assert signed_at(signature) > 1_700_000_000
    assert "s" * 40 not in repr(parameters)
    assert presign(SESSION, ENDPOINT, "that")[1] != parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA1"),
        ("X-Amz-Credential", "ASIA1234567890123456/20260101/eu-west-1/iam/aws4_request"),
        ("X-Amz-Date", "2026-01-01"),
        ("X-Amz-Expires", "0"),
        ("X-Amz-Expires", "\N{ARABIC-INDIC DIGIT NINE}00"),
        ("X-Amz-SignedHeaders", f"host;x-more;{HEADER}"),
        ("X-Amz-Security-Token", "a b"),
        ("X-Amz-Signature", "0" * 63),
    ],
)
def test_a_parameter_of_another_form_is_not_sent(name, value):
    parameters = presign(SESSION, ENDPOINT, "this")[1]
    changed = tuple((each, value if each == name else text) for each, text in parameters)
    with pytest.raises(Unacceptable, match=re.escape(name)):
        signature_of(changed)


def test_a_date_that_is_none_is_told():
    with pytest.raises(Unacceptable, match="not a time"):
        signed_at({"X-Amz-Date": "20269999T999999Z"})


@pytest.mark.usefixtures("direct")
def test_no_redirect_is_followed(server):
    second, seen = server("http://127.0.0.1:1/")
    first, asked = server(second)
    signature = signature_of(presign(SESSION, ENDPOINT, "this")[1])
    with pytest.raises(Refused):
        asyncio.run(identify_signer(signature, Endpoint("eu-west-1", first), "this"))
    assert {header for _, header in asked} == {"this"}
    assert all(path.startswith("/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-") for path, _ in asked)
    assert seen == []
