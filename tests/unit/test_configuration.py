"""A configuration is handed on: each file is parsed once for a plan, and not before its blocks are needed."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from reader import found, terraform, write

from tfmfa_nb.terraform import configuration_files
from tfmfa_nb.terraform.backend_arguments import BackendArguments
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.init_fingerprint import init_fingerprint, init_needed
from tfmfa_nb.terraform.role_chains import find_chains

TERRAFORM = Executable(("/nonexistent/terraform",), "terraform", "1.11.4")
PROVIDER = 'provider "aws" {\n  assume_role {\n    role_arn = "arn:aws:iam::111122223333:role/%s"\n  }\n}\n'


@pytest.fixture
def reads(monkeypatch):
    """Counts how often each file is read and parsed, by its name."""
    counts = {"read": Counter(), "parsed": Counter()}
    read, parse, parse_json = Path.read_bytes, configuration_files.parse, configuration_files.parse_json

    def counted_read(path):
        counts["read"][path.name] += 1
        return read(path)

    def counted(parser):
        def count(source, name):
            counts["parsed"][name] += 1
            return parser(source, name)

        return count

    monkeypatch.setattr(Path, "read_bytes", counted_read)
    monkeypatch.setattr(configuration_files, "parse", counted(parse))
    monkeypatch.setattr(configuration_files, "parse_json", counted(parse_json))
    return counts


def reread(configuration):
    """As it is now."""
    return Configuration(configuration.folder, configuration.product, {}, configuration.parsed)


def fill(folder):
    """A root module in HCL and JSON, which calls a local module and a registry's module that is not installed yet."""
    calls = 'module "net" {\n  source = "./net"\n}\nmodule "vpc" {\n  source = "example/vpc/aws"\n}\n'
    (folder / "main.tf").write_text(PROVIDER % "root" + calls)
    (folder / "more.tf.json").write_text('{"locals": {"region": "eu-west-1"}}')
    (folder / "net").mkdir()
    (folder / "net" / "main.tf").write_text(PROVIDER % "net")


def install(folder, data=".terraform"):
    """What `init` does with the registry's module."""
    modules = folder / data / "modules"
    (modules / "vpc").mkdir(parents=True)
    (modules / "vpc" / "main.tf").write_text(PROVIDER % "vpc")
    entries = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "vpc", "Source": "x", "Dir": f"{data}/modules/vpc"}]
    (modules / "modules.json").write_text(json.dumps({"Modules": entries}))


def roles(configuration):
    findings = find_chains(configuration, executable=TERRAFORM, environ={})
    return [hop.role_arn.rpartition("/")[2] for chain in findings.chains for hop in chain.hops]


def test_a_plan_with_init_parses_each_file_once(tmp_path, reads):
    """As a run does: look for roles, see whether `init` is needed, run it, look again at what it installed."""
    fill(tmp_path)
    (tmp_path / ".terraform").mkdir()
    configuration = Configuration(tmp_path, "terraform", {})
    assert roles(configuration) == ["root", "net"]
    before = init_fingerprint(configuration, TERRAFORM, {})
    assert reads["read"] == {"main.tf": 2, "more.tf.json": 1}  # two of them are called main.tf
    install(tmp_path)
    configuration = reread(configuration)
    assert roles(configuration) == ["root", "net", "vpc"]
    assert init_fingerprint(configuration, TERRAFORM, {}) == before
    assert configuration.problems == ()
    assert reads["parsed"] == {
        "main.tf": 1,
        "more.tf.json": 1,
        "net/main.tf": 1,
        ".terraform/modules/vpc/main.tf": 1,
    }


def test_a_file_that_changed_is_parsed_again_and_no_other(tmp_path, reads):
    fill(tmp_path)
    first = Configuration(tmp_path, "terraform", {})
    assert roles(first) == ["root", "net"]
    (tmp_path / "net" / "main.tf").write_text(PROVIDER % "other")
    second = reread(reread(first))  # the one in between has read nothing
    assert roles(second) == ["root", "other"]
    assert roles(first) == ["root", "net"]
    assert reads["parsed"] == {"main.tf": 1, "more.tf.json": 1, "net/main.tf": 2}


def test_a_problem_of_an_unchanged_file_is_not_forgotten(tmp_path):
    (tmp_path / "main.tf").write_text('provider "aws" {\n  region = = 1\n')
    (tmp_path / "main.tf.json").write_text("{")
    first = Configuration(tmp_path, "terraform", {})
    assert [file.place for file in first.broken] == ["main.tf:1"]
    assert [problem.place for problem in first.unreadable] == ["main.tf.json"]
    assert (reread(first).broken, reread(first).unreadable) == (first.broken, first.unreadable)


def test_the_fingerprint_of_init_reads_the_root_module_only(tmp_path, reads):
    fill(tmp_path)
    init_fingerprint(Configuration(tmp_path, "terraform", {}), TERRAFORM, {})
    assert reads["parsed"] == {"main.tf": 1, "more.tf.json": 1}


def test_the_files_of_every_module_are_known_by_their_hash(tmp_path):
    fill(tmp_path)
    configuration = Configuration(tmp_path, "terraform", {})
    assert configuration.files == reread(configuration).files
    seen = {tuple(sorted(configuration.files.items()))}
    install(tmp_path)
    for change in (
        lambda: None,
        lambda: (tmp_path / "net" / "main.tf").write_text("# nothing\n"),
        lambda: (tmp_path / "more.tf.json").rename(tmp_path / "other.tf.json"),
        lambda: (tmp_path / "main.tf").write_text(""),
    ):
        change()
        configuration = reread(configuration)
        seen.add(tuple(sorted(configuration.files.items())))
    assert len(seen) == 5


def test_modules_are_found_where_tf_data_dir_says(tmp_path):
    fill(tmp_path)
    install(tmp_path, "elsewhere")
    configuration = Configuration(tmp_path, "terraform", {"TF_DATA_DIR": "elsewhere"})
    assert [module.path for module in configuration.modules] == [".", "net", "elsewhere/modules/vpc"]


def test_the_fingerprint_of_init_is_of_texts_not_of_their_places(tmp_path):
    text = 'terraform {\n  required_version = ">= 1"\n}\nresource "aws_vpc" "v" {\n}\n'
    (tmp_path / "main.tf").write_text(text)
    before = Configuration(tmp_path, "terraform", {})
    (tmp_path / "main.tf").write_text("\n\n" + text.replace("{\n}", "{\n  a = 1\n}"))
    after = reread(before)
    assert init_fingerprint(before, TERRAFORM, {}) == init_fingerprint(after, TERRAFORM, {})
    assert before.blocks[0].text == after.blocks[0].text == text[: text.index("resource") - 1]


@pytest.mark.parametrize(
    "change",
    [
        'terraform {\n  required_version = ">= 1"\n}\n',
        'module "net" {\n  source = "./net"\n}\n',
        'resource "random_id" "r" {\n}\n',
        'data "random_id" "r" {\n}\n',
        'ephemeral "random_id" "r" {\n}\n',
        'provider "random" {\n}\n',
    ],
)
def test_init_runs_again_for_what_it_acts_on(tmp_path, change):
    (tmp_path / "main.tf").write_text('resource "aws_vpc" "v" {\n}\n')
    before = Configuration(tmp_path, "terraform", {})
    fingerprint = init_fingerprint(before, TERRAFORM, {})
    (tmp_path / "more.tf").write_text(change)
    assert init_fingerprint(reread(before), TERRAFORM, {}) != fingerprint


def test_init_runs_again_for_another_terraform_lock_file_or_cli_configuration(tmp_path):
    configuration = Configuration(tmp_path, "terraform", {})
    seen = {
        init_fingerprint(configuration, TERRAFORM, {}),
        init_fingerprint(configuration, replace(TERRAFORM, version="1.11.5"), {}),
        init_fingerprint(configuration, replace(TERRAFORM, command=("/elsewhere/terraform",)), {}),
        init_fingerprint(configuration, TERRAFORM, {"TF_CLI_CONFIG_FILE": "/rc"}),
    }
    (tmp_path / ".terraform.lock.hcl").write_text("# locked\n")
    seen.add(init_fingerprint(configuration, TERRAFORM, {}))
    assert len(seen) == 5


def test_init_runs_again_for_other_settings_of_the_backend_and_not_without_them(tmp_path):
    configuration = Configuration(tmp_path, "terraform", {})

    def fingerprint(*words):
        return init_fingerprint(configuration, TERRAFORM, {}, BackendArguments(words))

    file = tmp_path / "s3.tfbackend"
    file.write_text('key = "a"\n')
    plain, key, in_file = fingerprint(), fingerprint("key=a"), fingerprint(str(file))
    assert init_needed("", plain)
    for before in (plain, key, in_file):
        assert not init_needed(before, before)
        assert not init_needed(before, plain)  # what `init` has kept holds
        assert init_needed(before, fingerprint("key=b"))
    assert init_needed(plain, key)
    assert not init_needed(plain.partition("\n")[0], plain)  # of an earlier version
    file.write_text('key = "b"\n')
    assert init_needed(in_file, fingerprint(str(file)))
    (tmp_path / "main.tf").write_text('terraform {\n  required_version = ">= 1"\n}\n')
    configuration = reread(configuration)
    assert init_needed(key, fingerprint("key=a"))
    with pytest.raises(FileNotFoundError):
        fingerprint(str(tmp_path / "none"))


def test_a_resource_of_json_is_told_by_its_labels(tmp_path):
    (tmp_path / "x.tf.json").write_text('{"resource": {"aws_s3_bucket": {"b": {}}}}')
    assert Configuration(tmp_path, "terraform", {}).blocks[-1].labels == ("aws_s3_bucket", "b")


# Names as editors leave them, and whether Terraform reads a file of that name.
NAMES = {
    "#provider.tf": True,
    "#p#.tf": True,
    "~x.tf": True,
    "a~.tf": True,
    "#j.tf.json": True,
    "#p.tf#": False,
    "p.tf~": False,
    ".p.tf": False,
    "P.TF": False,
    "p.tf.bak": False,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_files_that_count_are_those_that_terraform_reads(tmp_path, name):
    json_syntax = name.endswith(".json")
    output = '{"output": {"o": {"value": "here"}}}' if json_syntax else 'output "o" {\n  value = "here"\n}'
    write(tmp_path, {name: output})
    read = '"here"' in terraform(tmp_path, "plan", check=False)
    assert read is NAMES[name]
    provider = '{"provider": {"aws": {"profile": "x"}}}' if json_syntax else 'provider "aws" {\n  profile = "x"\n}'
    write(tmp_path, {name: provider})
    assert [problem.name for problem in found(tmp_path, executable=TERRAFORM).bypasses] == ["profile"] * read


@pytest.mark.parametrize(
    ("product", "version", "role"),
    [
        ("terraform", "1.11.4", "hcl"),
        ("tofu", "1.7.9", "hcl"),
        ("tofu", "1.8.0", "tofu"),
        ("tofu", "1.8.0-alpha1", "tofu"),
        ("tofu", "1.10.0", "tofu"),
        ("tofu", "2.0.0", "tofu"),
        ("tofu", "", "tofu"),
    ],
)
def test_files_of_opentofu_count_for_the_versions_that_read_them(tmp_path, product, version, role):
    write(tmp_path, {"main.tf": PROVIDER % "hcl", "main.tofu": PROVIDER % "tofu"})
    configuration = Configuration(tmp_path, product, {}, version=version)
    assert roles(configuration) == [role]
