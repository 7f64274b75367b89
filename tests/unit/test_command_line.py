"""The command line: one style of help, options, errors, and exit codes for every command."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from tfmfa_nb import __version__, app
from tfmfa_nb.app import build_parser, main
from tfmfa_nb.model.errors import ConfigurationError, RunStateError, SandboxError


def parsers(parser):
    """The parser of each command by the command's words, groups of commands included."""
    parser.configure()
    yield parser.prog, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from parsers(sub)


PARSERS = dict(parsers(build_parser()))
COMMANDS = [name for name, parser in PARSERS.items() if "COMMAND [options]" not in parser.usage]


def words_of(prog):
    return prog.split()[2:]


def refusal(capsys, *arguments):
    """The exit code and the standard error of a command line that is refused."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code, capsys.readouterr().err


def test_the_commands():
    assert [words_of(name) for name in COMMANDS] == [
        ["run"],
        ["verify"],
        ["doctor"],
        ["sandbox", "start"],
        ["sandbox", "code"],
        ["sandbox", "qr"],
        ["sandbox", "expire"],
        ["sandbox", "fault"],
        ["demo"],
    ]


@pytest.mark.parametrize("prog", PARSERS)
def test_help_has_a_description_and_fits_80_columns(prog, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([*words_of(prog), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith((f"usage: {prog} ", f"usage: {prog}\n"))
    assert PARSERS[prog].description.strip() in shown
    assert max(map(len, shown.splitlines())) <= 80
    options = [action for action in PARSERS[prog]._actions if not isinstance(action, argparse._SubParsersAction)]
    assert all(option.help for option in options)


def test_an_option_is_spelled_the_same_in_every_command():
    short, long = {}, {}
    for parser in PARSERS.values():
        for action in parser._actions:
            *before, last = action.option_strings or [""]
            for option in before:
                assert short.setdefault(option, last) == last
            if last:
                assert long.setdefault(last, before) == before


@pytest.mark.parametrize("prog", COMMANDS)
def test_an_unknown_option_is_one_line_that_names_the_command(prog, capsys):
    needed = {"run": ["x.ipynb"], "verify": ["x.ipynb"], "fault": ["slow"]}
    code, said = refusal(capsys, *words_of(prog), *needed.get(words_of(prog)[-1], []), "--nonsense")
    assert code == 2
    assert said == f"{prog}: unknown arguments: --nonsense. Run '{prog} --help' for the options.\n"


@pytest.mark.parametrize("group", [[], ["sandbox"]])
def test_without_a_command_the_commands_are_listed(group, capsys):
    code, said = refusal(capsys, *group)
    assert code == 2
    assert said.startswith("usage: jupyter tfmfa")
    assert "commands:" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "required: NOTEBOOK"),
        (["run", "x.ipynb", "-p", "name"], "expected 2 arguments"),
        (["run", "x.ipynb", "--timeout", "soon"], "'soon' is not a number of seconds"),
        (["run", "x.ipynb", "--timeout", "-1"], "'-1' is not a number of seconds"),
        (["run", "x.ipynb", "--timeout", "nan"], "'nan' is not a number of seconds"),
        (["run", "x.ipynb", "--quiet", "--json"], "not allowed with"),
        (["run", "x.ipynb", "--plan"], "unknown arguments: --plan"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, says, capsys):
    code, said = refusal(capsys, *arguments)
    assert (code, said.count("\n")) == (2, 1)
    assert says in said


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(ConfigurationError, 2), (RunStateError, 2), (SandboxError, 1), (KeyboardInterrupt, 130)],
)
def test_errors_of_commands_become_one_line_and_an_exit_code(error, exit_code, monkeypatch, capsys):
    def fail(_options):
        raise error("It failed.", "Try again.")

    parser = app.Parser()
    parser.set_defaults(execute=fail)
    monkeypatch.setattr(app, "build_parser", lambda: parser)
    assert main([]) == exit_code
    assert capsys.readouterr().err == ("" if error is KeyboardInterrupt else "It failed. Try again.\n")


@pytest.mark.parametrize("program", [["jupyter", "tfmfa"], ["jupyter-tfmfa"]])
def test_it_runs_under_jupyter_and_by_itself(program):
    path = Path(sys.executable).parent
    shown = subprocess.run([path / program[0], *program[1:], "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"{__version__}\n"


def test_a_sandbox_s_command_keeps_its_own_options():
    command = ["jupyter", "lab", "--port", "2", "--"]
    options = build_parser().parse_args(["sandbox", "start", "--port", "1", "--", *command])
    assert options.port == 1
    assert options.command == command


def test_a_command_does_not_import_the_others():
    """A token command is started for every code."""
    script = (
        "import sys; from tfmfa_nb.app import build_parser; build_parser().parse_args(['sandbox', 'code']); "
        "print({'asyncio', 'nbformat', 'tfmfa_nb.doctor', 'tfmfa_nb.runbooks'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"
