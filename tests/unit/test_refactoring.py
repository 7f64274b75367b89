"""Blocks that refactor: what is found here is what Terraform itself says when it plans."""

import os
import subprocess

import pytest
from reader import ENVIRON

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.evaluation import Evaluator
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.refactoring import refactoring_faults

ONE = 'resource "terraform_data" "one" {\n}\n'
TWO = ONE.replace("one", "two")
MODULE = 'module "m" {\n  source = "./m"\n}\n'
MANY = ONE.replace("{\n", "{\n  count = 0\n")
PAIR = ONE.replace("{\n", "{\n  count = var.size\n") + 'variable "size" {\n  default = 2\n}\n'
EACH = ONE.replace("{\n", "{\n  for_each = local.all\n") + 'locals {\n  all = { a = 1, "b c" = 2 }\n}\n'
SET = ONE.replace("{\n", '{\n  for_each = toset(["a"])\n')
LATER = TWO + ONE.replace("{\n", "{\n  for_each = toset([terraform_data.two.output])\n")
MODULES = MODULE.replace('/m"\n', '/m"\n  count = 2\n')


def moved(source, target):
    return f"moved {{\n  from = {source}\n  to   = {target}\n}}\n"


def removed(source):
    return f"removed {{\n  from = {source}\n}}\n"


def imported(target):
    return f'import {{\n  to = {target}\n  id = "x"\n}}\n'


def of(name):
    return f"terraform_data.{name}"


WRONG = {
    "to itself": (ONE + moved(of("one"), of("one")), "main.tf:3: Redundant move statement"),
    "still declared": (ONE + TWO + moved(of("one"), of("two")), "main.tf:5: Moved object still exists"),
    "still declared, with count": (MANY + TWO + moved(of("one"), of("two")), "main.tf:6: Moved object still exists"),
    "still declared, to an instance": (
        ONE + TWO + moved(of("one"), f"{of('two')}[0]"),
        "main.tf:5: Moved object still",
    ),
    "still declared, into a module": (ONE + MODULE + moved(of("one"), f"module.m.{of('in')}"), "main.tf:6: Moved obj"),
    "a module still declared": (MODULE + moved("module.m", "module.n"), "main.tf:4: Moved object still exists"),
    "to two places": (ONE + TWO + moved(of("x"), of("one")) + moved(of("x"), of("two")), "main.tf:9: Ambiguous move"),
    "from two places": (ONE + moved(of("x"), of("one")) + moved(of("y"), of("one")), "main.tf:7: Ambiguous move"),
    "a cycle": (ONE + moved(of("x"), of("y")) + moved(of("y"), of("x")), "Cyclic dependency in move statements"),
    "removed, still declared": (ONE + removed(of("one")), "main.tf:1: Removed resource still exists"),
    "removed, with count": (MANY + removed(of("one")), "main.tf:1: Removed resource still exists"),
    "removed in a module": (MODULE + removed(f"module.m.{of('in')}"), "m/m.tf:1: Removed resource still exists"),
    "a removed module": (MODULE + removed("module.m"), "main.tf:1: Removed module still exists"),
    "an instance to itself": (
        PAIR + moved(f"{of('one')}[0]", f"{of('one')}[ 0 ]"),
        "main.tf:7: Redundant move statement",
    ),
    "an instance still declared": (PAIR + moved(f"{of('one')}[1]", of("x")), "main.tf:7: Moved object still exists"),
    "one of a map": (EACH + moved(f'{of("one")}["b c"]', of("x")), "main.tf:7: Moved object still exists"),
    "one of a set": (SET + moved(f'{of("one")}["a"]', f'{of("one")}["b"]'), "main.tf:4: Moved object still exists"),
    "one of the modules": (MODULES + moved("module.m[1]", "module.n"), "main.tf:5: Moved object still exists"),
    "one in one of the modules": (
        MODULES + moved(f"module.m[1].{of('in')}", of("x")),
        "main.tf:5: Moved object still exists",
    ),
    "an instance to two places": (
        PAIR + moved(f"{of('x')}[0]", f"{of('one')}[0]") + moved(f"{of('x')}[0]", f"{of('one')}[1]"),
        "main.tf:11: Ambiguous move statements",
    ),
    "two instances to one place": (
        PAIR + moved(f"{of('x')}[0]", f"{of('one')}[0]") + moved(f"{of('x')}[1]", f"{of('one')}[0]"),
        "main.tf:11: Ambiguous move statements",
    ),
    "a cycle of instances": (
        PAIR + moved(f"{of('x')}[0]", f"{of('x')}[1]") + moved(f"{of('x')}[1]", f"{of('x')}[0]"),
        "Cyclic dependency in move statements",
    ),
    "imported into an instance too many": (
        PAIR + imported(f"{of('one')}[2]"),
        "main.tf:8: Configuration for import target does not exist",
    ),
    "imported into another key": (
        EACH + imported(f'{of("one")}["c"]'),
        "main.tf:8: Configuration for import target does not exist",
    ),
    "imported into a module too many": (
        MODULES + imported(f"module.m[2].{of('in')}"),
        "main.tf:6: Configuration for import target does not exist",
    ),
    "imported into no module of several": (
        MODULES + imported(f"module.m.{of('in')}"),
        "main.tf:6: Configuration for import target does not exist",
    ),
    "imported into nothing": (ONE + imported(of("none")), "main.tf:4: Configuration for import target does not exist"),
}
RIGHT = {
    "moved": ONE + moved(of("x"), of("one")),
    "moved twice the same way": ONE + moved(of("x"), of("one")) + moved(of("x"), of("one")),
    "a chain": ONE + moved(of("x"), of("y")) + moved(of("y"), of("one")),
    "to an instance of itself": MANY + moved(of("one"), f"{of('one')}[0]"),
    "from an instance": MANY + TWO + moved(f"{of('one')}[0]", of("two")),
    "in a module of which there is none": MODULE.replace("m" + '" {', 'm" {\n  count = 0')
    + moved(f"module.m.{of('in')}", of("x")),
    "removed": ONE + removed(of("x")),
    "imported": ONE + imported(of("one")),
    "an instance that is no longer declared": PAIR + moved(f"{of('one')}[2]", of("x")),
    "from several instances to one": ONE + moved(f"{of('one')}[0]", of("one")),
    "from numbers to names": EACH + moved(f"{of('one')}[0]", f'{of("one")}["a"]'),
    "two instances to two places": PAIR
    + moved(f"{of('x')}[0]", f"{of('one')}[0]")
    + moved(f"{of('x')}[1]", f"{of('one')}[1]"),
    "a resource and one of its instances": ONE + moved(of("x"), f"{of('y')}[0]") + moved(of("x"), of("z")),
    "a module that is no longer declared": MODULES + moved("module.m[2]", "module.n"),
    "imported into instances": PAIR + imported(f"{of('one')}[0]") + imported(f"{of('one')}[1]"),
    "imported into keys": EACH + imported(f'{of("one")}["b c"]'),
    "imported into modules": MODULES + imported(f"module.m[1].{of('in')}"),
    "imported for each": EACH + imported(f"{of('one')}[each.key]").replace("{\n", "{\n  for_each = local.all\n"),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "m.tf").write_text(ONE.replace("one", "in"))
    return tmp_path


def found(folder, hcl):
    (folder / "main.tf").write_text(hcl)
    return [str(fault) for fault in faults(folder)]


def faults(folder, **options):
    root = Configuration(folder, "terraform", {}).root
    return [*refactoring_faults(root, Evaluator(folder, find_executable(os.environ), ENVIRON), **options)]


@pytest.mark.parametrize("name", WRONG)
def test_what_terraform_would_refuse(folder, name):
    hcl, said = WRONG[name]
    first, *_ = found(folder, hcl)
    assert said in first


@pytest.mark.parametrize("name", RIGHT)
def test_what_terraform_takes(folder, name):
    assert found(folder, RIGHT[name]) == []


def test_where_terraform_writes_what_is_imported(folder):
    (folder / "main.tf").write_text(imported(of("none")))
    assert faults(folder, generates=True) == []


def test_keys_that_are_not_known_are_left_to_the_plan(folder):
    assert found(folder, LATER + moved(f'{of("one")}["a"]', of("x")) + imported(f'{of("one")}["a"]')) == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", [*WRONG, *RIGHT])
def test_terraform_says_the_same(folder, name):
    hcl, said = WRONG.get(name) or (RIGHT[name], "")
    (folder / "main.tf").write_text(hcl)
    environ = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    program = find_executable(environ).command

    def run(*words):
        return subprocess.run([*program, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)

    assert run("init", "-input=false").returncode == 0
    planned = run("plan", "-input=false", "-no-color")
    place, _, summary = found(folder, hcl)[0].partition(": ") if said else ("", "", "")
    assert planned.returncode == (1 if said else 0), planned.stderr
    assert f"Error: {summary}" in planned.stderr or not said
    # Terraform names no place of a cycle, nor of an instance that is missing.
    if said and "Cyclic" not in said and "The configuration for the given import" not in planned.stderr:
        assert f"on {place.replace(':', ' line ')}" in planned.stderr
