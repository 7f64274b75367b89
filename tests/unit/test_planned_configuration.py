import zipfile

import pytest

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.planned_configuration import expected_files, planned_files


@pytest.fixture
def plan(tmp_path):
    def of(files):
        path = tmp_path / "plan"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tfplan", "x")
            for name, text in files.items():
                archive.writestr(f"tfconfig/m-{name}", text)
        return path

    return of


def test_a_plan_is_made_from_the_files_of_every_module(tmp_path, plan):
    root = tmp_path / "root"
    (root / "net" / "deep").mkdir(parents=True)
    hcl = 'module "a" {\n  source = "./net"\n}\nmodule "b" {\n  source = "./net"\n}\n'
    (root / "main.tf").write_text(hcl)
    (root / "net" / "x.tf").write_text('module "c" {\n  source = "./deep"\n}\n')
    (root / "net" / "deep" / "y.tf").write_text("# nothing\n")
    configuration = Configuration(root, "terraform", {})
    expected = expected_files(configuration, configuration.files)
    inner, deep = (root / "net" / "x.tf").read_text(), "# nothing\n"
    files = {"/main.tf": hcl, "a/x.tf": inner, "b/x.tf": inner, "a.c/y.tf": deep, "b.c/y.tf": deep}
    assert planned_files(plan(files)) == expected
    assert planned_files(plan({**files, "b.c/y.tf": "# something\n"})) != expected
    assert planned_files(plan({**files, "/z.tf": ""})) != expected


@pytest.mark.parametrize("content", [b"", b"plan", b"PK\x03\x04garbled"])
def test_what_is_no_plan_is_an_error(tmp_path, content):
    (tmp_path / "plan").write_bytes(content)
    with pytest.raises(ValueError, match=r".*"):
        planned_files(tmp_path / "plan")
    with pytest.raises(ValueError, match=r".*"):
        planned_files(tmp_path / "none")
