"""Runbooks executed by programs, against the sandbox: our runner, and nbclient as everybody else uses it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from runbooks import DEVICE, code_cells, notebook, texts

from tfmfa_nb.model.errors import ConfigurationError, RunbookFailed
from tfmfa_nb.runbooks.demo import demonstrate
from tfmfa_nb.runbooks.execution import execute

BEGIN = "%load_ext tfmfa_nb\n%tfmfa level 'plans and applies' -e head"
PLAN = """\
%%tfplan -e head
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/deploy"
  }
}
resource "aws_ssm_parameter" "one" {
  name  = "/headless/one"
  type  = "String"
  value = "1"
}"""


@pytest.fixture
def environ(sandbox, provider, policy):
    return {**os.environ, **sandbox.environ(), **provider, **policy, "TFMFA_TOKEN_COMMAND": DEVICE}


async def test_a_runbook_runs_headless_and_leaves_a_readable_record(tmp_path, environ, sandbox):
    runbook = tmp_path / "runbook.ipynb"
    nbformat.write(notebook(BEGIN, PLAN, "run = _\nassert not run.plan.destroys", "%tfapply"), runbook)
    said = []
    await execute(runbook, tmp_path / "executed.ipynb", environ=environ, say=said.append)
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    assert "widgets" not in executed.metadata
    _, planned, _, applied = code_cells(tmp_path / "executed.ipynb")
    assert "head: Planned +1 ~0 -0" in texts(planned)
    assert "+ aws_ssm_parameter.one (create)" in texts(planned)
    assert "Authenticated with MFA by alice" in texts(planned)
    assert "head: Applied +1 ~0 -0" in texts(applied)
    assert str(tmp_path) not in json.dumps(executed.cells)
    # It was told as it happened.
    told = "\n".join(said)
    assert told.index("[MFA required] A code is needed to plan") < told.index("Authenticated with MFA by alice")
    assert told.index("Terraform will perform") < told.index("%tfapply") < told.index("Apply complete!")
    assert [p["Name"] for p in sandbox.client("ssm").describe_parameters()["Parameters"]] == ["/headless/one"]


async def test_without_a_token_command_it_stops_at_the_first_prompt_at_once(tmp_path, environ):
    del environ["TFMFA_TOKEN_COMMAND"]
    runbook = tmp_path / "runbook.ipynb"
    nbformat.write(notebook(BEGIN, PLAN, "raise SystemError('went on')"), runbook)
    with pytest.raises(RunbookFailed, match="there is no terminal and no token command"):
        await execute(runbook, runbook, environ=environ, say=lambda _: None)
    _, planned, after = code_cells(runbook)
    assert after.execution_count is None
    (error,) = [output for output in planned.outputs if output.output_type == "error"]
    assert len(error.traceback) == 1


@pytest.mark.thorough
async def test_plain_nbclient_works_too(tmp_path, environ):
    client = NotebookClient(
        notebook(BEGIN, PLAN, "%tfapply", "1 / 0"), resources={"metadata": {"path": str(tmp_path)}}, timeout=120
    )
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        await client.async_execute(env=environ)
    assert "head: Applied +1 ~0 -0" in texts(client.nb.cells[2])


async def test_a_failed_run_stops_the_runbook(tmp_path, environ):
    runbook = tmp_path / "runbook.ipynb"
    nbformat.write(notebook("%load_ext tfmfa_nb", "%%tfplan\nnonsense", "print('went on')"), runbook)
    with pytest.raises(RunbookFailed, match="TerraformFailed: terraform init failed"):
        await execute(runbook, runbook, environ=environ, say=lambda _: None)
    assert "went on" not in runbook.read_text().replace("print('went on')", "")


async def test_a_kernel_that_dies_fails_the_runbook(tmp_path, environ):
    runbook = tmp_path / "runbook.ipynb"
    nbformat.write(notebook("import os\nos._exit(3)", "print('went on')"), runbook)
    with pytest.raises(RunbookFailed, match="Kernel died"):
        await execute(runbook, tmp_path / "out.ipynb", environ=environ, say=lambda _: None)
    assert (tmp_path / "out.ipynb").is_file()


async def test_a_file_that_is_not_a_notebook_is_refused_before_anything_is_written(tmp_path):
    for name, content in {"missing": None, "text": "hello", "list": "[]", "empty": "{}"}.items():
        path = tmp_path / f"{name}.ipynb"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigurationError, match=r"no notebook|not a Jupyter notebook"):
            await execute(path, tmp_path / "out.ipynb", say=lambda _: None)
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.thorough
def test_the_command_prints_one_error_and_sets_the_exit_code(tmp_path):
    def command(*arguments):
        ended = subprocess.run(
            [sys.executable, "-m", "tfmfa_nb.app", "run", *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended.returncode, ended.stderr

    assert command()[0] == 2
    code, said = command("nowhere.ipynb")
    assert code == 2
    assert "There is no notebook nowhere.ipynb" in said
    assert "Traceback" not in said
    nbformat.write(notebook("1 / 0"), tmp_path / "fails.ipynb")
    code, said = command("fails.ipynb")
    assert code == 1
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said


@pytest.mark.thorough
def test_the_demo_does_the_main_job(tmp_path):
    """What `make demo` runs, in a folder of the test's own, in a checkout that a group may write."""
    tmp_path.chmod(0o775)
    demonstrate(Path(__file__).parents[2] / "notebooks" / "plan-and-apply.ipynb", tmp_path / "demo")
    executed = nbformat.read(tmp_path / "demo" / "plan-and-apply.ipynb", as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")


@pytest.mark.thorough
async def test_a_console_prompts_on_standard_input_without_echo(tmp_path, environ, sandbox, sockets):
    """A front end that has no widgets, but a person who types: `jupyter console`."""
    del environ["TFMFA_TOKEN_COMMAND"]
    manager = AsyncKernelManager(**sockets)
    await manager.start_kernel(cwd=str(tmp_path), env=environ)
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        await client.execute_interactive(BEGIN, allow_stdin=True, timeout=60, output_hook=lambda _: None)
        asked, shown = [], []

        def answer(message):
            asked.append(message["content"])
            client.input(sandbox.code(wait=False))

        def output(message):
            shown.append(json.dumps(message["content"]))

        reply = await client.execute_interactive(
            PLAN, allow_stdin=True, stdin_hook=answer, output_hook=output, timeout=90
        )
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok", shown
    assert [content["password"] for content in asked] == [True]
    assert "MFA code of alice in account 123456789012" in asked[0]["prompt"]
    assert "head: Planned +1 ~0 -0" in "".join(shown)
