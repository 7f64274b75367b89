"""Who asks for an apply, as AWS names the owner of the long-term key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.gate.allowed_route import refuse_endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.aws_port import Aws


async def requester_of(environ: Mapping[str, str], profile: str, policy: Policy, aws: Aws) -> tuple[Identity, Endpoint]:
    """Who asks, by the long-term key of the organization variables, and the STS endpoint that has said so.

    Raises:
        ConfigurationError: the organization variables are missing or wrong.
        Refused: AWS does not know the key, or gives no answer.
        AuthenticationError: the policy does not allow the STS endpoint.
    """
    # In a thread, because a keychain may ask the person to unlock it.
    variables = await asyncio.to_thread(read_variables, environ, profile)
    try:
        refuse_endpoint(policy, variables.endpoint)
        identity = await aws.identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
    finally:
        variables.forget()
    return identity, variables.endpoint
