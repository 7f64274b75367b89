"""When `terraform init` may install providers, and which ones an environment of a fleet gets."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.terraform.plugin_cache import turn_of_init
from tfmfa_nb.terraform.working_directory import LOCK_FILE

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.engine.command import Commands


def installing(commands: Commands) -> AbstractAsyncContextManager[None]:
    """The time in which `init` may install providers; see `turn_of_init`.

    Args:
        commands: commands of the phase.
    """
    driver = commands.driver
    return turn_of_init(commands.given.environ, driver.environment.folder, partial(_take_over_lock_file, driver))


def _take_over_lock_file(driver: Driver) -> None:
    """Give an environment that cells write, and that has no lock file, the one of a fleet's other environments.

    So all have the same providers, also if one is released meanwhile, and none but the first has to install them.
    """
    own = driver.environment.folder / LOCK_FILE
    if driver.environment.owned and not own.exists() and (other := driver.ports.lock_file()) is not None:
        with suppress(OSError):  # `init` makes one
            write_whole(own, other.read_bytes())
