"""The how-to of the first account, step by step as it is written there, by a newcomer in a fresh folder."""

import os
import re
import textwrap
from pathlib import Path

import nbformat
import pytest
from runbooks import DEVICE

import tfmfa_nb
from tfmfa_nb.runbooks.execution import execute

PAGE = Path(tfmfa_nb.__file__).parents[1] / "docs/how-to/first-account.md"


def steps():
    """The cells of the page, for the account of the sandbox."""
    blocks = re.findall(r"^   ```cell\n(.*?)^   ```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block).strip().replace("111122223333", "123456789012") for block in blocks]


@pytest.mark.thorough
async def test_each_step_works_after_the_ones_before_it(tmp_path, sandbox, provider):
    cells = steps()
    assert [cell.split(maxsplit=2)[:2] for cell in cells if not cell.startswith("%%")] == [
        ["%load_ext", "tfmfa_nb"], ["%tfmfa", "policy"], ["%tfmfa"], ["%tfmfa", "trust-policy"], ["%tfmfa", "level"],
        ["%tfmfa", "doctor"], ["%tfapply"],
    ]  # fmt: skip
    runbook = tmp_path / "first.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), runbook)
    home, new = tmp_path / "home", tmp_path / "new"
    home.mkdir()
    new.mkdir()
    environ = {**os.environ, **sandbox.environ(), **provider, "HOME": str(home), "TFMFA_TOKEN_COMMAND": DEVICE}
    executed = await execute(runbook, new / "first.ipynb", environ=environ)
    outputs = [out for cell in executed.cells for out in cell.get("outputs", ())]
    said = "\n".join(str(out.get("text", out.get("data"))) for out in outputs)
    assert "plans and applies" in said
    assert "aws:MultiFactorAuthPresent" in said
    assert "✓ keys: alice in account 123456789012." in said
    assert "✗" not in said
    calls = [call for call in sandbox.calls() if call["action"] in {"GetSessionToken", "AssumeRole", "PutParameter"}]
    assert [call["action"] for call in calls].count("GetSessionToken") == 2  # one code for each phase
    assert all(call["allowed"] and call["mfa"] for call in calls if call["action"] == "AssumeRole" and call["allowed"])
    (made,) = [call for call in calls if call["action"] == "PutParameter"]
    assert "assumed-role/deploy/" in made["identity"]
