"""A lock that a killed Terraform left in S3, freed in real JupyterLab: a yes, a code on the card, and it is gone."""

import json
import os
import signal

import psutil
import pytest
from lab import Lab
from playwright.sync_api import expect

PLAN = """\
%%tfplan -e gone
terraform {
  backend "s3" {
    bucket         = "states"
    key            = "gone/terraform.tfstate"
    region         = "eu-west-1"
    use_lockfile   = true
    use_path_style = true
  }
}
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "exec sleep 300"
  }
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws, policy):
    server = Lab(tmp_path_factory.mktemp("lab"), {**aws.environ(), **policy})
    yield server
    server.stop()


def authenticate(cell, aws):
    aws.advance(30)
    cell.get_by_label("MFA code").first.fill(aws.code(wait=False))
    cell.get_by_role("button", name="Authenticate").click()


def test_a_lock_of_the_state_is_freed_after_a_yes_and_a_code(lab, aws, open_notebook):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    level = "%load_ext tfmfa_nb\n%tfmfa level 'applies only' -e gone"
    lab.write("gone.ipynb", level, PLAN, "%tfapply", PLAN, "%tfruns -e gone unlock", PLAN)
    page = open_notebook("gone.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.start_cell(2)
    authenticate(page.output(2), aws)
    expect(page.output(2).locator(".tfmfa-current")).to_contain_text("terraform_data.slow")
    (path,) = (lab.folder / "gone").glob(".tfmfa/runs/*/run.json")
    supervisor = psutil.Process(json.loads(path.read_text())["process"]["pid"])
    (keeper,) = supervisor.children()
    (terraform,) = keeper.children()
    supervisor.kill()
    os.killpg(terraform.pid, signal.SIGKILL)
    page.wait_idle()
    expect(page.output(2)).to_contain_text("gone: Errored")

    page.run_cell(3)
    expect(page.output(3)).to_contain_text("If it is dead, use: %tfruns -e gone unlock")
    page.start_cell(4)
    output = page.output(4)
    expect(output).to_contain_text("No Terraform process on this machine can be the holder.")
    expect(output).to_contain_text("Free the state lock of \"gone\"? Only 'yes' will be accepted to approve:")
    page.screenshot("unlock-asks-light", output)
    output.locator("input.jp-Stdin-input").fill("yes")
    output.locator("input.jp-Stdin-input").press("Enter")
    expect(output).to_contain_text('to unlock "gone"')
    expect(output).to_contain_text("Unlocking the state")
    expect(output.get_by_role("button", name="Discard")).to_be_hidden()
    page.screenshot("unlock-code-light", output)
    page.theme("JupyterLab Dark")
    page.screenshot("unlock-code-dark", output)
    authenticate(output, aws)
    page.wait_idle()
    expect(output).to_contain_text("Authenticated with MFA by alice")
    expect(output).to_contain_text("Terraform state has been successfully unlocked!")
    expect(output).to_contain_text("gone: State unlocked")
    expect(output).to_contain_text('The state of "gone" is unlocked.')
    page.screenshot("unlock-done-dark", output)
    assert s3.list_objects_v2(Bucket="states").get("Contents", []) == []
    page.run_cell(5)
    expect(page.output(5)).to_contain_text("gone: Planned +1 ~0 -0")
