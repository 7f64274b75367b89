"""Loads and unloads the extension: magics, input transformers, completion, and the status comm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import tfmfa_nb.runs.audit.state_folders  # noqa: F401 - notes the process variables as they are now
from tfmfa_nb.magics.answers import answers_of, language_service_of
from tfmfa_nb.magics.completion import matcher
from tfmfa_nb.magics.first_fleet import fleets_of
from tfmfa_nb.magics.magics import TfmfaMagics
from tfmfa_nb.magics.terraform_magics import TerraformMagics, options_of_commands
from tfmfa_nb.magics.transformer import ReadCells, await_magics
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.organization.policy_places import policy_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell


# The process variables that count for the policy are those of the first load: a cell can change them and load again.
_at_first_load: WeakKeyDictionary[InteractiveShell, Mapping[str, str]] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Register the magics in `shell`; a second call has no effect."""
    if _magics(shell) is not None:
        return
    environ = _at_first_load.setdefault(shell, policy_environ(os.environ))
    shell.register_magics(TfmfaMagics(shell, environ))
    shell.input_transformers_cleanup.insert(0, ReadCells())
    shell.input_transformers_post.append(await_magics)
    magics = _magics(shell)
    if magics is None:
        return
    magics.each = fleets_of(shell, magics)
    shell.register_magics(TerraformMagics(shell, magics))
    service = language_service_of(magics)
    completion = matcher(service, options_of_commands())
    shell.Completer.custom_matchers.append(completion)
    magics.closing.append(lambda: shell.Completer.custom_matchers.remove(completion))
    kernel = getattr(shell, "kernel", None)
    manager = getattr(kernel, "comm_manager", None)
    if kernel is not None and manager is not None:
        from tfmfa_nb.magics.comm_logs import drop_comm_messages  # noqa: PLC0415 - only inside a kernel
        from tfmfa_nb.magics.status_comm import StatusComm  # noqa: PLC0415

        magics.closing.append(drop_comm_messages(kernel.log))
        magics.closing.append(StatusComm(manager, magics, answers_of(service, magics)).close)


def unload(shell: InteractiveShell) -> None:
    """Remove the magics.

    Raises:
        RunStateError: a run is in progress.
    """
    magics = _magics(shell)
    if magics is None:
        return
    if magics.busy:
        raise RunStateError("A run is in progress.", "Wait until it ends, or cancel it. Then unload the extension.")
    magics.close()
    if await_magics in shell.input_transformers_post:
        shell.input_transformers_post.remove(await_magics)
    cleanup = shell.input_transformers_cleanup
    cleanup[:] = [each for each in cleanup if not isinstance(each, ReadCells)]
    manager = shell.magics_manager
    # IPython's annotation of the list is too narrow.
    configurables: list[object] = shell.configurables  # type: ignore[assignment]
    for ours in (magics, manager.registry[TerraformMagics.__name__]):
        for kind, names in ours.magics.items():
            for name in names:
                manager.magics[kind].pop(name, None)
        manager.registry.pop(type(ours).__name__, None)
        if ours in configurables:
            configurables.remove(ours)


def _magics(shell: InteractiveShell) -> TfmfaMagics | None:
    magics = shell.magics_manager.registry.get(TfmfaMagics.__name__)
    return magics if isinstance(magics, TfmfaMagics) else None
