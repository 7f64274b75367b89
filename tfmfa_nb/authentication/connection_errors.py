"""What stops a call before AWS answers: a name, the way, a certificate, or the settings of the AWS SDK.

botocore's exceptions: https://docs.aws.amazon.com/boto3/latest/guide/error-handling.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_regions import is_known, similar_region
from tfmfa_nb.authentication.network_route import host_of, route_to
from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, transient
from tfmfa_nb.authentication.sts_arguments import argument_of_session

if TYPE_CHECKING:
    from tfmfa_nb.model.identity import Endpoint

_ENDPOINT_SETTINGS = "AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, or endpoint_url in the AWS configuration file"
_UNRESOLVED = re.compile(r"failed to resolve|name or service not known|getaddrinfo", re.IGNORECASE)
_TUNNEL = re.compile(r"tunnel connection failed: (\d{3})", re.IGNORECASE)
# TLS failures of which nothing was sent before; other TLS failures may come later.
_HANDSHAKE = re.compile("certificate_verify_failed|handshake|unsupported_protocol|unrecognized_name", re.IGNORECASE)
_NOT_TLS = re.compile("wrong_version_number|http_request|record_layer_failure", re.IGNORECASE)
_NO_BUNDLE = re.compile(r"\[errno (2|13|20|21)\]|no_certificate_or_crl_found|\[x509", re.IGNORECASE)
_OTHER_HOST = re.compile("hostname mismatch|doesn't match", re.IGNORECASE)
_OUTDATED = re.compile("certificate has expired|not yet valid", re.IGNORECASE)
_MAYBE_SENT = {"ReadTimeoutError", "ConnectionClosedError", "HTTPClientError", "IncompleteReadError", "SSLError"}
# Raised by botocore, or by this package, when the response is XML but not AWS's.
_UNREADABLE = {"ResponseParserError", "KeyError", "IndexError", "AttributeError", "TypeError", "UnboundLocalError"}
# Nothing was sent, and nothing will be until somebody changes a setting.
_SETTINGS = {
    "InvalidSTSRegionalEndpointsConfigError": (
        "AWS_STS_REGIONAL_ENDPOINTS, or sts_regional_endpoints in the AWS configuration file, is misspelt.",
        'Set it to "regional", or remove it.',
    ),
    "InvalidRegionError": (
        "AWS_REGION is not the name of a Region.",
        "Set AWS_REGION, or region in the AWS configuration file, to a name such as eu-west-1.",
    ),
    "NoRegionError": ("No Region is set.", "Set AWS_REGION."),
    "ConfigParseError": (
        "The AWS configuration file, or the credentials file, cannot be parsed.",
        "Correct the file, which AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE names, or else ~/.aws.",
    ),
    "ProfileNotFound": ("The AWS profile does not exist.", "Set AWS_PROFILE to a profile of ~/.aws/config."),
    "InfiniteLoopConfigError": (
        "The AWS profile names itself as its source_profile, through others.",
        "Correct source_profile in ~/.aws/config.",
    ),
    "InvalidConfigError": ("The AWS profile is not complete.", "Correct the profile in ~/.aws/config."),
    "InvalidDefaultsMode": (
        "AWS_DEFAULTS_MODE, or defaults_mode in the AWS configuration file, is misspelt.",
        'Set it to "standard", or remove it.',
    ),
    "InvalidProxiesConfigError": ("The proxy settings are not valid.", "Correct HTTPS_PROXY."),
    "EndpointVariantError": (
        "STS has no FIPS or dual-stack endpoint in this Region.",
        "Remove AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or choose another AWS_REGION.",
    ),
    "UnknownEndpointError": ("STS has no endpoint in this Region.", "Correct AWS_REGION."),
}
_SETTINGS |= {
    "InvalidEndpointConfigurationError": (
        "The URL of the STS endpoint is not valid.",
        f"Correct or remove {_ENDPOINT_SETTINGS}.",
    ),
    "EndpointResolutionError": _SETTINGS["EndpointVariantError"],
    "ConfigurationError": _SETTINGS["InvalidRegionError"],  # `sts_url` of this package
    "UnknownFIPSEndpointError": _SETTINGS["EndpointVariantError"],
}
# Only of the calls with the credentials that the AWS SDK finds by itself.
_CREDENTIALS = {
    "NoCredentialsError": (
        "The AWS SDK finds no credentials.",
        "Enter an access key in the form that %tfmfa shows, or set AWS_PROFILE.",
    ),
    "PartialCredentialsError": (
        "The AWS SDK finds an access key without its secret.",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY together.",
    ),
    "CredentialRetrievalError": (
        "The program or the service that the AWS profile takes credentials from returned none.",
        "Run the profile's credential_process in a terminal: its message says why.",
    ),
    "LoginRefreshRequired": ("The session of the AWS profile has expired.", "Run aws login in a terminal."),
}
_CREDENTIALS |= {
    **dict.fromkeys(
        ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "NoAuthTokenError"),
        ("The AWS profile is not signed in to IAM Identity Center.", "Run aws sso login in a terminal."),
    ),
    "LoginTokenLoadError": _CREDENTIALS["LoginRefreshRequired"],
}


def from_exception(error: BaseException, endpoint: Endpoint, *, carries_code: bool) -> Refusal:
    """The refusal behind an exception without an answer of AWS.

    Args:
        error: exception that the call raised.
        endpoint: endpoint that was called.
        carries_code: True if the call carried an MFA code.
    """
    name = type(error).__name__
    for table, kind in ((_SETTINGS, RefusalKind.SETTINGS), (_CREDENTIALS, RefusalKind.CREDENTIALS)):
        if name in table:
            return Refusal(kind, *table[name])
    if name in _NEVER_SENT:
        return _NEVER_SENT[name](error, endpoint, carries_code=carries_code)
    if name == "SSLError" and (refusal := _from_tls(error, endpoint, carries_code=carries_code)):
        return refusal
    if name == "HTTPClientError" and "invalid header value" in str(error).lower():
        return Refusal(
            RefusalKind.VARIABLES,
            "AWS_ACCESS_KEY_ID contains a line break or another character that cannot be sent.",
            "Set AWS_ACCESS_KEY_ID again, without spaces and line breaks.",
        )
    if name in _MAYBE_SENT:
        return transient(
            RefusalKind.UNANSWERED,
            f"{host_of(endpoint)} did not respond",
            "Check the network",
            carries_code=carries_code,
            maybe_spent=True,
        )
    return not_aws(carries_code=carries_code) if name in _UNREADABLE else _not_built(error)


def not_aws(*, carries_code: bool) -> Refusal:
    """The refusal of a response that AWS did not send."""
    return transient(
        RefusalKind.NOT_AWS,
        "The response did not come from AWS: a captive portal or a proxy answered",
        "Sign in to the network",
        carries_code=carries_code,
        maybe_spent=True,
    )


def _from_connection(error: Any, endpoint: Endpoint, *, carries_code: bool) -> Refusal:
    """The refusal where no connection was made."""
    host = host_of(endpoint)
    if not _UNRESOLVED.search(str(getattr(error, "kwargs", {}).get("error", ""))):
        return transient(
            RefusalKind.UNREACHABLE,
            f"No connection to {host} is possible: the network is down, nothing listens there, or a firewall is in the "
            "way",
            f"Correct or remove {_ENDPOINT_SETTINGS}" if endpoint.url else "Check the network",
            carries_code=carries_code,
        )
    region = endpoint.region or ""
    if endpoint.url is None and region and not is_known(region):
        similar = similar_region(region)
        return Refusal(
            RefusalKind.REGION,
            f"AWS has no Region {region}: there is no host {host}.",
            f"Set AWS_REGION to {similar}." if similar else "Correct AWS_REGION.",
        )
    return transient(
        RefusalKind.UNREACHABLE,
        f"The name {host} cannot be resolved: the network is down, or its DNS does not know the name",
        f"Correct or remove {_ENDPOINT_SETTINGS}" if endpoint.url else "Check the network",
        carries_code=carries_code,
    )


def _from_proxy(error: Any, endpoint: Endpoint, *, carries_code: bool) -> Refusal:
    cause = str(getattr(error, "kwargs", {}).get("error", ""))
    proxy = route_to(endpoint).proxy or "HTTPS_PROXY"
    tunnel = _TUNNEL.search(cause)
    if tunnel and tunnel[1] == "407":
        problem, step = f"The proxy {proxy} requires a user name and a password", "Set them in HTTPS_PROXY"
    elif tunnel:
        problem, step = f"The proxy {proxy} does not let the connection through", "Have the proxy allow AWS STS"
    elif _UNRESOLVED.search(cause):
        problem, step = f"The name of the proxy {proxy} cannot be resolved", "Correct or remove HTTPS_PROXY"
    else:
        problem, step = f"The proxy {proxy} cannot be reached", "Correct or remove HTTPS_PROXY"
    return transient(RefusalKind.UNREACHABLE, problem, step, carries_code=carries_code)


def _from_tls(error: Any, endpoint: Endpoint, *, carries_code: bool) -> Refusal | None:
    """The refusal of a TLS connection of which nothing was sent; None if something may have been."""
    text, host = str(error), host_of(endpoint)
    if _NO_BUNDLE.search(text):
        bundle = route_to(endpoint).ca_bundle
        return Refusal(
            RefusalKind.SETTINGS,
            f"The certificate authorities of {bundle} cannot be read.",
            "Set AWS_CA_BUNDLE to a file with certificates in PEM format, or remove it.",
        )
    if _NOT_TLS.search(text):
        problem, step = f"{host} does not speak TLS", "Check HTTPS_PROXY and the URL of the endpoint"
    elif _OTHER_HOST.search(text):
        problem, step = f"The certificate that {host} presents is of another host", "Check the URL of the endpoint"
    elif _OUTDATED.search(text):
        problem, step = f"The certificate of {host} is outdated, or this machine's clock is far off", "Check the clock"
    elif _HANDSHAKE.search(text):
        problem = f"The certificate of {host} is not trusted: a proxy may intercept the connection"
        step = "Set AWS_CA_BUNDLE to your proxy's certificates"
    else:
        return None
    return transient(RefusalKind.UNREACHABLE, problem, step, carries_code=carries_code)


def _not_built(error: BaseException) -> Refusal:
    """The refusal of a request that botocore could not build. Its report repeats values."""
    named = argument_of_session(str(error))
    if named:
        return Refusal(RefusalKind.INVALID, f"{named[0]} is not valid: expected {named[1]}.", f"Correct {named[0]}.")
    return Refusal(
        RefusalKind.INVALID,
        f"The request to AWS could not be built ({type(error).__name__}).",
        "Check the organization variables, AWS_REGION, and AWS_ENDPOINT_URL.",
    )


_NEVER_SENT = {
    "EndpointConnectionError": _from_connection,
    "ConnectTimeoutError": _from_connection,
    "ProxyConnectionError": _from_proxy,
}
