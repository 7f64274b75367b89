"""The table of supported versions says what pyproject.toml, the extension and the code demand, and what is tested."""

import ast
import json
import re
import tomllib
from pathlib import Path

from tfmfa_nb.terraform.executable import LOWEST

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/reference/supported-versions.md").read_text(encoding="utf-8")
ROWS = {row[0]: row[1:] for row in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)}
# What a person may read first says the same.
ELSEWHERE = ["README.md", "docs/how-to/first-account.md"]


def numbers(text):
    return re.findall(r"\d+\.\d+(?:\.\d+)?", text)


def compatible():
    """The versions that `make compatibility` installs."""
    tree = ast.parse((ROOT / "tests/compatibility/conftest.py").read_text(encoding="utf-8"))
    (found,) = (
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSIONS"
    )
    return ast.literal_eval(found)


def test_python():
    supported, tested = ROWS["Python"]
    classified = [
        each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"] if re.search(r"Python :: \d+\.\d+$", each)
    ]
    assert PROJECT["project"]["requires-python"] == f">={numbers(supported)[0]}"
    assert numbers(supported)[0] == classified[0]
    assert set(numbers(tested)) <= set(classified)
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{classified[0].replace('.', '')}"


def test_jupyterlab_and_notebook():
    wanted = {
        name: [numbers(given[place])[0] for given in compatible().values()]
        for place, name in enumerate(["JupyterLab", "Notebook"])
    }
    for name, versions in wanted.items():
        assert numbers(ROWS[name][1]) == versions
        assert versions[0].startswith(numbers(ROWS[name][0])[0])
    groups = PROJECT["dependency-groups"]
    assert f"jupyterlab>={numbers(ROWS['JupyterLab'][0])[0]}" in groups["lab"]
    assert f"notebook>={numbers(ROWS['Notebook'][0])[0]}" in groups["test"]
    package = json.loads((ROOT / "labextension/package.json").read_text(encoding="utf-8"))
    assert package["dependencies"]["@jupyterlab/application"] == f"^{numbers(ROWS['JupyterLab'][1])[0]}"


def test_terraform_and_opentofu():
    for product, lowest in LOWEST.items():
        assert numbers(ROWS[product][0]) == [".".join(map(str, lowest))]


def test_systems():
    systems = [each for each in PROJECT["project"]["classifiers"] if each.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX"]
    assert ROWS["Windows"][0].startswith("no:")


def test_other_pages_say_the_same():
    for name in ELSEWHERE:
        text = (ROOT / name).read_text(encoding="utf-8")
        for what in ("Python", "Terraform", "OpenTofu"):
            assert re.search(rf"{what} {re.escape(numbers(ROWS[what][0])[0])} or later", text), (name, what)


def test_each_bound_of_a_dependency_stands_below_its_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = text.partition("\ndependencies = [\n")[2].partition("\n]")[0].splitlines()
    assert listed[0].strip().startswith("# ")
    assert all(re.fullmatch(r'  (# .*|"[\w-]+>=[\d.]+",)', line) for line in listed), "an upper bound needs a test here"
