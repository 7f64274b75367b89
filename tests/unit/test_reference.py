"""The reference: whatever the code offers is documented, and whatever is documented is offered."""

import ast
import importlib
import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest
from from_code import PARTS, benchmarks, command_line, errors, filled, magics, protocol, settings

from tfmfa_nb.doctor.finding import Severity
from tfmfa_nb.model.errors import AuthenticationError, ConfigurationError, TfmfaError
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.organization.policy_parser import PolicyParser
from tfmfa_nb.runbooks.outcome import ExitCode, outcome_of_error
from tfmfa_nb.runs.audit import trail

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tfmfa_nb").rglob("*.py")}
VARIABLE = re.compile(r"(?:TFMFA|AWS|TF|XDG|SSL|LD|DYLD|HTTPS?|SSH|TERRAFORM|CHECKPOINT|REQUESTS)_[A-Z_]*[A-Z]")
# Names that look like variables, and those that only the sandbox, or a program that is started, reads.
NO_VARIABLES = {
    "TFMFA_JSON",  # stands for a document of JSON in HCL
    "TFMFA_PROGRAM",  # marks the processes of a program
    "HTTP_TRANSFER_ENCODING",  # headers of the sandbox's requests
    "HTTP_X_MOTO_ACCOUNT_ID",
    "SSH_ASKPASS_REQUIRE",
}


def page(name):
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def rows(text, heading):
    """The first cells of the table below a heading, and their second ones."""
    section = text.partition(f"\n{heading}\n")[2]
    section = re.split(r"^#", section, maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", section, re.MULTILINE))


def constants():
    """The texts in the sources, docstrings excepted."""
    for text in SOURCES.values():
        tree = ast.parse(text)
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
                yield node.value


def test_each_page_asks_for_parts_that_there_are():
    asked = re.findall(
        r"<!-- from the code: ([\w ]+) -->", "".join(map(page, (p.stem for p in REFERENCE.glob("*.md"))))
    )
    assert sorted(asked) == sorted(PARTS)


def test_whoever_reads_a_page_in_a_checkout_is_told_what_it_lacks():
    for text in (page(file.stem) for file in REFERENCE.glob("*.md")):
        assert text.count("<!-- from the code: ") == text.count(
            " -->\n*In a checkout, this part is missing: `make docs` "
        )
        assert "In a checkout" not in filled(text)


def test_a_part_that_there_is_not():
    with pytest.raises(KeyError):
        filled("<!-- from the code: nothing -->")


def test_each_magic_is_documented_with_each_option():
    text = PARTS["magics"]()
    registered = {
        name
        for path in ("magics", "terraform_magics")
        for node in ast.walk(ast.parse(SOURCES[ROOT / "tfmfa_nb" / "magics" / f"{path}.py"]))
        if isinstance(node, ast.AsyncFunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id.endswith("_magic") for mark in node.decorator_list)
        for name in [node.name]
    }
    assert set(re.findall(r"^## `%(\w+)`$", text, re.MULTILINE)) == registered == set(magics.options())
    for found in magics.options().values():
        assert [option.flags for option in found if not option.text.strip()] == []


def test_each_option_of_the_command_line_is_documented():
    """Whatever a source gives to a parser of a command stands in the help that the page shows."""
    text, stated = PARTS["commands"](), set()
    for path, source in SOURCES.items():
        if "parser: argparse.ArgumentParser" in source and path.parent.name != "magics":
            for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
                if getattr(call.func, "attr", getattr(call.func, "id", "")) in {"add", "add_argument", "add_parser"}:
                    words = [
                        node.value for each in call.args for node in ast.walk(each) if isinstance(node, ast.Constant)
                    ]
                    stated.update(word for word in words if isinstance(word, str))
    assert len(stated) > 20
    assert {word for word in stated if not re.search(rf"(?<![\w-]){re.escape(word.upper())}\b", text.upper())} == set()


def test_each_exit_code_is_documented():
    codes = command_line.codes()
    assert set(codes["run"]) == {*map(int, ExitCode), 2}
    assert set(codes["doctor"]) == {severity.exit_code for severity in Severity}
    assert set(codes[""]) == {0, 1, 2, 130}
    for name, listed in codes.items():
        for code in listed:
            assert f"| `{f'jupyter tfmfa {name}'}` | {code} |" in PARTS["exit codes"]() or not name


def test_each_setting_is_documented():
    assert [name for name, trait in settings.traits().items() if not trait.help] == []
    assert len(settings.traits()) > 5


def test_each_error_is_documented():
    nodes = [node for text in SOURCES.values() for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    classes = {TfmfaError.__name__}
    while more := {
        node.name
        for node in nodes
        if node.name not in classes and classes & {base.id for base in node.bases if isinstance(base, ast.Name)}
    }:
        classes |= more
    assert len(classes) > 10
    assert set(re.findall(r"^## `(\w+)`$", PARTS["errors"](), re.MULTILINE)) == classes - {TfmfaError.__name__}
    assert sum(map(len, errors.raised().values())) > 150
    assert all(kind.__doc__ for kind in errors.kinds().values())


def test_each_kind_of_refusal_ends_a_runbook_as_one_wherever_its_class_is():
    for name, kind in errors.kinds().items():
        refused = outcome_of_error(name, "", cell="").exit_code is ExitCode.NOT_AUTHENTICATED
        assert refused is issubclass(kind, AuthenticationError), name


def test_each_environment_variable_is_documented():
    read = {name for text in constants() if (name := text) and VARIABLE.fullmatch(name)} - NO_VARIABLES
    documented = set(re.findall(r"^\| `(\w+)` \|", page("environment-variables"), re.MULTILINE)) - {"TF_VAR_name"}
    assert read - documented == set()
    text = "\n".join(SOURCES.values())
    assert {name for name in documented if name not in text} - {"XDG_STATE_HOME"} == set()


@pytest.mark.parametrize(
    ("heading", "document"),
    [
        ("## Keys", {}),
        ("### `[[minimum]]`", {"minimum": [{"qqqqqqq": 1}]}),
        ("### `[[policy_check]]`", {"policy_check": [{"qqqqqqq": 1}]}),
        ("### `[approvals]`", {"approvals": {"*": {"qqqqqqq": 1}}}),
        ("### `[[notification]]`", {"notification": [{"qqqqqqq": 1}]}),
        ("### `[session]`", {"session": {"qqqqqqq": 1}}),
        ("### `[allow]`", {"allow": {"qqqqqqq": 1}}),
        ("### `[audit]`", {"audit": {"qqqqqqq": 1}}),
    ],
)
def test_each_key_of_the_policy_is_documented(heading, document):
    with pytest.raises(ConfigurationError) as caught:
        PolicyParser(Path("policy.toml")).layer(document or {"qqqqqqq": 1})
    known = caught.value.remedy.removeprefix("Supported keys: ").removesuffix(".").split(", ")
    assert sorted(rows(page("policy"), heading)) == sorted(known)


def test_each_prompt_that_a_policy_may_name_is_documented():
    kinds = rows(page("policy"), "### `[allow]`")["prompts"]
    assert re.findall(r"`(\w+)`", kinds) == list(PromptKind)


def test_the_complete_example_has_each_key_and_is_a_policy():
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page("policy"), re.MULTILINE | re.DOTALL)
    document = tomllib.loads(example)
    layer = PolicyParser(Path("policy.toml")).layer(document)
    assert (layer.mfa, len(layer.minimums), layer.policy_checks[0].seconds) == (True, 2, 60)
    assert document.keys() == rows(page("policy"), "## Keys").keys()
    assert document["allow"].keys() == rows(page("policy"), "### `[allow]`").keys()
    assert document["audit"].keys() == rows(page("policy"), "### `[audit]`").keys()


def test_each_block_of_json_is_json():
    blocks = [
        block
        for path in (ROOT / "docs").rglob("*.md")
        for block in re.findall(r"^```json\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    ]
    assert blocks
    for block in blocks:
        json.loads(block)


def test_each_option_in_a_cell_of_a_page_is_one_of_its_magic_s():
    """Also where a page speaks of an option in its text."""
    seen, known = 0, magics.options()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for name, rest in re.findall(r"(?:^ *|`)%%?(tf\w+)([^`\n#]*)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name in known, (path, name)
            flags = {flag for option in known[name] for flag in option.flags}
            for given in re.findall(r"(?<=\s)(--[a-z][a-z-]+|-[eC])(?=[\s=]|$)", rest):
                assert given in flags, (path, name, given)
                seen += 1
    assert seen > 15


def test_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / link).exists(), link


def test_the_readme_quotes_the_figures_that_were_saved():
    """If not, `make benchmarks` writes its table anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    written = text.partition("<!-- benchmarks: begin -->\n")[2].partition("<!-- benchmarks: end -->")[0]
    assert written == benchmarks.quoted()
    assert len(written.splitlines()) > 3


@pytest.fixture
def run_all(monkeypatch):
    """`benchmarks/all.py` as a module."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # what the benchmarks share
    spec = importlib.util.spec_from_file_location("run_all", ROOT / "benchmarks" / "all.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_make_benchmarks_runs_each_of_them(run_all):
    measuring = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "def main()" in path.read_text("utf-8")}
    assert set(run_all.PARTS) == measuring - {"all"}


@pytest.mark.usefixtures("run_all")
def test_a_fleet_is_compared_with_each_other_way_to_plan_as_many_environments(tmp_path):
    fleet = importlib.import_module("fleet")
    seconds = {"xargs": 2.0, "shown": 3.0, "runs": 8.0, "fleet": 4.0}
    codes = {"fleet": 1, "runs": 10}
    found = [
        fleet.Planned(way, 10, each, each / 2, fleet.Memory(tmp_path), codes.get(way, 0))
        for way, each in seconds.items()
    ]
    figures = [*fleet.figures([*found, fleet.Planned("fake", 100, 5.0, 1.0, fleet.Memory(tmp_path))], " with AWS")]
    assert [(each.what, each.ours, each.theirs) for each in figures] == [
        ("fleet of 10 with AWS planned", 4.0, 2.0),
        ("fleet of 10 with AWS planned", 4.0, 3.0),
        ("fleet of 10 with AWS planned", 4.0, 8.0),
        ("fleet of 10 with AWS, codes", 1, 10),
        ("fleet of 100 with AWS, its own part", 5.0, None),
    ]


def test_no_page_has_a_figure_of_a_benchmark_of_its_own():
    """Where a page speaks of a ratio or of milliseconds, it is one of those that were saved."""
    saved = PARTS["benchmarks"]() + benchmarks.quoted()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for said in re.findall(r"\b\d[\d.,]* (?:ms|times as (?:fast|slow|long))\b", path.read_text(encoding="utf-8")):
            assert said in saved, (path, said)


def events_of(call, module):
    """The names of the events that a call writes, by their texts or by the constants that hold them."""
    first = call.args[0] if call.args else call
    found = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    for each in found:
        if isinstance(each, ast.Constant):
            yield each.value
        elif isinstance(each, ast.Name) and hasattr(module, each.id):
            yield getattr(module, each.id)


def test_each_event_of_the_audit_trail_is_documented():
    written = {trail.CHANGED, trail.TORN, "level", "policy"}  # the last two: runs/gate/level_setting.py
    for path, text in SOURCES.items():
        if path.parts[-2] == "sandbox" or not re.search(r"\.audit\(|trail\.write\(", text):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            if re.search(r"\.audit$|trail\.write$", ast.unparse(call.func)):
                written |= set(events_of(call, module))
    assert set(rows(page("files"), "## Audit trail")) == written


def test_each_message_and_each_of_its_fields_is_documented():
    text = PARTS["messages"]()
    assert len(protocol.known()) > 50
    for name, kind in protocol.known().items():
        assert f"## `{name}`\n" in text
        assert kind.__doc__


def test_pages_need_no_more_than_the_site():
    """No page refers to anything that a reader would have to fetch from elsewhere to see it."""
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    assert "http" not in conf
    for path in (ROOT / "docs").rglob("*.md"):
        assert not re.search(r"!\[[^\]]*\]\(http", path.read_text(encoding="utf-8")), path
