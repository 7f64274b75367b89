"""The floors of README's "How it is built": no import goes up, and those of one floor do not know each other."""

import ast
from pathlib import Path

import pytest

import tfmfa_nb

ROOT = Path(tfmfa_nb.__file__).parent
FLOORS = (
    {"model"},
    {"protocol"},
    {"organization", "environments", "authentication", "terraform"},
    {"prompts"},
    {"runs"},
    {"doctor", "editing"},
    {"views", "sandbox"},
    {"magics", "runbooks", "app"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
# What the topmost floor's rooms may know of each other, and the package of itself.
NEIGHBOURS = len(FLOORS) - 1
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def room(path):
    return path.parts[0].removesuffix(".py")


def imported_by(path):
    """The rooms that a module imports from, those for type checking and inside functions included."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative imports hide the floor"
            names = [node.module]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "tfmfa_nb" and rest:
                yield rest.split(".")[0]


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) != "__init__"], ids=str)
def test_no_import_goes_up(path):
    mine = room(path)
    for other in imported_by(path):
        assert FLOOR[other] <= FLOOR[mine], f"{path} imports {other}, which is above it"
        if FLOOR[other] == FLOOR[mine] and FLOOR[mine] not in {0, NEIGHBOURS}:
            assert other == mine, f"{path} imports its neighbour {other}"


def test_every_room_has_its_floor():
    assert {room(path) for path in MODULES} - {"__init__"} == set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_is_one_concern_s_worth(path):
    assert "util" not in path.stem
