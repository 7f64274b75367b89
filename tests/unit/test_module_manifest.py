"""Modules lie where Terraform finds them: `init`'s manifest counts for local modules too."""

import json

import pytest
from reader import NO_CONSOLE, found, names, terraform, write

CALL = 'module "a" {\n  source = "./mod"\n}\noutput "where" {\n  value = module.a.where\n}\n'
WHERE = 'output "where" {\n  value = path.module\n}\n'
MANIFEST = ".terraform/modules/modules.json"


def manifest(*records):
    modules = [{"Key": "", "Source": "", "Dir": "."}, *records]
    return json.dumps({"Modules": modules})


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, {"main.tf": CALL, "mod/main.tf": WHERE, "other/main.tf": WHERE})
    return tmp_path


def read_here(folder):
    """The folder whose provider is found."""
    for name in ("mod", "other"):
        (folder / name / "more.tf").write_text('provider "aws" {\n  profile = "ops"\n}\n')
    findings = found(folder, executable=NO_CONSOLE)
    for name in ("mod", "other"):
        (folder / name / "more.tf").unlink()
    return [problem.place.partition("/")[0] for problem in findings.bypasses], findings


@pytest.mark.parametrize("source", ["./mod", "./mod/", "./x/../mod"])
def test_an_edited_manifest_is_followed_as_terraform_does(folder, source):
    (folder / "main.tf").write_text(CALL.replace("./mod", source))
    terraform(folder, "get")
    record = json.loads((folder / MANIFEST).read_text())
    (inner,) = [module for module in record["Modules"] if module["Key"]]
    assert inner["Dir"] == "mod"
    inner["Dir"] = "other"
    (folder / MANIFEST).write_text(json.dumps(record))
    assert '"other"' in terraform(folder, "plan")
    assert read_here(folder)[0] == ["other"]


def test_a_manifest_of_another_source_counts_for_neither(folder):
    write(folder, {MANIFEST: manifest({"Key": "a", "Source": "./else", "Dir": "other"})})
    assert "Module source has changed" in terraform(folder, "plan", check=False)
    assert read_here(folder)[0] == ["mod"]


@pytest.mark.parametrize(
    "text",
    [
        '{"Modules": [{"KEY": "a", "Source": "./mod", "Dir": "other"}]}',
        '{"Modules": [{"Key": "a", "Source": "./mod", "Dir": "mod", "dir": "other"}]}',
        '{"Modules": [{"Key": "a", "Source": "./mod", "Dir": "mod", "Dir": "other"}]}',
        '{"Modules": [], "modules": [{"Key": "a", "Source": "./mod", "Dir": "other"}]}',
    ],
    ids=["key", "case", "twice", "list"],
)
def test_what_terraform_reads_and_never_writes_is_refused(folder, text):
    write(folder, {MANIFEST: text})
    assert '"other"' in terraform(folder, "plan")
    assert names(read_here(folder)[1].unreadable) == [(MANIFEST, "unreadable")]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"Modules": [1]}', '{"Modules": [{"Key": 1}]}', '{"a": ' * 100_000, "\xff"], ids=range(6)
)
def test_a_garbled_manifest_is_refused(folder, text):
    write(folder, {MANIFEST: text})
    assert names(read_here(folder)[1].unreadable) == [(MANIFEST, "unreadable")]


def test_two_modules_of_one_key_are_refused(folder):
    record = {"Key": "a", "Source": "./mod", "Dir": "mod"}
    write(folder, {MANIFEST: manifest(record, {**record, "Dir": "other"})})
    assert "two records" in terraform(folder, "plan", check=False)
    assert read_here(folder)[1].unreadable


@pytest.mark.parametrize("text", ["", "null", '{"Modules": null}', '{"Modules": []}'])
def test_an_empty_manifest_is_none(folder, text):
    write(folder, {MANIFEST: text})
    bypasses, findings = read_here(folder)
    assert (bypasses, findings.unreadable) == (["mod"], ())


def test_a_manifest_that_is_no_file_is_refused(folder):
    (folder / MANIFEST).parent.mkdir(parents=True)
    (folder / MANIFEST).symlink_to(folder / "gone")
    assert names(read_here(folder)[1].unreadable) == [(MANIFEST, "unreadable")]
