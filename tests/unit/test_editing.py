"""What is completed, explained, underlined and formatted in a cell: by schemas of a provider of the test's own."""

import json
import sqlite3
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.editing.cell import Cell, from_bytes, from_utf16, to_utf16
from tfmfa_nb.editing.completion import complete
from tfmfa_nb.editing.hover import hover
from tfmfa_nb.editing.magic_line import complete_line, environment_of, hover_line
from tfmfa_nb.editing.module_schemas import SchemasWithModules
from tfmfa_nb.editing.schema_indexer import _write
from tfmfa_nb.editing.schemas import Schemas
from tfmfa_nb.magics.defined_options import completable_options

INSTANCE = {
    "attributes": {
        "ami": {"type": "string", "required": True, "description": "The image."},
        "arn": {"type": "string", "computed": True},
        "id": {"type": "string", "optional": True, "computed": True},
        "monitoring": {"type": "bool", "optional": True},
        "old": {"type": "string", "optional": True, "deprecated": True},
        "tags": {"type": ["map", "string"], "optional": True},
        "ports": {"type": ["list", ["object", {"number": "number"}]], "computed": True},
    },
    "block_types": {
        "disk": {
            "nesting_mode": "list",
            "min_items": 1,
            "block": {"attributes": {"size": {"type": "number", "required": True}}},
        },
        "network": {"nesting_mode": "list", "max_items": 1, "block": {"attributes": {}}},
    },
}
PROVIDER = {
    "attributes": {"region": {"type": "string", "optional": True}, "access_key": {"type": "string", "optional": True}},
    "block_types": {"assume_role": {"nesting_mode": "list", "block": {"attributes": {}}}},
}
SAID = {
    "provider_schemas": {
        "registry.terraform.io/hashicorp/aws": {
            "provider": {"block": PROVIDER},
            "resource_schemas": {"aws_instance": {"block": INSTANCE}, "aws_vpc": {"block": {}}},
            "data_source_schemas": {
                "aws_ami": {"block": {"attributes": {"name": {"type": "string", "computed": True}}}}
            },
        }
    },
    "functions": {
        "upper": {"return_type": "string", "parameters": [{"name": "str", "type": "string"}], "description": "Louder."},
        "core::upper": {"return_type": "string"},
    },
}
FOUND = """
variable "size" {
  type    = number
  default = 3
}
locals {
  greeting = "hello"
}
module "network" {
  source = "./network"
}
data "aws_ami" "ubuntu" {
}
resource "aws_instance" "web" {
}
"""


@pytest.fixture(scope="module")
def schemas(tmp_path_factory):
    path = tmp_path_factory.mktemp("schemas") / "one.sqlite"
    _write(path, SAID)
    return Schemas(path)


def offers(marked, schemas, *others):
    found = complete(marked.replace("|", "", 1), marked.index("|"), others, schemas)
    return [item.label for item in found.items]


def said(marked, schemas):
    found = hover(marked.replace("|", "", 1), marked.index("|"), (), schemas)
    return found and (found.title, found.text)


def instance(body):
    return f'resource "aws_instance" "x" {{\n  {body}\n}}\n'


def test_blocks_at_the_top(schemas):
    assert offers("reso|", schemas) == ["resource"]
    assert {"terraform", "provider", "variable", "check", "import", "removed"} <= {*offers("|", schemas)}


def test_labels_are_what_the_providers_have(schemas):
    assert offers('resource "|"', schemas) == ["aws_instance", "aws_vpc"]
    assert offers('resource "vpc|" "main" {', schemas) == ["aws_vpc"]
    assert offers('data "|', schemas) == ["aws_ami"]
    assert offers('provider "|" {', schemas) == ["aws"]
    assert offers('resource "aws_instance" "|"', schemas) == []
    assert offers(instance('dynamic "|" {'), schemas) == ["disk", "network"]


def test_what_must_be_written_goes_first_and_what_is_written_goes(schemas):
    found = offers(instance("|"), schemas)
    assert found[:3] == ["ami", "monitoring", "tags"]
    assert found.index("id") < found.index("disk") < found.index("count") < found.index("old")
    assert "arn" not in found  # it can only be read
    assert "ami" not in offers(instance('ami = "x"\n  |'), schemas)
    assert "ami" not in offers(instance('|\n  ami = "x"'), schemas)
    assert offers(instance("am|"), schemas)[0] == "ami"
    assert "network" not in offers(instance("network {}\n  |"), schemas)
    assert "disk" in offers(instance("disk {}\n  |"), schemas)
    assert offers(instance("disk {\n    |\n  }"), schemas) == ["size"]
    assert offers(instance('dynamic "disk" {\n    content {\n      |\n    }\n  }'), schemas) == ["size"]
    assert "ignore_changes" in offers(instance("lifecycle {\n    |\n  }"), schemas)
    assert offers('resource "unknown" "x" {\n  co|\n}', schemas)[0] == "count"
    assert offers("nonsense {\n  |\n}", schemas) == []


def test_what_passes_mfa_by_is_advised_against(schemas):
    found = complete('provider "aws" {\n  \n}', 19, (), schemas).items
    assert [item.label for item in found if item.deprecated] == ["access_key"]
    assert found[-1].label == "access_key"
    assert "MFA" in found[-1].text


def test_references(schemas):
    text = f"{FOUND}locals {{\n  x = %s\n}}\n"
    for written, expected in {
        "var.|": ["size"],
        "local.|": ["greeting"],  # not the one that stands beside it, which is only begun
        "module.|": ["network"],
        "data.|": ["aws_ami"],
        "data.aws_ami.|": ["ubuntu"],
        "data.aws_ami.ubuntu.|": ["name"],
        "aws_instance.|": ["web"],
        "aws_instance.web.a|": ["ami", "arn", "tags"],
        "aws_instance.web[0].ports[1].|": ["number"],
        "aws_instance.web.ports.*.|": ["number"],
        "aws_instance.web.disk[0].|": ["size"],
        '"${var.|}"': ["size"],
        "path.|": ["module", "root", "cwd"],
        "terraform.work|": ["workspace"],
        "var.size.|": [],
        "nothing.|": [],
        '"var.|"': [],
    }.items():
        assert [name for name in offers(text % written, schemas) if name != "x"] == expected, written
    assert offers("locals {\n  x = var.|\n}", schemas, 'variable "other" {}') == ["other"]
    assert offers(instance("ami = self.ports[0].|"), schemas) == ["number"]


NETWORK = """
variable "cidr" {
  type        = string
  description = "The range."
}
variable "zones" {
  type = list(object({
    name = string
  }))
  default = []
}
variable "secret" {
  sensitive = true
  default   = null
}
output "id" {
  value       = 1
  description = "What it is known by."
}
output "key" {
  value     = 2
  sensitive = true
}
"""


@pytest.fixture
def around(schemas, tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "variables.tf").write_text(NETWORK)
    fetched = tmp_path / ".terraform" / "modules"
    (fetched / "vpc").mkdir(parents=True)
    (fetched / "vpc" / "main.tf").write_text('variable "name" {}')
    (fetched / "modules.json").write_text('{"Modules": [{"Key": "vpc", "Dir": ".terraform/modules/vpc"}]}')

    def make(text):
        marked = text.replace("|", "", 1), text.index("|")
        return SchemasWithModules(schemas.path, tmp_path, "terraform", {}, *marked, lambda: ())

    return make


def test_a_module_takes_its_variables_and_gives_its_outputs(around):
    def offered(text):
        return offers(text, around(text))

    own = ["count", "depends_on", "for_each", "providers", "source", "version"]
    local = 'module "network" {\n  source = "./network"\n  %s\n}\n'
    assert offered(local % "|")[:3] == ["cidr", "zones", "secret"]
    assert sorted(offered(local % "|")[3:]) == [each for each in own if each != "source"]
    assert offered(local % "ci|") == ["cidr"]
    assert offered('module "network" {\n  ci|\n  source = "./network"\n}\n') == ["cidr"]
    assert offered(local % "zones = self.|") == []  # only a resource has it
    assert "cidr" not in offered(local % 'cidr = "10.0.0.0/16"\n  |')
    assert offered('module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n  na|\n}')[0] == "name"
    assert offered('module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n  na|')[0] == "name"  # not closed yet
    for unknown in ('module "vpc2" {\n  source = "a/b/c"\n  |\n}', 'module "x" {\n  source = "./gone"\n  |\n}'):
        assert sorted(offered(unknown)) == [each for each in own if each != "source"], unknown
    assert sorted(offered('module "x" {\n  |\n}')) == own
    reference = local % "" + "locals {\n  x = %s\n}"
    assert offered(reference % "module.network.|") == ["id", "key"]
    assert offered(reference % "module.network[0].i|") == ["id"]
    assert offered(reference % "module.network.id.|") == []
    assert offered(reference % "module.nothing.|") == []


def test_what_a_module_s_words_mean(around):
    def told(text):
        return said(text, around(text))

    local = 'module "network" {\n  source = "./network"\n  %s\n}\n'
    assert told(local % 'ci|dr = "x"') == ("cidr: string, required", "The range.")
    assert told(local % "zo|nes = []") == ("zones: list(object({ name = string })), optional", "default: []")
    assert told(local % "sec|ret = 1") == ("secret: any, optional, sensitive", "default: null")
    assert told('module "net|work" {\n  source = "./network"\n}') == ("module network", "required: cidr")
    reference = local % "" + "locals {\n  x = %s\n}"
    assert told(reference % "module.network.i|d") == ("id: output, read-only", "What it is known by.")
    assert told(reference % "module.network.ke|y") == ("key: output, read-only, sensitive", "")


def test_values(schemas):
    assert offers(instance("monitoring = |"), schemas)[:2] == ["true", "false"]
    assert "upper" in offers(instance("ami = up|"), schemas)
    assert "core::upper" not in offers(instance("ami = up|"), schemas)
    assert "each" in offers(instance("for_each = []\n  ami = ea|"), schemas)
    assert "each" not in offers(instance("ami = ea|"), schemas)
    assert offers('provider "aws" {\n  alias = "eu"\n}\n' + instance("provider = |"), schemas) == ["aws.eu"]
    assert offers('variable "x" {\n  type = nu|\n}', schemas)[0] == "number"
    assert offers(instance("tags = {\n    |\n  }"), schemas) == []
    assert offers(instance("# am|"), schemas) == []


def test_what_a_word_means(schemas):
    assert said("resou|rce", schemas)[0] == "resource: block"
    title, text = said('resource "aws_in|stance" "x" {}', schemas)
    assert title == "resource aws_instance"
    assert "required: ami, disk" in text
    assert "hashicorp/aws" in text
    assert said(instance("am|i = 1"), schemas) == ("ami: string, required", "The image.")
    assert said(instance("di|sk {}"), schemas) == ("disk: block, required", "required: size")
    assert said(instance("ami = upp|er(1)"), schemas) == ("upper(str string) string", "Louder.")
    assert said(FOUND + instance("ami = var.si|ze"), schemas) == ("size: number", "default: 3")
    assert (
        said(FOUND + instance("ami = aws_instance.web.po|rts"), schemas)[0]
        == "ports: list(object({number})), read-only"
    )
    for nothing in ("|", instance("unknow|n = 1"), instance("ami = |1"), instance('ami = "te|xt"'), "# res|ource"):
        assert said(nothing, schemas) is None


@given(st.text(max_size=80), st.integers(min_value=0))
def test_whatever_is_typed_is_answered(text, number):
    position = number % (len(text) + 1)
    found = complete(text, position, (), Schemas(None))
    assert 0 <= found.start <= position
    hover(text, position, (), Schemas(None))


@given(st.text(max_size=80), st.integers(min_value=0))
def test_whatever_is_typed_in_a_module_is_answered(text, number):
    written = f'module "x" {{\n  source = "./x"\n  {text}\n}}\nlocals {{\n  y = module.x.{text}'
    position = number % (len(written) + 1)
    schemas = SchemasWithModules(None, Path("nowhere"), "terraform", {}, written, position, lambda: ())
    assert 0 <= complete(written, position, (), schemas).start <= position
    hover(written, position, (), schemas)


def test_an_index_that_is_gone_or_garbled_knows_nothing_and_is_made_anew(tmp_path):
    assert Schemas(None).names("resource") == []
    assert Schemas(tmp_path / "gone.sqlite").entry("resource", "aws_vpc") is None
    garbled = tmp_path / "garbled.sqlite"
    garbled.write_text("no database" * 500)
    assert Schemas(garbled).names("resource") == []
    assert not garbled.exists()
    torn = tmp_path / "torn.sqlite"
    _write(torn, SAID)
    with sqlite3.connect(torn) as connection:
        connection.execute("UPDATE entry SET content = ? WHERE name = 'aws_vpc'", (zlib.compress(b"[1")[:6],))
        connection.execute(
            "UPDATE entry SET content = ? WHERE name = 'aws_ami'", (zlib.compress(json.dumps([]).encode()),)
        )
    connection.close()
    assert Schemas(torn).entry("resource", "aws_vpc") is None
    assert Schemas(torn).entry("data", "aws_ami") is None


def test_a_cell_of_ours():
    cell = Cell.read("\n  \n%%tfplan -e staging\nlocals {}\n")
    assert (cell.magic, cell.line, cell.body) == ("tfplan", " -e staging", "locals {}\n")
    assert Cell.read("%%tfapply").body == ""
    for other in ("", "%%tfplanner\n", "# hm\n%%tfplan\n", "%tfplan\n"):
        assert Cell.read(other) is None


@given(st.text(max_size=40), st.integers(min_value=0, max_value=80))
def test_positions_as_others_count_them(text, number):
    index = number % (len(text) + 1)
    assert from_utf16(text, to_utf16(text, index)) == index
    assert from_bytes(text, len(text[:index].encode())) == index
    assert from_utf16(text, 10_000) == len(text)


def line(marked, base):
    cell = Cell.read(marked.replace("|", "", 1))
    found = complete_line(cell, marked.index("|"), completable_options()[cell.magic], base)
    return [item.label for item in found.items], cell.text[found.start : marked.index("|")]


def test_the_magic_s_line(tmp_path):
    (tmp_path / "staging" / ".tfmfa").mkdir(parents=True)
    (tmp_path / "modules" / "network").mkdir(parents=True)
    (tmp_path / "prod.tfvars").touch()
    assert line("%%tfplan --le|", tmp_path) == (["--level"], "--le")
    assert "--auto-approve" in line("%%tfapply |", tmp_path)[0]
    assert "--auto-approve" not in line("%%tfplan |", tmp_path)[0]
    assert line("%%tfplan -e |", tmp_path) == (["staging"], "")
    assert line("%%tfplan --environment=st|", tmp_path) == (["staging"], "st")
    assert line("%%tfplan -C mod|", tmp_path) == (["modules"], "mod")
    assert line("%%tfplan -C modules/|", tmp_path) == (["modules/network"], "modules/")
    assert line("%%tfplan --level pl|", tmp_path) == (["plans-and-applies"], "pl")
    assert line("%%tfplan --var-file |", tmp_path) == (["prod.tfvars"], "")
    assert line(f"%%tfplan --var |\n{FOUND}", tmp_path) == (["size"], "")
    assert line(f"%%tfplan --target |\n{FOUND}", tmp_path)[0] == [
        "data.aws_ami.ubuntu",
        "aws_instance.web",
        "module.network",
    ]
    assert line("%%tfplan -le|", tmp_path) == (["-level"], "-le")
    assert line("%%tfplan -c|", tmp_path) == (["-chdir", "-compact-warnings"], "-c")
    assert line("%%tfplan -environment=st|", tmp_path) == (["staging"], "st")
    assert line("%%tfplan -level pl|", tmp_path) == (["plans-and-applies"], "pl")
    (tmp_path / "prod.s3.tfbackend").touch()
    assert line("%%tfplan -backend-config=|", tmp_path) == (["prod.s3.tfbackend"], "")
    assert "-destroy" not in line("%%tfplan -destroy -d|", tmp_path)[0]
    assert "--destroy" not in line("%%tfplan --destroy --|", tmp_path)[0]
    assert "--var" in line("%%tfplan --var a=1 --|", tmp_path)[0]
    assert line("%%tfplan|", tmp_path) == ([], "")
    assert line("%%tfplan --environment 'a|", tmp_path)[0] == []
    assert hover_line(Cell.read("%%tfplan -level x"), 13, completable_options()["tfplan"]).title == "--level LEVEL"
    cell = Cell.read("%%tfplan --level never")
    assert hover_line(cell, 13, completable_options()["tfplan"]).title == "--level LEVEL"
    assert hover_line(cell, 18, completable_options()["tfplan"]) is None


def test_which_environment_a_line_means(tmp_path):
    assert environment_of(" -e staging --destroy", tmp_path, "default").name == "staging"
    assert environment_of(" --environment=staging", tmp_path, "default").name == "staging"
    assert environment_of(" -environment staging", tmp_path, "default").name == "staging"
    assert environment_of(" --var 'unfinished", tmp_path, "default").name == "default"
    assert environment_of(" -e ../x", tmp_path, "default") is None
    assert environment_of(" -C nowhere", tmp_path, "default") is None
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").touch()
    assert environment_of(" -C infra", tmp_path, "default").folder == Path(tmp_path / "infra")
    assert [path.name for path in tmp_path.iterdir()] == ["infra"]  # looking makes nothing
