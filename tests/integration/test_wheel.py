"""What a person installs has both halves, whether their machine has Node or not."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import PurePath

import pytest
from lab import ROOT

import tfmfa_nb

SOURCES = ROOT / "labextension"
INSTALLED = "share/jupyter/labextensions/tfmfa_nb"
LARGEST = 350_000  # bytes; @jupyter-widgets/base alone would bring as many again
LARGEST_LAYOUT = 1_600_000  # bytes


def without_node(tmp_path):
    """An environment whose PATH has everything but Node and npm."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in os.scandir(place) if os.path.isdir(place) else ():  # noqa: PTH112
            if program.name not in {"node", "nodejs", "npm", "npx"}:
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program.path)
    assert shutil.which("node", path=str(folder)) is None
    return {**os.environ, "PATH": str(folder)}


def build(kind, root, out, environment=None):
    """Build a wheel or an sdist with this environment's tools; what was said, and the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return done.stdout + done.stderr, made


def data_files(wheel):
    """The names and sizes of the labextension's files in `wheel`, as they are installed."""
    with zipfile.ZipFile(wheel) as archive:
        entries = {entry.filename: entry.file_size for entry in archive.infolist()}
    prefix = f"tfmfa_nb-{tfmfa_nb.__version__}.data/data/{INSTALLED}/"
    return {name.removeprefix(prefix): size for name, size in entries.items() if name.startswith(prefix)}


def without_hashes(files):
    return {re.sub(r"\.[0-9a-f]{16}(?=\.js$)", "", name) for name in files}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))[1]


def test_both_halves_have_the_same_version():
    package = json.loads((SOURCES / "package.json").read_text())
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    widgets = re.search(r"VERSION = '(.*)'", (SOURCES / "src" / "widgets" / "version.ts").read_text())[1]
    versions = {package["version"], lock["version"], project["version"], widgets, tfmfa_nb.__version__}
    assert versions == {tfmfa_nb.__version__}
    assert package["name"] == json.loads((ROOT / "install.json").read_text())["packageName"] == "tfmfa_nb"


def test_the_lock_file_names_no_registry():
    """Each machine fetches from the registry that it is set to."""
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())


@pytest.mark.thorough
def test_the_wheel_carries_a_small_extension(wheel):
    files = data_files(wheel)
    assert {"package.json", "install.json", "static/style.js"} <= files.keys()
    assert any(re.fullmatch(r"static/remoteEntry\..*\.js", name) for name in files)
    scripts = {name: size for name, size in files.items() if name.endswith(".js")}
    # The layout of the dependency picture is one file by itself, which no page loads before somebody opens a picture.
    *others, layout = sorted(scripts.values())
    assert sum(others) < LARGEST, scripts
    assert layout < LARGEST_LAYOUT, scripts


@pytest.mark.thorough
def test_pip_installs_it_where_there_is_no_node(wheel, tmp_path):
    environment = without_node(tmp_path)
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, env=environment)
    python = str(place / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, env=environment)
    # JupyterLab itself from this environment; what is installed, and where, from the new one.
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if "site-packages" in path)
    environment["JUPYTER_NO_CONFIG"] = "1"
    listed = subprocess.run(
        [python, "-m", "jupyterlab.labextensions", "list", "--verbose"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    shown = re.sub(r"\x1b\[\d*m", "", listed.stdout + listed.stderr)
    assert f"{place}/share/jupyter/labextensions\n" in shown
    assert f"tfmfa_nb v{tfmfa_nb.__version__} enabled OK (python, tfmfa_nb)" in shown


@pytest.mark.thorough
def test_an_sdist_brings_it_built_and_a_bare_checkout_is_built_without_a_node_of_its_own(wheel, tmp_path):
    environment = without_node(tmp_path)
    _, sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.glob("tfmfa_nb-*")
    assert not (tree / "labextension" / "node_modules").exists()
    _, again = build("wheel", tree, tmp_path / "again", environment)
    assert data_files(again) == data_files(wheel)
    assert not (tree / "labextension" / "node_modules").exists()

    shutil.rmtree(tree / "build")
    _, bare = build("wheel", tree, tmp_path / "bare", environment)
    assert (tree / "labextension" / "node_modules").is_dir()
    # The hashes in the names, which remoteEntry lists, depend on the folder too.
    assert without_hashes(data_files(bare)) == without_hashes(data_files(wheel))


def test_a_build_that_is_told_to_goes_without(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=lambda *_: {".venv", ".git", "build", "node_modules", "lib"})
    environment = {**without_node(tmp_path), "SKIP_JUPYTER_BUILDER": "1"}
    _, bare = build("wheel", tree, tmp_path / "bare", environment)
    assert data_files(bare) == {}


def test_where_nothing_can_build_it_the_error_says_what_can(tmp_path):
    without_packages = [sys.executable, "-S", str(SOURCES / "hatch_build.py"), "lint"]
    done = subprocess.run(without_packages, env=without_node(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.search(r"requires Node\.js 20\.19 or later .* set SKIP_JUPYTER_BUILDER=1\.$", last)


@pytest.mark.thorough
def test_a_build_that_fails_fails_the_installation_and_says_how_to_go_without(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=lambda *_: {".venv", ".git", "build", "node_modules", "lib"})
    (tree / "labextension" / "src" / "index.ts").write_text("this is no TypeScript\n")
    (tree / "labextension" / "node_modules").symlink_to(SOURCES / "node_modules")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(tree),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "The JupyterLab extension was not built: `npm run compile` failed with exit code" in done.stderr
    assert "To install without the extension, set SKIP_JUPYTER_BUILDER=1." in done.stderr
    assert not list(tmp_path.glob("*.whl"))


def test_a_build_that_made_nothing_fails(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=lambda *_: {".venv", ".git", "build", "node_modules", "lib"})
    (tree / "labextension" / "hatch_build.py").write_text("def build(*_, **__):\n    pass\n")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "build/labextension/package.json" in done.stderr


@pytest.mark.thorough
def test_the_python_package_has_no_script_and_no_style(wheel):
    with zipfile.ZipFile(wheel) as archive:
        package = {PurePath(name).suffix for name in archive.namelist() if name.startswith("tfmfa_nb/")}
    assert ".py" in package
    assert package.isdisjoint({".js", ".css", ".html"})


def test_nothing_that_runs_code_of_a_notebook_is_installed_with_it():
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert not [each for each in requirements if each.startswith("anywidget")]
