"""Makes the pictures of README.md: `.venv/bin/python docs/pictures/make.py`, or `make pictures`.

A real JupyterLab in a real browser plans and applies with the real provider against the sandbox, as a person would. The
first state is applied headless, so that the plan that is shown changes, replaces, and destroys something too.

Two files: `plan-review.png`, and `recording.webp`, an animation of whole screens.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "fixtures"))

from chromium import PATIENCE, chromium
from lab import Lab, Page
from PIL import Image
from playwright.sync_api import expect
from runbooks import DEVICE, write

from tfmfa_nb.runbooks.execution import execute
from tfmfa_nb.sandbox.handle import Sandbox
from tfmfa_nb.terraform.provider_mirror import provider_environ

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

_SIZE = {"width": 960, "height": 720}
_COLORS = 128
_HEAD = """\
%%tfplan -e staging
provider "aws" {
  region = "eu-central-1"
  assume_role { role_arn = "arn:aws:iam::123456789012:role/deploy" }
}
"""
_BEFORE = f"""{_HEAD}
resource "aws_cloudwatch_log_group" "shop" {{
  name              = "/shop/orders"
  retention_in_days = 7
}}
resource "aws_ssm_parameter" "banner" {{
  name  = "/shop/banner"
  type  = "String"
  value = "Closed on Sunday"
}}
resource "aws_iam_role" "reader" {{
  name               = "shop-reader"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [] }})
}}
"""
_AFTER = f"""{_HEAD}
resource "aws_cloudwatch_log_group" "shop" {{
  name              = "/shop/orders"
  retention_in_days = 90
}}
resource "aws_ssm_parameter" "workers" {{
  name  = "/shop/workers"
  type  = "String"
  value = "8"
}}
resource "aws_iam_role" "reader" {{
  name               = "shop-reader-eu"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [] }})
}}"""
_LOAD = '%load_ext tfmfa_nb\n%tfmfa level "plans and applies" -e staging'


class Recording:
    """Screens of a page, each with the time for which it is shown.

    Args:
        notebook: the page.
    """

    def __init__(self, notebook: Page) -> None:
        self._notebook = notebook
        self._frames: list[tuple[Path, int]] = []

    def show(self, seconds: float) -> None:
        """Add what the page shows now."""
        self._notebook.redraw()
        path = self._notebook.lab.folder.parent / f"frame-{len(self._frames):02}.png"
        self._notebook.page.screenshot(path=path, animations="disabled", caret="hide")
        self._frames.append((path, round(1000 * seconds)))

    def save(self, path: Path) -> None:
        """Write the animation."""
        images = [_few_colors(Image.open(file)) for file, _ in self._frames]
        images[0].save(
            path, save_all=True, append_images=images[1:], duration=[time for _, time in self._frames], loop=0,
            lossless=True, quality=100, method=6, minimize_size=True,
        )  # fmt: skip


def _few_colors(image: Image.Image) -> Image.Image:
    return image.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE).convert("RGB")


def answer(output: Locator, code: str, recording: Recording) -> None:
    """Type a code, and send it."""
    field = output.get_by_label("MFA code")
    field.fill(code[:3])
    recording.show(0.4)
    field.fill(f"{code[:3]} {code[3:]}")
    recording.show(0.9)
    output.get_by_role("button", name="Authenticate").click()
    expect(output).to_contain_text("Authenticated with MFA by alice")
    recording.show(1.5)


def asked(notebook: Page, index: int) -> Locator:
    """Start a cell; its output, once it asks for a code."""
    notebook.start_cell(index)
    output = notebook.output(index)
    expect(output.get_by_label("MFA code")).to_be_editable()
    to_top(notebook.cell(index))
    return output


def to_top(part: Locator) -> None:
    """Scroll there."""
    part.evaluate("(node) => node.scrollIntoView({ block: 'start' })")


def record(lab: Lab, browser: Browser, aws: Sandbox) -> None:
    """Plan, review, and apply; write both files."""
    lab.write("release.ipynb", _LOAD, _AFTER, "%tfapply")
    window = browser.new_context(viewport=_SIZE)
    window.set_default_timeout(PATIENCE)
    notebook = Page(window.new_page(), lab, "release.ipynb")
    notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    notebook.run_cell(0)
    recording = Recording(notebook)
    recording.show(2.5)
    plan = asked(notebook, 1)
    to_top(plan)
    recording.show(2.5)
    aws.advance(30)
    answer(plan, aws.code(wait=False), recording)
    notebook.wait_idle(300)
    expect(plan).to_contain_text("Changes (4)")
    to_top(plan)
    recording.show(3)
    apply = asked(notebook, 2)
    tree = apply.get_by_role("tree", name="Changes of the plan")
    expect(tree).to_be_visible()
    recording.show(3.5)
    for name in ("aws_iam_role.reader", "aws_cloudwatch_log_group.shop"):
        tree.locator(".tfmfa-plan-change", has_text=name).click()
    card = apply.locator(".tfmfa-card")
    to_top(card)
    recording.show(4)
    still = lab.folder.parent / "still.png"
    x, y, width = card.evaluate(
        "(node) => { const { x, y, width } = node.getBoundingClientRect(); return [x, y, width]; }"
    )
    bottom = notebook.page.locator(".jp-NotebookPanel-notebook").evaluate(
        "(node) => node.getBoundingClientRect().bottom"
    )
    # The card goes on below the window.
    notebook.page.screenshot(path=still, clip={"x": x, "y": y, "width": width, "height": bottom - y})
    Image.open(still).convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE).save(
        HERE / "plan-review.png", optimize=True
    )
    aws.advance(30)
    answer(apply, aws.code(wait=False), recording)
    notebook.wait_idle(300)
    expect(apply).to_contain_text("Applied")
    to_top(notebook.cell(2))
    recording.show(4)
    recording.save(HERE / "recording.webp")
    window.close()


def main() -> None:
    """Make both files."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        aws = Sandbox.start(home)
        environ = {**aws.environ(), **provider_environ(os.environ, home)}
        lab = Lab(home / "lab", environ)
        try:
            person = {**os.environ, **environ, "HOME": str(home), "TFMFA_TOKEN_COMMAND": DEVICE}
            book = write(home / "before.ipynb", _LOAD, _BEFORE, "%tfapply")
            asyncio.run(execute(book, lab.folder / "before.ipynb", environ=person))
            with chromium() as browser:
                record(lab, browser, aws)
        finally:
            lab.stop()
            aws.stop()


if __name__ == "__main__":
    main()
