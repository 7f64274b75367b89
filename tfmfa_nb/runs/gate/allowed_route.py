"""Where a code and a key's signature may go, and on which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import AuthenticationError

if TYPE_CHECKING:
    from tfmfa_nb.authentication.network_route import NetworkRoute
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.organization.policy import Policy


def refuse_endpoint(policy: Policy, endpoint: Endpoint) -> None:
    """Make sure that a code goes to AWS itself, or to an endpoint that the policy names.

    Raises:
        AuthenticationError: the policy does not allow the endpoint.
    """
    if policy.limits_endpoints and endpoint.url and not policy.allows_endpoint(endpoint.url):
        raise AuthenticationError(
            f"The STS endpoint {endpoint.url} is not AWS's own, and the organization policy does not allow it.",
            "Unset AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL and remove endpoint_url from the AWS configuration "
            'file, or have the owner of the policy add it to "endpoints" of [allow]. No code was spent.',
        )


def refuse_route(policy: Policy, route: NetworkRoute) -> None:
    """Make sure that the policy allows what stands between the code and AWS.

    Raises:
        AuthenticationError: it does not.
    """
    if str(route) and not policy.proxies:
        files = ", ".join(map(str, policy.files_setting("proxies")))
        raise AuthenticationError(
            f"Codes would go to AWS {route}, which is not allowed (organization policy {files}).",
            "Unset HTTPS_PROXY, AWS_CA_BUNDLE, and REQUESTS_CA_BUNDLE, and remove ca_bundle from the AWS "
            "configuration file. No code was spent.",
        )
