"""Builds the front-end extension into `build/labextension/`, from which the wheel and the sdist take it.

Called by the hook hatch-jupyter-builder. It is built only where its sources have changed since, so an sdist, which
carries it built, needs no Node; and where there is no Node at all, the package is built without it.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_OUTPUT = _HERE.parent / "build" / "labextension"
_MARK = _OUTPUT / "sources.sha256"
_INSTALL = _HERE.parent / "install.json"
_FILES = ("package.json", "package-lock.json", "tsconfig.json")
_FOLDERS = ("src", "style", "schema")
_OLDEST_NODE = (20, 19)  # what @jupyter/builder's bundler needs
_log = logging.getLogger(__name__)


def build(*_: str, **__: str) -> None:
    """Build the extension if it has to be and can be built."""
    digest = _digest()
    if _MARK.is_file() and _MARK.read_text() == digest:
        _log.info("The JupyterLab extension is built already.")
        return
    if lacking := _node_lacks():
        _log.warning("%s: building WITHOUT the JupyterLab extension; all else works.", lacking)
        shutil.rmtree(_OUTPUT, ignore_errors=True)
        return
    # A lock file without addresses lets each machine use its own registry; scripts of packages are not needed.
    installed = _HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (_HERE / "package-lock.json").stat().st_mtime:
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    for folder in (_OUTPUT, _HERE / "lib"):
        shutil.rmtree(folder, ignore_errors=True)
    _run("npm", "run", "compile")
    _run(sys.executable, "-m", "jupyter_builder.main", "build", ".")
    shutil.copy(_INSTALL, _OUTPUT)
    _MARK.write_text(digest)


def _digest() -> str:
    """Of everything that the built extension depends on."""
    folders = [file for folder in _FOLDERS for file in (_HERE / folder).rglob("*") if file.is_file()]
    digest = hashlib.sha256()
    for path in sorted([*folders, *(_HERE / name for name in _FILES), _INSTALL]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(_HERE.parent)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _node_lacks() -> str:
    """Why Node cannot build it; empty where it can."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node.js and npm are not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout.strip()
    found = tuple(int(part) for part in version.removeprefix("v").split(".")[:2])
    oldest = ".".join(map(str, _OLDEST_NODE))
    return "" if found >= _OLDEST_NODE else f"Node.js {version} is older than {oldest}"


def _run(*command: str) -> None:
    _log.info("> %s", " ".join(command))
    subprocess.run([shutil.which(command[0]) or command[0], *command[1:]], cwd=_HERE, check=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    build()
