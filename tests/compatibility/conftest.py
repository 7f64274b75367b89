"""One environment for each version of JupyterLab, with our wheel in it and the system's Chromium before it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from chromium import chromium
from lab import ROOT, Lab

# JupyterLab, and the Notebook that is made of it. The first is the oldest that package.json names.
VERSIONS = {
    "4.4": ("jupyterlab==4.4.0", "notebook==7.4.0"),
    "4.5": ("jupyterlab==4.5.*", "notebook==7.5.*"),
    "4.6": ("jupyterlab==4.6.*", "notebook==7.6.*"),
}


def run(*command):
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """What a person installs."""
    run(sys.executable, "labextension/hatch_build.py")
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="session", params=VERSIONS)
def version(request):
    """A version of JupyterLab, as `VERSIONS` calls it."""
    return request.param


@pytest.fixture(scope="session")
def python(version, wheel):
    """The interpreter of an environment under build/, which is kept: only our wheel is installed anew."""
    place = ROOT / "build" / "compatibility" / version
    interpreter, pip = place / "bin" / "python", (sys.executable, "-m", "pip", "--python")
    if not interpreter.exists():
        run(sys.executable, "-m", "venv", "--without-pip", place)
    run(*pip, interpreter, "install", "--quiet", *VERSIONS[version], wheel)
    run(*pip, interpreter, "install", "--quiet", "--no-deps", "--force-reinstall", wheel)
    return interpreter


@pytest.fixture(scope="session")
def lab(python, tmp_path_factory):
    server = Lab(tmp_path_factory.mktemp("lab"), python=python)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium."""
    with chromium() as opened:
        yield opened
