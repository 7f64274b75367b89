import pytest

from tfmfa_nb.editing.block_places import block_start
from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.editing.language_service import LanguageService
from tfmfa_nb.protocol.editor import AboutBlock, BlockAnswer

BODY = """\
# resource "aws_s3_bucket" "assets" {}
locals {
  text = <<-EOT
    resource "aws_s3_bucket" "assets" {
    }
  EOT
}

resource "aws_s3_bucket" "assets" {
  bucket = "ä"
}
data aws_ami web {}
module "network" {
  source = "./network"
}
"""


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("aws_s3_bucket.assets", 'resource "aws_s3_bucket" "assets" {'),
        ('aws_s3_bucket.assets["a.b"]', 'resource "aws_s3_bucket" "assets" {'),
        ("data.aws_ami.web", "data aws_ami web {}"),
        ('module.network["x"].aws_vpc.main[0]', 'module "network" {'),
        ("module.network.module.inner.aws_s3_bucket.assets", 'module "network" {'),
    ],
)
def test_a_block_is_found_where_it_begins(address, line):
    start = block_start(BODY, address)
    assert BODY[start:].split("\n", maxsplit=1)[0] == line
    assert BODY[start - 1] == "\n"


@pytest.mark.parametrize("address", ["aws_s3_bucket.other", "aws_ami.web", "module.other.a.b", "no address", ""])
def test_what_the_cell_does_not_declare_has_no_place(address):
    assert block_start(BODY, address) is None


def test_a_front_end_is_told_the_place_in_its_own_units(tmp_path):
    text = f"%%tfplan -e shop\n# 🙂\n{BODY}"
    service = LanguageService({}, lambda: tmp_path, lambda: "shop", {})
    answer = service.answer(AboutBlock(type="block", text=text, address="data.aws_ami.web"), str)
    assert isinstance(answer, BlockAnswer)
    units = text.encode("utf-16-le")[2 * answer.offset :].decode("utf-16-le")
    assert units.startswith("data aws_ami web")
    assert Cell.read(text)
    assert service.answer(AboutBlock(type="block", text=text, address="a.b"), str) is None
    service.close()
