"""`check` blocks that fail stop nothing, so the run says so: with real Terraform, in the plan, the apply, and later."""

from tfmfa_nb.model.redaction import MASK
from tfmfa_nb.views.summary import summary_text

CELL = """%%tfplan -e checked
variable "db_password" {}
resource "terraform_data" "one" {
  input = 1
}
check "large" {
  assert {
    condition     = terraform_data.one.input > 1
    error_message = "${terraform_data.one.input} is too small, which takes a long sentence to say, longer than a line."
  }
}
check "small" {
  assert {
    condition     = terraform_data.one.output < 2
    error_message = "never seen"
  }
}
check "known" {
  assert {
    condition     = terraform_data.one.output == 2
    error_message = "The password is ${var.db_password}."
  }
}
"""
SENTENCE = "main.tf:7: The check large failed: 1 is too small, which takes a long sentence to say, longer than a line."


async def test_a_failed_check_is_told_by_the_plan_the_apply_and_a_later_kernel(ipython_with, capsys):
    ipython = ipython_with(TF_VAR_db_password="hunter2-hunter2")

    async def value(cell):
        result = await ipython.run_cell_async(cell, transformed_cell=ipython.transform_cell(cell))
        result.raise_error()
        return result.result

    run = await value(CELL)
    assert run.status == "planned"
    assert [check["name"] for check in run.failed_checks] == ["large"]
    assert f"  Check: {SENTENCE}" in summary_text(run)
    capsys.readouterr()
    await value("%tfapply")
    assert run.status == "applied"
    assert {check["name"] for check in run.failed_checks} == {"large", "known"}
    assert f"  Check: {SENTENCE}" in summary_text(run)
    assert f"The check known failed: The password is {MASK}." in summary_text(run)
    printed = capsys.readouterr().out
    assert "Check block assertion failed" in printed
    assert "hunter2" not in printed
    again = await value(f"%tfruns -e checked open {run.id}")
    assert again.failed_checks == run.failed_checks
    assert "never seen" not in summary_text(again)
