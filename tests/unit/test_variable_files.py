"""Which variables a file sets, as Terraform reads it."""

import pytest

from tfmfa_nb.terraform.variable_files import variables_in


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("a.tfvars", 'x = 1\n"y" = 2\nz = {\n  inner = 1\n}\n# w = 1\n', {"x", "z"}),
        ("a.tfvars", "\ufeffx = <<EOT\ny = 1\nEOT\n", {"x"}),
        ("a.tfvars.json", '{"x": 1, "y": {"z": 2}}', {"x", "y"}),
        ("a.tfvars.json", "{", set()),
        ("a.tfvars", "", set()),
    ],
)
def test_the_names_in_a_file(tmp_path, name, text, names):
    (tmp_path / name).write_text(text)
    assert variables_in(tmp_path / name) == names


def test_a_file_that_is_not_there(tmp_path):
    assert variables_in(tmp_path / "none.tfvars") == set()
