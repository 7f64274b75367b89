"""A real JupyterLab and a real browser for each test module, driven as a person would."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
FIXTURES = ROOT / "tests" / "fixtures"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False},
    "themes": {"adaptive-theme": False},
}
_EXECUTE = """(code) => new Promise((resolve, reject) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, store_history: false });
  let text = "";
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") text += content.text;
    if (header.msg_type === "error") reject(new Error(content.ename + ": " + content.evalue));
  };
  future.done.then(() => resolve(text), reject);
})"""


class Lab:
    """A JupyterLab server with a home of its own.

    Attributes:
        folder: where its notebooks are.
    """

    def __init__(self, home: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = home / "notebooks"
        self.folder.mkdir(parents=True)
        self._home = home
        self._token = secrets.token_hex(16)
        own = {
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "JUPYTER_TOKEN": self._token,
        }
        self.theme("JupyterLab Light")
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self.folder}"),
            *("--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        self._log = (home / "server.log").open("wb")
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **own, **(environment or {})},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._url = self._wait()

    def theme(self, name: str) -> None:
        """Use this theme on the pages opened from here on."""
        folder = self._home / "settings" / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        for plugin, values in _SETTINGS.items():
            chosen = {**values, "theme": name} if plugin == "themes" else values
            (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(chosen))

    def write(self, name: str, *cells: str) -> Path:
        """A notebook of code cells."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        path = self.folder / name
        nbformat.write(notebook, path)
        return path

    def url(self, path: str) -> str:
        """The page of a notebook in `folder`, the side bars closed."""
        return f"{self._url}lab/tree/{path}?reset&token={self._token}"

    def _wait(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            for file in (self._home / "runtime").glob("jpserver-*.json"):
                try:
                    return str(json.loads(file.read_text())["url"])
                except ValueError:
                    continue  # it is being written
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{(self._home / 'server.log').read_text()}")

    def stop(self) -> None:
        """End the server and its kernels."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()


class Page:
    """A notebook's page.

    Attributes:
        page: Playwright's own.
        complaints: what the page's scripts threw.
    """

    def __init__(self, page, lab: Lab, name: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(lab.url(name))
        self._ready()

    def _ready(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=60_000,
        )

    def reload(self) -> None:
        self.page.reload()
        self._ready()

    def cell(self, index: int):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int):
        return self.cell(index).locator(".jp-Cell-outputArea")

    def start_cell(self, index: int) -> None:
        """Shift+Enter in a cell, without waiting for its end."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run_cell(self, index: int, seconds: float = 60) -> None:
        self.start_cell(index)
        self.wait_idle(seconds)

    def command(self, name: str) -> None:
        """One of JupyterLab's commands, such as `notebook:run-all-cells`, `docmanager:save`."""
        self.page.evaluate("(name) => void window.jupyterapp.commands.execute(name)", name)

    def wait_idle(self, seconds: float = 60) -> None:
        """Until no cell runs or waits, and the kernel is idle."""
        self.page.wait_for_function(
            """() => ![...document.querySelectorAll('.jp-InputPrompt')].some((p) => p.textContent.includes('*'))
              && window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'""",
            timeout=seconds * 1000,
        )

    def execute(self, code: str) -> str:
        """Run `code` in the notebook's kernel beside its cells; what it printed."""
        return str(self.page.evaluate(_EXECUTE, code))

    def screenshot(self, name: str, target=None) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (target or self.page).screenshot(path=path)
        return path


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab for the tests of one module."""
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium. Per module: while it is open, no other event loop can run."""
    executable = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert executable, f"The browser tests need one of {', '.join(_BROWSERS)} on PATH."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_notebook(lab, browser):
    """A function that opens a notebook of `lab` in a window of its own; at the end nothing may have thrown."""
    opened = []

    def open_it(name: str, width: int = 1100, height: int = 900, server: Lab | None = None) -> Page:
        window = browser.new_context(viewport={"width": width, "height": height})
        page = Page(window.new_page(), server or lab, name)
        opened.append((window, page))
        return page

    yield open_it
    for window, page in opened:
        window.close()
        assert page.complaints == []
