"""Load and unload: the magics, the input transformer, and how a run shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.errors import RunStateError
from tfmfa_nb.magics import TfmfaMagics
from tfmfa_nb.transformer import await_magics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Bring the magics into `shell`; a second time changes nothing."""
    if _magics(shell) is not None:
        return
    shell.register_magics(TfmfaMagics)
    shell.input_transformers_post.append(await_magics)
    magics = _magics(shell)
    manager = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if magics is not None and manager is not None:
        from tfmfa_nb.views.status_comm import StatusComm  # noqa: PLC0415 - only inside a kernel

        magics.closing.append(StatusComm(manager, magics).close)


def unload(shell: InteractiveShell) -> None:
    """Take the magics out again.

    Raises:
        RunStateError: a run is going on.
    """
    magics = _magics(shell)
    if magics is None:
        return
    if magics.busy:
        raise RunStateError("A run is going on.", "Wait for it or cancel it, then unload.")
    magics.close()
    if await_magics in shell.input_transformers_post:
        shell.input_transformers_post.remove(await_magics)
    manager = shell.magics_manager
    for kind, names in magics.magics.items():
        for name in names:
            manager.magics[kind].pop(name, None)
    manager.registry.pop(type(magics).__name__, None)
    # IPython annotates the list with its own type only.
    configurables: list[object] = shell.configurables  # type: ignore[assignment]
    if magics in configurables:
        configurables.remove(magics)


def _magics(shell: InteractiveShell) -> TfmfaMagics | None:
    found = shell.magics_manager.registry.get(TfmfaMagics.__name__)
    return found if isinstance(found, TfmfaMagics) else None
