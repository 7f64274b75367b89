"""What Terraform gets, and how: values of variables, tokens of others; and what its output shows of them."""

import os
import re
import shlex
import shutil

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

PLANTED = "planted-value/of+a.variable"
TOKENS = {"GITHUB_TOKEN": "ghp_x", "DD_API_KEY": "dd", "JUPYTERHUB_API_TOKEN": "hub", "TF_TOKEN_example_com": "tf"}
HCL = """
variable "word" {
  default = ""
}
variable "db_login" {
  default   = ""
  sensitive = true
}
resource "terraform_data" "shows" {
  provisioner "local-exec" {
    command = <<-EOT
      printenv AWS_SESSION_TOKEN | cut -c1-200
      printenv AWS_SECRET_ACCESS_KEY | base64
      printenv TF_VAR_db_login
    EOT
  }
}
output "word" {
  value = var.word
}
"""


@pytest.fixture
def recorded(tmp_path):
    """A program that writes down its arguments and the names of its variables, and then is Terraform."""
    (tmp_path / "bin").mkdir()
    program, record = tmp_path / "bin" / "terraform", tmp_path / "record"
    real = shlex.quote(shutil.which("terraform"))
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "args: $*" >>{record}\nenv | sed "s/=.*//" >>{record}\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    return program, record


@pytest.fixture
def gate(lenient_sandbox, recorded):
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **lenient_sandbox.environ(), **TOKENS}
    return Gate(Device(lenient_sandbox), {**environ, "TFMFA_TERRAFORM": str(recorded[0])})


def new_run(tmp_path, *variables, level=Level.PLANS_AND_APPLIES):
    environment = Environment.named("way", tmp_path)
    environment.write_configuration(HCL)
    environment.set_level(level)
    return Run(environment, Options(variables), tmp_path)


def variables_of(command, recorded):
    """The names of the variables that a command of Terraform got."""
    # The first plan, of nothing but the variables, gets even less.
    *_, got = [text for text in recorded[1].read_text().split("args: ") if text.startswith(f"{command} ")]
    return got.splitlines()[1:]


async def test_no_value_of_a_variable_stands_in_a_command_line(tmp_path, gate, recorded):
    run = new_run(tmp_path, ("var", f"word={PLANTED}"))
    await plan(run.driver, gate)
    lines = recorded[1].read_text()
    assert "args: plan" in lines
    assert PLANTED not in lines
    assert PLANTED in run.driver.store.files.log.read_text()  # the value of an output that is no secret


async def test_terraform_gets_no_token_that_no_provider_uses(tmp_path, gate, recorded):
    run = new_run(tmp_path)
    await plan(run.driver, gate)
    assert set(TOKENS) & set(variables_of("plan", recorded)) == {"TF_TOKEN_example_com"}
    assert set(TOKENS) & set(variables_of("show", recorded)) == {"TF_TOKEN_example_com"}
    (note,) = [note for note in run.notes if note.startswith("Withheld")]
    assert "DD_API_KEY, GITHUB_TOKEN." in note
    assert "JUPYTER" not in note


async def test_the_policy_can_hand_one_on(tmp_path, gate, recorded):
    policy = tmp_path / "policy.toml"
    policy.write_text('mfa = true\n[allow]\nendpoints = ["http://127.0.0.1:*"]\nprocess_variables = ["GITHUB_*"]\n')
    gate.policy = Policy((read_policy_file(policy),))
    await plan(new_run(tmp_path).driver, gate)
    assert set(TOKENS) & set(variables_of("plan", recorded)) == {"TF_TOKEN_example_com", "GITHUB_TOKEN"}


async def test_at_a_level_without_a_code_nothing_is_withheld(tmp_path, gate, recorded):
    await plan(new_run(tmp_path, level=Level.NEVER).driver, gate)
    assert set(TOKENS) <= set(variables_of("plan", recorded))


@pytest.mark.parametrize("name", ["db_login", "db_password"])
async def test_a_secret_on_the_line_is_refused(tmp_path, gate, lenient_sandbox, name):
    run = new_run(tmp_path, ("var", f"{name}={PLANTED}"), level=Level.NEVER)
    with pytest.raises(ConfigurationError, match=f"the variable {name} holds one") as refused:
        await plan(run.driver, gate)
    assert f"TF_VAR_{name}" in str(refused.value)
    assert PLANTED not in str(refused.value)
    assert "GetSessionToken" not in {call["action"] for call in lenient_sandbox.calls()}


async def test_parts_and_encodings_of_secrets_are_masked(tmp_path, gate):
    gate.environ = {**gate.environ, "TF_VAR_db_login": PLANTED}
    run = new_run(tmp_path)
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    shown = run.driver.store.files.log.read_text()
    lines = [line for line in shown.splitlines() if "(local-exec): " in line and "Executing" not in line]
    token, key, variable = (line.partition("(local-exec): ")[2] for line in lines)
    assert (token, variable) == ("(redacted)", "(redacted)")
    assert re.fullmatch(r"\(redacted\)[\w=]{0,4}", key)  # what follows has the line feed's bits in it
    assert PLANTED not in shown + run.driver.store.files.apply_events.read_text()
