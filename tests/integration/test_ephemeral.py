"""Values that a saved plan does not contain come again to its apply; real Terraform, and its own word about them."""

import os

import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

HCL = """
variable "token" {
  ephemeral = true
}
variable "tag" {
  default = "none"
}
resource "terraform_data" "one" {
  input = var.tag
  provisioner "local-exec" {
    command     = "printenv TOKEN"
    environment = { TOKEN = var.token }
  }
}
"""
VALUE = ("value", "token=planted")  # of Python: it stands in no notebook
TAG = ("var", "tag=given")


@pytest.fixture
def environment(tmp_path):
    made = Environment.named("head", tmp_path)
    made.write_configuration(HCL)
    return made


def gate(**environ):
    return Gate(Device(None), {**os.environ, **environ})


async def planned(environment, *variables, through=None, **options):
    run = Run(environment, Options(variables=variables, **options), environment.folder.parent)
    await plan(run.driver, through or gate())
    return run


def written(folder):
    """All that was written below a folder, beside what Terraform keeps for itself."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".terraform" not in path.parts)
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("destroy", [False, True])
async def test_values_of_the_line_are_handed_to_the_apply(environment, tmp_path, destroy):
    run = await planned(environment, VALUE, TAG)
    assert run.driver.record.ephemeral == ("token",)
    assert run.driver.record.given == ("--var token", "--var tag")
    await apply(run.driver, gate())
    assert run.status == "applied"
    if destroy:
        run = await planned(environment, VALUE, TAG, destroy=True)
        await apply(run.driver, gate())
        assert run.status == "applied"
    assert run.driver.options.variables == ()
    assert [path for path, text in written(tmp_path).items() if b"planted" in text] == []
    assert "planted" not in "\n".join(run.log_text())


async def test_values_of_a_file_are_handed_to_the_apply(environment, tmp_path):
    (tmp_path / "values.tfvars").write_text('token = "planted"\ntag = "given"\n')
    run = await planned(environment, ("var_file", "values.tfvars"), ("var", "tag=last"))
    assert run.driver.record.ephemeral == ("token",)
    await apply(run.driver, gate())
    assert run.status == "applied"


async def test_another_kernel_is_told_which_values_are_missing_before_a_code(
    environment, tmp_path, lenient_sandbox, gate_of
):
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    environment.set_level(Level.APPLIES_ONLY)
    run = await planned(environment, VALUE, TAG, through=mfa)
    again = restore(environment, run.id, tmp_path, mfa.environ, Policy())
    with pytest.raises(ConfigurationError) as caught:
        await apply(again.driver, mfa)
    assert caught.value.problem.endswith("this kernel does not know those of: token.")
    assert "%tfapply --expand --var token={token}" in caught.value.remedy
    again.driver.adjust(Options(variables=(VALUE, ("var", "other=1"))))
    with pytest.raises(ConfigurationError, match="--var other cannot change a saved plan"):
        await apply(again.driver, mfa)
    assert (device.asked, again.status) == ([], "planned")
    # Another value of the ephemeral one is no change of what was planned; of the other one, it is.
    again.driver.adjust(Options(variables=(("value", "token=another"), ("var", "tag=wrong"))))
    with pytest.raises(Exception, match="has changed since it was checked"):
        await apply(again.driver, mfa)
    assert device.asked == []
    again.driver.adjust(Options(variables=(("value", "token=another"), TAG)))
    await apply(again.driver, mfa)
    assert again.status == "applied"
    assert again.authenticated_by == "alice"


ORDINARY = """
variable "release" {
  type = number
}
variable "zones" {
  default = []
}
variable "size" {
  default = "small"
}
variable "cipher" {
  default   = "none"
  sensitive = true
}
resource "terraform_data" "one" {
  input = [var.release, var.zones, var.size, var.cipher]
}
"""
ZONES = ("value", 'zones=["a", "b"]')


async def left(environment, tmp_path, mfa, *variables):
    """A plan of `ORDINARY` at a level that asks for codes, as another kernel finds it."""
    environment.write_configuration(ORDINARY)
    environment.set_level(Level.APPLIES_ONLY)
    (tmp_path / "size.tfvars").write_text('size = "large"\n')
    run = await planned(environment, *variables, through=mfa)
    return restore(environment, run.id, tmp_path, mfa.environ, Policy())


async def test_another_kernel_has_the_values_that_are_no_secrets_from_the_plan(
    environment, tmp_path, lenient_sandbox, gate_of
):
    mfa = gate_of(lenient_sandbox, Device(lenient_sandbox))
    given = (("var", "release=6"), ZONES, ("var_file", "size.tfvars"))
    again = await left(environment, tmp_path, mfa, *given)
    await apply(again.driver, mfa)
    assert (again.status, again.authenticated_by) == ("applied", "alice")
    assert again.driver.options.variables == ()
    assert again.driver.record.given == ("--var release", "--var zones", f"--var-file {tmp_path / 'size.tfvars'}")


async def test_a_secret_value_is_not_recalled_nor_is_any_once_what_was_checked_has_changed(
    environment, tmp_path, lenient_sandbox, gate_of
):
    device = Device(lenient_sandbox)
    mfa = gate_of(lenient_sandbox, device)
    again = await left(environment, tmp_path, mfa, ("var", "release=6"), ("value", "cipher=planted"))
    with pytest.raises(ConfigurationError, match=r"does not know: --var release, --var cipher\. .* no secrets"):
        await apply(again.driver, mfa)
    again.driver.adjust(Options(variables=(("value", "cipher=planted"),)))
    await apply(again.driver, mfa)
    assert again.status == "applied"
    again = await left(environment, tmp_path, mfa, ("var", "release=7"), ("var_file", "size.tfvars"))
    asked = list(device.asked)
    (tmp_path / "size.tfvars").write_text('size = "huge"\n')
    with pytest.raises(ConfigurationError, match=r"does not know: --var release, --var-file .* has changed"):
        await apply(again.driver, mfa)
    assert (device.asked, again.status) == (asked, "planned")


async def test_a_value_in_the_process_environment_is_there_again_or_missed(environment, tmp_path):
    run = await planned(environment, through=gate(TF_VAR_token="planted"))
    assert run.driver.record.ephemeral == ("token",)
    again = restore(environment, run.id, tmp_path, os.environ, Policy())
    with pytest.raises(ConfigurationError, match="does not know those of: token"):
        await apply(again.driver, gate())
    await apply(again.driver, gate(TF_VAR_token="planted"))
    assert again.status == "applied"


async def test_a_literal_on_the_line_is_refused_with_the_other_ways(environment):
    with pytest.raises(ConfigurationError) as caught:
        await planned(environment, ("var", "token=planted"))
    assert "would leave a secret in the notebook" in caught.value.problem
    assert "--expand --var token={token}" in caught.value.remedy
    assert "planted" not in str(caught.value)
