"""The tutorial, cell by cell as it is written there, by a newcomer in an empty folder, against the sandbox."""

import os
import re
from pathlib import Path

import pytest
from runbooks import DEVICE, texts, write

import tfmfa_nb
from tfmfa_nb.runbooks.execution import execute

PAGE = Path(tfmfa_nb.__file__).parents[1] / "docs" / "tutorial.md"


@pytest.mark.thorough
async def test_the_tutorial_creates_and_destroys_its_parameter_with_mfa(tmp_path, sandbox, provider):
    cells = re.findall(r"^```cell\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(cells) >= 6
    home, new = tmp_path / "home", tmp_path / "new"
    home.mkdir()
    new.mkdir()
    environ = {**os.environ, **sandbox.environ(), **provider, "HOME": str(home), "TFMFA_TOKEN_COMMAND": DEVICE}
    executed = await execute(write(tmp_path / "t.ipynb", *cells), new / "t.ipynb", environ=environ)
    said = "\n".join(texts(cell) for cell in executed.cells if cell.cell_type == "code")
    assert "Authenticated with MFA by alice" in said
    made = [call for call in sandbox.calls() if call["action"] in {"PutParameter", "DeleteParameter"}]
    assert {call["action"] for call in made} == {"PutParameter", "DeleteParameter"}
    assert all("assumed-role/deploy/" in call["identity"] for call in made)
    codes = [call for call in sandbox.calls() if call["action"] == "GetSessionToken" and call["allowed"]]
    assert len(codes) == 4  # a plan and an apply, twice
