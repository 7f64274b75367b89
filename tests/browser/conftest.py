"""A real JupyterLab and a real browser for each test module."""

from __future__ import annotations

import pytest
from chromium import chromium
from lab import Lab, Page


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab for the tests of one module."""
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium. Per module: while it is open, no other event loop can run."""
    with chromium() as opened:
        yield opened


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
