"""AWS's error texts and botocore's exceptions, row by row: what is wrong, what helps, and what has to be named."""

import re
import tomllib
from pathlib import Path

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from tfmfa_nb.authentication import aws_answers
from tfmfa_nb.authentication.aws_errors import diagnose
from tfmfa_nb.authentication.refusal import Cause, RefusalKind
from tfmfa_nb.model.identity import Endpoint

pytestmark = pytest.mark.usefixtures("direct")
TABLE = tomllib.loads((Path(__file__).parents[1] / "fixtures/aws_answers.toml").read_text())
ROWS = TABLE["answer"]
ROLE = "arn:aws:iam::123456789012:role/Deploy"
# What a row has beside the exception's own arguments.
OURS = {"call", "exception", "read", "kind", "remedy", "names", "region", "url", "proxy", "bundle"}
# What AWS repeats of a request in these rows.
ECHOES = ("481516", "AKIAIOSFODNN7EXAMPLE", "hunter2", "2/fluent", "a b", "é")


def error_of(row):
    """The exception that boto3 raises."""
    if "exception" not in row:
        status = row.get("status", 403)
        answer = {"Code": row["code"], "Message": row["text"]}
        return ClientError({"Error": answer, "ResponseMetadata": {"HTTPStatusCode": status}}, row["call"])
    given = {name: value for name, value in row.items() if name not in OURS}
    url = row.get("url") or f"https://sts.{row.get('region', 'eu-west-1')}.amazonaws.com/"
    places = {"endpoint_url": url, "proxy_url": row.get("proxy"), "profile": row.get("profile")}
    name = row["exception"]
    kind = getattr(exceptions, name, None) or type(
        name, (exceptions.BotoCoreError,), {}
    )  # an older botocore lacks some
    return kind(**{"error": "", **places, **given})


def refusal_of(row):
    return diagnose(
        error_of(row),
        endpoint=Endpoint(row.get("region"), row.get("url")),
        carries_code=row["call"] == "GetSessionToken",
        role_arn=ROLE if row["call"] == "AssumeRole" else None,
    )


def title(row):
    return re.sub(r"\W+", "-", f"{row['call']} {row.get('code') or row['exception']} {row.get('text', '')}")[:90]


@pytest.mark.parametrize("row", ROWS, ids=map(title, ROWS))
def test_what_is_wrong_and_what_helps(row, monkeypatch):
    for variable, field in (("HTTPS_PROXY", "proxy"), ("AWS_CA_BUNDLE", "bundle")):
        if field in row:
            monkeypatch.setenv(variable, row[field])
    refusal = refusal_of(row)
    assert str(refusal.kind) == row["kind"]
    assert TABLE["remedies"][row["remedy"]] in refusal.remedy
    if row["call"] == "AssumeRole":
        assert refusal.cause == (Cause[row["cause"]] if row.get("cause") else None)
        assert refusal.reason
    text = f"{refusal.problem} {refusal.remedy}"
    assert [name for name in row.get("names", ()) if name not in text] == []
    assert [echo for echo in ECHOES if re.search(rf"\b{re.escape(echo)}\b", text)] == []
    assert "\n" not in text
    assert refusal.problem.endswith(".")
    assert refusal.remedy.endswith(".")


def test_every_row_says_where_it_was_read_and_every_place_and_remedy_is_needed():
    assert {row["read"] for row in ROWS} == set(TABLE["read"])
    assert {row["remedy"] for row in ROWS} == set(TABLE["remedies"])
    assert all(place.startswith("https://") for place in TABLE["read"].values())


def test_every_rule_has_a_row():
    """No answer of AWS that the package knows goes untested, and no kind of refusal."""
    fed = [(row["code"].removesuffix("Exception"), " ".join(row["text"].split())) for row in ROWS if "code" in row]
    used = [next((rule for rule in aws_answers.ANSWERS if rule.means(*answer)), None) for answer in fed]
    assert [rule for rule in aws_answers.ANSWERS if rule not in used] == []
    assert {code for code, _ in fed} >= aws_answers.THROTTLED
    assert {row["kind"] for row in ROWS} == {str(kind) for kind in RefusalKind} - {
        "malformed code",
        "code used before",
    }
