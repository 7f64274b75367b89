"""Programs that run with the session's credentials are named, with their places."""

import pytest
from reader import NO_CONSOLE, found, names

PROVISIONER = 'provisioner "{}" {{\n    command = "aws s3 ls"\n  }}\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (f'resource "null_resource" "x" {{\n  {PROVISIONER.format("local-exec")}}}\n', ("main.tf:2", "local-exec")),
        (f'resource "aws_x" "y" {{\n  a = 1\n  {PROVISIONER.format("chef")}}}\n', ("main.tf:3", "chef")),
        (
            f"removed {{\n  from = null_resource.x\n  {PROVISIONER.format('local-exec')}}}\n",
            ("main.tf:3", "local-exec"),
        ),
        ('data "external" "x" {\n  program = ["sh"]\n}\n', ("main.tf:1", "external")),
        ('check "c" {\n  data "external" "x" {\n    program = ["sh"]\n  }\n}\n', ("main.tf:2", "external")),
        ('data "local_command" "x" {\n  command = "sh"\n}\n', ("main.tf:1", "local_command")),
        ('action "local_command" "x" {\n  config {\n  }\n}\n', ("main.tf:1", "local_command")),
        (
            {"main.tf.json": '{"resource": {"null_resource": {"x": {"provisioner": [{"local-exec": {}}]}}}}'},
            ("main.tf.json:1", "local-exec"),
        ),
        (
            'resource "helm_release" "x" {\n  postrender {\n    binary_path = "/x"\n  }\n}\n',
            ("main.tf:2", "postrender"),
        ),
        (
            'resource "helm_release" "x" {\n  postrender = {\n    binary_path = "/x"\n  }\n}\n',
            ("main.tf:2", "postrender"),
        ),
        ('data "helm_template" "x" {\n  postrender {\n    binary_path = "/x"\n  }\n}\n', ("main.tf:2", "postrender")),
        (
            'resource "helm_release" "x" {\n  dynamic "postrender" {\n    for_each = ["/x"]\n  }\n}\n',
            ("main.tf:2", "postrender"),
        ),
        (
            {"main.tf.json": '{"resource": {"helm_release": {"x": {"postrender": [{"binary_path": "/x"}]}}}}'},
            ("main.tf.json:1", "postrender"),
        ),
        (
            {"main.tf": 'module "m" {\n  source = "./m"\n}\n', "m/main.tf": 'data "external" "x" {\n}\n'},
            ("m/main.tf:1", "external"),
        ),
    ],
)
def test_a_program_is_named(tmp_path, files, expected):
    findings = found(tmp_path, files, executable=NO_CONSOLE)
    assert names(findings.programs) == [expected]
    assert not findings.bypasses


def test_the_sentence(tmp_path):
    hcl = f'data "external" "x" {{\n}}\nresource "null_resource" "x" {{\n  {PROVISIONER.format("local-exec")}}}\n'
    assert [problem.what for problem in found(tmp_path, hcl, executable=NO_CONSOLE).programs] == [
        "data external runs a program with the session's credentials.",
        "local-exec runs a program with the session's credentials.",
    ]


def test_a_release_without_a_renderer_is_none(tmp_path):
    hcl = 'resource "helm_release" "x" {\n  postrender = null\n  dynamic "set" {\n    for_each = []\n  }\n}\n'
    assert not found(tmp_path, hcl, executable=NO_CONSOLE).programs


@pytest.mark.parametrize("kind", ["remote-exec", "file"])
def test_what_runs_on_another_machine_is_none(tmp_path, kind):
    hcl = f'resource "aws_instance" "x" {{\n  {PROVISIONER.format(kind)}}}\n'
    assert not found(tmp_path, hcl, executable=NO_CONSOLE).programs


def test_a_module_that_is_called_twice_names_its_program_once(tmp_path):
    calls = "".join(f'module "{name}" {{\n  source = "./m"\n}}\n' for name in "ab")
    files = {"main.tf": calls, "m/main.tf": 'data "external" "x" {\n}\n'}
    assert names(found(tmp_path, files, executable=NO_CONSOLE).programs) == [("m/main.tf:1", "external")]
