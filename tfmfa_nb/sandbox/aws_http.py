"""HTTP requests to AWS with their signature (version 4), and AWS's responses.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote_plus
from uuid import uuid4

_ALGORITHM, _SIGNATURE = "AWS4-HMAC-SHA256", "X-Amz-"
# The errors of the query protocol, as the JSON protocols name them.
_JSON_NAMES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A request.

    Attributes:
        path: percent-encoded, as it was sent.
        query: percent-encoded, as it was sent.
        headers: values by the name in lower case.
        id: the ID that AWS gives the request, in its response and in CloudTrail.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def credential(self) -> list[str]:
        """[access key ID, date, region, service, "aws4_request"]; empty if the request is not signed."""
        return self._authorization().get("Credential", "").split("/") if self._authorization() else []

    @property
    def region(self) -> str:
        """The Region in the signature, such as "eu-west-1"."""
        return self._scope(2)

    @property
    def service(self) -> str:
        """The service in the signature, such as "sts"."""
        return self._scope(3)

    def _scope(self, part: int) -> str:
        return self.credential[part] if len(self.credential) == 5 else ""  # noqa: PLR2004 - its five parts

    @property
    def action(self) -> str:
        """The name of the operation, such as "GetSessionToken"; for a REST call, the HTTP method."""
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        return self.parameters().get("Action") or _rest_action(self)

    def parameters(self) -> dict[str, str]:
        """The parameters of a call in the query protocol."""
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = self.body.decode("utf-8", "replace")
        else:
            text = self.query
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}

    def uses_json(self) -> bool:
        """Whether the request uses a JSON protocol."""
        return "json" in self.headers.get("content-type", "")

    @property
    def presigned(self) -> dict[str, str] | None:
        """The parameters of a signature in the query; None if it is in a header, or if there is none.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
        """
        given = [part.partition("=") for part in self.query.split("&") if part.startswith(_SIGNATURE)]
        return {unquote_plus(name): unquote_plus(value) for name, _, value in given} or None

    @property
    def signed_at(self) -> str:
        """The date in the signature, such as "20261126T213000Z"; "" if it has none."""
        return (self.presigned or {}).get(f"{_SIGNATURE}Date", "") or self.headers.get("x-amz-date", "")

    @property
    def session_token(self) -> str | None:
        """The session token; None if there is none. That of a signature in the query is in the query too."""
        presigned = self.presigned
        return (
            self.headers.get("x-amz-security-token")
            if presigned is None
            else presigned.get(f"{_SIGNATURE}Security-Token")
        )

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature belongs to the secret access key `secret`."""
        authorization = self._authorization()
        names = authorization.get("SignedHeaders", "").split(";")
        own = {name for name in self.headers if name.startswith("x-amz-")}
        if not ({"host"} if self.presigned else {"host", "x-amz-date"}) <= set(names) or (
            self.presigned and own - set(names)
        ):
            return False
        payload = hashlib.sha256(self.body).hexdigest()
        if self.service == "s3":  # the only service that accepts an unsigned body
            payload = self.headers.get("x-amz-content-sha256", payload)
        path = self.path or "/"
        canonical = "\n".join([
            self.method,
            path if self.service == "s3" else quote(path, safe="/~-_."),
            _canonical_query(self.query),
            *(f"{name}:{' '.join(self.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            payload,
        ])  # fmt: skip
        _, date, region, service, end = self.credential
        scope = f"{date}/{region}/{service}/{end}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{self.signed_at}\n{scope}\n{digest}"
        key = f"AWS4{secret}".encode()
        for part in (date, region, service, end):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.digest(key, text.encode(), "sha256").hex()
        return hmac.compare_digest(expected.encode(), authorization.get("Signature", "").encode())

    def _authorization(self) -> dict[str, str]:
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        if (presigned := self.presigned) is not None:  # AWS takes one signature, not two
            fits = presigned.get(f"{_SIGNATURE}Algorithm") == _ALGORITHM and not scheme
            return {name.removeprefix(_SIGNATURE): value for name, value in presigned.items()} if fits else {}
        if scheme != _ALGORITHM:
            return {}
        return {name: value for part in rest.split(",") for name, _, value in [part.strip().partition("=")]}


def _canonical_query(query: str) -> str:
    """Every parameter but the signature itself."""
    pairs = [
        part.partition("=") for part in query.split("&") if part and not part.startswith(f"{_SIGNATURE}Signature=")
    ]
    encoded = [(quote(unquote_plus(n), safe="~-_."), quote(unquote_plus(v), safe="~-_.")) for n, _, v in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _rest_action(request: AwsRequest) -> str:
    """The name of an S3 operation that a person looks for in the log; the HTTP method of any other."""
    if (
        request.service == "s3"
        and request.method == "PUT"
        and request.path.strip("/").count("/") == 0
        and not request.query
    ):
        return "CreateBucket"
    return request.method


@dataclass(frozen=True, slots=True)
class AwsResponse:
    """A response.

    Attributes:
        reset: whether to reset the connection instead of responding.
        seconds: how long to delay the response.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    reset: bool = False
    seconds: float = 0.0


def error_response(request: AwsRequest, status: int, code: str, message: str) -> AwsResponse:
    """An error, in the protocol of the request.

    Args:
        request: the request to respond to.
        status: of HTTP; the JSON protocols always use 400.
        code: as the query protocol names it.
        message: for people.
    """
    headers = {"x-amzn-requestid": request.id}
    if request.uses_json():
        body = json.dumps({"__type": _JSON_NAMES.get(code, code), "message": message})
        return AwsResponse(400, {**headers, "content-type": "application/x-amz-json-1.1"}, body.encode())
    inner = f"<Code>{_escape(code)}</Code><Message>{_escape(message)}</Message>"
    if request.service == "s3":
        body = f"<Error>{inner}<RequestId>{request.id}</RequestId></Error>"
    else:
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<Error><Type>Sender</Type>{inner}</Error><RequestId>{request.id}</RequestId></ErrorResponse>"
        )
    return AwsResponse(status, {**headers, "content-type": "text/xml"}, body.encode())


def sts_response(request: AwsRequest, inner: str) -> AwsResponse:
    """A successful response in the query protocol; `inner` is the XML inside the result element."""
    action = request.action
    body = (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</{action}Result>'
        f"<ResponseMetadata><RequestId>{request.id}</RequestId></ResponseMetadata></{action}Response>"
    )
    return AwsResponse(200, {"content-type": "text/xml", "x-amzn-requestid": request.id}, body.encode())


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
