"""JupyterLab's own check of an installation, with our extension in it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import playwright
import pytest
from chromium import executable
from jupyterlab.commands import get_app_dir
from lab import SCREENSHOTS

# What the check would fetch from npm is in Playwright's package for Python; what it would download is installed.
PLAYWRIGHT = """\
const playwright = require({package});
const launch = options => playwright.chromium.launch({{ ...options, executablePath: {chromium} }});
module.exports = {{ ...playwright, chromium: {{ launch }} }};
"""


@pytest.fixture
def checked(tmp_path):
    """The environment for the check: JupyterLab's files, with a Playwright beside them that starts our Chromium."""
    application = tmp_path / "lab"
    application.mkdir()
    for part in Path(get_app_dir()).iterdir():
        if part.name not in {"browser_test", "settings"}:
            (application / part.name).symlink_to(part)
    modules = application / "browser_test" / "node_modules"
    (modules / "playwright").mkdir(parents=True)
    package = Path(playwright.__file__).parent / "driver" / "package"
    (modules / "playwright" / "index.js").write_text(
        PLAYWRIGHT.format(package=json.dumps(str(package)), chromium=json.dumps(executable()))
    )
    (modules / ".bin").mkdir()
    installer = modules / ".bin" / "playwright"  # `npx playwright install chromium`
    installer.write_text("#!/bin/sh\nexit 0\n")
    installer.chmod(0o755)
    return {
        **os.environ,
        "HOME": str(tmp_path),
        "JUPYTERLAB_DIR": str(application),
        "JLAB_BROWSER_CHECK_OUTPUT": str(tmp_path / "screenshots"),
    }


@pytest.mark.thorough
def test_jupyterlabs_own_check_passes_with_our_extension(checked, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlab.browser_check", "--allow-root", "--debug", "--ServerApp.port=0"],
        env=checked, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Browser test complete" in done.stdout
    fetched = re.findall(r"200 GET /foo/lab/extensions/tfmfa_nb/static/(\w+)", done.stderr)
    assert "remoteEntry" in fetched
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (shown,) = (tmp_path / "screenshots").iterdir()
    shown.rename(SCREENSHOTS / "browser-check.png")
