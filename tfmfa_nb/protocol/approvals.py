"""The two texts of an approval: the request that is sent to a person, and the answer that the person hands back.

Each is one line, so that it survives a chat: what it is, with its version; the document, compressed, in base64; and the
beginning of its SHA-256, by which a torn text is noticed. Neither has a secret. What binds an answer to its request is
its signature, which AWS checks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, fields
from typing import Annotated, Literal, TypeVar

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.codec import Longest, encode, parse

_FORM = re.compile(
    r"tfmfa-(?P<kind>request|answer)\.(?P<version>\d{1,4})\.(?P<body>[\w-]+)\.(?P<sum>[0-9a-f]{16})", re.ASCII
)
_VERSION = 1
_LONGEST_TEXT = 100_000  # characters
_LARGEST = 1 << 20  # bytes of a document
_SUM = 16  # characters
_BROKEN = "Copy the whole text: one line, from tfmfa- to its last character."
_AGAIN = "Have it made again."
_LATEST = 1e11  # seconds since the epoch; a calendar has no years with five digits
MOST_LINES, LONGEST_LINE = 400, 400
"""Lines of a plan in a request, and characters of a line."""

_Short = Annotated[str, Longest(400)]
_Line = Annotated[str, Longest(LONGEST_LINE)]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """What a person is asked to approve.

    Attributes:
        plan_sha256: SHA-256 of the saved plan.
        decision: what the apply does: "1 to add, 2 to change, 0 to destroy".
        requester: ARN of the person who asks.
        nonce: 32 hexadecimal digits, for this request only.
        region: Region of the STS endpoint that is to be asked.
        role: ARN of the role with which to approve; "" for a session of the person's own.
        requested_at, expires_at: seconds since the epoch.
        plan: the beginning of the plan as Terraform has printed it, sensitive values masked.
        left_out: number of the plan's lines that are not in it.
        not_by_requester: whether the answer of the person who asks does not count.
    """

    type: Literal["request"] = "request"
    run: _Short
    environment: _Short
    workspace: _Short
    account: _Short
    phase: _Short
    plan_sha256: _Short
    decision: _Short
    requester: _Short
    nonce: _Short
    region: _Short
    role: _Short
    requested_at: float
    expires_at: float
    plan: tuple[_Line, ...]
    left_out: int
    not_by_requester: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAnswer:
    """What a person has decided, as a pre-signed request of `sts:GetCallerIdentity`, without its URL.

    Attributes:
        decision: "approve", "reject", or "withdraw".
        reason: why; "" for none.
        request_sha256: SHA-256 of the request's text, and of all that it shows.
        host: host that the signature is for.
        parameters: the parameters of the query that make up the signature.
        statement: value of the signed header.
    """

    type: Literal["answer"] = "answer"
    run: _Short
    nonce: _Short
    decision: Literal["approve", "reject", "withdraw"]
    reason: _Short
    request_sha256: _Short
    host: _Short
    parameters: tuple[tuple[_Short, Annotated[str, Longest(8_000)]], ...]
    statement: Annotated[str, Longest(2_000)]


def statement_of(
    *, run: str, phase: str, plan_sha256: str, account: str, nonce: str, request_sha256: str, decision: str, reason: str
) -> str:
    """What a person signs: one line that names everything that the decision is about."""
    facts = {
        "decision": decision,
        "run": run,
        "phase": phase,
        "plan": plan_sha256,
        "account": account,
        "nonce": nonce,
        "request": request_sha256,
        "reason": hashlib.sha256(reason.encode()).hexdigest(),
    }
    return "; ".join([f"v{_VERSION}", *(f"{name}={value}" for name, value in facts.items())])


def changed_facts(statement: str, expected: str) -> list[str]:
    """The names of what one statement says otherwise than the other, or does not say at all."""
    found, wanted = (dict(part.partition("=")[::2] for part in each.split("; ")) for each in (statement, expected))
    return [name for name in wanted if found.get(name) != wanted[name]] or ["form"]


def sha256_of(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal, however a chat has broken it into lines."""
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()


def armored(document: ApprovalRequest | ApprovalAnswer) -> str:
    """The text of a request or an answer."""
    content = zlib.compress(json.dumps(encode(document)).encode(), 9)
    body = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return f"tfmfa-{document.type}.{_VERSION}.{body}.{hashlib.sha256(content).hexdigest()[:_SUM]}"


def kind_of(text: str) -> str:
    """Which of the two a text is, however it goes on: "request", "answer", or "" for any other text."""
    begun = re.match(r"\s*tfmfa-(request|answer)\.", text, re.ASCII)
    return begun[1] if begun else ""


def read_text(text: str, kind: type[T]) -> T:
    """The request or the answer in a text; a chat may have broken it into lines.

    Raises:
        ConfigurationError: it is none, it is not whole, or a newer version has written it.
    """
    name = "request" if kind is ApprovalRequest else "answer"
    form = _FORM.fullmatch("".join(text.split())) if len(text) <= _LONGEST_TEXT else None
    if form is None or form["kind"] != name:
        raise ConfigurationError(f"This is not the whole text of an approval's {name}.", _BROKEN)
    if int(form["version"]) > _VERSION:
        raise ConfigurationError(
            f"A newer version of tfmfa_nb has written this {name} (format {form['version']}).", "Upgrade tfmfa_nb."
        )
    document = parse(_content(form["body"], form["sum"], name), kind)
    if document is None or (isinstance(document, ApprovalRequest) and not _is_bounded(document)):
        raise ConfigurationError(f"The {name} has not what it needs.", _AGAIN)
    if isinstance(document, ApprovalRequest) and not _is_visible(document):
        raise ConfigurationError("The request has characters that nobody can see.", _AGAIN)
    return document


def _is_bounded(request: ApprovalRequest) -> bool:
    """Whether it is no longer than a request that this program makes, and has times that can be told."""
    in_time = 0 <= request.requested_at <= request.expires_at <= _LATEST
    return in_time and request.left_out >= 0 and len(request.plan) <= MOST_LINES


def _is_visible(request: ApprovalRequest) -> bool:
    """Whether its names are text of one line: they are shown, and the prompt for the code repeats some."""
    values = (getattr(request, each.name) for each in fields(request))
    return all(value.isprintable() for value in values if isinstance(value, str))


def _content(body: str, checksum: str, name: str) -> object:
    try:
        content = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        if hashlib.sha256(content).hexdigest()[:_SUM] != checksum:
            raise ValueError("another checksum")
        unpacked = zlib.decompressobj()
        text = unpacked.decompress(content, _LARGEST)
        if unpacked.unconsumed_tail:
            raise ValueError("too large")
        return json.loads(text)
    except (ValueError, zlib.error, RecursionError):
        pass
    raise ConfigurationError(f"The {name} was changed on its way: its checksum is wrong.", _BROKEN)
