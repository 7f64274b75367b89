"""A real JupyterLab and a real browser: each worker starts them once, and each test module finds them as new."""

from __future__ import annotations

import pytest
from chromium import PATIENCE, chromium
from lab import Lab, Page

from tfmfa_nb.sandbox.handle import Sandbox


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A test that fails says what JupyterLab and its kernels have said."""
    report = yield
    server = getattr(item, "funcargs", {}).get("lab")
    if report.failed and isinstance(server, Lab):
        report.sections.append(("JupyterLab", server.log()[-4_000:]))
    return report


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """JupyterLab whose kernels see what this process sees."""
    started = Lab(tmp_path_factory.mktemp("lab"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def lab(server):
    """JupyterLab for the tests of one module. A module may give its kernels more to see."""
    server.renew()
    return server


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """A sandbox whose user may act without a role."""
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"), user_may_act=True)
    yield running
    running.stop()


@pytest.fixture(scope="package")
def browser():
    """The system's Chromium. It closes after this folder's tests: while it is open, no other event loop can run."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def left(browser):  # noqa: ARG001 - they close with it
    """By server, the window in which the next notebook is opened: loading JupyterLab costs more than most tests."""
    return {}


@pytest.fixture
def open_notebook(lab, browser, left):
    """A function that opens a notebook of `lab` where nothing else is open; at the end nothing may have thrown.

    With `alone` in a window of its own, for a test that changes more of the page than what it opens there, or loads
    the page anew, which restores whatever was open there before.
    """
    opened = []

    def open_it(
        name: str, width: int = 1100, height: int = 900, server: Lab | None = None, *, alone: bool = False
    ) -> Page:
        server = server or lab
        page = None if alone else left.pop(server, None)
        if page:
            page.page.set_viewport_size({"width": width, "height": height})
            page.open(name)
        else:
            window = browser.new_context(viewport={"width": width, "height": height})
            window.set_default_timeout(PATIENCE)
            page = Page(window.new_page(), server, name)
        opened.append((page, alone))
        return page

    yield open_it
    for page, alone in opened:
        complaints = [*page.complaints]
        if page.leave() and page.lab not in left and not alone:
            left[page.lab] = page
        else:
            page.page.context.close()
        assert complaints == []
