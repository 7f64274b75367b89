"""The magics for Terraform's other commands, with real Terraform: their values, and what a notebook keeps."""

import os

import pytest
from runbooks import DEVICE, jupyter_tfmfa, write

from tfmfa_nb.environments import Environment
from tfmfa_nb.magics import run_phases
from tfmfa_nb.model.errors import ConfigurationError, TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.prompts import terminal
from tfmfa_nb.protocol.runner import Runner

HCL = """%%tfplan -e staging
variable "names" {
  default = ["a b", "c"]
}
variable "more" {}
resource "terraform_data" "one" {
  input = var.names
}
output "count" {
  value = length(var.names) / 8
}
output "password" {
  value     = "planted-password"
  sensitive = true
}
output "map" {
  value     = { key = "planted-in-a-map" }
  sensitive = true
}
"""


@pytest.fixture
def asked(monkeypatch):
    """The questions; each is answered with yes."""
    questions = []
    monkeypatch.setattr(terminal.getpass, "getpass", lambda text: questions.append(text) or "yes")
    return questions


@pytest.fixture
def value(ipython, monkeypatch, asked):  # noqa: ARG001 - no question waits for a person
    """Runs a cell in an environment that has been applied; its value."""
    monkeypatch.setenv("TF_VAR_more", "from the process environment")

    async def run(cell):
        result = await ipython.run_cell_async(cell, transformed_cell=ipython.transform_cell(cell), store_history=True)
        result.raise_error()
        return result.result

    return run


def log(run):
    return "\n".join(run.log_text(run.log_start))


async def test_the_outputs_are_values_and_secrets_stay_where_they_are(value, ipython, capsys, tmp_path):
    await value(HCL)
    await value("%tfapply")
    shown = {"count": 0.25, "map": "(sensitive)", "password": "(sensitive)"}
    assert await value("%tfoutput -e staging") == shown
    assert await value("%tfoutput count -e staging") == shown["count"]
    assert await value("%tfoutput -e staging password") == "(sensitive)"
    run = ipython.magics_manager.registry["TfmfaMagics"].latest
    assert run.status == "applied"  # another command is beside it
    secret = await value("held = %tfoutput -raw password -e staging") or ipython.user_ns["held"]
    assert isinstance(secret, Secret)
    assert (secret.reveal(), repr(secret)) == ("planted-password", "Secret(redacted)")
    assert (await value("%tfoutput --raw map -e staging")).reveal() == '{"key": "planted-in-a-map"}'
    assert await value("%tfoutput --raw count -e staging") == shown["count"]
    with pytest.raises(ConfigurationError, match=r'There is no output "passwrd"\. Did you mean "password"'):
        await value("%tfoutput passwrd -e staging")
    printed = capsys.readouterr().out
    assert "password = <sensitive>" in printed
    kept = [file for file in (tmp_path / "staging" / ".tfmfa").rglob("*") if file.is_file()]
    assert "planted" not in printed
    assert [file for file in kept if b"planted" in file.read_bytes()] == []


async def test_what_reads_and_what_checks(value, asked, tmp_path):
    await value(HCL)
    await value("%tfapply")
    assert "3" in log(await value('%tfconsole -e staging length(concat(var.names, ["d e"]))')).splitlines()
    assert '"A B"' in log(await value("%tfconsole --environment=staging upper(var.names[0])"))
    assert '"x y"' in log(await value('%tfconsole -e staging "x y"'))
    assert '"given"' in log(await value("%tfconsole -e staging --var more=given var.more"))
    with pytest.raises(ConfigurationError, match="nonsensitive would leave a sensitive value"):
        await value("%tfconsole -e staging nonsensitive(output.password)")
    assert "Success!" in log(await value("%tfvalidate -e staging"))
    assert "digraph" in log(await value("%tfgraph -e staging"))
    assert "terraform.io/builtin/terraform" in log(await value("%tfproviders -e staging"))
    assert "terraform_data.one" in log(await value("%tfstate list -e staging"))
    assert asked == []
    moved = await value("%tfstate mv -e staging terraform_data.one terraform_data.two")
    assert repr(moved).endswith("of staging: state mv terraform_data.one terraform_data.two finished>")
    assert len(asked) == 1
    assert "terraform_data.two" in log(await value("%tf state list -e staging"))
    back = await value(f"%tfruns -e staging restore-state {moved.id} --auto-approve")
    assert (back.status, len(asked)) == ("finished", 1)
    assert "terraform_data.one" in log(await value("%tf state list -e staging"))
    await value("%tfstate pull -e staging --out=state.json")
    assert b"terraform_data" in (tmp_path / "state.json").read_bytes()
    pushed = await value("%tf state push state.json -e staging --auto-approve")  # from where it was pulled to
    assert pushed.status == "finished"
    with pytest.raises(ConfigurationError, match="needs a file"):
        await value("%tfstate pull -e staging")
    with pytest.raises(ConfigurationError, match='There is no environment "stagin"'):
        await value("%tfstate list -e stagin")
    assert not (tmp_path / "stagin").exists()


async def test_an_import_reads_variables_and_what_reads_none_refuses_them(value, asked):
    await value(HCL)
    await value("%tfapply")
    address = "terraform_data.one"
    removed = await value(f"%tfstate rm {address} -e staging --auto-approve")
    assert removed.status == "finished"
    run = await value(f"%tfimport -e staging --var more=planted {address} an-id")
    assert (run.command, run.arguments) == ("import", [address, "an-id"])
    assert "Import successful!" in log(run)
    assert len(asked) == 1
    with pytest.raises(ConfigurationError, match="state list reads no variables"):
        await value("%tf -e staging --var more=x state list")


async def test_a_runbook_that_applies_nothing_changes_nothing_else(value, monkeypatch):
    await value(HCL)
    await value("%tfapply")
    monkeypatch.setattr(run_phases, "current_runner", lambda: Runner(plan_only=True))
    assert (await value("%tfstate list -e staging")).status == "finished"
    with pytest.raises(Exception, match="Nothing is applied"):
        await value("%tfstate rm terraform_data.one -e staging --auto-approve")


@pytest.mark.thorough
def test_a_runbook_without_anybody_there(tmp_path):
    """As for a plan: it reads, and a change that nobody can confirm says how it can be approved."""
    cells = [
        "%load_ext tfmfa_nb",
        '%%tfapply -e head --auto-approve\nresource "terraform_data" "one" {}',
        "run = %tfstate list -e head\nassert run.status == 'finished'",
        "%tfstate rm -e head terraform_data.one",
    ]
    write(tmp_path / "book.ipynb", *cells)
    done = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", cwd=tmp_path)
    assert done.returncode != 0
    assert "PromptUnavailable" in done.stderr
    assert "with --auto-approve" in done.stderr
    cells[3] += " --auto-approve"
    write(tmp_path / "book.ipynb", *cells)
    done = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.thorough
def test_a_runbook_with_codes(tmp_path, lenient_sandbox, policy):
    """A code for what reads and another for what changes, none for what does neither; the trail confirms them."""
    environment = Environment.named("head", tmp_path)
    environment.write_configuration("terraform {}\n")
    environment.set_level(Level.PLANS_AND_APPLIES)
    lines = ["%load_ext tfmfa_nb", "%tfvalidate -e head", "%tfproviders -e head", "%tf workspace new prod -e head"]
    write(tmp_path / "book.ipynb", *lines)
    environ = {**os.environ, **lenient_sandbox.environ(), **policy, "TFMFA_TOKEN_COMMAND": DEVICE}
    done = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", cwd=tmp_path, environ=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(call["action"] == "GetSessionToken" for call in lenient_sandbox.calls()) == 2
    checked = jupyter_tfmfa("verify", "out.ipynb", cwd=tmp_path, environ=environ)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "workspace new: the audit trail has the status finished" in checked.stdout
    assert "workspace new: the audit trail has the authentication of" in checked.stdout


async def test_an_error_in_an_expression_repeats_no_sensitive_value(value, ipython, capsys, tmp_path):
    """Terraform itself prints the value of a sensitive variable in the details of many errors."""
    hcl = HCL + 'variable "pin" {\n  default   = "planted-pin"\n  sensitive = true\n}\n'
    await value(hcl)
    await value("%tfapply")
    for expression in ("parseint(var.pin, 10)", "local.x[var.pin]", "cidrhost(output.password, 1)", "(var.pin"):
        with pytest.raises(TerraformFailed, match="console ended with exit code 1"):
            await value(f"%tfconsole -e staging {expression}")
    run = ipython.magics_manager.registry["TfmfaMagics"].latest
    with pytest.raises(TerraformFailed):
        await value('%tfconsole -e staging timeadd(var.pin, "1s")')
    printed = capsys.readouterr().out
    assert "Error in function call" in printed
    assert "on <console-input> line 1" in printed
    assert "are left out, because they may repeat a sensitive value" in printed
    kept = [file for file in (tmp_path / "staging" / ".tfmfa").rglob("*") if file.is_file()]
    assert [file for file in kept if b"planted-pin" in file.read_bytes()] == []
    assert "planted" not in printed
    assert "planted" not in run.error
    # What names nothing sensitive says what is wrong with it.
    with pytest.raises(TerraformFailed):
        await value("%tfconsole -e staging parseint(var.names[0], 10)")
    assert 'cannot parse "a b"' in " ".join(capsys.readouterr().out.split())


async def test_tests_get_values_and_are_chosen(value, tmp_path):
    await value(HCL)
    folder = tmp_path / "staging"
    for name, expected in (("one", "given"), ("two", "never")):
        (folder / f"{name}.tftest.hcl").write_text(
            f'run "{name}" {{\n  command = plan\n  assert {{\n    condition     = var.more == "{expected}"\n'
            '    error_message = "it is not"\n  }\n}\n'
        )
    run = await value("%tftest -e staging --var more=given --filter one.tftest.hcl --auto-approve")
    assert "1 passed, 0 failed" in log(run)
    assert run.arguments == ["-filter=one.tftest.hcl"]
    with pytest.raises(TerraformFailed):
        await value("%tftest -e staging -var more=given --auto-approve")
