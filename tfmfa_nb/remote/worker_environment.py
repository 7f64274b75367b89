"""What Terraform on a worker has of the worker's own process variables: little, and nothing that decides.

A worker's variables are not the person's: another workspace would be changed by them, another provider started, another
endpoint asked, and whatever a configuration prints would bring the worker's own tokens into the log of a run.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.credentials import child_environ, session_environ
from tfmfa_nb.terraform.foreign_programs import foreign_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.problems import Problem

# Where programs and files are, how text is written, and how much of the machine Terraform takes.
_KEPT = re.compile(
    r"PATH|HOME|TMPDIR|USER|LOGNAME|TZ|LANG|LANGUAGE|LC_[A-Z]+|XDG_CONFIG_HOME|XDG_CACHE_HOME"
    r"|TF_CLI_CONFIG_FILE|TERRAFORM_CONFIG|TF_PLUGIN_CACHE_DIR|TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"
    r"|GOGC|GOMEMLIMIT|GOMAXPROCS"
)
# What stands between the worker and AWS, which a policy may forbid.
_WAYS = re.compile(
    r"HTTPS?_PROXY|https?_proxy|NO_PROXY|no_proxy|AWS_CA_BUNDLE|REQUESTS_CA_BUNDLE|SSL_CERT_FILE|SSL_CERT_DIR"
)
_NO_WAY = ("NO_PROXY", "no_proxy")
_OF_REGISTRIES = "TF_TOKEN_"


def worker_environ(sent: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of Terraform's process, without credentials: a few of this worker's own, and those that were sent.

    Args:
        sent: what the kernel has sent, which takes precedence.
    """
    own = {name: text for name, text in os.environ.items() if _KEPT.fullmatch(name) or _WAYS.fullmatch(name)}
    child, _ = child_environ(own, credentials=False)
    return session_environ({**child, **(sent or {})}, {}, files=False)


def registry_tokens() -> dict[str, str]:
    """This worker's own tokens of registries: for `init`, which installs providers, and starts none of them."""
    return {name: text for name, text in os.environ.items() if name.startswith(_OF_REGISTRIES) and text}


def ways() -> list[str]:
    """The names of this worker's variables that set a proxy, or certificate authorities other than the usual ones."""
    return sorted(name for name, text in os.environ.items() if text and _WAYS.fullmatch(name) and name not in _NO_WAY)


def foreign(product: str) -> list[Problem]:
    """What puts other programs in Terraform's place on this worker.

    Args:
        product: "terraform" or "tofu".
    """
    return list(foreign_settings(worker_environ(), product))
