"""How often Go collects garbage in a Terraform command that lives for seconds.

Loading the schema of a large provider makes much garbage, and collecting it takes a fifth of the processor time of a
plan with the AWS provider; `benchmarks/fleet.py --aws` measures it. Such a command, and the providers that it starts,
may take more memory instead, where there is enough: https://go.dev/doc/gc-guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.terraform.machine_room import free_memory, usable_cores

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERCENT, _LIMIT = "GOGC", "GOMEMLIMIT"
_GROWTH = 400  # percent of what is in use, until garbage is collected; Go's own value is 100
# What is free is shared by one run for each core, each with Terraform and a provider.
_PROCESSES_PER_CORE = 2
_LEAST = 1024**3  # in bytes; a large state may take as much, and with less, garbage would be collected all the time


def fewer_collections(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a command that lives for seconds collects garbage less often.

    None where a person has set them, or where memory is short.

    Args:
        environ: process variables of the command.
    """
    if environ.get(_PERCENT) or environ.get(_LIMIT):
        return {}
    share = free_memory() // (_PROCESSES_PER_CORE * usable_cores())
    return {_PERCENT: str(_GROWTH), _LIMIT: f"{share // 1024**2}MiB"} if share >= _LEAST else {}
