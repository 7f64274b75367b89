"""Addresses of resources: what Terraform 1.11.4 takes and refuses (tried), and what a configuration declares."""

import pytest

from tfmfa_nb.terraform.addresses import Address, nearest, parse_address
from tfmfa_nb.terraform.configuration import Configuration

VALID = {
    "aws_instance.one": Address((), "resource", "aws_instance", "one"),
    "aws_instance.one[0]": Address((), "resource", "aws_instance", "one"),
    'aws_instance.one["a"]': Address((), "resource", "aws_instance", "one"),
    'aws_instance.one["a\\"b"]': Address((), "resource", "aws_instance", "one"),
    'aws_instance.one["a$${b}"]': Address((), "resource", "aws_instance", "one"),
    'aws_instance.one["module.z#"]': Address((), "resource", "aws_instance", "one"),
    "aws_instance . one [ 0 ]": Address((), "resource", "aws_instance", "one"),
    " aws_instance.one ": Address((), "resource", "aws_instance", "one"),
    "aws_instance.one // x": Address((), "resource", "aws_instance", "one"),
    "aws_instance.one[1e1]": Address((), "resource", "aws_instance", "one"),
    "resource.a.b": Address((), "resource", "a", "b"),
    "data.x.y": Address((), "data", "x", "y"),
    "ephemeral.a.b": Address((), "ephemeral", "a", "b"),
    "module.x": Address(("x",)),
    'module.x[0].module.y["k"]': Address(("x", "y")),
    'module.x["module.z"].a.b': Address(("x",), "resource", "a", "b"),
    "module.x.aws_instance.two": Address(("x",), "resource", "aws_instance", "two"),
    "module.x.data.a.b": Address(("x",), "data", "a", "b"),
    "module.data.a.b": Address(("data",), "resource", "a", "b"),
    "é.ü": Address((), "resource", "é", "ü"),
    "x-y.a-b": Address((), "resource", "x-y", "a-b"),
    "_a._b": Address((), "resource", "_a", "_b"),
    "provider.aws": Address((), "resource", "provider", "aws"),
}
INVALID = [
    "", "x", "data.x", "ephemeral.a", "aws_instance", "aws_instance.one.id", "aws_instance.one[a]", "module",
    "aws_instance.one[*]", "aws_instance.one.*", "aws_instance.one[-1]", "aws_instance.one[1.5]", "module.",
    'aws_instance.one["a${b}"]', "1x.y", "module.x.y", "module.x.module", "var.x", "local.x", "each.key", "data.x.y.z",
    "aws_instance.one[0][1]", "aws_instance.one['a']", "aws_instance.one[true]", "aws_instance.0", "-a.b", "self.x",
    'module.x["a"]["b"]', "count.index", "path.module", "terraform.workspace", "aws_instance.one[null]", "a.b c",
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
def test_what_terraform_takes(text):
    assert parse_address(text) == VALID[text]


@pytest.mark.parametrize(
    ("text", "keys", "written"),
    [
        ("a.b", ("",), "a.b"),
        ("a.b[ 1e1 ] // x", ("[10]",), "a.b[10]"),
        ('a.b["module.z[0]\\u0022#"]', ('["module.z[0]\\"#"]',), 'a.b["module.z[0]\\"#"]'),
        ('module.x [0] . module.y["k"]', ("[0]", '["k"]'), 'module.x[0].module.y["k"]'),
        ('module.x.module.y["$${k}"].data.a.b[0]', ("", '["$${k}"]', "[0]"), 'module.x.module.y["$${k}"].data.a.b[0]'),
        ("module.module.a.b", ("", ""), "module.module.a.b"),
    ],
)
def test_the_keys_of_instances_are_written_in_one_way(text, keys, written):
    assert (parse_address(text).keys, str(parse_address(text))) == (keys, written)


@pytest.mark.parametrize("text", INVALID)
def test_what_terraform_refuses(text):
    with pytest.raises(ValueError, match=r"not an address|no resource"):
        parse_address(text)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "main.tf").write_text('resource "aws_vpc" "main" {}\n')
    (tmp_path / "main.tf").write_text("""
resource "aws_instance" "web" {}
data "aws_ami" "latest" {}
check "up" {
  data "http" "site" {
    url = "https://example.com"
  }
}
module "net" {
  source = "./net"
}
module "far" {
  source = "hashicorp/far/aws"
}
""")
    return Configuration(tmp_path, "terraform", {}).root


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("aws_instance.web", True),
        ("aws_instance.web[7]", True),
        ("aws_instance.wep", False),
        ("data.aws_ami.latest", True),
        ("aws_ami.latest", False),
        ("data.http.site", True),
        ("module.net", True),
        ("module.nett", False),
        ("module.net.aws_vpc.main", True),
        ("module.net.aws_vpc.other", False),
        ("module.far", True),
        ("module.far.module.nearer.aws_vpc.main", True),  # which is not installed, so that nobody knows
    ],
)
def test_what_a_configuration_declares(root, text, declared):
    assert parse_address(text).declared_in(root) == declared


def test_what_may_have_been_meant(root):
    assert nearest(parse_address("aws_instance.wep"), root) == "aws_instance.web"
    assert nearest(parse_address("module.net.aws_vpc.mian"), root) == "module.net.aws_vpc.main"
    assert nearest(parse_address("data.aws_ami.lastest"), root) == "data.aws_ami.latest"
    assert nearest(parse_address("google_x.something"), root) == ""
