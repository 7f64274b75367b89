"""Terraform's commands in their classes, and what of them would go past the gate."""

import subprocess
from pathlib import Path

import pytest
from reader import ENVIRON

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.terraform.command_help import check_options
from tfmfa_nb.terraform.command_table import COMMANDS, REFUSED_COMMANDS, Call, read_call, read_expression
from tfmfa_nb.terraform.executable import find_executable

HERE = Path("/books")


@pytest.mark.parametrize(
    ("line", "command", "arguments", "phase"),
    [
        ("state list", "state list", (), Phase.READ),
        ("state list -id=x module.a", "state list", ("-id=x", "module.a"), Phase.READ),
        ("state mv a.b a.c", "state mv", ("a.b", "a.c"), Phase.CHANGE),
        ("providers", "providers", (), Phase.READ),
        ("providers schema -json", "providers schema", ("-json",), Phase.READ),
        ("providers lock", "providers lock", (), Phase.CHECK),
        ("validate -json", "validate", ("-json",), Phase.CHECK),
        ("workspace select prod", "workspace select", ("prod",), Phase.READ),
        ("workspace select -or-create prod", "workspace select", ("-or-create", "prod"), Phase.CHANGE),
        ("workspace select --or-create=true prod", "workspace select", ("--or-create=true", "prod"), Phase.CHANGE),
        # What the table does not have may change anything.
        ("frobnicate x", "frobnicate", ("x",), Phase.CHANGE),
        ("state frobnicate x", "state frobnicate", ("x",), Phase.CHANGE),
        ("providers frobnicate", "providers frobnicate", (), Phase.CHANGE),
    ],
)
def test_a_command_and_its_class(line, command, arguments, phase):
    call = read_call(line.split())
    assert (call.command, call.arguments, call.kind.phase) == (command, arguments, phase)


def test_a_code_is_asked_for_by_the_class():
    asked = {
        phase: [level for level in Level if level.asks_before(phase)]
        for phase in (Phase.CHECK, Phase.READ, Phase.CHANGE)
    }
    assert asked == {
        Phase.CHECK: [],
        Phase.READ: [Level.PLANS_AND_APPLIES],
        Phase.CHANGE: [Level.APPLIES_ONLY, Level.PLANS_AND_APPLIES],
    }


def test_options_that_we_add_stand_before_the_arguments():
    call = read_call(["state", "replace-provider", "a", "b"])
    assert call.argv(HERE, "-lock-timeout=1s") == (
        "state",
        "replace-provider",
        "-auto-approve",
        "-lock-timeout=1s",
        "a",
        "b",
    )


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("plan -out=x", "%tfplan"),
        ("apply -auto-approve", "%tfapply"),
        ("destroy", "--destroy"),
        ("init -backend-config=profile=x", "%tfplan"),
        ("login", "terminal"),
        ("logout app.terraform.io", "terminal"),
        ("console", "%tfconsole"),
        ("output -json", "%tfoutput"),
        ("state pull", "--out FILE"),
        ("stacks list", "elsewhere"),
        ("query", "examines"),
        ("env delete -force prod", "workspace"),
    ],
)
def test_a_command_that_is_not_run_says_what_does_it(line, remedy):
    with pytest.raises(ConfigurationError, match="is not run here") as caught:
        read_call(line.split())
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "line",
    [
        *("-chdir=../other state list", "state list -chdir=../other", "-version", "", '"" apply', "-help", " "),
        *("state list -state=other.tfstate", "state list --state other.tfstate", "state mv -state-out=x a b"),
        *("state rm -backup=/tmp/x a", "state mv -backup-out=x a b", "import -config=../other a b"),
        *("state rm -lock=false a", "refresh -lock=false", "refresh -var=a=b", "import -var-file=x a b"),
        *("frobnicate -backend-config=access_key=AKIA", "graph -plan=other.tfplan", "show -json", "show --json=true"),
        *(
            "show -show-sensitive",
            "refresh -json-into=x",
            "test -json",
            "test -junit-xml=../main.tf",
            "test -test-directory=../other",
            "test -cloud-run=x",
        ),
        *("validate -test-directory=x", "import -input=true a b", "workspace delete -force prod", "state", "workspace"),
        *(
            "workspace delete -- prod",
            "workspace delete -lock-timeout 1s prod",
            "workspace select",
            "workspace new a b",
        ),
        *("state -id=x list", "providers mirror -plugin-dir=x y", "frobnicate -secret_key=abc", "frobnicate token=abc"),
    ],
)
def test_what_would_go_past_the_gate_is_refused(line):
    with pytest.raises(ConfigurationError):
        read_call(["" if word == '""' else word for word in line.split(" ")])


def test_a_near_miss_is_a_typing_error():
    with pytest.raises(ConfigurationError, match='Did you mean "list"'):
        read_call(["state", "lst"])


def test_the_workspace_that_a_command_is_about():
    assert read_call(["workspace", "new", "prod"]).workspace == "prod"
    assert read_call(["workspace", "list"]).workspace == ""
    assert read_call(["state", "rm", "prod"]).workspace == ""


@pytest.mark.parametrize("line", ["state push -force {}", "show {}", "providers mirror {}"])
def test_files_are_relative_to_the_notebook(line):
    """As for `--out` and `--var-file`, whatever folder Terraform runs in; records have them as they were written."""
    call = read_call(line.format("../a/state.json").split())
    assert call.argv(HERE) == tuple(line.format("/books/../a/state.json").split())
    assert call.said[-1] == "../a/state.json"
    assert read_call(["state", "mv", "a", "b"]).argv(HERE) == ("state", "mv", "a", "b")


def test_an_expression_is_read_from_standard_input():
    call = read_expression('upper("a b")')
    assert (call.argv(HERE), call.stdin, call.said) == (("console",), 'upper("a b")', ('upper("a b")',))
    for bad in ("", "a\nb", "x" * 5_000, "nonsensitive(var.x)"):
        with pytest.raises(ConfigurationError):
            read_expression(bad)


def test_the_table_has_every_command_of_terraform():
    """A command that Terraform lists is in the table; one of a later version counts as changing."""
    listed = subprocess.run(
        [*find_executable(ENVIRON).command, "-help"], env=ENVIRON, capture_output=True, text=True, check=False
    ).stdout
    commands = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2:3].isalpha()]
    assert "force-unlock" in commands
    heads = {name.partition(" ")[0] for name in (*COMMANDS, *REFUSED_COMMANDS)}
    assert [name for name in commands if name not in heads] == []


KNOWN = {
    "fmt": "list write diff check recursive no-color",
    "graph": "type draw-cycles",
    "import": "allow-missing-config parallelism provider ignore-remote-version",
    "providers lock": "platform fs-mirror net-mirror enable-plugin-cache",
    "refresh": "target parallelism compact-warnings",
    "state list": "id",
    "state mv": "dry-run ignore-remote-version lock-timeout",
    "state push": "force ignore-remote-version",
    "state replace-provider": "ignore-remote-version",
    "state rm": "dry-run ignore-remote-version",
    "taint": "allow-missing ignore-remote-version",
    "test": "filter verbose no-color",
    "validate": "json no-tests",
    "workspace new": "lock-timeout",
    "workspace select": "or-create",
}


@pytest.mark.parametrize("name", KNOWN)
def test_an_option_that_terraform_has_is_known_and_another_one_is_refused(name):
    """By the help of the real Terraform, in which most of its options stand."""
    executable = find_executable(ENVIRON)
    for option in KNOWN[name].split():
        check_options(executable, Call(name, (f"-{option}=x",), COMMANDS[name]), ENVIRON)
    with pytest.raises(ConfigurationError, match=f"`terraform {name}` has no option -speed"):
        check_options(executable, Call(name, ("--speed",), COMMANDS[name]), ENVIRON)
