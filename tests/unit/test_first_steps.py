"""What stops a newcomer is one sentence with the remedy, and leaves nothing half written."""

import json
import subprocess
import sys

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import app
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.encodable import check_encodable
from tfmfa_nb.model.errors import ConfigurationError, TerraformNotFound
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

HIDE = "import sys\nfor name in {!r}: sys.modules[name] = None\n"
ALONE = "\ud83d"  # half of a character


def python(code, tmp_path, *hidden):
    """What a program prints that has no such modules."""
    command = [sys.executable, "-c", HIDE.format(list(hidden)) + code]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)


LOADS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
shell.run_cell("%load_ext tfmfa_nb")
"""
MAIN = "from tfmfa_nb.app import main\nraise SystemExit(main({!r}))"
WINDOWS = (
    "tfmfa_nb does not support Windows, but it does support WSL, the Windows Subsystem for Linux: run Jupyter there."
)


def test_windows_is_told_that_it_is_not_supported_when_the_extension_is_loaded(tmp_path):
    done = python(LOADS, tmp_path, "fcntl")
    assert done.stdout.strip() == f"ConfigurationError: {WINDOWS}"
    assert "fcntl" not in done.stdout + done.stderr


@pytest.mark.parametrize("words", [["doctor"], ["run", "x.ipynb"], ["--version"]])
def test_windows_is_told_by_each_command(tmp_path, words):
    done = python(MAIN.format(words), tmp_path, "fcntl")
    assert (done.returncode, done.stderr, done.stdout) == (2, f"{WINDOWS}\n", "")


@pytest.mark.parametrize("words", [["sandbox", "start"], ["demo", "x.ipynb", "--folder", "old"]])
def test_without_the_extra_the_sandbox_says_what_to_install(tmp_path, words):
    (tmp_path / "x.ipynb").touch()
    (tmp_path / "old").mkdir()
    done = python(MAIN.format(words), tmp_path, "moto", "flask")
    assert done.returncode == 1
    assert done.stderr == (
        "The sandbox needs packages that are not installed: flask, moto. "
        "Install them: pip install 'tfmfa-nb[sandbox]'\n"
    )
    assert (tmp_path / "old").is_dir()  # what was there is not emptied for nothing


def notebook(tmp_path, kernel="python3", source="1", name="deploy.ipynb"):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    made.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
    path = tmp_path / name
    path.write_text(json.dumps(made))
    return path


def test_an_unknown_kernel_is_one_line_that_names_those_that_there_are(tmp_path, capsys):
    path = notebook(tmp_path, "julia-1.10")
    assert app.main(["run", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith('The notebook names the kernel "julia-1.10", which is not installed. ')
    assert "python3" in said.partition("Installed: ")[2]
    assert said.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["deploy.ipynb"]


def test_a_kernel_whose_program_is_gone_is_one_line_too(tmp_path, capsys, monkeypatch):
    spec = tmp_path / "share" / "kernels" / "gone"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["/none/python", "-m", "x"], "display_name": "x", "language": "x"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    assert app.main(["run", str(notebook(tmp_path, "gone"))]) == 2
    said = capsys.readouterr().err
    assert said.startswith('The kernel "gone" cannot be started: there is no program /none/python. ')
    assert said.count("\n") == 1


def test_a_kernel_of_python_needs_no_python_on_path(tmp_path, capsys, monkeypatch):
    """As on Debian, which has only `python3`, when the virtual environment is not activated."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert app.main(["run", str(notebook(tmp_path)), "--quiet"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["rnu", "x.ipynb"], "invalid choice: 'rnu'. Did you mean \"run\"?"),
        (["sandbox", "strat"], 'Did you mean "start"?'),
        (["sandbox", "fault", "slwo"], 'Did you mean "slow"?'),
        (["run", "x.ipynb", "--plan-onyl"], "Did you mean --plan-only?"),
    ],
)
def test_a_mistyped_command_or_option_asks(words, meant, capsys):
    with pytest.raises(SystemExit) as raised:
        app.main(words)
    said = capsys.readouterr().err
    assert (raised.value.code, meant in said, said.count("\n")) == (2, True, 1)


@pytest.mark.parametrize("words", [["run", "x.ipynb", "-e", ""], ["doctor", "-C", ""]])
def test_an_empty_name_lifts_no_restriction(words, capsys):
    try:
        code = app.main(words)
    except SystemExit as error:
        code = error.code
    assert (code, "name is empty" in capsys.readouterr().err) == (2, True)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    shell.extension_manager.load_extension("tfmfa_nb")
    yield shell
    shell.extension_manager.unload_extension("tfmfa_nb")
    InteractiveShell.clear_instance()


async def refused(shell, cell):
    transformed, failed = cell, None
    try:
        transformed = shell.transform_cell(cell)
    except ConfigurationError:
        failed = sys.exc_info()  # as a kernel does
    result = await shell.run_cell_async(
        cell, transformed_cell=transformed, preprocessing_exc_tuple=failed, store_history=False
    )
    return str(result.error_in_exec or result.error_before_exec)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%tfplan -e ''\n# HCL", "The environment's name is empty."),
        ("%tfmfa -e ''", "The environment's name is empty."),
        ("%tfruns -C ''", "The folder's name is empty."),
        (f"%%tfplan -e a\n# HCL\n# {ALONE}", "The cell has half a character (U+D83D) in line 3, which no file"),
        (f"%%tfplan -e a --var x={ALONE}\n# HCL", "The cell has half a character (U+D83D) in line 1"),
        (f"%tfplan -C {ALONE}", "The cell has half a character (U+D83D)"),
        (f"%tfmfa level 'applies only' -e a{ALONE}", "The cell has half a character (U+D83D)"),
    ],
)
async def test_what_cannot_be_a_name_or_a_file_is_one_line_and_makes_nothing(shell, tmp_path, cell, says):
    said = await refused(shell, cell)
    assert said.startswith(says)
    assert "\n" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_runbook_that_cannot_be_saved_is_not_started(tmp_path, capsys):
    path = notebook(tmp_path, source=f"x = 1\ny = '{ALONE}'")
    assert app.main(["run", str(path)]) == 2
    assert capsys.readouterr().err.startswith("Cell 1 has half a character (U+D83D) in line 2")
    plain = notebook(tmp_path, name="plain.ipynb")
    assert app.main(["run", str(plain), "-p", "name", "\udcff"]) == 2
    assert "has half a character (U+DCFF)" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["deploy.ipynb", "plain.ipynb"]


class Unasked:
    """A prompt that nobody may come to."""

    max_attempts = None

    async def ask(self, _request):
        raise AssertionError("a code was asked for")


async def test_a_terraform_that_is_too_old_is_refused_before_a_code_is_asked_for(tmp_path):
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\necho Terraform v0.11.14\n")
    program.chmod(0o700)
    environment = Environment.named("staging", tmp_path)
    run = Run(environment, Options(configuration="# HCL\n", level=Level.PLANS_AND_APPLIES), tmp_path)
    with pytest.raises(TerraformNotFound, match=r"is Terraform 0\.11\.14, which is too old"):
        await plan(run.driver, Gate(Unasked(), {"PATH": "/usr/bin:/bin", "TFMFA_TERRAFORM": str(program)}))
    assert not environment.files.configuration.exists()


def test_whole_characters_are_no_matter():
    check_encodable("a\n\U0001f600\u0000", "The cell")
    with pytest.raises(ConfigurationError, match="in line 1,"):
        check_encodable(ALONE, "The cell")


def test_a_folder_is_named_by_something(tmp_path):
    (tmp_path / "main.tf").touch()
    with pytest.raises(ConfigurationError, match="The folder's name is empty"):
        Environment.at("", tmp_path)
