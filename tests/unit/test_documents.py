"""The tables of docs/security.md and docs/reliability.md name tests that exist, and each index names its pages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("security.md", "reliability.md")}
FILE = re.compile(r"`((?:tests/\w+/)?test_\w+\.py)`")
# A file, and the names of tests in it.
TESTS = re.compile(r"`(tests/\w+/test_\w+\.py)`((?:[:,] `test_\w+`)*)")


def rows(text):
    """The rows of all tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith(("| way", "| promise"))]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_named_file_exists(name):
    named = set(FILE.findall(DOCUMENTS[name]))
    assert len(named) > 10
    for file in named:
        assert (ROOT / file).is_file() or list((ROOT / "tests").glob(f"*/{file}")), file


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_row_names_a_test(name):
    found = rows(DOCUMENTS[name])
    assert len(found) > 20
    assert [row for row in found if "test_" not in row.rpartition("|")[0].rpartition("|")[2]] == []


def test_each_named_test_is_in_its_file():
    text = DOCUMENTS["reliability.md"]
    named = [(file, name) for file, names in TESTS.findall(text) for name in re.findall(r"test_\w+", names)]
    assert len(named) > 40
    assert len(named) == len(re.findall(r"`test_\w+`", text))
    for file, name in named:
        assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), (file, name)


@pytest.mark.parametrize("folder", ["how-to", "explanation", "reference"])
def test_an_index_is_read_without_the_site(folder):
    """It links each page by its title, in the order of the site."""
    place = ROOT / "docs" / folder
    text = (place / "index.md").read_text(encoding="utf-8")
    pages = text.partition("```{toctree}")[2].partition("```")[0].split()[1:]  # after `:hidden:`
    titles = [
        (place / f"{page}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages
    ]
    assert re.findall(r"^[-|] \[(.+?)\]\(([\w-]+)\.md\)", text, re.MULTILINE) == [*zip(titles, pages, strict=True)]
