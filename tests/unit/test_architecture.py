"""How the package is built: the architecture page, floors, circles, what a module knows, who sees a secret."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from house import House, circle, drawn, shortest_form

import tfmfa_nb

ROOT = Path(tfmfa_nb.__file__).parent
HOUSE = House(ROOT)
# No import goes up, and the rooms of one floor do not know each other.
FLOORS = (
    {"model"},
    {"protocol"},
    {"organization", "environments", "authentication", "terraform"},
    {"prompts"},
    {"runs"},
    {"fleet"},
    {"remote"},
    {"doctor", "editing"},
    {"views", "sandbox"},
    {"notifications"},
    {"agents", "magics", "runbooks", "app"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
TOP = FLOORS[-1]  # the entrances, which may know each other
# How many of ours a module may know. What knows more decides too much: a part of it is a concern of its own.
FAN_OUT = 15

# Who takes a secret out of its holder, besides `authentication` (sends it to AWS) and `prompts` (ask for it).
REVEALS = {
    "model.redaction": "masks the values that it holds",
    "organization.variable_values": "checks the form of a secret key that was just given",
    "organization.keychain": "writes it into the OS keychain",
    "runs.approvals.answering": "reads the digits of the code that an approver has typed",
    "runs.gate.exchange": "reads the digits of the code that was typed",
    "runs.gate.long_term_key": "gives Terraform the person's own key while no level asks for a code",
    "runs.gate.alias": "copies the key for a look-up that outlives the phase",
    "runbooks.input_responder": "hands what was typed on to the kernel that asks",
    "notifications.senders": "signs what a webhook gets, and names Apprise's service",
    "remote.job_making": "seals the session of a role, and what to mask, for a worker",
    "terraform.process": "tells Terraform's supervisor what to mask",
}
# Modules of one name in different folders: which is meant must be plain from where it stands.
NAMESAKES = {
    "__main__": "Python's own name of what `python -m` runs: the command line, and the sandbox's process",
    "command": "of `jupyter tfmfa` (two), of Terraform, and the person's that prints a code",
    "completion": "in JupyterLab, and in IPython",
    "events": "of a run, and of Terraform's JSON",
    "form": "its prompt and its view",
    "levels": "the words, and what the gate makes of them",
    "options": "of a run, and how they complete",
    "outcome": "of a run, and of a runbook",
    "plan": "the phase, and what Terraform planned",
    "roles": "what a role is, how Terraform names it, how AWS is asked for it, how the gate takes it",
    "runner": "the protocol of the headless runner, and the prompt that speaks it",
    "terminal": "of each kind the one for a terminal: prompt, form, view, runbook",
    "verify": "an audit trail, and an executed runbook against it",
}

# Who prints by itself, instead of by `model.visible.say`, which shows what is hidden in names that strangers chose.
PRINTS = {
    "model.visible": "`say` itself",
    "app.shell_completion": "code for a shell",
    "doctor.command": "JSON",
    "magics.defined_options": "the help of a magic",
    "runbooks.demo": "lines with colors, sanitized",
    "runbooks.display": "lines with colors, sanitized",
    "runbooks.records_command": "lines of JSON",
    "sandbox.__main__": "what the sandbox itself says",
    "sandbox.command": "what the sandbox itself says",
    "sandbox.start_command": "what the sandbox itself says",
}


@pytest.mark.parametrize("room", sorted(HOUSE.rooms))
def test_no_import_goes_up(room):
    for other in HOUSE.rooms[room]:
        assert FLOOR[other] <= FLOOR[room], f"{room} imports {other}, which is above it"
        assert FLOOR[other] < FLOOR[room] or room in TOP, f"{room} imports its neighbor {other}"


def test_every_room_has_its_floor():
    assert set(HOUSE.rooms) == set(FLOOR)


def test_nothing_is_known_in_a_circle():
    assert circle(HOUSE.known) == []
    assert circle(HOUSE.rooms) == []


def test_the_sandbox_is_on_no_way_of_a_real_run():
    known_by = {name for name, known in HOUSE.known.items() if any(each.startswith("sandbox") for each in known)}
    assert {name for name in known_by if not name.startswith("sandbox")} == {"app", "runbooks.demo"}


def test_what_is_printed_is_made_visible_first():
    def prints(module):
        return any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(module.tree))

    printing = {name for name, module in HOUSE.modules.items() if prints(module)}
    assert printing == set(PRINTS)


def test_a_circle_is_found_however_late_it_closes(tmp_path):
    """The guard above: an import in a function counts, and so do one for type checking and a class by its name."""
    package = tmp_path / "tfmfa_nb"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inner/__init__.py").touch()
    (package / "first.py").write_text("def call():\n    from tfmfa_nb.inner import second\n")
    (package / "inner/second.py").write_text("if TYPE_CHECKING:\n    from tfmfa_nb.third import Third\n")
    (package / "third.py").write_text("import tfmfa_nb.fourth\n")
    (package / "fourth.py").write_text("command = 'tfmfa_nb.inner.second.Command'\nrun = ['-m', 'tfmfa_nb.first']\n")
    house = House(package)
    assert house.known["first"] == {"inner.second"}
    assert set(circle(house.known)) == {"inner.second", "third", "fourth"}
    assert set(circle(house.rooms)) == {"inner", "third", "fourth"}


def test_the_architecture_page_draws_what_is_imported():
    """Each arrow is an import, and each import is an arrow or lies on a way of several."""
    picture, imports = drawn((ROOT.parent / "docs" / "architecture.md").read_text()), shortest_form(HOUSE.rooms)
    assert picture == imports


@pytest.mark.parametrize("name", sorted(HOUSE.modules))
def test_a_module_knows_few_others(name):
    assert len(HOUSE.known[name]) <= FAN_OUT, sorted(HOUSE.known[name])


def test_only_those_with_a_reason_reveal_a_secret():
    """No other module calls `reveal`, or names it to have it called."""
    named = {
        name
        for name, module in HOUSE.modules.items()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr == "reveal")
        or (isinstance(node, ast.Constant) and node.value == "reveal")
    }
    assert {name for name in named if HOUSE.modules[name].room not in {"authentication", "prompts"}} == set(REVEALS)


def test_a_name_is_given_once():
    """Whoever hears of a module knows which one it is; a package's own file has its package's name."""
    found = defaultdict(list)
    for name, module in HOUSE.modules.items():
        if module.path.stem != "__init__":
            found[module.path.stem].append(name)
    assert {name: where for name, where in found.items() if len(where) > 1 and name not in NAMESAKES} == {}
    assert [name for name in NAMESAKES if len(found[name]) < 2] == []  # a reason that nobody needs


def test_a_name_says_what_is_inside():
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = set(HOUSE.modules)
    for module in HOUSE.modules.values():
        names |= {node.name for node in ast.walk(module.tree) if isinstance(node, kinds)}
    assert [name for name in names if "util" in name.lower() or "helper" in name.lower()] == []
