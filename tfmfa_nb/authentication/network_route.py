"""What stands between this process and AWS: a proxy, and certificate authorities other than the usual ones.

Together they can read a code, and answer in AWS's place. As botocore does, from this process's own environment:
https://docs.aws.amazon.com/boto3/latest/guide/configuration.html
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from tfmfa_nb.authentication.aws_endpoints import sdk_session, sts_url

if TYPE_CHECKING:
    from tfmfa_nb.model.identity import Endpoint


@dataclass(frozen=True, slots=True)
class NetworkRoute:
    """How calls reach an endpoint.

    Attributes:
        proxy: URL of the proxy, without user and password; "" for none.
        ca_bundle: path of the file or folder with the certificate authorities; "" for those of botocore.
        ca_bundle_sha256: SHA-256 of that file in hexadecimal; "" if it is none, or cannot be read.
    """

    proxy: str = ""
    ca_bundle: str = ""
    ca_bundle_sha256: str = ""

    def facts(self) -> dict[str, Any]:
        """The route for the audit trail."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"through the proxy {self.proxy}"] if self.proxy else []
        if self.ca_bundle:
            parts.append(f"with the certificate authorities of {self.ca_bundle}")
        return ", ".join(parts)


def host_of(endpoint: Endpoint) -> str:
    """The host of an STS endpoint, with its port, and without user and password."""
    return urlsplit(sts_url(endpoint)).netloc.rpartition("@")[2] or "the STS endpoint"


def route_to(endpoint: Endpoint) -> NetworkRoute:
    """The route to an STS endpoint."""
    return route_to_url(sts_url(endpoint))


def route_to_url(url: str) -> NetworkRoute:
    """The route to a URL."""
    bundle = ca_bundle() if urlsplit(url).scheme == "https" else ""
    return NetworkRoute(_proxy(url), bundle, _sha256(Path(bundle)) if bundle else "")


def _proxy(url: str) -> str:
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    named = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return f"{named.scheme}://{named.netloc.rpartition('@')[2]}"


def ca_bundle() -> str:
    """The path of the file or folder with the certificate authorities that botocore trusts; "" for its own."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - slow to import

    with suppress(BotoCoreError):  # an invalid configuration file stops the call, which tells it
        session = sdk_session(profile=None)
        return str(session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE", ""))
    return ""


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
