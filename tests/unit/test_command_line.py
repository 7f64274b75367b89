"""The command line: one style of help, options, errors, and exit codes for every command."""

import re
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import pytest

from tfmfa_nb import __version__, app
from tfmfa_nb.app import build_parser, main
from tfmfa_nb.model.errors import ConfigurationError, RunStateError, SandboxError


def helps(*words):
    """What `--help` says of each command, groups of commands included."""
    with redirect_stdout(StringIO()) as shown, suppress(SystemExit):
        main([*words, "--help"])
    text = shown.getvalue()
    yield " ".join(words), text
    _, _, listed = text.partition("\ncommands:\n  COMMAND\n")
    for name in re.findall(r"^    (\w+) ", listed.partition("\n\n")[0], re.MULTILINE):
        yield from helps(*words, name)


HELPS = dict(helps())
COMMANDS = [words for words, text in HELPS.items() if "COMMAND [options]" not in text.splitlines()[0]]


def options_of(text):
    """The short and the long names of each option in a help, and what is said of it."""
    _, _, listed = text.partition("\noptions:\n")
    for option in re.split(r"^  (?=-)", listed.partition("\n\n")[0], flags=re.MULTILINE)[1:]:
        names, _, meaning = re.sub(r"\n +", "  ", option).partition("  ")
        yield [name.split()[0] for name in names.split(", ")], meaning.strip()


def refusal(capsys, *arguments):
    """The exit code and the standard error of a command line that is refused."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code, capsys.readouterr().err


def test_the_commands():
    assert COMMANDS == [
        "run",
        "approve",
        "records list",
        "records export",
        "records prune",
        "verify",
        "doctor",
        "mcp",
        "sandbox start",
        "sandbox code",
        "sandbox qr",
        "sandbox expire",
        "sandbox fault",
        "demo",
        "completion",
    ]


@pytest.mark.parametrize("words", HELPS)
def test_help_has_a_description_and_fits_80_columns(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    usage, description, *_ = shown.split("\n\n")
    prog = f"jupyter tfmfa {words}".strip()
    assert f"{usage} ".startswith(f"usage: {prog} ")
    assert description[-1] == "."
    assert max(map(len, shown.splitlines())) <= 80
    options = list(options_of(shown))
    assert ["-h", "--help"] in [names for names, _ in options]
    assert all(meaning for _, meaning in options)


def test_whoever_executes_a_notebook_is_told_whose_code_runs():
    sentence = "Executing a notebook runs its author's code with your rights"
    assert sentence in " ".join(HELPS["run"].split())
    assert sentence in (Path(__file__).parents[2] / "docs/how-to/headless.md").read_text(encoding="utf-8")


def test_an_option_is_spelled_the_same_in_every_command():
    short, long = {}, {}
    for text in HELPS.values():
        for (*before, last), _ in options_of(text):
            for option in before:
                assert short.setdefault(option, last) == last
            assert long.setdefault(last, before) == before
    assert {"--help", "--environment", "--port"} <= long.keys()


@pytest.mark.parametrize("words", COMMANDS)
def test_an_unknown_option_is_one_line_that_names_the_command(words, capsys):
    needed = {"run": ["x.ipynb"], "verify": ["x.ipynb"], "approve": ["latest"], "sandbox fault": ["slow"]}
    needed["completion"] = ["bash"]
    code, said = refusal(capsys, *words.split(), *needed.get(words, []), "--nonsense")
    prog = f"jupyter tfmfa {words}"
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
    monkeypatch.setattr(app, "build_parser", lambda *_: parser)
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
