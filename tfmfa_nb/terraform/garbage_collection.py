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
_LEAST = 2 * 1024**3  # bytes for each core: half more than its two runs take with a large provider


def fewer_collections(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a command that lives for seconds collects garbage less often.

    None where a person has set them, or where memory is short. A process that takes half of what is free collects
    garbage all the same.

    Args:
        environ: process variables of the command.
    """
    free = free_memory()
    if environ.get(_PERCENT) or environ.get(_LIMIT) or free < _LEAST * usable_cores():
        return {}
    return {_PERCENT: str(_GROWTH), _LIMIT: f"{free // 2 // 1024**2}MiB"}
