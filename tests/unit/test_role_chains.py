"""The finder against the corpus: every chain, bypass and unknown, with its place."""

import os
import re
import time
from dataclasses import replace

import pytest
from corpus import FOLDER, NAMES, Case
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import Executable, find_executable
from tfmfa_nb.terraform.role_chains import Findings, find_chains

ENVIRON = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


@pytest.fixture(scope="module")
def executable():
    return find_executable(os.environ)


def summary(hop, like):
    """As much of a hop as is expected."""
    if isinstance(like, str):
        return hop.role_arn
    if "unknown" in like:
        return {"unknown": hop.expression} if hop.role_arn is None else hop.role_arn
    found = {name: getattr(hop, name) for name in like}
    lists = {name: [list(item) if isinstance(item, tuple) else item for item in value]
             for name, value in found.items() if isinstance(value, tuple)}  # fmt: skip
    return found | lists


def said(problem):
    (name,) = re.findall(r"`(\w+)", problem.what)
    return f"{problem.place} {name}{' may' if ' may use ' in problem.what else ''}"


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus(name, tmp_path, executable):
    case = Case.copied(name, tmp_path)
    findings = case.find(executable, ENVIRON)
    expected = case.expected["chains"]
    chains = {
        chain.provider: [
            summary(hop, expected.get(chain.provider, [])[n] if n < len(expected.get(chain.provider, [])) else "")
            for n, hop in enumerate(chain.hops)
        ]
        for chain in findings.chains
    }
    assert chains == expected
    assert sorted(map(said, findings.bypasses)) == sorted(case.expected.get("bypasses", []))
    places = [problem.place for problem in findings.problems]
    wanted = case.expected.get("problems", [])
    assert len(places) == len(wanted)
    assert all(re.fullmatch(want.replace("?", r"\d+"), place) for want, place in zip(wanted, places, strict=True))
    assert [problem.place for problem in findings.unreadable] == case.expected.get("unreadable", [])


NO_CONSOLE = Executable(("/nonexistent/terraform",), "terraform", "1.11.4")


def find(folder, executable, environ=ENVIRON):
    configuration = Configuration(folder, executable.product, environ, version=executable.version)
    return find_chains(configuration, executable=executable, environ=environ)


def find_without_console(folder):
    return find_chains(Configuration(folder, "terraform", {}), executable=NO_CONSOLE, environ={})


SPACE = st.sampled_from(["", " ", "  \t ", ' /* " { */ ', "/* a\n } */ "])
END = st.sampled_from(["\n", "\r\n", ' # } " {\n', " // ${\n\n", " /* { */\n"])
WORD = st.from_regex(r"[a-zé][a-zé0-9_-]{0,8}", fullmatch=True)
ROLE = st.builds("arn:aws:iam::123456789012:role/{}".format, WORD)


@st.composite
def assume_role(draw):
    role, order = draw(ROLE), draw(st.permutations(["role", "name", "id"]))
    lines = {
        "role": f'role_arn{draw(SPACE)}={draw(SPACE)}"{role}"{draw(END)}',
        "name": f'session_name = "s"{draw(END)}' if draw(st.booleans()) else draw(END),
        "id": 'external_id = "role_arn" # = "x" {\n' if draw(st.booleans()) else "",
    }
    return f"assume_role{draw(SPACE)}{{{draw(END)}{''.join(lines[name] for name in order)}}}{draw(END)}", role


@st.composite
def provider_block(draw):
    alias, roles = draw(st.none() | WORD), draw(st.lists(assume_role(), max_size=3))
    others = [f'region = "x"{draw(END)}', f'default_tags {{\n  tags = {{ a = "role_arn" }}\n}}{draw(END)}']
    if alias:
        others.append(f'alias{draw(SPACE)}= "{alias}"{draw(END)}')
    parts = [text for text, _ in roles]
    for other in others:
        parts.insert(draw(st.integers(0, len(parts))), other)
    quoted = draw(st.sampled_from(["aws", '"aws"']))
    text = f"provider {draw(SPACE)}{quoted}{draw(SPACE)} {{{draw(END)}{''.join(parts)}}}{draw(END)}"
    return text, (f"aws.{alias}" if alias else "aws", tuple(role for _, role in roles))


@given(st.lists(provider_block(), max_size=4), st.booleans())
@settings(max_examples=80, deadline=None)
def test_any_layout(tmp_path_factory, blocks, bom):
    folder = tmp_path_factory.mktemp("layout")
    text = "".join(text for text, _ in blocks)
    (folder / "main.tf").write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
    findings = find_without_console(folder)
    found = [(chain.provider, tuple(hop.role_arn for hop in chain.hops)) for chain in findings.chains]
    assert found == [expected for _, expected in blocks]
    assert findings.problems == findings.bypasses == ()


SYNTAXES = (".tf", ".tf.json", ".tofu", "modules.json")
FILES = sorted(file for file in FOLDER.rglob("*") if file.is_file() and file.name.endswith(SYNTAXES))


@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60), st.binary(max_size=6)), min_size=1, max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_no_garbled_file_is_too_much(tmp_path_factory, file, cuts):
    source = file.read_bytes()
    for at, length, inserted in cuts:
        source = source[:at] + inserted + source[at + length :]
    case = Case.copied(file.relative_to(FOLDER).parts[0], tmp_path_factory.mktemp("garbled"))
    inner = file.relative_to(FOLDER / case.folder.name).as_posix().replace("dot_terraform", ".terraform")
    (case.folder / inner).write_bytes(source)
    case.find(NO_CONSOLE, {})


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_file_that_is_being_written(tmp_path, cut):
    case = Case.copied("dynamic-between-static", tmp_path)
    file = case.folder / "main.tf"
    file.write_bytes(file.read_bytes()[:cut])
    case.find(NO_CONSOLE, {})


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "main.tf").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.tf").symlink_to(tmp_path / "loop.tf")
    os.mkfifo(tmp_path / "pipe.tf")
    findings = find_without_console(tmp_path)
    assert [problem.place for problem in findings.unreadable] == ["loop.tf", "main.tf", "pipe.tf"]
    assert {problem.name for problem in findings.unreadable} == {"unreadable"}
    assert replace(findings, unreadable=()) == Findings()
    assert find_without_console(tmp_path / "missing") == Findings()  # an environment before its first plan


@pytest.mark.parametrize("source", ["." + "/x" * 5000, "./" + "x" * 5000, "./main.tf"], ids=range(3))
def test_a_module_whose_source_is_no_folder(tmp_path, source):
    (tmp_path / "main.tf").write_text(f'module "net" {{\n  source = "{source}"\n}}\n')
    found = find_without_console(tmp_path)
    assert [problem.what for problem in found.unreadable] == ["The module net cannot be read: no such folder."]
    assert not found.problems


@pytest.mark.parametrize("value", ["terraform_data.x.output", "var.secret"])
def test_an_argument_whose_value_cannot_be_known_is_told_from_one_that_is_not_there(tmp_path, executable, value):
    (tmp_path / "main.tf").write_text(f"""
variable "secret" {{
  default   = "agreed"
  sensitive = true
}}
provider "aws" {{
  assume_role {{
    role_arn    = "arn:x"
    external_id = {value}
  }}
  assume_role {{
    role_arn    = "arn:y"
    external_id = null
  }}
}}
""")
    configuration = Configuration(tmp_path, executable.product, ENVIRON)
    (chain,) = find_chains(configuration, executable=executable, environ=ENVIRON).chains
    assert [(hop.external_id, hop.unknown) for hop in chain.hops] == [(None, ("external_id",)), (None, ())]
    assert [hop.can_be_tried for hop in chain.hops] == [False, True]


@pytest.mark.quiet
def test_ten_thousand_lines(tmp_path, executable):
    resource = 'resource "aws_ssm_parameter" "p{n}" {{\n  name = "/${{var.env}}/{n}"\n  value = local.l{n}\n}}\n'
    local = 'locals {{\n  l{n} = "x-${{var.env}}"\n}}\n'
    parts = [(resource + local).format(n=n) for n in range(1_400)]
    parts += [
        f'provider "aws" {{\n  alias = "a{n}"\n  assume_role {{\n    role_arn = "arn:${{local.l{n}}}"\n  }}\n}}\n'
        for n in range(100)
    ]
    text = 'variable "env" {\n  default = "e"\n}\n' + "".join(parts)
    assert text.count("\n") > 10_000
    (tmp_path / "main.tf").write_text(text)
    began = time.process_time()
    configuration = Configuration(tmp_path, executable.product, ENVIRON)
    findings = find_chains(configuration, executable=executable, environ=ENVIRON)
    took = time.process_time() - began
    assert {hop.role_arn for chain in findings.chains for hop in chain.hops} == {"arn:x-e"}
    assert len(findings.chains) == 100
    assert took < 1


def deep(folder, depth, text='provider "aws" {\n}\n'):
    """Modules in modules, each with a provider."""
    for n in range(depth):
        inner = folder / f"m{n}"
        inner.mkdir()
        (inner / "main.tf").write_text(f'module "n" {{\n  source = "../m{n + 1}"\n}}\n{text}')
    (folder / f"m{depth}").mkdir()
    (folder / "main.tf").write_text('module "n" {\n  source = "./m0"\n}\n')


def test_a_deep_tree_of_modules_is_gone_through_once_per_call(tmp_path):
    deep(tmp_path, 199)
    findings = find_without_console(tmp_path)
    assert len(findings.chains) == 199
    assert not findings.unreadable


def test_what_is_deeper_is_told_and_not_skipped(tmp_path):
    deep(tmp_path, 210)
    findings = find_without_console(tmp_path)
    assert len(findings.chains) == 200
    (problem,) = findings.unreadable
    assert (problem.place, problem.name) == ("m199/main.tf:1", "unreadable")
    assert problem.what == "The module n cannot be read: it is nested more than 200 deep."


def test_a_profile_far_down_is_found(tmp_path, executable):
    deep(tmp_path, 30, 'variable "p" {\n  default = "ops"\n}\n')
    (tmp_path / "m30" / "main.tf").write_text('provider "aws" {\n  profile = "o${"p"}s"\n}\n')
    (problem,) = find(tmp_path, executable).bypasses
    assert (problem.place, problem.name) == ("m30/main.tf:2", "profile")
    assert "uses an AWS profile" in problem.what


def test_modules_that_call_each_other_without_end_are_told_soon(tmp_path):
    calls = "".join(f'module "{name}" {{\n  source = "./{name}"\n}}\n' for name in "ab")
    (tmp_path / "main.tf").write_text(calls)
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(calls)
        for inner in "ab":
            (tmp_path / name / inner).symlink_to(tmp_path / inner)
    assert "more than 2000 modules" in find_without_console(tmp_path).unreadable[-1].what
