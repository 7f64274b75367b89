"""Pre-signed requests of `sts:GetCallerIdentity`: made on one machine, sent to STS on another, which learns who signed.

Neither machine has to trust the other's program. Who gets such a request can do nothing with it but ask STS who signed
it. What it is about stands in a header that is signed too. The rules are those by which HashiCorp Vault and EKS protect
themselves (https://developer.hashicorp.com/vault/docs/auth/aws#iam-auth-method,
https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go): nothing of a received URL is
used; the URL is made anew of a host that is known here, of fixed parameters, and of the signature's own parameters,
each of which is there once and has a known form; exactly these headers are signed; the header's value is what this
side expects; no redirect is followed. STS does not heed X-Amz-Expires (https://github.com/aws/aws-sdk-go/issues/2167),
so the date is compared here.

The signature is botocore's own.
"""

from __future__ import annotations

import re
from calendar import timegm
from time import strptime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tfmfa_nb.authentication.aws_client import call_aws, credentials_of, sts_client
from tfmfa_nb.authentication.aws_endpoints import sdk_session, sts_url
from tfmfa_nb.authentication.network_route import ca_bundle
from tfmfa_nb.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret

HEADER = "x-tfmfa-approval"
"""The header that is signed with the host."""
LONGEST_SECONDS = 900
"""How long STS takes a signature, in seconds from its date."""
_OPERATION = (("Action", "GetCallerIdentity"), ("Version", "2011-06-15"))
_FORMS = {
    "X-Amz-Algorithm": r"AWS4-HMAC-SHA256",
    "X-Amz-Credential": r"(?P<key>[A-Z0-9]{16,128})/(?P<day>\d{8})/(?P<region>[a-z0-9-]{1,40})/sts/aws4_request",
    "X-Amz-Date": r"\d{8}T\d{6}Z",
    "X-Amz-Expires": r"[1-9]\d{0,5}",
    "X-Amz-SignedHeaders": rf"host;{HEADER}",
    "X-Amz-Security-Token": r"[\w+/=-]+",
    "X-Amz-Signature": r"[0-9a-f]{64}",
}


class Unacceptable(ValueError):
    """A pre-signed request is not sent to STS; the text says why, in a clause."""


def presign(
    credentials: tuple[Secret, Secret, Secret], endpoint: Endpoint, statement: str, seconds: int = LONGEST_SECONDS
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Sign a request, and send it nowhere.

    Args:
        credentials: access key ID, secret access key, and session token of a session.
        endpoint: STS endpoint that the signature is for.
        statement: value of the signed header.
        seconds: for how long the request is to count.

    Returns:
        The host that the signature is for, and the parameters of the query that make it up.
    """
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - slow to import
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    url = sts_url(endpoint)
    request = AWSRequest("GET", f"{url.rstrip('/')}/?{urlencode(_OPERATION)}", headers={HEADER: statement})
    SigV4QueryAuth(
        Credentials(*(each.reveal() for each in credentials)), "sts", endpoint.region or "us-east-1", seconds
    ).add_auth(request)
    parameters = parse_qsl(urlsplit(request.url).query, strict_parsing=True)
    return urlsplit(url).netloc, tuple(pair for pair in parameters if pair not in _OPERATION)


def signature_of(parameters: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """The parameters of a signature by their names, each of which has the form that it must have.

    Raises:
        Unacceptable: one is missing, is there twice, is not allowed, or has another form.
    """
    found = dict(parameters)
    if "X-Amz-Security-Token" not in found:
        raise Unacceptable("it is signed with a long-term key, which proves no MFA")
    if len(found) != len(parameters) or found.keys() != _FORMS.keys():
        raise Unacceptable("its signature has other parameters than it must have")
    wrong = [name for name, form in _FORMS.items() if not re.fullmatch(form, found[name], re.ASCII)]
    if wrong:
        raise Unacceptable(f"its {wrong[0]} is not what it must be")
    if not found["X-Amz-Credential"].startswith("ASIA"):
        raise Unacceptable("it is signed with a long-term key, which proves no MFA")
    return found


def signed_at(signature: Mapping[str, str]) -> float:
    """When a request was signed, in seconds since the epoch, by the clock of whoever signed it.

    Raises:
        Unacceptable: there is no such time.
    """
    try:
        return float(timegm(strptime(signature["X-Amz-Date"], "%Y%m%dT%H%M%SZ")))
    except ValueError:
        raise Unacceptable("its X-Amz-Date is not a time") from None


async def identify_signer(signature: Mapping[str, str], endpoint: Endpoint, statement: str) -> Identity:
    """Who signed a request, as STS says.

    Args:
        signature: the parameters of the signature, as `signature_of` returns them.
        endpoint: STS endpoint to ask.
        statement: value of the signed header, as this side knows it.

    Raises:
        Refused: STS does not accept the signature, or gives no answer.
    """
    return await call_aws(lambda: _send(signature, endpoint, statement), endpoint)


def _send(signature: Mapping[str, str], endpoint: Endpoint, statement: str) -> Identity:
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - slow to import
    from botocore.exceptions import ClientError  # noqa: PLC0415
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415
    from botocore.parsers import create_parser  # noqa: PLC0415
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

    url = sts_url(endpoint)
    session = sdk_session(profile=None)
    wire = URLLib3Session(verify=ca_bundle() or True, proxies=get_environ_proxies(url), timeout=(5, 15))
    query = urlencode([*_OPERATION, *signature.items()])
    request = AWSRequest("GET", f"{url.rstrip('/')}/?{query}", headers={HEADER: statement}).prepare()
    try:
        response = wire.send(request)  # which follows no redirect
    finally:
        wire.close()
    answered: dict[str, Any] = {
        "status_code": response.status_code, "headers": response.headers, "body": response.content,
    }  # fmt: skip
    operation = session.get_service_model("sts").operation_model("GetCallerIdentity")
    parsed = create_parser("query").parse(answered, operation.output_shape)
    if response.status_code != 200:  # noqa: PLR2004 - HTTP's own
        raise ClientError(parsed, "GetCallerIdentity")
    return Identity(account=parsed["Account"], arn=parsed["Arn"])


async def assume_to_approve(
    credentials: tuple[Secret, Secret, Secret], role_arn: str, name: str, endpoint: Endpoint
) -> tuple[Secret, Secret, Secret]:
    """The credentials of a role, in a session that has the person's name.

    Raises:
        Refused: the role cannot be assumed.
    """

    def send() -> tuple[Secret, Secret, Secret]:
        sts = sts_client(*credentials, endpoint)
        return credentials_of(sts.assume_role(RoleArn=role_arn, RoleSessionName=name, DurationSeconds=900))[:3]

    return await call_aws(send, endpoint, role_arn=role_arn)
