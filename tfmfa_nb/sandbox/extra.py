"""The packages of the extra `sandbox`."""

from __future__ import annotations

from importlib.util import find_spec

from tfmfa_nb.model.errors import SandboxError

_PACKAGES = ("flask", "flask_cors", "moto", "pyotp", "segno", "werkzeug")


def require_extra() -> None:
    """Make sure that the packages of the extra are installed.

    Raises:
        SandboxError: some are not.
    """
    missing = [name for name in _PACKAGES if not _is_installed(name)]
    if missing:
        raise SandboxError(
            f"The sandbox needs packages that are not installed: {', '.join(missing)}.",
            "Install them: pip install 'tfmfa-nb[sandbox]'",
        )


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # hidden, or half installed
        return False
