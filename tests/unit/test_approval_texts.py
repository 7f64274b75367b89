"""The texts of a request and an answer: whole, torn, hostile."""

import base64
import hashlib
import json
import zlib
from dataclasses import replace

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.approvals import (
    MOST_LINES,
    ApprovalAnswer,
    ApprovalRequest,
    armored,
    changed_facts,
    kind_of,
    read_text,
    sha256_of,
    statement_of,
)
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.needed_approvals import GivenApproval, NeededApprovals
from tfmfa_nb.views.approval_text import needed_text, request_lines

REQUEST = ApprovalRequest(
    run="run-20260101-120000-abcdef",
    environment="prod-eu",
    workspace="default",
    account="111122223333",
    phase="apply",
    plan_sha256="a" * 64,
    decision="1 to add",
    requester="arn:aws:iam::111122223333:user/alice",
    nonce="0" * 32,
    region="eu-west-1",
    role="",
    requested_at=1.0,
    expires_at=2.0,
    plan=("+ terraform_data.one", "\N{RIGHT-TO-LEFT OVERRIDE}\x1b[2Jgone"),
    left_out=3,
)

CONTENT = json.dumps(encode(REQUEST)).encode()


def packed(content, kind="request", version="1"):
    """A text with a right checksum."""
    body = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return f"tfmfa-{kind}.{version}.{body}.{hashlib.sha256(content).hexdigest()[:16]}"


def test_a_text_is_one_line_and_is_read_again_after_a_chat_has_broken_it():
    text = armored(REQUEST)
    assert len(text.split()) == 1
    assert read_text(f"  {text[:40]}\n{text[40:80]}\r\n {text[80:]}\n", ApprovalRequest) == REQUEST
    assert kind_of(text) == "request"
    assert kind_of("run-20260101-120000-abcdef") == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not the whole text"),
        (armored(REQUEST)[:-1], "not the whole text"),
        (armored(REQUEST).replace("request", "answer"), "not the whole text"),
        (armored(REQUEST)[:-1] + "g", "not the whole text"),
        (armored(REQUEST).replace(".1.e", ".1.f"), "checksum is wrong"),
        (packed(b"no zlib"), "checksum is wrong"),
        (packed(zlib.compress(b"[")), "checksum is wrong"),
        (packed(zlib.compress(b" " * 5_000_000)), "checksum is wrong"),
        (packed(zlib.compress(CONTENT + b" " * (1 << 20))), "checksum is wrong"),  # larger than this program makes one
        (packed(zlib.compress(CONTENT))[:-16] + "0" * 16, "checksum is wrong"),
        (packed(zlib.compress(b"{}")), "has not what it needs"),
        (packed(zlib.compress(b"[]")), "has not what it needs"),
        (packed(b"x", version="2"), r"A newer version of tfmfa_nb has written this request \(format 2\)"),
        (packed(b"x" * 200_000), "not the whole text"),
    ],
)
def test_what_is_not_whole_is_one_clear_error(text, problem):
    with pytest.raises(ConfigurationError, match=problem):
        read_text(text, ApprovalRequest)


def test_a_request_is_no_answer():
    with pytest.raises(ConfigurationError, match="not the whole text of an approval's answer"):
        read_text(armored(REQUEST), ApprovalAnswer)


def test_what_strangers_have_written_is_visible():
    shown = "\n".join(request_lines(REQUEST))
    assert "\x1b" not in shown
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in shown
    assert "… and 3 more lines" in shown
    assert "AWS does not say of it whether it has MFA" in shown


@pytest.mark.parametrize("name", ["run", "environment", "workspace", "account", "decision", "requester", "role"])
@pytest.mark.parametrize("hidden", ["\n", "\x1b[2J", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_a_request_that_could_forge_a_line_or_the_prompt_is_refused(name, hidden):
    forged = f"x{hidden}Account: 999999999999"
    with pytest.raises(ConfigurationError, match="characters that nobody can see"):
        read_text(armored(replace(REQUEST, **{name: forged})), ApprovalRequest)


@pytest.mark.parametrize("change", [{"plan": ("",) * (MOST_LINES + 1)}, {"expires_at": 1e300}, {"left_out": -1}])
def test_a_request_that_this_program_would_not_make_is_refused(change):
    with pytest.raises(ConfigurationError, match="has not what it needs"):
        read_text(armored(replace(REQUEST, **change)), ApprovalRequest)


def test_no_line_of_a_plan_looks_like_one_of_this_program():
    forged = "Account: 999999999999"
    shown = request_lines(replace(REQUEST, plan=(forged, f"x\n{forged}\r{forged}")))
    assert not any(line.startswith(forged) or "\n" in line for line in shown)


def test_a_text_has_one_digest_however_a_chat_has_broken_it():
    text = armored(REQUEST)
    assert sha256_of(f" {text[:40]}\n{text[40:]}\r\n") == sha256_of(text)


def test_a_statement_names_all_that_is_decided_on():
    facts = {name: getattr(REQUEST, name) for name in ("run", "phase", "plan_sha256", "account", "nonce")}
    said = statement_of(**facts, request_sha256="b" * 64, decision="approve", reason="")
    assert said.isascii()
    assert said.isprintable()
    for name in facts:
        other = statement_of(**{**facts, name: "x"}, request_sha256="b" * 64, decision="approve", reason="")
        assert changed_facts(other, said) == [name.removesuffix("_sha256")]
    assert changed_facts(f"{said}; more", said) == ["form"]


def test_who_has_approved_and_who_is_awaited_is_said_in_one_line():
    bob = GivenApproval(by="arn:aws:iam::111122223333:user/bob", until=1_800_000_000.0)
    needed = NeededApprovals(required=2, given=(bob,), approvers="arn:aws:iam::111122223333:user/*", asked_until=9.0)
    text = needed_text(needed)
    assert text.startswith("1 of 2 approvals (bob until 2027-01-15 ")
    assert "; awaiting 1 from arn:aws:iam::111122223333:user/*; the request can be answered until 1970" in text
    assert not needed.complete
    rejected = replace(needed, required=1, rejected=("carol: \N{RIGHT-TO-LEFT OVERRIDE}no\x1b[2J",))
    assert "rejected by carol: ⟨U+202E⟩no␛[2J" in needed_text(rejected)
    assert "awaiting" not in needed_text(rejected)
    assert not rejected.complete


def test_the_longest_request_that_this_program_makes_is_read():
    longest = replace(REQUEST, plan=("",) * MOST_LINES)
    assert read_text(armored(longest), ApprovalRequest) == longest


def test_the_same_content_with_its_checksum_is_read():
    assert read_text(packed(zlib.compress(CONTENT)), ApprovalRequest) == REQUEST
