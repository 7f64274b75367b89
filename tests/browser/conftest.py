"""A real JupyterLab and a real browser for each test module."""

from __future__ import annotations

import shutil

import pytest
from lab import Lab, Page
from playwright.sync_api import sync_playwright

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
