import os
import time

import pytest

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.inspected_files import inspected
from tfmfa_nb.terraform.variable_arguments import VariableArguments

HCL = 'variable "plain" {}\nvariable "db_password" {}\n'


@pytest.fixture
def sha256(tmp_path):
    (tmp_path / "main.tf").write_text(HCL)

    def of(environ, *words):
        return inspected(Configuration(tmp_path, "terraform", {}), environ, VariableArguments(words)).sha256

    return of


@pytest.mark.parametrize("name", ["TF_VAR_plain", "TF_VAR_db_password", "TF_WORKSPACE"])
def test_a_variable_that_counts_changes_the_hash(sha256, name):
    assert len({sha256({}), sha256({name: "a"}), sha256({name: "b"})}) == 3
    assert sha256({name: "a"}) == sha256({name: "a", "TF_VAR_undeclared": "x"})


def test_the_order_of_values_on_the_line_counts(sha256):
    assert sha256({}, "-var=plain=a", "-var=plain=b") != sha256({}, "-var=plain=b", "-var=plain=a")


def test_a_secret_is_slow_to_guess_by_the_hash(sha256):
    def seconds(name):
        begun = time.process_time()
        for value in range(3):
            sha256({name: str(value)})
        return time.process_time() - begun

    assert seconds("TF_VAR_db_password") > 5 * seconds("TF_VAR_plain")


def look(folder):
    return inspected(Configuration(folder, "terraform", {}), {}, VariableArguments(()))


CHANGES = {
    "swapped, and swapped back": lambda file: (
        file.rename(file.with_suffix(".x")),
        file.with_suffix(".x").rename(file),
    ),
    "written again": lambda file: file.write_text(file.read_text()),
    "removed": lambda file: file.unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", ["main.tf", "terraform.tfvars", ".terraform.lock.hcl", "modules/a.tf"])
def test_a_file_that_was_touched_is_known_whatever_is_in_it_now(tmp_path, change, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    (tmp_path / "main.tf").write_text(HCL + 'module "one" {\n  source = "./modules"\n}\n')
    if name != "main.tf":
        file.write_text("# a\n")
    before = look(tmp_path)
    assert before.touched(look(tmp_path)) == []
    wait_for_another_time(file)
    change(file)
    assert before.touched(look(tmp_path)) == [file]
    assert before.touched(look(tmp_path), [tmp_path]) == []


def wait_for_another_time(file):
    """Until the file system's clock, whose steps are milliseconds, has gone on."""
    mark, begun = file.parent / "mark", file.stat().st_ctime_ns
    while not mark.exists() or mark.stat().st_ctime_ns <= begun:
        mark.write_text("")


def test_a_file_that_came_is_known(tmp_path):
    (tmp_path / "main.tf").write_text(HCL)
    before = look(tmp_path)
    for name in ("b.tf", "z.auto.tfvars"):
        (tmp_path / name).write_text("")
    assert before.touched(look(tmp_path)) == [tmp_path / "b.tf", tmp_path / "z.auto.tfvars"]


READ = {
    "file": ('locals {\n  x = file("x.txt")\n}\n', "x.txt"),
    "in a resource": (
        'resource "terraform_data" "x" {\n  input = filebase64sha256( "${ path.root }/x.txt")\n}\n',
        "x.txt",
    ),
    "a template": ('locals {\n  x = templatefile("${path.module}/x.tftpl", { y = 1 })\n}\n', "x.tftpl"),
    "beside the folder": ('locals {\n  x = fileexists("../x.txt")\n}\n', "../x.txt"),
    "from the working directory": ('locals {\n  x = "<${file("${path.cwd}/x.txt")}>"\n}\n', "x.txt"),
    "within another call": ('locals {\n  x = jsondecode(core::file("x.json")).a\n}\n', "x.json"),
}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.mark.parametrize(("hcl", "name"), READ.values(), ids=READ)
def test_a_file_that_a_function_reads_counts(root, hcl, name):
    (root / "main.tf").write_text(hcl)
    missing = look(root)
    (root / name).write_text("1")
    before = look(root)
    (root / name).write_text("2")
    assert missing.differences(before) == before.differences(look(root)) == [name]
    assert len({missing.sha256, before.sha256, look(root).sha256}) == 3
    assert before.touched(look(root)) == []  # a data source writes such files while Terraform plans


def test_a_module_reads_its_own_file(root):
    (root / "modules/net").mkdir(parents=True)
    (root / "main.tf").write_text('module "net" {\n  source = "./modules/net"\n}\n')
    (root / "modules/net/main.tf.json").write_text('{"locals": {"x": "${file(\\"${path.module}/x.txt\\")}"}}')
    before = look(root)
    (root / "x.txt").write_text("another")
    assert before.differences(look(root)) == []
    (root / "modules/net/x.txt").write_text("1")
    assert before.differences(look(root)) == ["modules/net/x.txt"]


def test_what_is_no_file_is_not_read(root):
    (root / "main.tf").write_text('locals {\n  x = fileset("${path.module}", "*")\n  y = file("pipe")\n}\n')
    os.mkfifo(root / "pipe")
    assert look(root).data == {}
