"""The dependencies of a plan are those that `terraform graph` says, where there is no backend that it must open."""

import json
import os
import re
import subprocess

from tfmfa_nb.runs.ports import InstalledTerraform
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.dependencies import between
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.shown_plan import show_plan

ROOT = """
locals {
  one  = terraform_data.one.id
  both = [for each in [local.one] : each]
}
resource "terraform_data" "one" {}
resource "terraform_data" "two" {
  count = 2
  input = local.both
}
module "m" {
  source   = "./m"
  for_each = toset(["x.y", "z"])
  input    = terraform_data.two[*].id
}
module "late" {
  source     = "./m"
  input      = []
  depends_on = [module.m]
}
resource "terraform_data" "three" {
  input = module.m["x.y"].out
  provisioner "local-exec" {
    command = "echo ${self.id}"
  }
}
resource "terraform_data" "four" {
  count = length(terraform_data.two)
}
output "all" { value = module.m }
"""
MODULE = """
variable "input" {}
locals { inner = { for key in var.input : key => var.input } }
resource "terraform_data" "inner" { input = local.inner }
resource "terraform_data" "other" { triggers_replace = [terraform_data.inner.id] }
output "out" { value = terraform_data.inner.output }
"""


def test_the_dependencies_are_those_of_terraform_graph(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / "m/main.tf").write_text(MODULE)
    executable = InstalledTerraform().find(os.environ)

    def run(*arguments):
        return subprocess.run(
            [*executable.command, *arguments], cwd=tmp_path, capture_output=True, check=True, text=True
        ).stdout

    run("init")
    run("plan", "-out=plan")
    configuration = Configuration(tmp_path, executable.product, os.environ)
    with (tmp_path / "plan").open("rb") as saved:
        plan = show_plan(executable, saved, configuration, os.environ)
    edges = set(re.findall(r'"(\S+)" -> "(\S+)"', run("graph").replace('\\"', "'")))
    found = between(plan.dependencies, plan.dependencies)
    assert {(one, other) for one, others in found.items() for other in others} == edges
    assert len(edges) == 7
    kept = Plan(json.loads(json.dumps(plan.without_values())))
    assert between(kept.dependencies, kept.dependencies) == found  # a later kernel knows them, too
