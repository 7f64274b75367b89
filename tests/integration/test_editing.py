"""Terraform's part of writing a cell, with the real provider: schemas, fmt, validate. Nothing of it needs a key."""

import os
import subprocess
import sys
import threading
import time
import tracemalloc

import psutil
import pytest
from processes import command_of

from tfmfa_nb.editing.cell_commands import CellCommands
from tfmfa_nb.editing.language_service import LanguageService
from tfmfa_nb.editing.schemas import SchemaStore
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.defined_options import completable_options
from tfmfa_nb.model.errors import ConfigurationError, TfmfaError
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.messages import AboutCell, AboutPosition
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.python_command import python_command

REQUIRES = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n'
PARAMETER = 'resource "aws_ssm_parameter" "x" {\n  name  = "x"\n  type  = "String"\n  value = "y"\n}\n'
INDEXER = "tfmfa_nb.editing.schema_indexer"
S3 = '  backend "s3" {\n    bucket = "none"\n    key    = "none"\n    region = "eu-west-1"\n  }\n'


@pytest.fixture(scope="module")
def environ(provider):
    """With keys that nothing of this may use, or even hand on."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "never-handed-on"}
    return {**os.environ, **provider, **keys}


@pytest.fixture(scope="module")
def base(tmp_path_factory, environ):
    """A folder with one environment, initialized but for its backend, which needs credentials."""
    base = tmp_path_factory.mktemp("notebooks")
    environment = Environment.named("staging", base)
    environment.ensure()
    environment.write_configuration(f"{REQUIRES}{S3}}}\n")
    command = [*find_executable(environ).command, "init", "-backend=false"]
    subprocess.run(command, cwd=environment.folder, env=environ, check=True, capture_output=True)
    return base


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache") / "schemas"


@pytest.fixture
def service(base, cache, environ):
    made = LanguageService(environ, lambda: base, lambda: "staging", completable_options(), SchemaStore(cache))
    yield made
    made.close()


def ask(service, kind, marked):
    """The answer to a front end's question, as it is sent."""
    text, offset = marked.replace("|", "", 1), max(marked.find("|"), 0)
    if kind in {"complete", "hover"}:
        return encode(service.answer(AboutPosition(type=kind, text=text, offset=offset), str))
    return encode(service.answer(AboutCell(type=kind, text=text), str))


def wait_for_schemas(service, text="%%tfplan\nres|"):
    deadline = time.monotonic() + 120
    ask(service, "complete", text)
    while service.store.building:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def indexer():
    """The process that makes the schemas' index; None where there is none."""
    children = psutil.Process().children()
    return next((child for child in children if INDEXER in command_of(child)), None)


def test_the_schemas_are_made_once_for_a_lock_file_and_off_the_kernel(service, cache, monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **how: started.append(command) or popen(command, **how))
    cell = '%%tfplan\nresource "aws_ssm_parameter" "x" {\n  |\n}'
    ask(service, "complete", cell)
    assert service.store.building
    (command,) = [each for each in started if INDEXER in each]
    assert command[: len(python_command())] == python_command()  # which no debugger of the kernel's takes over
    while not (builder := indexer()):
        assert service.store.building  # until then it is becoming another program
    assert "PATH" in (handed_on := builder.environ())
    assert "never-handed-on" not in handed_on.values()
    wait_for_schemas(service, cell)
    labels = [item["label"] for item in ask(service, "complete", cell)["items"]]
    assert labels[:2] == ["name", "type"]
    (index,) = cache.glob("*.sqlite")
    print(f"The AWS provider's index: {index.stat().st_size:,} bytes")  # noqa: T201
    assert index.stat().st_size < 2_000_000
    assert cache.stat().st_mode & 0o777 == 0o700
    made = index.stat().st_mtime_ns
    ask(service, "complete", cell)
    assert not service.store.building
    assert index.stat().st_mtime_ns == made


def test_an_answer_costs_little_time_and_memory(service):
    """With the real provider's 13 MB of schemas, and a cell of 2,000 lines."""
    wait_for_schemas(service)
    long = "".join(f'resource "aws_ssm_parameter" "p{n}" {{\n  name = "x"\n  type = "String"\n}}\n' for n in range(500))
    cell = f'%%tfplan\n{long}resource "aws_inst|'
    ask(service, "complete", cell)
    took = []
    for _ in range(20):
        began = time.thread_time()
        assert ask(service, "complete", cell)["items"]
        took.append(time.thread_time() - began)
    tracemalloc.start()
    ask(service, "complete", cell)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"An answer in a cell of 2,000 lines: {1000 * min(took):.0f} ms of CPU, {most:,} bytes")  # noqa: T201
    assert most < 5_000_000
    assert min(took) < 0.1, took


def test_an_environment_that_is_new_borrows_the_newest_schemas(service, base):
    wait_for_schemas(service)
    found = ask(service, "complete", '%%tfplan -e brand-new\nresource "aws_ssm_par|')
    assert [item["label"] for item in found["items"]] == ["aws_ssm_parameter"]
    assert not (base / "brand-new").exists()


def test_schemas_that_cannot_be_made_are_not_asked_for_at_every_key(service, base, cache):
    environment = Environment.named("lacking", base)
    environment.ensure()
    (environment.folder / ".terraform.lock.hcl").write_text(
        'provider "registry.terraform.io/hashicorp/aws" {\n  version = "1.0.0"\n  hashes = []\n}\n'
    )
    wait_for_schemas(service, "%%tfplan -e lacking\nres|")
    before = set(cache.iterdir())
    ask(service, "complete", "%%tfplan -e lacking\nres|")
    assert not service.store.building
    assert set(cache.iterdir()) == before


def test_fmt(service):
    text = '%%tfplan\nlocals {\n a=1\n  long="ü"\n}'
    assert ask(service, "format", text) == {"text": '%%tfplan\nlocals {\n  a    = 1\n  long = "ü"\n}'}
    assert ask(service, "format", "%%tfplan -C somewhere\n")["text"] == "%%tfplan -C somewhere\n"
    with pytest.raises(TfmfaError, match=r"^Invalid expression, on line 2\."):
        ask(service, "format", "%%tfplan\nlocals {\n  a = \n}")


def test_validate_finds_what_the_provider_would_refuse_and_writes_nothing(service, base):
    folder = base / "staging"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    text = f'%%tfplan\n# ü 😀\n{REQUIRES}{S3}}}\nresource "aws_ssm_parameter" "x" {{\n  nope = upper(1, 2)\n}}\n'
    found = ask(service, "validate", text)["diagnostics"]
    encoded = text.encode("utf-16-le")
    words = {each["summary"]: encoded[2 * each["start"] : 2 * each["end"]].decode("utf-16-le") for each in found}
    assert words["Unsupported argument"] == "nope"
    assert words["Missing required argument"]
    assert {each["severity"] for each in found} == {"error"}
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    tidy = ask(service, "validate", f"%%tfplan\n{REQUIRES}}}\n{PARAMETER}")
    assert tidy == {"diagnostics": []}


def test_validate_before_init_says_what_is_known_and_not_that_init_is_lacking(service):
    text = '%%tfplan -e brand-new\nresource "aws_ssm_parameter" "x" {}\nvariable "v" {\n  nope = 1\n}\n'
    text += 'module "m" {\n  source = "./m"\n}\n'
    found = ask(service, "validate", text)["diagnostics"]
    assert [each["summary"] for each in found] == ["Unsupported argument"]
    assert ask(service, "validate", '%%tfplan -e brand-new\nresource "aws_ssm_parameter" "x" {}') == {"diagnostics": []}


def test_validate_knows_the_files_beside_the_cell_and_above_it(service, base):
    (base / "staging" / "more.tf").write_text('variable "more" {}\n')
    (base / "shared.json").write_text("{}")
    text = '%%tfplan\nlocals {\n  a = var.more\n  b = file("../shared.json")\n}\noutput "x" {\n  value = var.less\n}\n'
    found = ask(service, "validate", text)["diagnostics"]
    (base / "staging" / "more.tf").unlink()
    assert [each["summary"] for each in found] == ["Reference to undeclared input variable"]


def test_validate_reaches_installed_modules(service, base, environ):
    (base / "modules" / "network").mkdir(parents=True)
    (base / "modules" / "network" / "main.tf").write_text('variable "cidr" {}\n')
    environment = Environment.named("modular", base)
    call = 'module "network" {\n  source = "../modules/network"\n}\n'
    environment.ensure()
    environment.write_configuration(call)
    command = [*find_executable(environ).command, "init"]
    subprocess.run(command, cwd=environment.folder, env=environ, check=True, capture_output=True)
    found = ask(service, "validate", f"%%tfplan -e modular\n{call}")["diagnostics"]
    assert [(each["summary"], each["detail"].count('"cidr"')) for each in found] == [("Missing required argument", 1)]


def test_a_fetched_module_s_variables_and_outputs_are_known_once_init_has_brought_it(service, base, environ, tmp_path):
    (tmp_path / "main.tf").write_text('variable "cidr" {}\noutput "id" {\n  value = var.cidr\n}\n')
    environment = Environment.named("fetching", base)
    environment.ensure()
    # An absolute path is a package: Terraform copies it to where it keeps modules.
    call = f'module "network" {{\n  source = "{tmp_path.as_posix()}"\n  cid|\n}}\n'
    environment.write_configuration(call.replace("cid|", 'cidr = "10.0.0.0/16"'))
    within = f"%%tfplan -e fetching\n{call}"
    reference = within.replace("cid|", "") + "locals {\n  ü = module.network.i|\n}\n"
    assert ask(service, "complete", within)["items"] == []
    command = [*find_executable(environ).command, "init"]
    subprocess.run(command, cwd=environment.folder, env=environ, check=True, capture_output=True)
    (found,) = ask(service, "complete", within)["items"]
    assert found == {"label": "cidr", "kind": "property", "insert": "cidr = ", "about": "any, required"}
    assert [item["label"] for item in ask(service, "complete", reference)["items"]] == ["id"]
    assert ask(service, "hover", within.replace("cid|", 'ci|dr = ""'))["title"] == "cidr: any, required"


def test_closing_ends_what_is_being_done(environ, base):
    slow = "import sys, time\nprint('Terraform v1.11.4', flush=True)\n'version' in sys.argv or time.sleep(60)\n"
    program = base / "slow-terraform"
    program.write_text(f"#!{sys.executable}\n{slow}")
    program.chmod(0o755)
    commands = CellCommands(find_executable({**environ, "TFMFA_TERRAFORM": str(program)}), environ)
    threading.Timer(0.5, commands.close).start()
    began = time.monotonic()
    with pytest.raises(ConfigurationError):
        commands.format("a = 1")
    assert time.monotonic() - began < 30
