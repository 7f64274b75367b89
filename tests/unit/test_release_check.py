"""`make release`: what was not looked at never counts as good."""

import importlib.util
import json
import sys
from email.message import Message
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "packaging" / "release_check.py"


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("release_check", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def place(check, tmp_path, monkeypatch):
    for name in ("PLACE", "TREE", "DIST", "INSTALLED"):
        monkeypatch.setattr(check, name, tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir()
    return tmp_path


def metadata(**fields):
    found = Message()
    for name, value in fields.items():
        for each in [value] if isinstance(value, str) else value:
            found[name.replace("_", "-")] = each
    return found


@pytest.mark.parametrize(
    ("fields", "spdx"),
    [
        ({"License_Expression": "MIT AND PSF-2.0"}, "MIT AND PSF-2.0"),
        ({"Classifier": ["License :: OSI Approved :: BSD License"]}, "BSD-3-Clause"),
        ({"License": "MIT License\n\nPermission is hereby granted"}, "MIT"),
        ({"License": "Apache-2.0"}, "Apache-2.0"),
        ({"License": "MIT-CMU"}, "MIT"),
        ({"License": "Proprietary"}, ""),
        ({}, ""),
    ],
)
def test_the_license_of_a_package(check, fields, spdx):
    assert check.license_of(metadata(**fields)) == spdx


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("MIT", set()),
        ("EPL-2.0 OR GPL-3.0-or-later", set()),
        ("AGPL-3.0-only OR MIT", set()),
        ("AGPL-3.0-only AND MIT", {"AGPL-3.0-only"}),
        ("(MIT AND Zlib)", set()),
        ("AGPL-3.0-only", {"AGPL-3.0-only"}),
    ],
)
def test_a_license_is_known_or_named(check, expression, unknown):
    assert check.unknown_parts(expression) == unknown


def test_each_license_of_the_bundle_is_known(check):
    """Also where the extension was built before: nothing is built here."""
    built = SOURCE.parents[1] / "build/labextension/static/third-party-licenses.json"
    packages = json.loads(built.read_text())["packages"]
    assert packages
    assert {each["name"]: check.unknown_parts(each["licenseId"]) for each in packages} == {
        each["name"]: set() for each in packages
    }


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("metadata", "there is no wheel"),
        ("dependencies", "there is no wheel"),
        ("licenses", "nothing is installed"),
        ("vulnerabilities", "nothing is installed"),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_check_without_what_it_looks_at_fails(check, name, says):
    with pytest.raises(check.Failed, match=says):
        check.CHECKS[name]()


def test_a_package_that_nobody_was_asked_about_fails(check, place, monkeypatch):
    (place / "installed/lib/python3/site-packages").mkdir(parents=True)
    answer = {"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "no answer"}]}
    monkeypatch.setattr(check, "run", lambda *_, **__: json.dumps(answer))
    with pytest.raises(check.Failed, match="not asked about 1 of 2 packages: b"):
        check.check_vulnerabilities()
    answer["dependencies"].pop()
    assert check.check_vulnerabilities() == "none is known of 1 packages"


def test_two_wheels_that_differ_fail(check, place, monkeypatch):
    made = []

    def build(kind):
        path = place / f"{len(made)}.{kind}"
        path.write_text(str(len(made)))
        made.append(path)
        return path

    monkeypatch.setattr(check, "build", build)
    with pytest.raises(check.Failed, match=r"two builds of 0\.wheel differ"):
        check.check_wheel()


@pytest.mark.usefixtures("place")
def test_a_failed_check_is_said_and_the_others_go_on(check, monkeypatch, capsys):
    def fails():
        raise check.Failed("no answer")

    monkeypatch.setattr(check, "CHECKS", {"one": fails, "two": lambda: "fine"})
    monkeypatch.setattr(sys, "argv", ["release_check.py"])
    assert check.main() == 1
    assert capsys.readouterr().out == "FAIL  one: no answer\nok    two: fine\n"
