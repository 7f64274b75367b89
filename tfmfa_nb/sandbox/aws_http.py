"""A request to AWS, however it came, and its signature (version 4).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote_plus

# What the JSON protocols call the errors of the query protocol.
_JSON_NAMES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """One request.

    Attributes:
        path: as it came, still quoted.
        query: as it came.
        headers: names in lower case.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def credential(self) -> list[str]:
        """[access key id, date, region, service, "aws4_request"]; empty for an unsigned request."""
        return self._authorization().get("Credential", "").split("/") if self._authorization() else []

    @property
    def service(self) -> str:
        """The signed service: "sts", "ssm"."""
        return self.credential[3] if len(self.credential) == 5 else ""  # noqa: PLR2004 - its five parts

    @property
    def action(self) -> str:
        """The operation's name, or for REST the method: "GetSessionToken", "PUT"."""
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        return self.parameters().get("Action") or _rest_action(self)

    def parameters(self) -> dict[str, str]:
        """The parameters of a query-protocol call."""
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = self.body.decode("utf-8", "replace")
        else:
            text = self.query
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}

    def speaks_json(self) -> bool:
        """Whether an error is expected as JSON."""
        return "json" in self.headers.get("content-type", "")

    def signed_with(self, secret: str) -> bool:
        """Whether the signature was made with `secret`."""
        given = self._authorization()
        names = given.get("SignedHeaders", "").split(";")
        if not {"host", "x-amz-date"} <= set(names):
            return False
        payload = hashlib.sha256(self.body).hexdigest()
        if self.service == "s3":  # the only one that may leave its body unsigned
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
        text = f"AWS4-HMAC-SHA256\n{self.headers.get('x-amz-date', '')}\n{scope}\n{digest}"
        key = f"AWS4{secret}".encode()
        for part in (date, region, service, end):
            key = hmac.digest(key, part.encode(), "sha256")
        wanted = hmac.digest(key, text.encode(), "sha256").hex()
        return hmac.compare_digest(wanted.encode(), given.get("Signature", "").encode())

    def _authorization(self) -> dict[str, str]:
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        if scheme != "AWS4-HMAC-SHA256":
            return {}
        return {name: value for part in rest.split(",") for name, _, value in [part.strip().partition("=")]}


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = [(quote(unquote_plus(n), safe="~-_."), quote(unquote_plus(v), safe="~-_.")) for n, _, v in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _rest_action(request: AwsRequest) -> str:
    """S3's operations that a person would look for in the log; the others by their method."""
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
    """What is sent back.

    Attributes:
        reset: cut the connection instead.
        seconds: how long it takes.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    reset: bool = False
    seconds: float = 0.0


def error_response(request: AwsRequest, status: int, code: str, message: str) -> AwsResponse:
    """An error in the shape that the request's protocol wants."""
    headers = {"x-amzn-requestid": "sandbox"}
    if request.speaks_json():
        body = json.dumps({"__type": _JSON_NAMES.get(code, code), "message": message})
        return AwsResponse(400, {**headers, "content-type": "application/x-amz-json-1.1"}, body.encode())
    inner = f"<Code>{_escape(code)}</Code><Message>{_escape(message)}</Message>"
    if request.service == "s3":
        body = f"<Error>{inner}<RequestId>sandbox</RequestId></Error>"
    else:
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<Error><Type>Sender</Type>{inner}</Error><RequestId>sandbox</RequestId></ErrorResponse>"
        )
    return AwsResponse(status, {**headers, "content-type": "text/xml"}, body.encode())


def sts_response(action: str, inner: str) -> AwsResponse:
    """An STS answer."""
    body = (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}'
        f"</{action}Result><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></{action}Response>"
    )
    return AwsResponse(200, {"content-type": "text/xml", "x-amzn-requestid": "sandbox"}, body.encode())


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
