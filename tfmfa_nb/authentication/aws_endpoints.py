"""Which server gets what is sent to AWS: the one that is named, or AWS's own in the Region, by botocore's own data.

botocore also reads data files of a person's own, which may say of any service where it is
(https://docs.aws.amazon.com/botocore/latest/reference/loaders.html), and may be told to use the global STS endpoint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from tfmfa_nb.model.identity import Endpoint

_DEFAULT_REGION = "us-east-1"
_LABEL = re.compile(r"[a-z0-9-]{1,63}")  # one label of a host name, which a Region becomes


class AnotherEndpoint(ValueError):
    """A request was about to be sent to another server than the one that was named."""


def sdk_session(*, profile: str | None) -> Any:
    """A botocore session that knows of AWS only what botocore itself says.

    Args:
        profile: AWS profile to use; None for none, whatever AWS_PROFILE says.
    """
    from botocore.loaders import Loader  # noqa: PLC0415 - takes 0.2 s, so imported on the first call
    from botocore.session import Session  # noqa: PLC0415

    # AWS_PROFILE must not affect the session, nor fail it if the profile does not exist.
    session = Session({"profile": (None, None, None, None)}, profile=profile)
    session.register_component("data_loader", Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False))
    return session


def sts_url(endpoint: Endpoint, session: Any = None) -> str:
    """The URL of an STS endpoint: the one that is named, or that of AWS's own in the Region, never the global one.

    Args:
        endpoint: the endpoint.
        session: tells whether FIPS and dual-stack endpoints are used; None for this process's settings.

    Raises:
        ConfigurationError: the name of the Region could lead to another host.
    """
    if endpoint.url:
        return endpoint.url
    from botocore.regions import EndpointResolver  # noqa: PLC0415

    session = session or sdk_session(profile=None)
    region = endpoint.region or _DEFAULT_REGION
    if not _LABEL.fullmatch(region):
        raise ConfigurationError(f"{region!r} is not the name of an AWS Region.", "Example: eu-west-1.")
    found = EndpointResolver(session.get_component("data_loader").load_data("endpoints")).construct_endpoint(
        "sts",
        region,
        use_fips_endpoint=session.get_config_variable("use_fips_endpoint"),
        use_dualstack_endpoint=session.get_config_variable("use_dualstack_endpoint"),
    )
    host = found["hostname"] if found else ""
    return f"https://{host if region in host else f'sts.{region}.amazonaws.com'}"


def keep_to(client: Any, url: str) -> None:
    """Let a client send nothing to another server than that of `url`.

    The client's calls raise AnotherEndpoint instead.
    """
    wanted = urlsplit(url)[:2]

    def compare(request: Any, **_: Any) -> None:
        if urlsplit(request.url)[:2] != wanted:
            raise AnotherEndpoint("The request would go to another endpoint.")

    client.meta.events.register_first("before-send", compare)
